#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "device/clock.h"
#include "op.h"
#include "profiler.h"

enum {
    SAMPLES_MIN = 5,
    SAMPLES_MAX = 5000,
    BATCH_MAX = 4096,
};

static const double sample_seconds =
    200e-6; /* a sample is at least so long: far above the clock's resolution */
static const double undisturbed =
    10e-3; /* longer than what disturbs a first call: it is that long by itself */
static const double drop_margin = 1.05;
static const double first_drop = 3;

struct meter {
    struct device *device;
    struct measure_options options;
    struct arena *arena;
    uint64_t order; /* state of the generator that shuffles rounds */
    struct profiler *profiler;
    struct error no_counters;
    double timed; /* seconds */
};

/* A contender while it is measured. */
struct runner {
    struct contender *c;
    struct kernel *kernel;
    void *memory[TENSOR_COUNT]; /* parameters and their gradients */
    struct call *calls;         /* batch of them */
    double *samples, *clocks;
    unsigned *throttle; /* what held the clock back beside each sample */
    int count, room, look;
    bool active;
};

struct meter *meter_open(struct device *d, const struct measure_options *options, struct error *err) {
    struct meter *const m = calloc(1, sizeof *m);
    if (m)
        *m = (struct meter){
            .device = d, .options = *options, .arena = arena_new(d, options->warm), .order = 1};
    if (!m || !m->arena) {
        meter_close(m);
        error_set(err, "out of memory");
        return NULL;
    }
    if (m->options.width <= 0) m->options.width = 0.005;
    return m;
}

void meter_close(struct meter *m) {
    if (!m) return;
    arena_free(m->arena);
    profiler_close(m->profiler);
    free(m);
}

struct device *meter_device(const struct meter *m) {
    return m->device;
}

double meter_timed(const struct meter *m) {
    return m->timed;
}

const char *meter_counters_absent(const struct meter *m) {
    if (*m->no_counters.text || !m->profiler) return m->no_counters.text;
    return profiler_absent(m->profiler);
}

static bool is_activation(enum tensor t) {
    return t == T_X || t == T_DY || t == T_Y || t == T_DX;
}

/* Parameters on the host, as the arena wants to see them, and on the device; room for their gradients. */
static bool parameters_make(struct meter *m, struct runner *r, float *host[TENSOR_COUNT]) {
    const struct problem *const p = &r->c->problem;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const enum tensor t = (enum tensor)i;
        if (is_activation(t) || !tensor_in(op_inputs(p->op) | op_outputs(p->op), t)) continue;
        const size_t bytes = tensor_bytes(p, t);
        if (!(r->memory[t] = m->device->alloc(m->device, bytes))) return false;
        if (!tensor_in(op_inputs(p->op), t)) continue;
        if (!(host[t] = malloc(bytes))) return false;
        input_fill(p, t, m->options.seed, m->options.distribution, NULL, host[t]);
        m->device->upload(m->device, r->memory[t], host[t], bytes);
    }
    return true;
}

static bool arena_prepare(struct meter *m, struct runner *r, struct error *err) {
    float *host[TENSOR_COUNT] = {0};
    const bool ok = parameters_make(m, r, host) || error_set(err, "out of memory");
    const bool fits = ok && arena_fit(m->arena, &r->c->problem, m->options.seed, m->options.distribution,
                                      (const float *const *)host, err);
    for (int t = 0; t < TENSOR_COUNT; t++) free(host[t]);
    return fits;
}

static void runner_free(struct meter *m, struct runner *r) {
    if (r->kernel) m->device->release(m->device, r->kernel);
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (r->memory[t]) m->device->free(m->device, r->memory[t]);
    free(r->calls);
    free(r->samples);
    free(r->clocks);
    free(r->throttle);
}

/* r->calls: `count` calls on the next slices. */
static void calls_fill(struct meter *m, struct runner *r, int count) {
    for (int i = 0; i < count; i++) {
        struct call *const call = &r->calls[i];
        for (int t = 0; t < TENSOR_COUNT; t++) {
            call->in[t] = tensor_in(op_inputs(r->c->problem.op), (enum tensor)t) ? r->memory[t] : NULL;
            call->out[t] = tensor_in(op_outputs(r->c->problem.op), (enum tensor)t) ? r->memory[t] : NULL;
        }
        arena_next(m->arena, &r->c->problem, call);
    }
}

/* Seconds of them. */
static double calls_run(struct meter *m, struct runner *r, int count) {
    calls_fill(m, r, count);
    return m->device->run(m->device, r->kernel, r->calls, count);
}

/* A model gives the same time for every call: one is enough. */
static bool modeled(const struct meter *m) {
    return m->device->info(m->device)->modeled;
}

/* Times of calls that failed are none. */
static bool calls_succeeded(struct meter *m, const struct runner *r, struct error *err) {
    return !device_failure(m->device, err) || error_prefix(err, "%s", r->c->variant->name);
}

/* Warms up and finds how many calls make a sample: so many as take long enough twice. Once may be a
   disturbance, or what a first call has to do. */
static bool runner_warm(struct meter *m, struct runner *r, struct error *err) {
    r->calls = malloc(sizeof *r->calls * BATCH_MAX);
    if (!r->calls) return error_set(err, "out of memory");
    int *const batch = &r->c->batch;
    *batch = 1;
    if (modeled(m)) return true;
    for (bool again = false;;) {
        const double seconds = calls_run(m, r, *batch);
        if (!calls_succeeded(m, r, err)) return false;
        if (seconds >= undisturbed || (seconds >= sample_seconds && again) || *batch == BATCH_MAX)
            return true;
        again = seconds >= sample_seconds;
        if (again) continue;
        const double wanted = ceil(*batch * fmin(8, 1.2 * sample_seconds / fmax(seconds, 1e-9)));
        *batch = (int)fmin(BATCH_MAX, wanted);
    }
}

static bool runner_prepare(struct meter *m, struct runner *r, struct error *err) {
    const struct contender *const c = r->c;
    if (c->verdict.status != CHECK_PASSED)
        return error_set(err, "%s is not timed: it was not checked, or did not pass", c->variant->name);
    r->look = sample_next_look(0);
    r->active = true;
    r->kernel = m->device->prepare(m->device, c->variant, &c->problem, &c->point, err);
    return r->kernel != NULL;
}

static bool runner_grow(struct runner *r) {
    if (r->count < r->room) return true;
    const size_t room = r->room ? 2 * (size_t)r->room : 32;
    double *const samples = realloc(r->samples, sizeof *samples * room);
    if (samples) r->samples = samples;
    double *const clocks = samples ? realloc(r->clocks, sizeof *clocks * room) : NULL;
    if (clocks) r->clocks = clocks;
    unsigned *const throttle = clocks ? realloc(r->throttle, sizeof *throttle * room) : NULL;
    if (!throttle) return false;
    r->throttle = throttle;
    r->room = (int)room;
    return true;
}

/* The clock is read after the calls, when a GPU still runs at the clock that they had. */
static bool runner_sample(struct meter *m, struct runner *r, struct error *err) {
    if (!runner_grow(r)) return error_set(err, "out of memory");
    const double seconds = calls_run(m, r, r->c->batch);
    const struct device_clock clock = device_clock(m->device);
    r->clocks[r->count] = clock.ghz;
    r->throttle[r->count] = clock.throttle;
    r->samples[r->count++] = seconds / r->c->batch;
    r->c->total += seconds;
    return calls_succeeded(m, r, err);
}

/* What a call counts. A device that counts by itself did so while it was timed, and is not run again. A
   profiler that refuses leaves the times alone, and is not asked again. */
static void runner_count(struct meter *m, struct runner *r) {
    struct contender *const c = r->c;
    if (m->device->counters) {
        const unsigned sets = m->options.counters ? m->options.counters : METRICS_ALL;
        const int count = device_counters(m->device, r->kernel, c->counters, COUNTERS_MAX);
        c->counter_count = metrics_select(c->counters, count, sets);
        return;
    }
    if (!m->options.counters || *m->no_counters.text) return;
    if (!m->profiler) m->profiler = profiler_open(m->device, m->options.counters, &m->no_counters);
    if (!m->profiler) return;
    const size_t round = arena_slices(m->arena, &c->problem);
    const int calls = round > BATCH_MAX ? BATCH_MAX : round > (size_t)c->batch ? (int)round : c->batch;
    calls_fill(m, r, calls);
    profiler_count(m->profiler, r->kernel, r->calls, calls, c->counters, COUNTERS_MAX, &c->counter_count,
                   &m->no_counters);
}

/* The statistics of what there is, without the samples that a slow clock spoilt. */
static bool runner_summarise(struct runner *r) {
    bool *const slow = malloc(sizeof *slow * (size_t)(r->count + 1));
    double *const kept = malloc(sizeof *kept * (size_t)(r->count + 1));
    const bool ok = slow && kept;
    if (ok) {
        memcpy(kept, r->samples, sizeof *kept * (size_t)r->count);
        sample_flag_slow(r->clocks, r->throttle, r->count, slow);
        const int left = sample_drop_slow(kept, slow, r->count, &r->c->throttled);
        for (int i = 0; i < r->count; i++) r->c->throttle |= r->throttle[i];
        r->c->seconds = sample_summary(kept, left);
        r->c->clock_ghz = sample_summary(r->clocks, r->count).median;
    }
    free(slow);
    free(kept);
    return ok;
}

static void beaten_drop(struct runner *runners, int count, int round) {
    const struct summary *best = NULL;
    for (int i = 0; i < count; i++) {
        const struct summary *const s = &runners[i].c->seconds;
        if (s->n && !runners[i].c->beaten && (!best || s->hi < best->hi)) best = s;
    }
    for (int i = 0; best && i < count; i++) {
        struct runner *const r = &runners[i];
        const bool hopeless = round == 0 && r->c->seconds.median > first_drop * best->hi;
        const bool beaten = r->count >= SAMPLES_MIN && sample_beaten(&r->c->seconds, best, drop_margin);
        if (!r->active || (!hopeless && !beaten)) continue;
        r->c->beaten = true;
        r->active = false;
    }
}

static void order_shuffle(struct meter *m, int *order, int count) {
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        m->order = m->order * 6364136223846793005u + 1442695040888963407u;
        const int j = (int)((m->order >> 33) % (uint64_t)(i + 1)), was = order[i];
        order[i] = order[j];
        order[j] = was;
    }
}

/* After a round: statistics where they are due, and who is still to be sampled: *left says whether anyone is.
   False if there is no memory. */
static bool round_judge(const struct meter *m, struct runner *runners, int count, int round, bool race,
                        bool *left) {
    *left = false;
    for (int i = 0; i < count; i++) {
        struct runner *const r = &runners[i];
        const bool due = r->count >= r->look || (race && (round == 0 || r->count >= SAMPLES_MIN));
        if (!r->active || !due) continue;
        if (!runner_summarise(r)) return false;
        if (r->count < r->look) continue;
        r->look = sample_next_look(r->count);
        r->c->settled = sample_settled(&r->c->seconds, m->options.width);
        if ((race && r->c->settled) || r->count >= SAMPLES_MAX) r->active = false;
    }
    if (race) beaten_drop(runners, count, round);
    for (int i = 0; i < count; i++) *left |= runners[i].active && !runners[i].c->settled;
    return true;
}

static bool rounds_run(struct meter *m, struct runner *runners, int count, double budget, bool race,
                       struct error *err) {
    int *const order = malloc(sizeof *order * (size_t)count);
    bool ok = order || error_set(err, "out of memory"), left = true;
    const double end = clock_seconds() + budget;
    for (int round = 0; ok && left && (round < SAMPLES_MIN || clock_seconds() < end); round++) {
        order_shuffle(m, order, count);
        for (int i = 0; ok && i < count; i++) {
            struct runner *const r = &runners[order[i]];
            if (r->active) ok = runner_sample(m, r, err);
        }
        ok = ok && (round_judge(m, runners, count, round, race, &left) || error_set(err, "out of memory"));
        if (modeled(m)) break;
    }
    for (int i = 0; ok && i < count; i++) {
        ok = runner_summarise(&runners[i]) || error_set(err, "out of memory");
        runners[i].c->settled = sample_settled(&runners[i].c->seconds, m->options.width);
    }
    free(order);
    return ok;
}

bool measure(struct meter *m, struct contender *contenders, int count, double budget, bool race,
             struct error *err) {
    struct runner *const runners = calloc((size_t)count + 1, sizeof *runners);
    bool ok = runners || error_set(err, "out of memory");
    /* Copies last: they take x as the others want it. */
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; ok && i < count; i++) {
            if ((contenders[i].problem.op == COPY) != pass) continue;
            runners[i].c = &contenders[i];
            contenders[i].total = contenders[i].counter_count = 0;
            contenders[i].settled = contenders[i].beaten = contenders[i].throttled = false;
            contenders[i].throttle = 0;
            ok = runner_prepare(m, &runners[i], err) && arena_prepare(m, &runners[i], err);
            if (ok && contenders[i].problem.dtype != contenders[0].problem.dtype)
                ok = error_set(err, "contenders of one measurement share a dtype");
        }
    }
    const double begin = clock_seconds();
    for (int i = 0; ok && i < count; i++) ok = runner_warm(m, &runners[i], err);
    if (m->device->sample) m->device->sample(m->device, true);
    ok = ok && (!count || rounds_run(m, runners, count, budget, race, err));
    for (int i = 0; ok && i < count; i++) runner_count(m, &runners[i]);
    if (m->device->sample) m->device->sample(m->device, false);
    m->timed += clock_seconds() - begin;
    for (int i = 0; runners && i < count; i++) runner_free(m, &runners[i]);
    free(runners);
    return ok;
}

bool meter_count(struct meter *m, struct contender *c, char cupti[16], struct error *err) {
    c->counter_count = 0;
    cupti[0] = 0;
    if (!m->device->counters && *m->no_counters.text)
        return true; /* a profiler refused before: why run it? */
    const unsigned usual = m->options.counters;
    m->options.counters = METRICS_ALL;
    const bool ok = measure(m, c, 1, 0, true, err);
    m->options.counters = usual;
    if (m->profiler && c->counter_count) profiler_cupti(m->profiler, cupti);
    return ok;
}
