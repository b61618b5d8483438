#include "candidates.h"

#include <stdio.h>
#include <stdlib.h>

#include "ceiling.h"
#include "problem_space.h"

/* What all candidates of a problem have in common while they are found. */
struct finder {
    struct candidates *found;
    const struct device_info *info;
    const struct options *o;
    const struct problem *problem;
    candidate_check *check;
    void *context;
};

static bool candidate_add(const struct finder *f, const struct variant *v, const struct point *pt,
                          struct error *err) {
    struct candidates *const c = f->found;
    struct contender *const list = realloc(c->list, sizeof *list * (size_t)(c->count + 1));
    if (!list) return error_set(err, "out of memory");
    c->list = list;
    struct contender one = {.variant = v, .point = *pt, .problem = *f->problem};
    if (!f->check(f->context, &one, err)) return false;
    list[c->count++] = one;
    if (one.verdict.status != CHECK_PASSED) return true;
    list[c->count - 1] = list[c->passed];
    list[c->passed++] = one;
    return true;
}

static bool variant_skip(struct candidates *c, const struct variant *v, const char *reason,
                         struct error *err) {
    struct skip *const skips = realloc(c->skips, sizeof *skips * (size_t)(c->skipped + 1));
    if (!skips) return error_set(err, "out of memory");
    c->skips = skips;
    skips[c->skipped++] = (struct skip){v, reason};
    return true;
}

static bool point_selected(const struct variant *v, const struct point *pt, void *options) {
    return !pt || options_point(options, v, pt);
}

static bool variant_add(const struct finder *f, const struct variant *v, int threads, struct error *err) {
    const int before = f->found->count;
    for (int64_t i = 0; i < point_count(v); i++) {
        const struct point pt = point_at(v, i);
        if (!options_point(f->o, v, &pt) || variant_reject(v, f->problem, &pt, f->info)) continue;
        if (threads && point_threads(v, &pt, f->info) != threads) continue;
        if (!candidate_add(f, v, &pt, err)) return false;
        if (!f->o->all_points && !threads) break;
    }
    if (f->found->count > before) return true;
    const char *const reason = variant_left_out(v, f->problem, f->info, point_selected, (void *)f->o);
    return variant_skip(f->found, v, reason ? reason : "none of its points runs with so many threads", err);
}

bool candidates_find(struct candidates *c, const struct device_info *info, const struct options *o,
                     const struct problem *p, int threads, candidate_check *check, void *context,
                     struct error *err) {
    const struct finder f = {c, info, o, p, check, context};
    *c = (struct candidates){0};
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (v->op != p->op || !options_variant(o, v) || !variant_belongs(v, info)) continue;
        if (variant_add(&f, v, threads, err)) continue;
        candidates_free(c);
        return false;
    }
    return true;
}

void candidates_free(struct candidates *c) {
    free(c->list);
    free(c->skips);
    *c = (struct candidates){0};
}

bool candidate_judge(struct worker *w, struct contender *c, struct distribution distribution,
                     enum check_depth depth, double limit, struct error *err) {
    struct error why = {""};
    const enum worker_outcome outcome = worker_check_as(w, c, distribution, depth, limit, &why);
    if (outcome == WORKER_OK) return true;
    if (outcome == WORKER_REFUSED) return error_set(err, "%s", why.text);
    c->verdict = (struct verdict){.status = CHECK_FAILED, .fault = FAULT_CALL};
    snprintf(c->verdict.text, sizeof c->verdict.text, "%s", why.text);
    return true;
}

double candidate_limit(const struct options *o, const struct device_info *info, const struct problem *p) {
    static const double least = 60, each = 2e-6, each_modeled = 200e-6; /* of an element */
    if (o->time_limit > 0) return o->time_limit;
    return least + (info->modeled ? each_modeled : each) * (double)problem_elements(p);
}

struct worker *candidates_worker(const struct options *o, bool unbound, struct device_info *info,
                                 struct error *err) {
    const struct worker_options options = {.device = o->device,
                                           .measure = {.warm = o->warm,
                                                       .seed = o->seed,
                                                       .distribution = o->distribution,
                                                       .counters = o->counters},
                                           .memory = o->memory_limit,
                                           .unbound = unbound};
    struct worker *const w = worker_open(&options, err);
    if (!w || worker_describe(w, info, err) == WORKER_OK) return w;
    worker_close(w);
    return NULL;
}
