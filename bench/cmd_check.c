/* katune check: compares what variants compute with the oracle, in a process that may crash or hang. Without
   --shape on a suite of ragged shapes, attributes and distributions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "commands.h"
#include "json_results.h"
#include "options.h"
#include "progress.h"
#include "suite.h"

struct check {
    const struct options *o;
    struct worker *worker;
    struct device_info info;
    struct json_results *json;
    struct progress *progress;
    int passed, failed, skipped;
    double worst; /* of all that passed */
    char worst_text[400];
    struct {
        int count;
        char reason[96]; /* of the first */
    } * skips;           /* by variant */
};

static void failure_print(const struct check *k, const struct contender *c, struct distribution dist) {
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX], name[16];
    problem_key(&c->problem, key);
    point_print(c->variant, &c->point, point);
    distribution_print(dist, name);
    progress_clear(k->progress);
    printf("FAILED %s%s%s\n  %s --dist %s --seed %llu\n  %s\n", c->variant->name, *point ? " " : "", point,
           key, name, (unsigned long long)k->o->seed, c->verdict.text);
}

/* False and the reason if the problem cannot be checked at all. */
static bool point_check(struct check *k, struct contender *c, struct distribution dist, struct error *err) {
    const struct verdict *const verdict = &c->verdict;
    if (!candidate_judge(k->worker, c, dist, CHECK_FULL, candidate_limit(k->o, &k->info, &c->problem), err))
        return false;
    if (k->json) json_check_add(k->json, c->variant, &c->point, &c->problem, dist, verdict);
    if (verdict->status == CHECK_FAILED) {
        k->failed++;
        failure_print(k, c, dist);
    } else if (verdict->status == CHECK_PASSED) {
        k->passed++;
        if (verdict->worst <= k->worst) return true;
        k->worst = verdict->worst;
        char key[PROBLEM_KEY_MAX];
        problem_key(&c->problem, key);
        snprintf(k->worst_text, sizeof k->worst_text, "%s, %s[%lld] of %s", c->variant->name,
                 tensor_name(verdict->tensor), (long long)verdict->index, key);
    }
    return true;
}

static void skip_count(struct check *k, const struct variant *v, const struct problem *p,
                       struct distribution dist, const char *reason) {
    k->skipped++;
    int at = 0;
    while (variant_at(at) != v) at++;
    if (!k->skips[at].count++) snprintf(k->skips[at].reason, sizeof k->skips[at].reason, "%s", reason);
    struct verdict verdict = {.status = CHECK_SKIPPED};
    snprintf(verdict.text, sizeof verdict.text, "%s", reason);
    const struct point first = point_at(v, 0);
    if (k->json) json_check_add(k->json, v, &first, p, dist, &verdict);
}

/* False and the reason if the problem cannot be checked at all. */
static bool variant_check(struct check *k, const struct problem *p, const struct variant *v,
                          struct distribution dist, struct error *err) {
    const char *reason = NULL; /* of the first point, which is the one most would run */
    bool any = false;
    for (int64_t i = 0; i < point_count(v); i++) {
        struct contender c = {.variant = v, .point = point_at(v, i), .problem = *p};
        if (!options_point(k->o, v, &c.point)) continue;
        const char *const why = variant_reject(v, p, &c.point, &k->info);
        if (why) {
            if (!reason) reason = why;
            continue;
        }
        any = true;
        if (!point_check(k, &c, dist, err)) return false;
        if (!k->o->all_points) return true;
    }
    if (!any) skip_count(k, v, p, dist, reason ? reason : "no point has the values that --param asks for");
    return true;
}

static bool variant_wanted(const struct check *k, const struct variant *v, const struct problem *p) {
    return v->op == p->op && v->dtypes & p->dtype && options_variant(k->o, v) && variant_belongs(v, &k->info);
}

/* A problem that the device has no room for is said and left out; a device that does not work any more is the
   end. */
static bool case_over_variants(struct check *k, const struct problem *p, struct distribution dist,
                               struct error *err) {
    struct error why;
    bool can = true;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (!variant_wanted(k, v, p)) continue;
        if (can && !variant_check(k, p, v, dist, &why)) {
            can = false;
            progress_clear(k->progress);
            printf("skipped %s\n", why.text);
        }
        k->skipped += !can;
    }
    return can || worker_describe(k->worker, &k->info, err) == WORKER_OK ||
           error_prefix(err, "the device cannot be used any more");
}

/* The suite, or the shapes that were given. */
static int case_count(const struct options *o, enum op op) {
    return o->shape_count ? o->shape_count : suite_count(op);
}

static bool case_at(const struct options *o, enum op op, enum dtype dtype, int i, struct suite_case *c,
                    struct error *err) {
    if (!o->shape_count) {
        *c = suite_at(op, dtype, i);
        if (o->distribution_given) c->distribution = o->distribution;
        return true;
    }
    c->distribution = o->distribution;
    return options_problem(o, op, dtype, o->shapes[i].rows, o->shapes[i].channels, &c->problem, err);
}

static bool check_all(struct check *k, struct error *err) {
    const struct options *const o = k->o;
    const unsigned dtypes = o->dtypes ? o->dtypes : F32 | F16 | BF16;
    int total = 0;
    for (int op = 0; op < OP_COUNT; op++)
        if (o->ops >> op & 1) total += case_count(o, (enum op)op) * DTYPE_COUNT;
    for (int op = 0, done = 0; op < OP_COUNT; op++) {
        if (!(o->ops >> op & 1)) continue;
        for (int d = 0; d < DTYPE_COUNT; d++) {
            const int count = case_count(o, (enum op)op);
            for (int i = 0; i < count; i++) {
                struct suite_case c;
                progress_set(k->progress, (double)done++ / total, op_name((enum op)op));
                if (!(dtypes & dtype_at(d))) continue;
                if (!case_at(o, (enum op)op, dtype_at(d), i, &c, err)) return false;
                if (!case_over_variants(k, &c.problem, c.distribution, err)) return false;
            }
        }
    }
    return true;
}

static void summary_print(const struct check *k) {
    for (int i = 0; i < variant_count() && !k->o->quiet; i++)
        if (k->skips[i].count)
            printf("skipped %s on %d problem%s: %s\n", variant_at(i)->name, k->skips[i].count,
                   k->skips[i].count == 1 ? "" : "s", k->skips[i].reason);
    printf("%d passed, %d failed, %d skipped", k->passed, k->failed, k->skipped);
    if (k->passed) printf("; worst error %.2f of what is allowed", k->worst);
    putchar('\n');
    if (!k->o->quiet && k->worst > 0) printf("  (%s)\n", k->worst_text);
}

static const struct command_usage usage = {
    "check",
    "Runs variants on seeded inputs and compares every output element with the oracle in double precision:\n"
    "guard bands, poisoned outputs, tensors aligned and aligned to their element only, several numbers of "
    "threads.\n"
    "Without --shape: a suite of ragged shapes, attributes and distributions.",
    OPT_DEVICE | OPT_SELECTION | OPT_SEED | OPT_DIST | OPT_JSON | OPT_QUIET | OPT_LIMITS,
    "Exit code 0: all passed (what a variant does not support is skipped); 1: a check failed; 3: nothing to "
    "check."};

int cmd_check(int argc, char **argv) {
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    struct error err = {""};
    if (o.attrs.count && !o.shape_count) {
        fprintf(stderr, "katune check: --attr goes with --shape: the suite has attributes of its own\n");
        return EXIT_USAGE;
    }
    struct check k = {.o = &o};
    k.worker = candidates_worker(&o, true, &k.info, &err);
    if (!k.worker) {
        fprintf(stderr, "katune check: %s\n", err.text);
        return EXIT_USAGE;
    }
    k.skips = calloc((size_t)variant_count(), sizeof *k.skips);
    if (!k.skips) return EXIT_USAGE;
    k.json = o.json ? json_results_new("check", &k.info, o.seed) : NULL;
    k.progress = progress_new("check", o.quiet);
    bool ok = check_all(&k, &err);
    progress_free(k.progress);
    worker_close(k.worker);
    if (ok) summary_print(&k);
    free(k.skips);
    if (ok && o.json) ok = json_results_write(k.json, o.json, &err);
    json_results_free(k.json);
    if (!ok) {
        fprintf(stderr, "katune check: %s\n", err.text);
        return EXIT_USAGE;
    }
    return k.failed ? EXIT_FAILED : k.passed ? EXIT_OK : EXIT_MISSING;
}
