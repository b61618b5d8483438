/* The bars of a GPU: what kernels move, execute and take. Of a virtual GPU from its counters and its model,
   launches sampled; of a real one by its clock and by CUPTI, which counts the machine's instructions, not
   PTX's, and not all that a virtual GPU counts; spills and theoretical occupancy are then the compiler's.
   Every variant's default point is checked at a few rows and then run at the shape. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "candidates.h"
#include "compile_set.h"
#include "device/nvrtc.h"
#include "op.h"
#include "report.h"

enum {
    VARIANTS_MAX = 24,
    ROWS_MAX = OP_COUNT * DTYPE_COUNT,
    CHECKED_ROWS = 67,
    ROWS = 12608,
    CHANNELS = 3072
};
enum { ERROR_ROWS = 8192, ERROR_CHANNELS = 768 };

static const double seconds_each = 0.5; /* of a real GPU */
static const double bytes_bar = 1.02, copy_bar = 1.15, floor_bar = 1.15, instructions_bar = 0.6,
                    occupancy_bar = 0.5, store_bar = 0.6, error_bar = 0.1;

/* An operation's variants, counted at the shape. */
struct counted {
    struct problem problem;
    struct contender list[VARIANTS_MAX];
    int count, failed; /* those that passed their check; how many did not */
    double bandwidth;  /* bytes/s of the best copy: what DRAM does where half is read and half written */
};

struct bars_gpu {
    const struct device_info *info;
    const struct options *options;
    struct worker *worker;
    struct nvrtc *nvrtc;  /* for a real GPU; NULL: there is none */
    struct counted *rows; /* ROWS_MAX */
    int count, missed;
};

/* NAN where the device does not count it. */
static double counter_of(const struct contender *c, const char *name) {
    const struct counter *const found = counter_find(c->counters, c->counter_count, name);
    return found ? found->value : (double)NAN;
}

static bool baseline(const struct contender *c) {
    return c->variant->flags & BASELINE;
}

static double elements_of(const struct counted *all) {
    return (double)problem_elements(&all->problem);
}

/* Of the default shape's size: bars that a launch's overhead and the coefficients' loads would decide on
   smaller ones hold from there on. */
static bool large(const struct counted *all) {
    return problem_elements(&all->problem) >= (int64_t)ROWS * CHANNELS;
}

/* No parameter's gradient among the results. */
static bool elementwise(const struct counted *all) {
    return !(op_outputs(all->problem.op) & ~(1u << T_Y | 1u << T_DX));
}

/* The default point of every selected variant that passes its check at a few rows of the problem. */
static bool variants_check(const struct bars_gpu *b, struct counted *all, struct error *err) {
    struct problem small = all->problem;
    if (small.rows > CHECKED_ROWS) small.rows = CHECKED_ROWS;
    const struct distribution normal = {.kind = DIST_NORMAL};
    const double limit = candidate_limit(b->options, b->info, &small);
    for (int i = 0; i < variant_count() && all->count < VARIANTS_MAX; i++) {
        struct contender *const one = &all->list[all->count];
        *one = (struct contender){.variant = variant_at(i), .problem = small};
        if (!options_variant(b->options, one->variant)) continue;
        if (!variant_default_point(one->variant, &all->problem, b->info, &one->point, NULL)) continue;
        if (!candidate_judge(b->worker, one, normal, CHECK_QUICK, limit, err)) return false;
        one->problem = all->problem;
        all->count += one->verdict.status == CHECK_PASSED;
        all->failed += one->verdict.status == CHECK_FAILED;
        if (one->verdict.status != CHECK_PASSED)
            fprintf(stderr, "%s: %s\n", one->variant->name, one->verdict.text);
    }
    return true;
}

static double limit_of(const struct bars_gpu *b, const struct problem *p) {
    return 10 * seconds_each + candidate_limit(b->options, b->info, p);
}

/* What the compiler says of a kernel and no counter does. */
static void contender_compile(const struct bars_gpu *b, struct contender *c) {
    struct compile_job job = {
        .variant = c->variant, .arch = cuda_arch_near(b->info->sm), .problem = c->problem, .point = c->point};
    if (!b->nvrtc || !compile_job(&job, b->nvrtc)) return;
    counter_add(c->counters, COUNTERS_MAX, &c->counter_count, "spill_bytes", job.resources.spill);
    counter_add(c->counters, COUNTERS_MAX, &c->counter_count, "theoretical_occupancy", job.occupancy);
}

/* Of a virtual GPU the occupancy is the theoretical one. */
static double theoretical_occupancy(const struct bars_gpu *b, const struct contender *c) {
    return counter_of(c, b->info->modeled ? "occupancy" : "theoretical_occupancy");
}

/* A virtual GPU counts as it runs. Where a real one does not, the times stay. */
static void contender_count(const struct bars_gpu *b, struct contender *c, double limit) {
    struct contender counted = *c;
    struct error why = {""};
    if (b->info->modeled) return;
    if (worker_count(b->worker, &counted, limit, &why) == WORKER_OK) {
        memcpy(c->counters, counted.counters, sizeof c->counters);
        c->counter_count = counted.counter_count;
    } else {
        fprintf(stderr, "%s: not counted: %s\n", c->variant->name, why.text);
    }
    contender_compile(b, c);
}

/* One that cannot be timed has failed. */
static bool operation_count(const struct bars_gpu *b, struct counted *all, struct error *err) {
    const double limit = limit_of(b, &all->problem);
    int kept = 0;
    if (!variants_check(b, all, err)) return false;
    for (int i = 0; i < all->count; i++) {
        struct contender *const c = &all->list[i];
        struct error why = {""};
        if (worker_measure(b->worker, c, 1, seconds_each, false, limit, &why) == WORKER_OK) {
            contender_count(b, c, limit);
            all->list[kept++] = *c;
        } else {
            fprintf(stderr, "%s: %s\n", c->variant->name, why.text);
        }
    }
    all->failed += all->count - kept;
    all->count = kept;
    return true;
}

/* What a copy of as many activations reaches on the same device. */
static bool copy_measure(const struct bars_gpu *b, struct counted *all, struct error *err) {
    struct options every = *b->options;
    struct bars_gpu copying = *b;
    struct counted *const copies = calloc(1, sizeof *copies);
    if (!copies) return error_set(err, "out of memory");
    every.only = NULL;
    every.ops = 1u << COPY;
    every.param_count = 0;
    copying.options = &every;
    copies->problem = problem_default(COPY, all->problem.dtype);
    copies->problem.rows = all->problem.rows;
    copies->problem.channels = all->problem.channels;
    const bool ok = operation_count(&copying, copies, err);
    for (int i = 0; ok && i < copies->count; i++)
        all->bandwidth =
            fmax(all->bandwidth, problem_bytes(&copies->problem) / copies->list[i].seconds.median);
    free(copies);
    return ok &&
           (all->bandwidth > 0 || error_set(err, "no copy variant runs: there is nothing to compare with"));
}

/* Operations of one dtype are compared with one copy: *all is the last of the rows. */
static bool copy_find(const struct bars_gpu *b, struct counted *all, struct error *err) {
    for (const struct counted *before = b->rows; before < all; before++) {
        if (before->problem.dtype != all->problem.dtype) continue;
        all->bandwidth = before->bandwidth;
        return true;
    }
    return copy_measure(b, all, err);
}

/* The fastest that is no baseline; NULL if there is none. */
static const struct contender *best_of(const struct counted *all) {
    const struct contender *best = NULL;
    for (int i = 0; i < all->count; i++)
        if (!baseline(&all->list[i]) && (!best || all->list[i].seconds.median < best->seconds.median))
            best = &all->list[i];
    return best;
}

static const struct contender *variant_of(const struct counted *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->list[i].variant->name, name) == 0) return &all->list[i];
    return NULL;
}

static double over_copy(const struct counted *all, const struct contender *c) {
    return c->seconds.median / (problem_bytes(&c->problem) / all->bandwidth);
}

/* Over the least bytes at the data sheet's bandwidth, which no copy reaches; NAN if it is not known. */
static double over_floor(const struct bars_gpu *b, const struct contender *c) {
    const double bandwidth = b->info->bandwidth;
    return bandwidth > 0 ? c->seconds.median / (problem_bytes(&c->problem) / bandwidth) : (double)NAN;
}

/* ---- the table ---- */

static void table_head(const struct bars_gpu *b, int64_t rows, int64_t channels) {
    printf("%s, %s; %lldx%lld.\n  %-32s %-4s %9s %9s %9s %9s %11s %11s %7s %6s\n", b->info->name,
           b->info->modeled ? "modeled, launches sampled" : "measured", (long long)rows, (long long)channels,
           "variant", "", "time", "of copy", "bytes/el", "warp i/el", "atomics", "of floats", "occup.",
           "spill");
}

static void number_print(int width, int decimals, double value) {
    if (isnan(value))
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, decimals, value);
}

static void table_print(const struct counted *all) {
    for (int i = 0; i < all->count; i++) {
        const struct contender *const c = &all->list[i];
        char time[16];
        seconds_print(c->seconds.median, time);
        printf("  %-32s %-4s %s %9.2f", c->variant->name, dtype_name(c->problem.dtype), time,
               over_copy(all, c));
        number_print(9, 3, counter_of(c, "dram_bytes") / elements_of(all));
        number_print(9, 3, counter_of(c, "instructions") / elements_of(all));
        number_print(11, 0, counter_of(c, "atomics"));
        number_print(11, 0, counter_of(c, "float_atomics"));
        number_print(6, 0, 100 * counter_of(c, "occupancy"));
        printf("%%");
        number_print(6, 0, counter_of(c, "spill_bytes"));
        printf("\n");
    }
    fflush(stdout);
}

/* ---- the bars ---- */

/* What is not counted misses no bar of a real GPU, and every one of a virtual GPU, which counts it all. */
static void bar_print(struct bars_gpu *b, const struct contender *c, const char *what, double measured,
                      double bar, bool met) {
    char text[96];
    snprintf(text, sizeof text, "%s %s: %s", op_name(c->problem.op), dtype_name(c->problem.dtype), what);
    printf("%-68s", text);
    number_print(10, 3, measured);
    number_print(10, 3, bar);
    const bool absent = !b->info->modeled && (isnan(measured) || isnan(bar));
    printf("  %s  %s\n", absent ? "not counted" : met ? "met   " : "MISSED", c->variant->name);
    b->missed += !met && !absent;
}

static void at_most(struct bars_gpu *b, const struct contender *c, const char *what, double measured,
                    double bar) {
    bar_print(b, c, what, measured, bar, measured <= bar);
}

static void at_least(struct bars_gpu *b, const struct contender *c, const char *what, double measured,
                     double bar) {
    bar_print(b, c, what, measured, bar, measured >= bar);
}

/* Coefficients whose gradients a block may add to: those of one group. */
static int64_t block_coefficients(const struct problem *p) {
    int64_t count = 0;
    for (int t = T_DNUM; t < TENSOR_COUNT; t++) {
        if (!tensor_in(op_outputs(p->op), (enum tensor)t)) continue;
        const struct shape s = tensor_shape(p, (enum tensor)t);
        count += shape_count(s) / s.dim[0];
    }
    return count;
}

/* What holds for every variant of ours. */
static void variant_bars(struct bars_gpu *b, const struct counted *all) {
    for (int i = 0; i < all->count; i++) {
        const struct contender *const c = &all->list[i];
        if (baseline(c)) continue;
        if (!elementwise(all)) {
            const double most = counter_of(c, "blocks") * (double)block_coefficients(&c->problem);
            at_most(b, c, "global atomics, blocks x coefficients", counter_of(c, "atomics"), most);
        }
        if (!(c->variant->flags & ORDER_DEPENDENT))
            at_most(b, c, "float atomics, as it is deterministic", counter_of(c, "float_atomics"), 0);
        at_most(b, c, "spilled bytes", counter_of(c, "spill_bytes"), 0);
        if (elementwise(all))
            at_least(b, c, "theoretical occupancy", theoretical_occupancy(b, c), occupancy_bar);
    }
}

/* The mean store of a warp over that of 16 bytes a lane. Loads are of coefficients, too, which a warp reads
   by one address. */
static double store_share(const struct contender *c) {
    return counter_of(c, "global_store_sectors") / counter_of(c, "global_store_requests") / 16;
}

static void best_bars(struct bars_gpu *b, const struct counted *all, const struct contender *best) {
    const struct problem *const p = &all->problem;
    const double elements = elements_of(all), bytes = counter_of(best, "dram_bytes"),
                 instructions = counter_of(best, "instructions");
    at_most(b, best, "DRAM bytes an element, 1.02 x the least", bytes / elements,
            bytes_bar * problem_bytes(p) / elements);
    if (large(all) && channels_per_group(p) * (int64_t)dtype_size(p->dtype) % 16 == 0)
        at_least(b, best, "a warp's store, of 16 bytes a lane", store_share(best), store_bar);
    for (int i = 0; i < all->count; i++) {
        const struct contender *const c = &all->list[i];
        char what[80];
        if (!baseline(c)) continue;
        snprintf(what, sizeof what, "warp instructions over %s's", c->variant->name);
        at_most(b, best, what, instructions / counter_of(c, "instructions"), 1);
    }
}

static void backward_bars(struct bars_gpu *b, const struct counted *all, const struct contender *best) {
    if (all->problem.op != RATIONAL_BWD || !large(all)) return;
    const struct contender *const tiles = variant_of(all, "rational_bwd_cuda_tilesum");
    at_most(b, best, "time over that of a copy's bytes", over_copy(all, best), copy_bar);
    if (all->problem.dtype == F32)
        at_most(b, best, "time over that of the least bytes at peak", over_floor(b, best), floor_bar);
    if (tiles)
        at_most(b, best, "warp instructions over the published design's",
                counter_of(best, "instructions") / counter_of(tiles, "instructions"), instructions_bar);
}

static bool error_bars(struct bars_gpu *b, const struct counted *all, const struct contender *best,
                       struct error *err) {
    const struct contender *const naive = variant_of(all, "rational_bwd_cuda_atomics");
    if (!naive || all->problem.dtype != F32) return true;
    struct problem p = all->problem;
    p.rows = ERROR_ROWS;
    p.channels = ERROR_CHANNELS;
    if (!problem_valid(&p, NULL)) return true; /* another number of groups */
    struct contender both[] = {*naive, *best};
    struct gradient_error errors[2];
    if (worker_gradients(b->worker, &p, both, 2, errors, limit_of(b, &p), err) != WORKER_OK) return false;
    for (int t = T_DNUM; t <= T_DDEN; t++) {
        char what[80];
        snprintf(what, sizeof what, "mean error of %s at %dx%d over the naive %.1e",
                 tensor_name((enum tensor)t), ERROR_ROWS, ERROR_CHANNELS, errors[0].mean[t]);
        at_most(b, best, what, errors[1].mean[t] / errors[0].mean[t], error_bar);
    }
    return true;
}

static bool operation_bars(struct bars_gpu *b, const struct counted *all, struct error *err) {
    const struct contender *const best = best_of(all);
    b->missed += all->failed + !best;
    if (!best) {
        printf("%s %s: no variant ran  MISSED\n", op_name(all->problem.op), dtype_name(all->problem.dtype));
        return true;
    }
    best_bars(b, all, best);
    backward_bars(b, all, best);
    variant_bars(b, all);
    return error_bars(b, all, best, err);
}

static bool shape_measure(struct bars_gpu *b, int64_t rows, int64_t channels, struct error *err) {
    const struct options *const o = b->options;
    b->count = 0;
    table_head(b, rows, channels);
    for (int i = 0; i < ROWS_MAX; i++) {
        const enum op op = (enum op)(i / DTYPE_COUNT);
        const enum dtype dtype = dtype_at(i % DTYPE_COUNT);
        if (!(o->ops >> op & 1) || !((o->dtypes ? o->dtypes : F32 | BF16) & dtype)) continue;
        struct counted *const one = &b->rows[b->count++];
        *one = (struct counted){.count = 0};
        if (!options_problem(o, op, dtype, rows, channels, &one->problem, err)) return false;
        if (problem_elements(&one->problem) == 0)
            return error_set(err, "--shape: nothing to time with 0 rows");
        if (!operation_count(b, one, err) || !copy_find(b, one, err)) return false;
        table_print(one);
    }
    printf("%-68s %10s %10s  verdict\n", "bar", "measured", "bar");
    for (int i = 0; i < b->count; i++)
        if (!operation_bars(b, &b->rows[i], err)) return false;
    return true;
}

int bars_gpu_measure(struct worker *w, const struct device_info *info, const struct options *o,
                     struct error *err) {
    struct bars_gpu b = {.info = info, .options = o, .worker = w};
    struct error none;
    struct nvrtc nvrtc;
    if (!info->modeled && nvrtc_open(&nvrtc, &none)) b.nvrtc = &nvrtc;
    b.rows = malloc(sizeof *b.rows * ROWS_MAX);
    bool ok = b.rows || error_set(err, "out of memory");
    if (ok && !o->shape_count) ok = shape_measure(&b, ROWS, CHANNELS, err);
    for (int i = 0; ok && i < o->shape_count; i++)
        ok = shape_measure(&b, o->shapes[i].rows, o->shapes[i].channels, err);
    if (*worker_counters_absent(w)) fprintf(stderr, "katune bench: %s\n", worker_counters_absent(w));
    free(b.rows);
    return ok ? b.missed : -1;
}
