/* Bayesian optimisation, alone and on top of a prior: a Gaussian process on the logarithm of time, the next
   trial where the expected improvement is greatest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gp.h"
#include "strategy.h"

enum {
    POOL_MAX = 4096,   /* candidates looked at: the whole space, or a random part of it ... */
    POOL_NEAR = 1024,  /* ... and the neighbourhood of the best */
    FIRST_TRIALS = 8,  /* before the first model */
    FIRST_GUESSES = 4, /* of them by the prior, if there is one */
    BATCH_MAX = 64,
    NEIGHBOURS_MAX = 512,
};

/* log time counts up to this factor above the median's: how slow the slow ones are does not matter. */
static const double slow_factor = 2;

struct bayes {
    struct explorer *e;
    struct gp *gp;
    bool use_prior;
    double trust;   /* exponent of the prior in what is subtracted from log time */
    double ceiling; /* log time at most */
    int64_t *pool;
    int pool_count, pool_random; /* the random part comes first */
    bool *near;                  /* whether a candidate is a neighbour of near_of, the best so far */
    int64_t near_of;
    int near_next;
    int64_t seen; /* trials that the model knows */
    int next_fit; /* fit again at so many */
    struct config *x;
    double *y;
};

static double log_prior(const struct bayes *b, int64_t index) {
    const struct explore_options *const o = b->e->o;
    return b->use_prior ? log(fmax(o->prior(o->prior_context, index), 1e-300)) : 0;
}

static int compare_double(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The cap on log time: from the median of those that succeeded. A failure counts as the cap. */
static void ceiling_find(struct bayes *b, double *scratch) {
    int n = 0;
    for (int64_t i = 0; i < b->e->count && n < GP_OBSERVATIONS_MAX; i++)
        if (isfinite(b->e->trials[i].seconds)) scratch[n++] = log(b->e->trials[i].seconds);
    if (!n) {
        b->ceiling = 0;
        return;
    }
    qsort(scratch, (size_t)n, sizeof *scratch, compare_double);
    b->ceiling = scratch[n / 2] + log(slow_factor);
}

/* How far log time follows the prior's logarithm: the regression's slope, 0 .. 1. */
static void trust_find(struct bayes *b) {
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int64_t i = 0; i < b->e->count; i++) {
        const struct trial *const t = &b->e->trials[i];
        if (!isfinite(t->seconds)) continue;
        const double x = log_prior(b, t->index), y = fmin(log(t->seconds), b->ceiling);
        n++, sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    const double variance = sxx - sx * sx / fmax(n, 1);
    const double slope = n >= 3 && variance > 1e-12 ? (sxy - sx * sy / n) / variance : 1;
    b->trust = b->use_prior ? fmin(fmax(slope, 0), 1) : 0;
}

static double observed(const struct bayes *b, const struct trial *t) {
    const double y = isfinite(t->seconds) ? fmin(log(t->seconds), b->ceiling) : b->ceiling;
    return y - b->trust * log_prior(b, t->index);
}

static void model_fit(struct bayes *b) {
    const int64_t most = b->e->count < GP_OBSERVATIONS_MAX ? b->e->count : GP_OBSERVATIONS_MAX;
    ceiling_find(b, b->y);
    trust_find(b);
    for (int64_t i = 0; i < most; i++) {
        b->x[i] = space_at(b->e->space, b->e->trials[i].index);
        b->y[i] = observed(b, &b->e->trials[i]);
    }
    gp_fit(b->gp, b->x, b->y, (int)most);
    b->seen = b->e->count;
    b->next_fit = (int)(b->e->count * 2);
}

/* Marks the neighbours of a new best. Where the pool is but a part of the space they join it, in the place of
   the oldest such ones. */
static void pool_follow(struct bayes *b) {
    if (b->e->best < 0 || b->e->trials[b->e->best].index == b->near_of) return;
    int64_t list[NEIGHBOURS_MAX];
    b->near_of = b->e->trials[b->e->best].index;
    const int count = space_neighbours(b->e->space, b->near_of, false, list, NEIGHBOURS_MAX);
    memset(b->near, 0, sizeof *b->near * (size_t)b->pool_count);
    for (int i = 0; i < count; i++) {
        int place = (int)list[i];
        if (b->pool_random < b->e->size) {
            const struct config c = space_at(b->e->space, list[i]);
            place = b->pool_random + b->near_next;
            b->pool[place] = list[i];
            gp_pool_set(b->gp, place, &c);
            if (place == b->pool_count) b->pool_count++;
            b->near_next = (b->near_next + 1) % POOL_NEAR;
        }
        b->near[place] = true;
    }
}

static void model_update(struct bayes *b) {
    if (b->e->count >= b->next_fit || b->seen == 0) {
        model_fit(b);
    } else {
        for (; b->seen < b->e->count; b->seen++) {
            const struct trial *const t = &b->e->trials[b->seen];
            const struct config c = space_at(b->e->space, t->index);
            gp_observe(b->gp, &c, observed(b, t));
        }
    }
    pool_follow(b);
}

/* E max(0, best - y) of a normal y. */
static double improvement(double best, double mean, double deviation) {
    const double u = (best - mean) / deviation;
    return (best - mean) * 0.5 * erfc(-u * M_SQRT1_2) + deviation * exp(-0.5 * u * u) / sqrt(2 * M_PI);
}

/* The untried candidates of the greatest expected improvement, best first: of all, or of the best's
   neighbours. */
static int candidates_best(const struct bayes *b, bool near, int64_t *list, int most) {
    double score[BATCH_MAX];
    const double best = b->e->best < 0 ? b->ceiling : log(b->e->trials[b->e->best].seconds);
    int count = 0;
    for (int i = 0; i < b->pool_count; i++) {
        if ((near && !b->near[i]) || explorer_find(b->e, b->pool[i])) continue;
        double mean, deviation;
        gp_predict(b->gp, i, &mean, &deviation);
        const double gain = improvement(best, mean + b->trust * log_prior(b, b->pool[i]), deviation);
        int at = count < most ? count++ : most;
        if (at == most && gain <= score[most - 1]) continue;
        if (at == most) at--;
        for (; at > 0 && score[at - 1] < gain; at--) score[at] = score[at - 1], list[at] = list[at - 1];
        score[at] = gain, list[at] = b->pool[i];
    }
    return count;
}

/* Says what may follow the list: first what the other kind of turn would take now, then what comes next in
   this. */
static void following_expect(const struct bayes *b, bool near, const int64_t *list, int count) {
    enum { OTHERS = 2, SAME = 2 };
    int64_t expected[OTHERS + BATCH_MAX + SAME];
    int n = candidates_best(b, !near, expected, OTHERS);
    const int more = count + SAME < BATCH_MAX ? count + SAME : BATCH_MAX;
    n += candidates_best(b, near, &expected[n], more);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        bool taken = false;
        for (int j = 0; j < count; j++) taken |= expected[i] == list[j];
        if (!taken) expected[kept++] = expected[i];
    }
    explorer_expect(b->e, expected, kept);
}

struct guess {
    int64_t index;
    double seconds;
};

static int compare_guess(const void *a, const void *b) {
    const struct guess *const x = a, *const y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Fills the random part of the pool: everything, where it fits; with a prior, those it likes best. */
static bool pool_fill(struct bayes *b) {
    struct explorer *const e = b->e;
    const int most = POOL_MAX - POOL_NEAR;
    const bool all = e->size <= POOL_MAX;
    b->pool_random = all ? (int)e->size : most;
    struct guess *const guesses = b->use_prior ? malloc((size_t)e->size * sizeof *guesses) : NULL;
    if (b->use_prior && !guesses) return false;
    for (int64_t i = 0; guesses && i < e->size; i++)
        guesses[i] = (struct guess){i, e->o->prior(e->o->prior_context, i)};
    if (guesses) qsort(guesses, (size_t)e->size, sizeof *guesses, compare_guess);
    for (int i = 0; i < b->pool_random; i++) {
        b->pool[i] = guesses ? guesses[i].index : all ? i : random_below(&e->random, e->size);
        const struct config c = space_at(e->space, b->pool[i]);
        gp_pool_set(b->gp, i, &c);
    }
    b->pool_count = b->pool_random;
    free(guesses);
    return true;
}

/* Of a few random configurations the one furthest from those tried. */
static int64_t first_far(struct explorer *e) {
    enum { DRAWS = 12 };
    int64_t best = -1;
    double most = -1;
    for (int i = 0; i < DRAWS; i++) {
        const int64_t at = explorer_new(e);
        const struct config c = space_at(e->space, at);
        double least = INFINITY;
        for (int64_t j = 0; j < e->count; j++) {
            const struct config other = space_at(e->space, e->trials[j].index);
            least = fmin(least, space_distance(e->space, &c, &other));
        }
        if (least > most) most = least, best = at;
    }
    return best;
}

static void first_trials(struct bayes *b) {
    struct explorer *const e = b->e;
    if (b->use_prior)
        explorer_try_all(e, b->pool, FIRST_GUESSES < b->pool_count ? FIRST_GUESSES : b->pool_count);
    /* Failures teach little: go on until as many succeeded as wanted, within reason. */
    for (int good = 0, i = 0; !e->over && good < FIRST_TRIALS && i < 4 * FIRST_TRIALS; i++) {
        good = 0;
        for (int64_t j = 0; j < e->count; j++) good += isfinite(e->trials[j].seconds);
        if (good < FIRST_TRIALS) explorer_try(e, first_far(e));
    }
}

static void bayes_run(struct bayes *b) {
    struct explorer *const e = b->e;
    const int batch = e->o->batch < 1 ? 1 : e->o->batch < BATCH_MAX ? e->o->batch : BATCH_MAX;
    first_trials(b);
    for (int turn = 0; !e->over && gp_observations(b->gp) < GP_OBSERVATIONS_MAX; turn++) {
        int64_t list[BATCH_MAX];
        model_update(b);
        /* By turns: where the model is wrong about the whole, the best one's neighbours still tell. */
        bool near = turn % 2;
        int count = near ? candidates_best(b, true, list, batch) : 0;
        if (!count) near = false, count = candidates_best(b, false, list, batch);
        if (!count) return;
        if (e->o->expect) following_expect(b, near, list, count);
        explorer_try_all(e, list, count);
    }
    search_local(e);
}

static void bayes_search(struct explorer *e, bool use_prior) {
    struct bayes b = {.e = e, .use_prior = use_prior, .near_of = -1};
    const int64_t pool = e->size < POOL_MAX ? e->size : POOL_MAX;
    b.gp = gp_new(e->space, (int)pool);
    b.pool = malloc((size_t)pool * sizeof *b.pool);
    b.near = calloc((size_t)pool, sizeof *b.near);
    b.x = malloc(GP_OBSERVATIONS_MAX * sizeof *b.x);
    b.y = malloc(GP_OBSERVATIONS_MAX * sizeof *b.y);
    if (b.gp && b.pool && b.near && b.x && b.y && pool_fill(&b)) bayes_run(&b);
    gp_free(b.gp);
    free(b.pool);
    free(b.near);
    free(b.x);
    free(b.y);
}

void search_bayes(struct explorer *e) {
    bayes_search(e, false);
}
void search_model(struct explorer *e) {
    bayes_search(e, true);
}
