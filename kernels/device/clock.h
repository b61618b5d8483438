/* An estimate of the calling core's clock. */
#ifndef KATUNE_CLOCK_H
#define KATUNE_CLOCK_H

/* GHz, from a chain of dependent additions, of which a core does one a cycle; takes some 10 us. What disturbs
   it, an interrupt or a neighbour on the machine, makes it lower, as it would make a sample longer. */
double clock_ghz(void);

#endif
