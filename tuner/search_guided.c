/* Counter-guided search, after the Kernel Tuning Toolkit: the resource that bounds the best configuration
   decides what to try next.

   What a trial used of a resource is its pressure times its seconds: work, in seconds of that resource. For
   each resource an additive model of log work is learnt from the trials: one effect for each value of each
   parameter. The next trial is the configuration near the best that is predicted to do the least work on the
   resource that bounds the best; so parameters that do not touch this resource stay as they are. Where trials
   carry no counters, time itself is the only resource. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "strategy.h"

enum {
    FIRST_TRIALS = 10,
    NEIGHBOURS_MAX = 512,
    SWEEPS = 4,
    MODELS = RESOURCE_COUNT + 1,
    WHOLE = RESOURCE_COUNT
};

/* Shrinks effects of values that few trials had. */
static const double shrink = 1;
/* Every so many trials goes to a random configuration: the model may be wrong everywhere else. */
static const int wander = 6;
/* The bound resource counts beside time in the score. */
static const double bound_weight = 0.5;

struct effects {
    bool known; /* from at least a few trials */
    double mean;
    double *of[SPACE_PARAMS_MAX]; /* of each value */
};

struct guide {
    struct explorer *e;
    struct effects model[MODELS]; /* of each resource's work, and of time */
    double *memory;               /* all the effects */
    int64_t values;               /* of all parameters */
};

static bool guide_open(struct guide *g, struct explorer *e) {
    *g = (struct guide){.e = e};
    for (int i = 0; i < space_param_count(e->space); i++) g->values += space_param_at(e->space, i)->count;
    g->memory = calloc((size_t)g->values * MODELS, sizeof *g->memory);
    double *at = g->memory;
    for (int r = 0; at && r < MODELS; r++)
        for (int i = 0; i < space_param_count(e->space); i++) {
            g->model[r].of[i] = at;
            at += space_param_at(e->space, i)->count;
        }
    return at;
}

/* log work of a trial on a resource; NAN if it is not known. */
static double log_work(const struct trial *t, int r) {
    if (!isfinite(t->seconds)) return NAN;
    if (r == WHOLE) return log(t->seconds);
    return t->pressure[r] > 0 ? log(t->pressure[r] * t->seconds) : NAN;
}

static double predicted(const struct guide *g, int r, const struct config *c) {
    double sum = g->model[r].mean;
    for (int i = 0; i < space_param_count(g->e->space); i++) sum += g->model[r].of[i][c->at[i]];
    return sum;
}

/* Backfitting: each parameter's effects are the shrunken means of what the others leave. */
static void effects_fit(struct guide *g, int r) {
    struct effects *const m = &g->model[r];
    const struct space *const s = g->e->space;
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < g->e->count; i++) {
        const double y = log_work(&g->e->trials[i], r);
        if (!isnan(y)) sum += y, n++;
    }
    m->known = n >= FIRST_TRIALS / 2;
    if (!m->known) return;
    m->mean = sum / (double)n;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (int p = 0; p < space_param_count(s); p++) {
            double left[SPACE_VALUES_MAX], count[SPACE_VALUES_MAX];
            for (int v = 0; v < space_param_at(s, p)->count; v++) left[v] = count[v] = 0;
            for (int64_t i = 0; i < g->e->count; i++) {
                const double y = log_work(&g->e->trials[i], r);
                if (isnan(y)) continue;
                const struct config c = space_at(s, g->e->trials[i].index);
                left[c.at[p]] += y - predicted(g, r, &c) + m->of[p][c.at[p]];
                count[c.at[p]]++;
            }
            for (int v = 0; v < space_param_at(s, p)->count; v++) m->of[p][v] = left[v] / (count[v] + shrink);
        }
    }
}

/* What bounds a trial: its greatest pressure; WHOLE where counters say nothing. */
static int bound_of(const struct guide *g, const struct trial *t) {
    int bound = WHOLE;
    for (int r = 0; r < RESOURCE_COUNT; r++)
        if (g->model[r].known && t->pressure[r] > 0 &&
            (bound == WHOLE || t->pressure[r] > t->pressure[bound]))
            bound = r;
    return bound;
}

struct choice {
    int64_t index;
    double score;
};

static void consider(const struct guide *g, int bound, int64_t index, struct choice *best) {
    if (explorer_find(g->e, index)) return;
    const struct config c = space_at(g->e->space, index);
    const double score =
        bound_weight * predicted(g, bound, &c) + (1 - bound_weight) * predicted(g, WHOLE, &c);
    if (best->index < 0 || score < best->score) *best = (struct choice){index, score};
}

/* The neighbours of the best, and their neighbours on a random side of each. -1: all of them are known. */
static int64_t next_near(struct guide *g, int bound) {
    struct explorer *const e = g->e;
    struct choice best = {-1, 0};
    int64_t list[NEIGHBOURS_MAX], further[NEIGHBOURS_MAX];
    const int count = space_neighbours(e->space, e->trials[e->best].index, false, list, NEIGHBOURS_MAX);
    for (int i = 0; i < count; i++) consider(g, bound, list[i], &best);
    for (int draw = 0; draw < 4 && count; draw++) {
        const int64_t via = list[random_below(&e->random, count)];
        const int found = space_neighbours(e->space, via, false, further, NEIGHBOURS_MAX);
        for (int i = 0; i < found; i++) consider(g, bound, further[i], &best);
    }
    return best.index;
}

void search_guided(struct explorer *e) {
    struct guide g;
    if (!guide_open(&g, e)) return;
    while (!e->over && e->count < FIRST_TRIALS) explorer_try(e, explorer_new(e));
    while (!e->over) {
        int64_t next = -1;
        if (e->best >= 0 && e->count % wander) {
            for (int r = 0; r < MODELS; r++) effects_fit(&g, r);
            next = next_near(&g, bound_of(&g, &e->trials[e->best]));
        }
        explorer_try(e, next >= 0 ? next : explorer_new(e));
    }
    free(g.memory);
}
