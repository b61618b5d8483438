/* Charts, drawn by gnuplot. */
#ifndef KATUNE_GNUPLOT_H
#define KATUNE_GNUPLOT_H

#include <stddef.h>

#include "error.h"

/* What gnuplot writes to its standard output for a script, a SVG say, with a 0 byte after it; the caller
   frees it. NULL, and one line, if gnuplot is not there or complains. */
char *gnuplot_run(const char *script, size_t *size, struct error *err);

#endif
