/* Searching recorded measurements. */
#ifndef KATUNE_REPLAY_H
#define KATUNE_REPLAY_H

#include "options.h"

/* `katune tune --replay`: one search; says what it found and what there was to find. Returns an exit code. */
int replay_run(const struct options *o);

/* `katune bench --search`: every strategy on every recording, 100 seeds each. Returns an exit code. */
int replay_bench(const struct options *o);

#endif
