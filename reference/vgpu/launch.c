/* launch: hands blocks to host threads, takes their accesses in the order of blocks, adds the counters up. */
#include "launch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "api.h"
#include "timing.h"

enum { REPORTS_PER_LAUNCH = 16, RING = 64 };

/* ---- findings ---- */

static void describe(const struct warp *w, const struct inst *in, unsigned lane, char *text, size_t bytes) {
    const struct block *b = w->block;
    const uint32_t t = w->number * WARP_SIZE + lane, *n = b->launch->block;
    const char *file = in->file ? ptx_file_name(w->kernel->module, in->file) : NULL;
    int at = snprintf(text, bytes, " (kernel %s, block (%u,%u,%u), thread (%u,%u,%u), PTX line %u '%s'",
                      w->kernel->name, b->index[0], b->index[1], b->index[2], t % n[0], t / n[0] % n[1],
                      t / n[0] / n[1], in->line, in->opcode);
    if (file && at > 0 && (size_t)at < bytes) {
        at += snprintf(text + at, bytes - (size_t)at, ", %s:%u", file, in->source);
    }
    if (at > 0 && (size_t)at < bytes) {
        snprintf(text + at, bytes - (size_t)at, ")");
    }
}

static void tell(struct warp *w, const struct inst *in, unsigned lane, enum vgpu_finding_kind kind,
                 const char *what) {
    struct launch *launch = w->block->launch;
    char where[MESSAGE_BYTES], text[MESSAGE_BYTES * 2];
    describe(w, in, lane, where, sizeof where);
    snprintf(text, sizeof text, "%s%s", what, where);
    pthread_mutex_lock(&launch->lock);
    launch->counters.findings[kind]++;
    driver_report(kind, text, launch->reports++ < REPORTS_PER_LAUNCH);
    pthread_mutex_unlock(&launch->lock);
}

void report(struct warp *w, const struct inst *in, unsigned lane, enum vgpu_finding_kind kind,
            const char *format, ...) {
    char what[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    tell(w, in, lane, kind, what);
}

void raise_fault(struct warp *w, const struct inst *in, unsigned lane, enum fault fault, const char *format,
                 ...) {
    static const enum vgpu_finding_kind kinds[] = {
        [FAULT_NONE] = VGPU_TRAP,
        [FAULT_ADDRESS] = VGPU_OUT_OF_BOUNDS,
        [FAULT_MISALIGNED] = VGPU_MISALIGNED,
        [FAULT_TRAP] = VGPU_TRAP,
        [FAULT_ASSERT] = VGPU_TRAP,
        [FAULT_DEADLOCK] = VGPU_SYNC,
        [FAULT_RUNAWAY] = VGPU_RUNAWAY,
        [FAULT_INTERNAL] = VGPU_TRAP,
    };
    char what[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    if (w->block->fault) {
        return;
    }
    w->block->fault = (uint8_t)fault;
    const bool freed = fault == FAULT_ADDRESS && strstr(what, "was freed");
    tell(w, in, lane, freed ? VGPU_USE_AFTER_FREE : kinds[fault], what);
    struct launch *launch = w->block->launch;
    pthread_mutex_lock(&launch->lock);
    if (!launch->fault) {
        launch->fault = fault;
        snprintf(launch->message, sizeof launch->message, "%s", what);
    }
    pthread_mutex_unlock(&launch->lock);
}

/* ---- occupancy ---- */

uint32_t launch_registers(const struct kernel *kernel) {
    /* live values plus what addresses and the ABI usually take; ptxas keeps at least 16 */
    uint32_t r = kernel->registers >= 0 ? (uint32_t)kernel->registers : kernel->live_registers + 4;
    r = r < 16 ? 16 : r > 255 ? 255 : r;
    return kernel->max_registers && r > kernel->max_registers ? kernel->max_registers : r;
}

uint32_t launch_occupancy(const struct kernel *kernel, const struct profile *profile, uint32_t threads,
                          uint32_t shared_bytes) {
    const uint32_t warps = (threads + WARP_SIZE - 1) / WARP_SIZE;
    if (!warps || warps > profile->warps) {
        return 0;
    }
    const uint32_t per_warp = (launch_registers(kernel) * WARP_SIZE + 255) / 256 * 256;
    const uint32_t by_registers = profile->registers / per_warp / warps;
    const uint32_t reserved = profile->major >= 8 ? 1024 : 0; /* of each block, for the system */
    const uint32_t block_shared = (shared_bytes + reserved + 127) / 128 * 128;
    const uint32_t by_shared = block_shared ? profile->shared_bytes / block_shared : profile->blocks;
    uint32_t blocks = profile->warps / warps;
    blocks = blocks < profile->blocks ? blocks : profile->blocks;
    blocks = blocks < by_registers ? blocks : by_registers;
    return blocks < by_shared ? blocks : by_shared;
}

/* ---- the longest chain of atomics: addresses counted in a hash table of each worker ---- */

struct chain {
    uint64_t address, count;
};

struct chains {
    struct chain *slots;
    size_t capacity, used;
};

struct worker_state {
    struct worker worker;
    struct chains chains;
    struct block block;
    struct warp warps[MAX_WARPS];
    struct launch *launch;
    pthread_t thread;
    bool failed;
};

static bool chains_put(struct chains *c, uint64_t address, uint64_t count) {
    if (4 * c->used >= 3 * c->capacity) {
        const struct chains old = *c;
        c->capacity = old.capacity ? 2 * old.capacity : 1024;
        c->slots = calloc(c->capacity, sizeof *c->slots);
        c->used = 0;
        if (!c->slots) {
            *c = old;
            return false;
        }
        for (size_t i = 0; i < old.capacity; i++) {
            if (old.slots[i].count) {
                chains_put(c, old.slots[i].address, old.slots[i].count);
            }
        }
        free(old.slots);
    }
    size_t at = (size_t)(address / 2 * 0x9e3779b97f4a7c15u >> 20) % c->capacity;
    while (c->slots[at].count && c->slots[at].address != address) {
        at = (at + 1) % c->capacity;
    }
    c->used += !c->slots[at].count;
    c->slots[at].address = address;
    c->slots[at].count += count;
    return true;
}

void chain_add(struct worker *worker, uint64_t address, uint32_t count) {
    struct worker_state *s = (struct worker_state *)worker;
    s->failed |= !chains_put(&s->chains, address, count);
}

/* ---- accesses in the order of blocks ---- */

struct pending {
    uint64_t block;
    struct access_record *records;
    uint32_t count;
    bool full;
};

struct drain {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t next; /* block whose accesses come next */
    struct pending ring[RING];
};

/* Hands a block's accesses over; whoever holds the next block runs all that are in order. */
static void drain_block(struct launch *launch, struct worker *worker, uint64_t block) {
    struct drain *d = launch->drain;
    pthread_mutex_lock(&d->lock);
    while (block >= d->next + RING) {
        pthread_cond_wait(&d->moved, &d->lock);
    }
    if (block == d->next) {
        caches_run(launch->caches, block, worker->log, worker->log_count);
        d->next++;
        for (struct pending *p = &d->ring[d->next % RING]; p->full && p->block == d->next;
             p = &d->ring[d->next % RING]) {
            caches_run(launch->caches, p->block, p->records, p->count);
            free(p->records);
            p->full = false;
            d->next++;
        }
        pthread_cond_broadcast(&d->moved);
    } else {
        d->ring[block % RING] = (struct pending){block, worker->log, worker->log_count, true};
        worker->log = NULL;
        worker->log_capacity = 0;
    }
    worker->log_count = 0;
    pthread_mutex_unlock(&d->lock);
}

/* ---- blocks ---- */

static void fill(struct warp *w, uint32_t offset, uint32_t value) {
    if (offset == UINT32_MAX) {
        return;
    }
    uint32_t *r = (uint32_t *)(w->base[0] + offset);
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        r[l] = value;
    }
}

static void fill_lanes(struct warp *w, uint32_t offset,
                       uint32_t (*value)(const struct warp *w, unsigned lane)) {
    if (offset == UINT32_MAX) {
        return;
    }
    uint32_t *r = (uint32_t *)(w->base[0] + offset);
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        r[l] = value(w, l);
    }
}

static uint32_t thread_of(const struct warp *w, unsigned lane) {
    return w->number * WARP_SIZE + lane;
}

static uint32_t tid_x(const struct warp *w, unsigned lane) {
    return thread_of(w, lane) % w->block->launch->block[0];
}

static uint32_t tid_y(const struct warp *w, unsigned lane) {
    const uint32_t *n = w->block->launch->block;
    return thread_of(w, lane) / n[0] % n[1];
}

static uint32_t tid_z(const struct warp *w, unsigned lane) {
    const uint32_t *n = w->block->launch->block;
    return thread_of(w, lane) / n[0] / n[1];
}

static uint32_t lane_id(const struct warp *w, unsigned lane) {
    (void)w;
    return lane;
}

static uint32_t mask_eq(const struct warp *w, unsigned lane) {
    (void)w;
    return 1u << lane;
}

static uint32_t mask_lt(const struct warp *w, unsigned lane) {
    (void)w;
    return (1u << lane) - 1;
}

static uint32_t mask_le(const struct warp *w, unsigned lane) {
    return mask_lt(w, lane) | 1u << lane;
}

static uint32_t mask_gt(const struct warp *w, unsigned lane) {
    return ~mask_le(w, lane);
}

static uint32_t mask_ge(const struct warp *w, unsigned lane) {
    return ~mask_lt(w, lane);
}

static void fill_specials(struct warp *w) {
    const struct block *b = w->block;
    const struct launch *launch = b->launch;
    const uint32_t *at = w->kernel->special;
    fill_lanes(w, at[SPECIAL_TID_X], tid_x);
    fill_lanes(w, at[SPECIAL_TID_Y], tid_y);
    fill_lanes(w, at[SPECIAL_TID_Z], tid_z);
    fill_lanes(w, at[SPECIAL_LANEID], lane_id);
    fill_lanes(w, at[SPECIAL_EQ], mask_eq);
    fill_lanes(w, at[SPECIAL_LE], mask_le);
    fill_lanes(w, at[SPECIAL_LT], mask_lt);
    fill_lanes(w, at[SPECIAL_GE], mask_ge);
    fill_lanes(w, at[SPECIAL_GT], mask_gt);
    for (unsigned i = 0; i < 3; i++) {
        fill(w, at[SPECIAL_NTID_X + i], launch->block[i]);
        fill(w, at[SPECIAL_CTAID_X + i], b->index[i]);
        fill(w, at[SPECIAL_NCTAID_X + i], launch->grid[i]);
    }
    fill(w, at[SPECIAL_WARPID], w->number);
    fill(w, at[SPECIAL_NWARPID], b->warp_count);
    fill(w, at[SPECIAL_SMID], (uint32_t)(b->number % launch->profile->multiprocessors));
    fill(w, at[SPECIAL_NSMID], launch->profile->multiprocessors);
    fill(w, at[SPECIAL_GRIDID], (uint32_t)launch->number);
    fill(w, at[SPECIAL_DYNAMIC_SMEM], launch->dynamic_bytes);
    fill(w, at[SPECIAL_TOTAL_SMEM], launch->shared_bytes);
    fill(w, at[SPECIAL_ZERO], 0);
    fill(w, at[SPECIAL_ONE], 1);
}

static void block_start(struct block *b, uint64_t number) {
    const struct launch *launch = b->launch;
    const struct kernel *k = b->kernel;
    b->number = number;
    b->index[0] = (uint32_t)(number % launch->grid[0]);
    b->index[1] = (uint32_t)(number / launch->grid[0] % launch->grid[1]);
    b->index[2] = (uint32_t)(number / launch->grid[0] / launch->grid[1]);
    b->live = b->warp_count;
    b->budget = launch->limit ? launch->limit : UINT64_MAX;
    memset(b->barriers, 0, sizeof b->barriers);
    if (launch->checks & CHECK_INIT) {
        memset(b->shared_init, 0, b->shared_bytes);
    }
    if (launch->checks & CHECK_RACE) {
        memset(b->shadow, 0, b->shared_bytes * sizeof *b->shadow);
    }
    for (uint32_t v = 0; v < b->warp_count; v++) {
        struct warp *w = &b->warps[v];
        const uint32_t left = b->threads - v * WARP_SIZE;
        w->lanes = left >= WARP_SIZE ? UINT32_MAX : (1u << left) - 1;
        w->exited = 0;
        memset(w->splits, 0, sizeof w->splits);
        w->splits[0] = (struct split){0, w->lanes, UINT32_MAX, -1, 0, SPLIT_READY};
        w->current = 0;
        w->state = WARP_READY;
        w->barrier = UINT32_MAX;
        w->issued = 0;
        w->sync_epoch = 0;
        w->copy_count = w->copy_group = 0;
        memset(w->clocks, 0, sizeof w->clocks);
        w->clocks[v] = 1;
        memset(w->base[0], 0, k->register_bytes);
        fill_specials(w);
    }
}

static bool worker_open(struct worker_state *s, struct launch *launch) {
    const struct kernel *k = launch->kernel;
    s->launch = launch;
    s->worker.launch = launch;
    s->worker.tally = calloc(k->count, sizeof *s->worker.tally);
    s->worker.sites = calloc(k->sites + 1u, sizeof *s->worker.sites);
    struct block *b = &s->block;
    b->launch = launch;
    b->worker = &s->worker;
    b->kernel = k;
    b->threads = launch->threads;
    b->warp_count = (launch->threads + WARP_SIZE - 1) / WARP_SIZE;
    b->warps = s->warps;
    b->shared_bytes = launch->shared_bytes;
    b->shared = calloc(1, launch->shared_bytes + 64u);
    b->shared_init = calloc(1, launch->shared_bytes + 64u);
    b->shadow = launch->checks & CHECK_RACE ? calloc(launch->shared_bytes + 1u, sizeof *b->shadow) : NULL;
    const size_t stride = (k->register_bytes + 63u) / 64 * 64;
    b->registers = aligned_alloc(64, stride * b->warp_count);
    const size_t local = (size_t)k->local_bytes * WARP_SIZE;
    b->local = calloc(b->warp_count, local + 64);
    if (!s->worker.tally || !s->worker.sites || !b->shared || !b->shared_init ||
        (!b->shadow && launch->checks & CHECK_RACE) || !b->registers || !b->local) {
        return false;
    }
    for (uint32_t v = 0; v < b->warp_count; v++) {
        struct warp *w = &s->warps[v];
        w->base[0] = b->registers + v * stride;
        w->base[1] = k->constants;
        w->block = b;
        w->kernel = k;
        w->number = v;
        w->local = b->local + v * local;
    }
    return true;
}

static void worker_close(struct worker_state *s) {
    for (uint32_t v = 0; v < MAX_WARPS; v++) {
        free(s->warps[v].copies);
    }
    free(s->worker.tally);
    free(s->worker.sites);
    free(s->worker.log);
    free(s->chains.slots);
    free(s->block.shared);
    free(s->block.shared_init);
    free(s->block.shadow);
    free(s->block.registers);
    free(s->block.local);
}

static void *worker_main(void *context) {
    struct worker_state *s = context;
    struct launch *launch = s->launch;
    for (;;) {
        const uint64_t number = __atomic_fetch_add(&launch->next_block, 1, __ATOMIC_RELAXED);
        if (number >= launch->blocks) {
            return NULL;
        }
        /* after a fault the blocks that are left are skipped, but each still takes its turn */
        if (!__atomic_load_n(&launch->fault, __ATOMIC_RELAXED)) {
            s->block.fault = FAULT_NONE;
            block_start(&s->block, number);
            block_run(&s->block);
        }
        drain_block(launch, &s->worker, number);
    }
}

/* ---- totals ---- */

static void add_counts(struct vgpu_counters *c, const struct memory_counts *m) {
    c->branches += m->branches;
    c->divergent_branches += m->divergent_branches;
    c->barriers += m->barriers;
    c->global_load_requests += m->global_load_requests;
    c->global_load_sectors += m->global_load_sectors;
    c->global_load_bytes += m->global_load_bytes;
    c->global_store_requests += m->global_store_requests;
    c->global_store_sectors += m->global_store_sectors;
    c->global_store_bytes += m->global_store_bytes;
    c->shared_requests += m->shared_requests;
    c->shared_wavefronts += m->shared_wavefronts;
    c->shared_bank_conflicts += m->shared_wavefronts - m->shared_ideal;
    c->local_requests += m->local_requests;
    c->local_bytes += m->local_bytes;
    c->atomic_requests += m->atomic_requests;
    c->atomics += m->atomics;
    c->shared_atomics += m->shared_atomics;
}

/* Latencies along a warp, averaged over the launch's warps. */
static double add_instructions(struct launch *launch, const struct worker_state *s) {
    double cycles = 0;
    for (uint32_t i = 0; i < launch->kernel->count; i++) {
        const struct inst *in = &launch->kernel->code[i];
        const struct tally *t = &s->worker.tally[i];
        launch->counters.warp_instructions[in->pipe] += t->warps;
        launch->counters.thread_instructions[in->pipe] += t->threads;
        const bool global = in->kind == INST_MEMORY && (in->space == PTX_GLOBAL || in->space == PTX_GENERIC);
        cycles += (double)t->warps * timing_latency(in->pipe, global);
    }
    return cycles;
}

static void finish(struct launch *launch, struct worker_state *workers, unsigned count) {
    struct vgpu_counters *c = &launch->counters;
    const struct kernel *k = launch->kernel;
    c->launch = launch->number;
    snprintf(c->kernel, sizeof c->kernel, "%s", k->name);
    c->blocks = launch->blocks;
    c->warps = launch->blocks * workers[0].block.warp_count;
    c->threads = launch->blocks * launch->threads;
    double cycles = 0;
    struct chains chains = {0};
    for (unsigned i = 0; i < count; i++) {
        add_counts(c, &workers[i].worker.counts);
        cycles += add_instructions(launch, &workers[i]);
        for (size_t s = 0; s < workers[i].chains.capacity; s++) {
            if (workers[i].chains.slots[s].count) {
                chains_put(&chains, workers[i].chains.slots[s].address, workers[i].chains.slots[s].count);
            }
        }
    }
    for (size_t s = 0; s < chains.capacity; s++) {
        c->atomic_longest_chain =
            chains.slots[s].count > c->atomic_longest_chain ? chains.slots[s].count : c->atomic_longest_chain;
    }
    free(chains.slots);
    caches_finish(launch->caches, c);
    c->registers = launch_registers(k);
    c->registers_estimated = k->registers < 0;
    c->spill_bytes = k->spill_bytes;
    c->shared_bytes = launch->shared_bytes;
    c->blocks_per_multiprocessor =
        launch_occupancy(k, launch->profile, launch->threads, launch->shared_bytes);
    c->occupancy =
        (double)(c->blocks_per_multiprocessor * workers[0].block.warp_count) / launch->profile->warps;
    timing_model(c, launch->profile, c->warps ? cycles / (double)c->warps : 0);
}

static void run_workers(struct worker_state *workers, unsigned count) {
    unsigned started = 0;
    for (unsigned i = 1; i < count; i++) {
        if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
            break;
        }
        started = i;
    }
    worker_main(&workers[0]);
    for (unsigned i = 1; i <= started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

bool launch_run(struct launch *launch) {
    launch->blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    launch->next_block = 0;
    launch->fault = FAULT_NONE;
    memset(&launch->counters, 0, sizeof launch->counters);
    unsigned count = launch->host_threads;
    if (launch->kernel->ordered && !launch->relaxed) {
        count = 1; /* its blocks are seen in order, so the result repeats */
    }
    if (count > launch->blocks) {
        count = (unsigned)launch->blocks;
    }
    launch->host_threads = count = count ? count : 1;
    struct worker_state *workers = calloc(count, sizeof *workers);
    struct drain drain = {0};
    launch->drain = &drain;
    launch->caches = caches_open(launch->profile, launch->shared_bytes);
    bool good = workers && launch->caches;
    pthread_mutex_init(&launch->lock, NULL);
    pthread_mutex_init(&drain.lock, NULL);
    pthread_cond_init(&drain.moved, NULL);
    for (unsigned i = 0; good && i < count; i++) {
        good = worker_open(&workers[i], launch);
    }
    if (good) {
        run_workers(workers, count);
        finish(launch, workers, count);
    }
    for (unsigned i = 0; workers && i < count; i++) {
        worker_close(&workers[i]);
    }
    free(workers);
    caches_close(launch->caches);
    pthread_cond_destroy(&drain.moved);
    pthread_mutex_destroy(&drain.lock);
    pthread_mutex_destroy(&launch->lock);
    return good;
}
