/* In place of CUPTI where its header was not found when katune was built. */
#include "../cupti.h"

bool cupti_built(void) {
    return false;
}

struct cupti *cupti_open(struct error *err) {
    error_set(err,
              "counters: katune was built without CUPTI: install the CUDA toolkit (cupti.h) and build again");
    return NULL;
}

const char *cupti_path(const struct cupti *c) {
    (void)c;
    return "";
}

void cupti_close(struct cupti *c) {
    (void)c;
}

void cupti_version(const struct cupti *c, char version[16]) {
    (void)c;
    version[0] = 0;
}

const char *cupti_chip_at(const struct cupti *c, int i) {
    (void)c, (void)i;
    return NULL;
}

bool cupti_plan_make(const struct cupti *c, const char *chip, unsigned sets, struct cupti_plan *plan,
                     struct error *err) {
    (void)c, (void)sets, (void)plan;
    return error_set(err, "counters: chip %s: built without CUPTI", chip);
}

void cupti_plan_free(const struct cupti *c, struct cupti_plan *plan) {
    (void)c, (void)plan;
}

bool cupti_count(const struct cupti *c, void *context, int ordinal, unsigned sets, bool (*run)(void *, bool),
                 void *user, struct counter *list, int max, int *count, struct error *err) {
    (void)c, (void)context, (void)ordinal, (void)sets, (void)run, (void)user, (void)list, (void)max;
    *count = 0;
    return error_set(err, "counters: built without CUPTI");
}

bool cupti_kernel_seconds(const struct cupti *c, bool (*run)(void *), void *user, double *seconds,
                          int *kernels, struct error *err) {
    (void)c, (void)run, (void)user;
    *seconds = 0, *kernels = 0;
    return error_set(err, "activity records: built without CUPTI");
}
