/* The steps of `katune selftest`, and the report that they write. */
#ifndef KATUNE_SELFTEST_H
#define KATUNE_SELFTEST_H

#include <stdint.h>

#include "device/device.h"

enum step_status {
    STEP_OK,
    STEP_SKIPPED, /* it cannot be done here, and nothing needs it */
    STEP_UNSURE,  /* it did not come to an end, or others may have disturbed it */
    STEP_FAILED,
};

enum { STEPS_MAX = 16, STEP_LINES_MAX = 8 };

struct step {
    const char *name;
    enum step_status status;
    char text[600];
    char lines[STEP_LINES_MAX][700]; /* details, one a line */
    int line_count;
};

struct selftest {
    const char *device; /* "cuda:0" */
    const char *only;   /* globs over the names of the variants to check; NULL: all */
    uint64_t seed;
    double budget; /* seconds for all steps together */
    bool whole;    /* every case of the suite, in full depth, however long it takes */
    struct device_info info;
    struct step steps[STEPS_MAX];
    int count;
};

/* Appends a step, for its status and text to be set. */
struct step *selftest_step(struct selftest *t, const char *name);
/* Sets status and text. */
void step_end(struct step *s, enum step_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a detail, if there is room for one more. */
void step_line(struct step *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct progress;
/* Checks every variant and dtype of the device on cases of the suite, in processes of their own. Fills info.
   False and the reason if the device cannot be opened at all. */
bool selftest_check(struct selftest *t, double budget, struct progress *progress, struct error *err);

/* Everything else, in this process: memory, compiler and cache, clocks against each other, bandwidth, what
   holds the clock back, counters. No worker may be forked after it. */
bool selftest_device(struct selftest *t, double budget, struct error *err);

#endif
