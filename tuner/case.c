#include "case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "device/clock.h"
#include "device/cpu.h"
#include "judge.h"
#include "op.h"

enum {
    GUARD_BYTES = 256, /* a multiple of 64, so that what follows it is aligned */
    CHUNK_BYTES = 1 << 20,
};

struct check_case {
    struct device *device;
    struct problem problem;  /* whole */
    struct problem distinct; /* the same with the distinct rows only */
    unsigned inputs, outputs;
    struct reference reference[TENSOR_COUNT]; /* of the outputs */
    void *encoded[TENSOR_COUNT];              /* inputs, distinct rows, in their dtype */
    char *in[TENSOR_COUNT];                   /* device memory, tensor_bytes() + GUARD_BYTES each */
    char *out[TENSOR_COUNT];                  /* device memory, tensor_bytes() + 3 GUARD_BYTES each */
    bool in_aligned;                          /* how the inputs lie in their memory now */
    bool in_placed;
    bool spoilt; /* a call failed: the memory may have gone with the device's context */
    char *chunk; /* CHUNK_BYTES of host memory */
    struct case_run last;
};

const struct problem *case_problem(const struct check_case *c) {
    return &c->problem;
}

const struct case_run *case_last_run(const struct check_case *c) {
    return &c->last;
}

/* How many distinct rows: a prime, so that the period falls in with no blocking of rows. */
static int64_t period_of(const struct problem *p) {
    static const int primes[] = {251, 127, 61, 31, 13, 7, 3};
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++)
        if (primes[i] * p->channels <= 1 << 19 || primes[i] == 3)
            return p->rows < primes[i] ? p->rows : primes[i];
    return p->rows;
}

static bool activation(enum tensor t) {
    return t == T_X || t == T_Y || t == T_DX || t == T_DY;
}

static void *encode(const float *values, int64_t count, enum dtype dtype) {
    char *const data = malloc((size_t)count * dtype_size(dtype) + 1);
    if (data) array_from_float(data, dtype, values, count);
    return data;
}

/* Fills the inputs, runs the oracle on the distinct rows and keeps what to compare with. */
static bool references_make(struct check_case *c, uint64_t seed, struct distribution dist) {
    const struct problem *const p = &c->distinct;
    float *in[TENSOR_COUNT] = {0};
    struct oracle_out out = {{0}, {0}};
    int64_t *const row_count = malloc(sizeof *row_count * (size_t)(p->rows + 1));
    bool ok = row_count;
    for (int64_t r = 0; ok && r < p->rows; r++)
        row_count[r] = c->problem.rows / p->rows + (r < c->problem.rows % p->rows);
    /* Activations last: x is made with the parameters in view. */
    for (int pass = 0; pass < 2; pass++) {
        for (int t = 0; ok && t < TENSOR_COUNT; t++) {
            if (!tensor_in(c->inputs, (enum tensor)t) || activation((enum tensor)t) != pass) continue;
            const int64_t count = shape_count(tensor_shape(p, (enum tensor)t));
            ok = (in[t] = malloc(sizeof **in * (size_t)count + 1));
            if (!ok) break;
            input_fill(p, (enum tensor)t, seed, dist, (const float *const *)in, in[t]);
            ok = (c->encoded[t] = encode(in[t], count, tensor_dtype(p, (enum tensor)t)));
        }
    }
    for (int t = 0; ok && t < TENSOR_COUNT; t++) {
        if (!tensor_in(c->outputs, (enum tensor)t)) continue;
        const size_t bytes = sizeof(double) * (size_t)shape_count(tensor_shape(p, (enum tensor)t)) + 1;
        ok = (out.value[t] = malloc(bytes)) && (out.scale[t] = malloc(bytes));
    }
    if (ok) {
        struct oracle_in oracle_in = {.row_count = row_count};
        memcpy(oracle_in.in, in, sizeof in);
        op_info(p->op)->oracle(p, &oracle_in, &out);
    }
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (ok && tensor_in(c->outputs, (enum tensor)t))
            ok = reference_make(&c->reference[t], &c->problem, (enum tensor)t,
                                shape_count(tensor_shape(p, (enum tensor)t)), out.value[t], out.scale[t]);
        free(in[t]);
        free(out.value[t]);
        free(out.scale[t]);
    }
    free(row_count);
    return ok;
}

static void memory_free(struct check_case *c) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (c->in[t]) c->device->free(c->device, c->in[t]);
        if (c->out[t]) c->device->free(c->device, c->out[t]);
        c->in[t] = c->out[t] = NULL;
    }
    c->in_placed = false;
}

static bool memory_make(struct check_case *c, struct error *err) {
    size_t needed = 0;
    bool ok = true;
    if (!c->chunk && !(c->chunk = malloc(CHUNK_BYTES))) return error_set(err, "out of memory");
    for (int t = 0; t < TENSOR_COUNT; t++) {
        const size_t bytes = tensor_bytes(&c->problem, (enum tensor)t);
        const bool is_in = tensor_in(c->inputs, (enum tensor)t),
                   is_out = tensor_in(c->outputs, (enum tensor)t);
        if (ok && is_in) ok = (c->in[t] = c->device->alloc(c->device, bytes + GUARD_BYTES));
        if (ok && is_out) ok = (c->out[t] = c->device->alloc(c->device, bytes + 3 * GUARD_BYTES));
        needed += is_in || is_out ? bytes : 0;
    }
    return ok ||
           error_set(err, "out of %s: its tensors take %zu MiB",
                     strcmp(c->device->info(c->device)->backend, "cuda") == 0 ? "device memory" : "memory",
                     needed >> 20);
}

struct check_case *case_new(struct device *d, const struct problem *p, uint64_t seed,
                            struct distribution dist, struct error *err) {
    if (!problem_valid(p, err)) return NULL;
    struct check_case *const c = calloc(1, sizeof *c);
    if (c) {
        *c = (struct check_case){.device = d,
                                 .problem = *p,
                                 .distinct = *p,
                                 .inputs = op_inputs(p->op),
                                 .outputs = op_outputs(p->op)};
        c->distinct.rows = period_of(p);
        if (memory_make(c, err) && (references_make(c, seed, dist) || error_set(err, "out of memory")))
            return c;
    } else {
        error_set(err, "out of memory");
    }
    case_free(c);
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    error_prefix(err, "%s", key);
    return NULL;
}

void case_free(struct check_case *c) {
    if (!c) return;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        reference_free(&c->reference[t]);
        free(c->encoded[t]);
    }
    memory_free(c);
    if (c->spoilt) device_recover(c->device, NULL); /* for those who come after */
    free(c->chunk);
    free(c);
}

/* Where a tensor begins in its memory, beyond what precedes it. */
static size_t offset_of(const struct check_case *c, enum tensor t, bool aligned) {
    return aligned ? 0 : dtype_size(tensor_dtype(&c->problem, t));
}

/* Uploads the inputs, the distinct rows over and over. */
static void inputs_place(struct check_case *c, bool aligned) {
    if (c->in_placed && c->in_aligned == aligned) return;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!c->in[t]) continue;
        const size_t bytes = tensor_bytes(&c->problem, (enum tensor)t);
        const size_t period = tensor_bytes(&c->distinct, (enum tensor)t);
        char *const to = c->in[t] + offset_of(c, (enum tensor)t, aligned);
        for (size_t at = 0; at < bytes; at += period)
            c->device->upload(c->device, to + at, c->encoded[t], bytes - at < period ? bytes - at : period);
    }
    c->in_placed = true;
    c->in_aligned = aligned;
}

/* Fills an output's memory: guards, signalling NaNs where results belong, guards. */
static void output_poison(struct check_case *c, enum tensor t, bool aligned) {
    const size_t bytes = tensor_bytes(&c->problem, t), room = bytes + 3 * GUARD_BYTES;
    poison_fill(c->chunk, bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES, tensor_dtype(&c->problem, t));
    char *const data = c->out[t] + GUARD_BYTES + offset_of(c, t, aligned);
    for (size_t at = 0; at < bytes; at += CHUNK_BYTES)
        c->device->upload(c->device, data + at, c->chunk,
                          bytes - at < CHUNK_BYTES ? bytes - at : CHUNK_BYTES);
    guard_fill(c->chunk, GUARD_BYTES * 3);
    c->device->upload(c->device, c->out[t], c->chunk, (size_t)(data - c->out[t]));
    c->device->upload(c->device, data + bytes, c->chunk, room - (size_t)(data - c->out[t]) - bytes);
}

static bool guards_intact(struct check_case *c, enum tensor t, bool aligned, struct verdict *verdict) {
    const size_t bytes = tensor_bytes(&c->problem, t), room = bytes + 3 * GUARD_BYTES;
    const size_t before = GUARD_BYTES + offset_of(c, t, aligned);
    c->device->download(c->device, c->chunk, c->out[t], before);
    int64_t damage = guard_damage(c->chunk, before);
    if (damage >= 0) {
        snprintf(verdict->text, sizeof verdict->text, "%s: wrote before its beginning, at byte -%lld",
                 tensor_name(t), (long long)((int64_t)before - damage));
        return false;
    }
    const size_t after = room - before - bytes;
    c->device->download(c->device, c->chunk, c->out[t] + before + bytes, after);
    damage = guard_damage(c->chunk, after);
    if (damage < 0) return true;
    snprintf(verdict->text, sizeof verdict->text, "%s: wrote beyond its end, at byte +%lld", tensor_name(t),
             (long long)damage);
    return false;
}

/* Compares an output with its reference, chunk by chunk, and hashes its bits where they are asked for. */
static bool output_judge(struct check_case *c, enum tensor t, bool aligned, uint64_t *hash,
                         struct verdict *verdict) {
    const size_t size = dtype_size(tensor_dtype(&c->problem, t)), bytes = tensor_bytes(&c->problem, t);
    const char *const data = c->out[t] + GUARD_BYTES + offset_of(c, t, aligned);
    for (size_t at = 0; at < bytes; at += CHUNK_BYTES) {
        const size_t part = bytes - at < CHUNK_BYTES ? bytes - at : CHUNK_BYTES;
        c->device->download(c->device, c->chunk, data + at, part);
        if (hash) *hash = bits_hash(*hash, c->chunk, part);
        if (!reference_judge(&c->reference[t], c->chunk, (int64_t)(at / size), (int64_t)(part / size),
                             verdict))
            return false;
    }
    return true;
}

/* Whether the device failed since it was last asked. */
static bool device_failed(struct check_case *c, struct verdict *verdict) {
    struct error err;
    if (!device_failure(c->device, &err)) return false;
    c->spoilt = true;
    verdict->fault = FAULT_CALL;
    snprintf(verdict->text, sizeof verdict->text, "%s", err.text);
    return true;
}

struct trial {
    bool aligned;
    int threads; /* 0: as the point says */
};

static bool trial_run(struct check_case *c, const struct variant *v, const struct point *pt,
                      struct trial trial, uint64_t *hash, struct verdict *verdict) {
    struct error err;
    struct kernel *const k = trial.threads
                                 ? cpu_prepare_team(c->device, v, &c->problem, pt, trial.threads, &err)
                                 : c->device->prepare(c->device, v, &c->problem, pt, &err);
    if (!k) {
        verdict->fault = FAULT_REFUSED;
        snprintf(verdict->text, sizeof verdict->text, "%s", err.text);
        return false;
    }
    struct call call = {.scratch = NULL};
    inputs_place(c, trial.aligned);
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (c->in[t]) call.in[t] = c->in[t] + offset_of(c, (enum tensor)t, trial.aligned);
        if (!c->out[t]) continue;
        output_poison(c, (enum tensor)t, trial.aligned);
        call.out[t] = c->out[t] + GUARD_BYTES + offset_of(c, (enum tensor)t, trial.aligned);
    }
    const double begin = clock_seconds();
    c->last.seconds = c->device->run(c->device, k, &call, 1);
    verdict->seconds += clock_seconds() - begin;
    c->last.counter_count = device_counters(c->device, k, c->last.counters, COUNTERS_MAX);
    c->device->release(c->device, k);
    if (device_failed(c, verdict)) return false;
    if (hash) *hash = 0;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!c->out[t]) continue;
        if (!guards_intact(c, (enum tensor)t, trial.aligned, verdict)) return false;
        if (!output_judge(c, (enum tensor)t, trial.aligned, hash, verdict)) return false;
    }
    return !device_failed(c, verdict);
}

/* Says under which circumstances it failed, where they are not the plain ones. */
static void trial_explain(struct trial trial, struct verdict *verdict) {
    const size_t used = strlen(verdict->text);
    if (!trial.aligned)
        snprintf(verdict->text + used, sizeof verdict->text - used,
                 " (tensors aligned to their element only)");
    else if (trial.threads)
        snprintf(verdict->text + used, sizeof verdict->text - used, " (with %d threads)", trial.threads);
}

/* After a failure: the device's context made anew, and the memory in it. */
static bool case_recover(struct check_case *c, struct verdict *verdict) {
    struct error err = {""};
    memory_free(c);
    c->spoilt = !(device_recover(c->device, &err) && memory_make(c, &err));
    if (c->spoilt)
        snprintf(verdict->text, sizeof verdict->text,
                 "not run: the device did not recover from an earlier failure: %.440s", err.text);
    return !c->spoilt;
}

void case_check(struct check_case *c, const struct variant *v, const struct point *pt, enum check_depth depth,
                struct verdict *verdict) {
    *verdict = (struct verdict){.status = CHECK_SKIPPED};
    const char *const reason = variant_reject(v, &c->problem, pt, c->device->info(c->device));
    if (reason) {
        snprintf(verdict->text, sizeof verdict->text, "%s", reason);
        return;
    }
    static const struct trial trials[] = {{true, 0}, {false, 0}, {true, 1}, {true, 3}};
    const bool threaded = param_find(v, "THREADS") >= 0;
    const int count = depth == CHECK_QUICK ? 1 : threaded ? 4 : 2;
    const bool repeated = depth == CHECK_FULL && v->backend == CUDA && !(v->flags & ORDER_DEPENDENT);
    uint64_t first = 0, hash = 0;
    verdict->status = CHECK_FAILED;
    if (c->spoilt && !case_recover(c, verdict)) return;
    for (int i = 0; i < count; i++) {
        if (!trial_run(c, v, pt, trials[i], count > 1 || repeated ? &hash : NULL, verdict)) {
            trial_explain(trials[i], verdict);
            return;
        }
        if (i == 0) first = hash;
        if (trials[i].threads && !(v->flags & THREAD_DEPENDENT) && hash != first) {
            snprintf(verdict->text, sizeof verdict->text,
                     "its bits differ with %d threads, but it is not flagged THREAD_DEPENDENT",
                     trials[i].threads);
            return;
        }
    }
    if (repeated) {
        if (!trial_run(c, v, pt, trials[0], &hash, verdict)) return;
        if (hash != first) {
            snprintf(verdict->text, sizeof verdict->text,
                     "its bits differ from run to run, but it is not flagged ORDER_DEPENDENT");
            return;
        }
    }
    verdict->status = CHECK_PASSED;
}
