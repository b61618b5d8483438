/* Why a candidate won: what was counted of it, of the runner-up and of the default, which resource bounds
   each, and one sentence that follows from those figures. */
#ifndef KATUNE_WHY_H
#define KATUNE_WHY_H

#include "device/device.h"
#include "registry.h"

/* Of one candidate. */
struct evidence {
    const struct variant *variant; /* NULL: there is no such candidate */
    struct point point;
    double time_us;
    char bound[16]; /* the resource nearest to its ceiling, "latency" if none is near it, "" if not known */
    double busy;    /* the share of the time that this resource needs at its ceiling */
    struct counter counters[COUNTERS_MAX]; /* of one call; none where the device and its profilers are mute */
    int counter_count;
};

enum { WHY_SENTENCE_MAX = 768 };

struct why {
    struct evidence winner;
    struct evidence runner_up; /* the fastest candidate of another variant */
    struct evidence fallback;  /* what would have run without a table */
    char sentence[WHY_SENTENCE_MAX];
};

#endif
