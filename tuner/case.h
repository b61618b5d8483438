/* One case: a problem with inputs and what the oracle makes of them; variants are run on it and judged.

   Rows repeat with a prime period, so that a problem of any size is checked whole at the speed of memory
   while the oracle sees each distinct row once. */
#ifndef KATUNE_CASE_H
#define KATUNE_CASE_H

#include "device/device.h"
#include "inputs.h"
#include "problem.h"
#include "registry.h"

struct check_case;

enum verdict_status { CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED };

/* How a check failed. */
enum check_fault {
    FAULT_WRONG,   /* by its answer, or by what it wrote beyond its output */
    FAULT_REFUSED, /* it does not compile, or cannot be loaded */
    FAULT_CALL,    /* its call failed, as with an illegal address */
};

struct verdict {
    enum verdict_status status;
    enum check_fault fault; /* of CHECK_FAILED */
    /* The worst element over all outputs: its error over the error allowed, and where it is. When a check
       passed, worst <= 1. No element (0 rows): 0. */
    double worst;
    double error, allowed;
    enum tensor tensor;
    int64_t index;  /* into the tensor, row-major */
    double seconds; /* that its runs took, by the host's clock */
    char text[512]; /* why it failed or was skipped; "" when it passed */
};

enum check_depth {
    /* One run, outputs aligned to 64 bytes, as timing sees them: for problems about to be timed. */
    CHECK_QUICK,
    /* Also with every tensor aligned to its element only, and, unless the variant is THREAD_DEPENDENT, with
       several numbers of threads, which must give the same bits. */
    CHECK_FULL,
};

/* NULL and the reason if the problem is not valid or there is no memory. The device must outlive the case. */
struct check_case *case_new(struct device *d, const struct problem *p, uint64_t seed,
                            struct distribution dist, struct error *err);
void case_free(struct check_case *c);
const struct problem *case_problem(const struct check_case *c);

/* Runs the variant on the case and judges what it wrote: every output element against the oracle with
   output_allowed(), outputs poisoned beforehand, guard bands on either side. A variant that does not run the
   problem is CHECK_SKIPPED with its reason. A kernel that crashes takes the process with it: who wants to
   outlive that checks in a process of its own. */
void case_check(struct check_case *c, const struct variant *v, const struct point *pt, enum check_depth depth,
                struct verdict *verdict);

/* A run of a check: seconds by the device's clock or its model, and what the device counted by itself. */
struct case_run {
    double seconds;
    struct counter counters[COUNTERS_MAX];
    int counter_count;
};
/* The last one of the last check. */
const struct case_run *case_last_run(const struct check_case *c);

#endif
