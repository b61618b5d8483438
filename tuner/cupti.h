/* CUPTI, NVIDIA's profiling interface: what a chip can count, counters of a kernel, durations of kernels.

   Built in where cupti.h is found, and loaded at run time, so that the program starts without it. Planning
   which counters a chip collects in how many passes needs neither a GPU nor a driver. */
#ifndef KATUNE_CUPTI_H
#define KATUNE_CUPTI_H

#include <stddef.h>
#include <stdint.h>

#include "../kernels/device/device.h"
#include "../kernels/error.h"
#include "metric.h"

struct cupti;

/* Loads the library: from KATUNE_CUDA_HOME, else where the dynamic linker looks, else from where
   toolkit_search() looks. NULL and what is missing and how to get it: also where katune was built without it.
 */
struct cupti *cupti_open(struct error *err);
void cupti_close(struct cupti *c);
/* What was loaded. */
const char *cupti_path(const struct cupti *c);
/* Whether the program was built with it. */
bool cupti_built(void);

/* The library's version, "13.0"; "" if it does not say. */
void cupti_version(const struct cupti *c, char version[16]);

/* Chips that CUPTI knows by name ("GH100"); NULL past the last. */
const char *cupti_chip_at(const struct cupti *c, int i);

enum { CUPTI_PLAN_MAX = 64 };

/* What of the asked for sets a chip counts, and how. */
struct cupti_plan {
    char chip[32];
    int count;
    const struct metric *metric[CUPTI_PLAN_MAX];
    const char *name[CUPTI_PLAN_MAX]; /* CUPTI's */
    int absent_count;
    const struct metric *absent[CUPTI_PLAN_MAX]; /* asked for, and not known to the chip */
    int passes;                                  /* the kernel runs this often */
    uint8_t *config;
    size_t config_bytes;
    void *host; /* CUPTI's object that turns what was counted into values */
};

/* False and the reason if the chip is unknown (never another chip's configuration in its place) or counts
   nothing of the sets. The plan must not outlive c. */
bool cupti_plan_make(const struct cupti *c, const char *chip, unsigned sets, struct cupti_plan *plan,
                     struct error *err);
void cupti_plan_free(const struct cupti *c, struct cupti_plan *plan);

/* Counts a kernel on a device of the CUDA driver. `run` is called twice a pass: with false before it, to
   bring the caches into the state that counts are wanted of, and with true to run what is counted; it must
   restore the kernel's inputs, run it and wait for it. False, and one line that says what to do, if the
   device may not be profiled; the measurements go on without counters then. context: a CUcontext, current. */
bool cupti_count(const struct cupti *c, void *context, int ordinal, unsigned sets,
                 bool (*run)(void *user, bool counted), void *user, struct counter *list, int max, int *count,
                 struct error *err);

/* Sums the durations of the kernels that run() starts, from activity records. */
bool cupti_kernel_seconds(const struct cupti *c, bool (*run)(void *user), void *user, double *seconds,
                          int *kernels, struct error *err);

/* What a CUPTI error means for a user, "" if it is not one of the known refusals. */
const char *cupti_refusal(int code);

#endif
