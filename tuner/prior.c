#include "prior.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/clock.h"
#include "random.h"
#include "record.h"
#include "worker.h"

struct prior {
    char what[256];
    struct worker *worker; /* of the device that models; NULL: it is a recording */
    const volatile int *stop;
    struct record record;
    struct device_info device;
    double *seconds; /* of each configuration of the space it is bound to */
    int64_t count;
};

static bool prior_device(struct prior *p, struct error *err) {
    const struct worker_options options = {.device = p->what, .measure = {.seed = 1}, .stop = p->stop};
    p->worker = worker_open(&options, err);
    if (!p->worker || worker_describe(p->worker, &p->device, err) != WORKER_OK) return false;
    return p->device.modeled || error_set(err, "%s: is no virtual GPU", p->what);
}

static bool prior_recording(struct prior *p, struct error *err) {
    if (!record_read(&p->record, p->what, err)) return false;
    return record_best(&p->record) >= 0 || error_set(err, "%s: holds no time", p->what);
}

struct prior *prior_open(const char *what, const volatile int *stop, struct error *err) {
    struct prior *const p = calloc(1, sizeof *p);
    if (!p || strlen(what) >= sizeof p->what) {
        error_set(err, p ? "%.100s...: the name is too long" : "out of memory", what);
        free(p);
        return NULL;
    }
    strcpy(p->what, what);
    p->stop = stop;
    if (strncmp(what, "vgpu:", 5) == 0 ? prior_device(p, err) : prior_recording(p, err)) return p;
    prior_close(p);
    return NULL;
}

void prior_close(struct prior *p) {
    if (!p) return;
    worker_close(p->worker);
    record_free(&p->record);
    free(p->seconds);
    free(p);
}

/* The recording's time of the configuration with the same values; INFINITY: it has none. */
static double recorded_seconds(const struct prior *p, const struct space *from, const struct config *own) {
    const struct space *const to = p->record.space;
    struct config other = {{0}};
    for (int i = 0; i < space_param_count(to); i++) {
        const int at = space_param_find(from, space_param_at(to, i)->name);
        const int value =
            at < 0 ? -1 : space_value_find(to, i, &space_param_at(from, at)->values[own->at[at]]);
        if (value < 0) return INFINITY;
        other.at[i] = (uint16_t)value;
    }
    const int64_t found = space_find(to, &other);
    return found < 0 ? INFINITY : p->record.rows[found].seconds;
}

static bool guesses_make(struct prior *p, const struct space *s, struct error *err) {
    free(p->seconds);
    p->count = space_count(s);
    p->seconds = p->count < SPACE_LIST_MAX ? malloc(((size_t)p->count + 1) * sizeof *p->seconds) : NULL;
    for (int64_t i = 0; p->seconds && i < p->count; i++) p->seconds[i] = INFINITY;
    return p->seconds || error_set(err, "%s: the space is too large for a prior", p->what);
}

/* Those without a guess get the worst. */
static bool guesses_complete(struct prior *p, struct error *err) {
    double worst = 0;
    for (int64_t i = 0; i < p->count; i++)
        if (isfinite(p->seconds[i])) worst = fmax(worst, p->seconds[i]);
    for (int64_t i = 0; i < p->count; i++)
        if (!isfinite(p->seconds[i])) p->seconds[i] = worst;
    const bool stopped = p->stop && *p->stop; /* then nobody asks */
    return worst > 0 || stopped || error_set(err, "%s knows none of the candidates", p->what);
}

bool prior_bind(struct prior *p, const struct space *s, struct error *err) {
    if (p->worker) return error_set(err, "%s: a recording is searched: give a recording", p->what);
    if (!guesses_make(p, s, err)) return false;
    for (int64_t i = 0; i < p->count; i++) {
        const struct config c = space_at(s, i);
        p->seconds[i] = recorded_seconds(p, s, &c);
    }
    return guesses_complete(p, err);
}

/* A guess is no result: the candidate is modeled unchecked, and where it fails there is none. */
static double modeled_seconds(const struct prior *p, const struct problem *problem,
                              const struct table_choice *choice) {
    struct contender c = {.variant = choice->variant, .point = choice->point, .problem = *problem};
    struct error ignored;
    c.verdict.status = CHECK_PASSED;
    if (variant_reject(c.variant, problem, &c.point, &p->device)) return INFINITY;
    if (worker_measure(p->worker, &c, 1, 0, false, 30, &ignored) != WORKER_OK) return INFINITY;
    return c.seconds.median;
}

/* If time runs out, something is known of every part of the space. */
static int64_t *shuffled(int64_t count) {
    int64_t *const order = malloc(((size_t)count + 1) * sizeof *order);
    uint64_t state = 1;
    for (int64_t i = 0; order && i < count; i++) order[i] = i;
    if (order) random_shuffle(&state, order, count);
    return order;
}

bool prior_bind_problem(struct prior *p, const struct problem_space *s, const struct problem *problem,
                        double budget, struct error *err) {
    const struct space *const space = problem_space_space(s);
    if (!p->worker) return prior_bind(p, space, err);
    if (!guesses_make(p, space, err)) return false;
    int64_t *const order = shuffled(p->count);
    const double end = clock_seconds() + budget;
    for (int64_t i = 0; order && i < p->count && !(p->stop && *p->stop) && clock_seconds() < end; i++) {
        const struct table_choice c = problem_space_choice(s, order[i]);
        p->seconds[order[i]] = modeled_seconds(p, problem, &c);
    }
    free(order);
    return guesses_complete(p, err);
}

double prior_seconds(void *prior, int64_t index) {
    const struct prior *const p = prior;
    return p->seconds[index];
}
