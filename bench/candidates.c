#include "candidates.h"

#include <stdlib.h>

#include "ceiling.h"

static bool candidate_add(struct candidates *c, struct check_case *k, const struct variant *v,
                          const struct point *pt) {
    struct contender *const list = realloc(c->list, sizeof *list * (size_t)(c->count + 1));
    if (!list) return false;
    c->list = list;
    struct contender one = {.variant = v, .point = *pt, .problem = *case_problem(k)};
    case_check(k, v, pt, CHECK_QUICK, &one.verdict);
    list[c->count++] = one;
    if (one.verdict.status != CHECK_PASSED) return true;
    list[c->count - 1] = list[c->passed];
    list[c->passed++] = one;
    return true;
}

static bool variant_add(struct candidates *c, struct device *d, struct check_case *k, const struct options *o,
                        const struct variant *v, int threads) {
    const struct device_info *const info = d->info(d);
    const struct problem *const p = case_problem(k);
    const int before = c->count;
    for (int64_t i = 0; i < point_count(v); i++) {
        const struct point pt = point_at(v, i);
        if (!options_point(o, v, &pt) || variant_reject(v, p, &pt, info)) continue;
        if (threads && point_threads(v, &pt, info) != threads) continue;
        if (!candidate_add(c, k, v, &pt)) return false;
        if (!o->all_points && !threads) break;
    }
    c->skipped += c->count == before;
    return true;
}

bool candidates_find(struct candidates *c, struct device *d, const struct options *o, const struct problem *p,
                     int threads, struct error *err) {
    bool any = false;
    *c = (struct candidates){0};
    for (int i = 0; i < variant_count(); i++)
        any |= variant_at(i)->op == p->op && options_variant(o, variant_at(i)) &&
               variant_belongs(variant_at(i), d->info(d));
    if (!any) return true;
    struct check_case *const k = case_new(d, p, o->seed, o->distribution, err);
    if (!k) return false;
    bool ok = true;
    for (int i = 0; ok && i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (v->op != p->op || !options_variant(o, v)) continue;
        ok = variant_add(c, d, k, o, v, threads) || error_set(err, "out of memory");
    }
    case_free(k);
    return ok;
}

void candidates_free(struct candidates *c) {
    free(c->list);
    *c = (struct candidates){0};
}
