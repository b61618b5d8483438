/* Launches of `katune bench` in processes of their own, of this build or of another. */
#ifndef KATUNE_LAUNCH_H
#define KATUNE_LAUNCH_H

#include <stdint.h>

#include "timings.h"

struct build_launch {
    const char *program;
    char *const *arguments; /* of bench, such as --op and its value */
    int count;
    int limit; /* seconds after which it is killed */
};

/* Launches a and b in rounds ABBA or BAAB, so chosen by the seed, and collects each one's medians in the
   order of time. `step` is called before each launch. */
struct launch_turns {
    struct build_launch side[2];
    int rounds;
    uint64_t seed;
    void (*step)(void *context, int done, int all);
    void *context;
};
bool launch_in_turns(const struct launch_turns *turns, struct timings *a, struct timings *b,
                     struct error *err);

/* The same program again and again; `document` is that of its first launch. */
bool launch_repeat(const struct build_launch *l, int times, void (*step)(void *context, int done, int all),
                   void *context, struct timings *t, cJSON **document, struct error *err);

#endif
