#include "ceiling.h"

#include "fma_rate.h"
#include "op.h"

int point_threads(const struct variant *v, const struct point *pt, const struct device_info *info) {
    const int i = param_find(v, "THREADS");
    if (i < 0) return 1;
    return pt->value[i] ? pt->value[i] : info->units;
}

int ceiling_copies(struct device *d, const struct problem *p, int threads, struct contender *contenders,
                   int max) {
    const struct device_info *const info = d->info(d);
    const bool gpu = device_is_gpu(info);
    struct problem copy = problem_default(COPY, p->dtype);
    copy.rows = p->rows;
    copy.channels = p->channels;
    struct check_case *const c = case_new(d, &copy, 1, (struct distribution){DIST_NORMAL, 0}, NULL);
    int count = 0;
    for (int i = 0; c && i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t j = 0; j < point_count(v) && count < max; j++) {
            const struct point pt = point_at(v, j);
            if (variant_reject(v, &copy, &pt, info) || (!gpu && point_threads(v, &pt, info) != threads))
                continue;
            contenders[count] = (struct contender){.variant = v, .point = pt, .problem = copy};
            case_check(c, v, &pt, CHECK_QUICK, &contenders[count].verdict);
            count += contenders[count].verdict.status == CHECK_PASSED;
            if (gpu) break; /* its default: threads are no choice there */
        }
    }
    case_free(c);
    return count;
}

/* FLOP/s of fused multiply-adds in float32 with the device's widest instruction set; takes about 0.1 s. */
static double ceiling_flops(const struct device *d, int threads) {
    const struct device_info *const info = d->info(d);
    double best = 0;
    if (device_is_gpu(info)) return info->flops; /* by the data sheet */
    for (int i = 0; i < 5; i++) {
        const double rate = fma_rate(info->isa, threads);
        if (rate > best) best = rate;
    }
    return best;
}

/* Seconds of the quickest copy of one row of a few channels; 0 if none can be timed. */
static double launch_seconds(struct meter *m, const struct problem *p, int threads) {
    struct problem least = problem_default(COPY, p->dtype);
    struct contender copy;
    struct error ignored;
    least.rows = 1;
    least.channels = 32;
    if (!ceiling_copies(meter_device(m), &least, threads, &copy, 1)) return 0;
    return measure(m, &copy, 1, 0, true, &ignored) ? copy.seconds.median : 0;
}

static bool copies_measure(struct meter *m, const struct problem *p, int threads, double budget,
                           double *bandwidth, struct error *err) {
    enum { COPIES_MAX = 64 };
    struct contender copies[COPIES_MAX];
    const int count = ceiling_copies(meter_device(m), p, threads, copies, COPIES_MAX);
    if (!count)
        return error_set(err, "no copy variant passes its check: there is no ceiling to compare with");
    if (!measure(m, copies, count, budget, true, err)) return false;
    for (int i = 0; i < count; i++) {
        const double rate = problem_bytes(&copies[i].problem) / copies[i].seconds.median;
        if (rate > *bandwidth) *bandwidth = rate;
    }
    return true;
}

bool ceilings_measure(struct meter *m, const struct problem *p, int threads, double budget,
                      struct ceilings *c, struct error *err) {
    const struct device *const d = meter_device(m);
    const struct device_info *const info = d->info(d);
    *c = (struct ceilings){.flops = ceiling_flops(d, threads)};
    if (info->modeled)
        c->bandwidth = info->bandwidth;
    else if (!copies_measure(m, p, threads, budget, &c->bandwidth, err))
        return false;
    c->launch = launch_seconds(m, p, threads);
    return true;
}
