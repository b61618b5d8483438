#include "contenders.h"

#include <criterion/criterion.h>

struct worker *worker_make_on(const char *device, const volatile int *stop) {
    struct error err = {""};
    const struct worker_options o = {.device = device,
                                     .measure = {.warm = true, .seed = 1, .distribution = {DIST_NORMAL, 0}},
                                     .stop = stop};
    struct worker *const w = worker_open(&o, &err);
    cr_assert(w, "%s", err.text);
    return w;
}

struct contender contender_of(const struct variant *v, const char *key) {
    struct contender c = {.variant = v};
    struct error err = {""};
    cr_assert(problem_parse(key, &c.problem, &err), "%s", err.text);
    return c;
}

struct journal *journal_make(const char *path, bool resume, bool retry) {
    struct error err = {""};
    struct journal *const j =
        journal_open(path, &(struct journal_options){.resume = resume, .retry = retry}, &err);
    cr_assert(j, "%s", err.text);
    return j;
}
