/* launch: hands blocks to host threads and adds the counters up. */
#include "launch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "chains.h"
#include "drain.h"
#include "slices.h"
#include "timing.h"

struct worker_state {
    struct worker worker;
    /* atomics: of addresses; passes of slices' parts, those on floats of sectors */
    struct chains chains, parts, sectors;
    uint64_t *before; /* how often warps had issued each instruction when the launch's last block began */
    struct block block;
    struct warp warps[MAX_WARPS];
    struct launch *launch;
    pthread_t thread;
    bool failed;
};

void chain_add(struct worker *worker, uint64_t address, uint32_t count) {
    struct worker_state *s = (struct worker_state *)worker;
    s->failed |= !chains_add(&s->chains, (struct chain){address, count, worker->run, worker->run});
}

void chain_add_passes(struct worker *worker, uint64_t sector, uint32_t passes, bool floats) {
    struct worker_state *s = (struct worker_state *)worker;
    const struct chain part = {slice_part(sector), passes, worker->run, worker->run};
    s->failed |= !chains_add(&s->parts, part);
    if (floats) {
        s->failed |= !chains_add(&s->sectors, (struct chain){sector, passes, worker->run, worker->run});
    }
}

/* ---- which blocks run ---- */

/* Sampling takes up to RUNS runs of neighbours, evenly spaced over the grid. In a kernel whose blocks count
 * themselves none of them would be the last: so that its work is seen, such grids run whole up to TICKETS
 * times the size. */
static void choose_blocks(struct launch *launch) {
    enum { RUNS = 32, TICKETS = 16 };
    launch->blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    const uint64_t most = launch->sampling;
    if (!most || launch->blocks <= most * (launch->kernel->tickets ? TICKETS : 1)) {
        launch->runs = 1;
        launch->run_blocks = launch->blocks;
        return;
    }
    launch->runs = most < RUNS ? (uint32_t)most : RUNS;
    launch->run_blocks = most / launch->runs;
}

static uint64_t block_at(const struct launch *launch, uint64_t place) {
    const uint64_t run = place / launch->run_blocks;
    return run * launch->blocks / launch->runs + place % launch->run_blocks;
}

/* ---- workers ---- */

static bool worker_open(struct worker_state *s, struct launch *launch) {
    const struct kernel *k = launch->kernel;
    s->launch = launch;
    s->worker.launch = launch;
    s->worker.tally = calloc(k->count + 1u, sizeof *s->worker.tally);
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
    const bool races = launch->checks & CHECK_RACE;
    b->shadow = races ? calloc(launch->shared_bytes / 4 + 1u, sizeof *b->shadow) : NULL;
    b->shadow_bytes = races ? calloc(launch->shared_bytes + 4u, sizeof *b->shadow) : NULL;
    b->registers = aligned_alloc(64, (size_t)k->register_bytes * b->warp_count);
    const size_t local = (size_t)k->local_bytes * WARP_SIZE;
    b->local = calloc(b->warp_count, local + 64);
    if (!s->worker.tally || !s->worker.sites || !b->shared || !b->shared_init ||
        (races && (!b->shadow || !b->shadow_bytes)) || !b->registers || !b->local) {
        return false;
    }
    for (uint32_t v = 0; v < b->warp_count; v++) {
        struct warp *w = &s->warps[v];
        w->registers = b->registers + (size_t)v * k->register_bytes;
        w->block = b;
        w->kernel = k;
        w->number = v;
        w->local = b->local + v * local;
        warp_open(w);
    }
    s->before = calloc(k->count + 1u, sizeof *s->before);
    return s->before;
}

static void worker_close(struct worker_state *s) {
    for (uint32_t v = 0; v < MAX_WARPS; v++) {
        free(s->warps[v].copies);
    }
    free(s->worker.tally);
    free(s->worker.sites);
    free(s->worker.log);
    chains_close(&s->chains);
    chains_close(&s->parts);
    chains_close(&s->sectors);
    free(s->before);
    free(s->block.shared);
    free(s->block.shared_init);
    free(s->block.shadow);
    free(s->block.shadow_bytes);
    free(s->block.registers);
    free(s->block.local);
}

/* Issues of instruction i, from those of the one before it: tallies are differences. */
static struct tally tally_next(const struct worker_state *s, uint32_t i, struct tally before) {
    const struct tally *t = &s->worker.tally[i];
    return (struct tally){before.warps + t->warps, before.threads + t->threads, t->masked};
}

/* How often warps issued each instruction. */
static void tally_sum(const struct worker_state *s, uint64_t *executed) {
    struct tally t = {0};
    for (uint32_t i = 0; i < s->launch->kernel->count; i++) {
        t = tally_next(s, i, t);
        executed[i] = t.warps;
    }
}

static void *worker_main(void *context) {
    struct worker_state *s = context;
    struct launch *launch = s->launch;
    for (;;) {
        const uint64_t place = __atomic_fetch_add(&launch->next_block, 1, __ATOMIC_RELAXED);
        if (place >= launch->runs * launch->run_blocks) {
            return NULL;
        }
        const uint64_t number = block_at(launch, place);
        s->worker.run = (uint32_t)(place / launch->run_blocks);
        /* after a fault the blocks that are left are skipped, but each still takes its turn */
        if (!__atomic_load_n(&launch->fault, __ATOMIC_RELAXED)) {
            s->block.fault = FAULT_NONE;
            if (place == launch->runs * launch->run_blocks - 1) {
                tally_sum(s, s->before);
            }
            block_start(&s->block, number);
            block_run(&s->block);
        }
        drain_block(launch->drain, &s->worker, place, number);
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
    c->atomic_passes += m->atomic_passes;
    c->shared_atomics += m->shared_atomics;
    c->float_atomics += m->float_atomics;
    c->shared_float_wavefronts += m->shared_float_wavefronts;
}

/* executed: how often warps issued each instruction. */
static void add_instructions(struct launch *launch, const struct worker_state *s, uint64_t *executed) {
    struct tally t = {0};
    for (uint32_t i = 0; i < launch->kernel->count; i++) {
        const struct inst *in = &launch->kernel->code[i];
        t = tally_next(s, i, t);
        executed[i] += t.warps;
        launch->counters.warp_instructions[in->pipe] += t.warps;
        launch->counters.thread_instructions[in->pipe] += t.threads - t.masked;
    }
}

/* Counters of a sample stand for the whole grid. */
static void scale_counters(struct vgpu_counters *c, double scale) {
    uint64_t *const counts[] = {&c->branches,
                                &c->divergent_branches,
                                &c->barriers,
                                &c->global_load_requests,
                                &c->global_load_sectors,
                                &c->global_load_bytes,
                                &c->global_store_requests,
                                &c->global_store_sectors,
                                &c->global_store_bytes,
                                &c->l1_hit_bytes,
                                &c->l1_miss_bytes,
                                &c->l2_read_bytes,
                                &c->l2_write_bytes,
                                &c->dram_read_bytes,
                                &c->dram_write_bytes,
                                &c->shared_requests,
                                &c->shared_wavefronts,
                                &c->shared_bank_conflicts,
                                &c->local_requests,
                                &c->local_bytes,
                                &c->atomic_requests,
                                &c->atomics,
                                &c->atomic_passes,
                                &c->shared_atomics,
                                &c->float_atomics,
                                &c->shared_float_wavefronts};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        *counts[i] = (uint64_t)llround((double)*counts[i] * scale);
    }
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        c->warp_instructions[i] = (uint64_t)llround((double)c->warp_instructions[i] * scale);
        c->thread_instructions[i] = (uint64_t)llround((double)c->thread_instructions[i] * scale);
    }
}

/* Cycles that the last block takes for what the average block does not do: a block that learns from atomics
 * that it is the last does it while the others are done. As one warp that executes what any of them does:
 * where a single one does something, the others wait for it. 0 where blocks run in any order. Negative: out
 * of memory. */
static double last_block_cycles(const struct launch *launch, const struct worker_state *s,
                                const uint64_t *executed, const struct load_latency *latency) {
    const struct kernel *k = launch->kernel;
    if (!k->tickets || launch->host_threads != 1) {
        return 0;
    }
    const uint64_t ran = launch->runs * launch->run_blocks, warps = s->block.warp_count;
    uint64_t *const more = calloc(k->count + 1u, sizeof *more);
    if (!more) {
        return -1;
    }
    for (uint32_t i = 0; i < k->count; i++) {
        const uint64_t last = executed[i] - s->before[i], average = executed[i] / ran;
        more[i] = last > average ? (last - average + warps - 1) / warps : 0;
    }
    const double cycles = path_cycles(k, more, latency);
    free(more);
    return cycles;
}

/* False when the host is out of memory. */
static bool finish(struct launch *launch, struct worker_state *workers, unsigned count) {
    struct vgpu_counters *c = &launch->counters;
    const struct kernel *k = launch->kernel;
    uint64_t *executed = calloc(k->count + 1u, sizeof *executed);
    if (!executed) {
        return false;
    }
    bool good = true;
    c->launch = launch->number;
    snprintf(c->kernel, sizeof c->kernel, "%s", k->name);
    c->blocks = launch->blocks;
    c->warps = launch->blocks * workers[0].block.warp_count;
    c->threads = launch->blocks * launch->threads;
    struct chains chains = {0}, parts = {0}, sectors = {0};
    for (unsigned i = 0; i < count; i++) {
        add_counts(c, &workers[i].worker.counts);
        add_instructions(launch, &workers[i], executed);
        good &= !workers[i].failed && chains_merge(&chains, &workers[i].chains) &&
                chains_merge(&parts, &workers[i].parts) && chains_merge(&sectors, &workers[i].sectors);
    }
    c->sampled_blocks = launch->runs * launch->run_blocks;
    const double scale = (double)c->blocks / (double)c->sampled_blocks;
    c->atomic_longest_chain = chains_longest(&chains, scale);
    good &= slices_busiest(&parts, &sectors, launch->profile, scale, &c->atomic_slice_clocks);
    chains_close(&chains);
    chains_close(&parts);
    chains_close(&sectors);
    caches_finish(launch->caches, c);
    struct load_latency latency = timing_latency(c, launch->profile);
    double *const sites = malloc(sizeof *sites * (k->sites + 1u));
    for (uint32_t i = 0; sites && i <= k->sites; i++) {
        sites[i] = caches_load_cycles(launch->caches, launch->profile, i, latency.global);
    }
    latency.site = sites;
    const double cycles = sites ? path_cycles(k, executed, &latency) : -1;
    const double average = c->warps ? cycles * scale / (double)c->warps : 0;
    const double last = sites ? last_block_cycles(launch, &workers[0], executed, &latency) : -1;
    free(executed);
    free(sites);
    if (c->sampled_blocks < c->blocks) {
        scale_counters(c, scale);
    }
    c->registers = launch_registers(k);
    c->registers_estimated = k->registers < 0;
    c->spill_bytes = k->spill_bytes;
    c->shared_bytes = launch->shared_bytes;
    c->blocks_per_multiprocessor =
        launch_occupancy(k, launch->profile, launch->threads, launch->shared_bytes);
    c->occupancy =
        (double)(c->blocks_per_multiprocessor * workers[0].block.warp_count) / launch->profile->warps;
    timing_model(c, launch->profile, average, last);
    return good && cycles >= 0 && last >= 0;
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
    choose_blocks(launch);
    launch->next_block = 0;
    launch->fault = FAULT_NONE;
    memset(&launch->counters, 0, sizeof launch->counters);
    unsigned count = launch->host_threads;
    if (launch->kernel->ordered && !launch->relaxed) {
        count = 1; /* its blocks are seen in order, so the result repeats */
    }
    if (count > launch->runs * launch->run_blocks) {
        count = (unsigned)(launch->runs * launch->run_blocks);
    }
    launch->host_threads = count = count ? count : 1;
    struct worker_state *workers = calloc(count, sizeof *workers);
    launch->caches = caches_open(launch->profile, launch->shared_bytes, launch->kernel->sites);
    bool good = workers && launch->caches;
    struct drain drain;
    drain_open(&drain, launch->caches);
    launch->drain = &drain;
    pthread_mutex_init(&launch->lock, NULL);
    for (unsigned i = 0; good && i < count; i++) {
        good = worker_open(&workers[i], launch);
    }
    if (good) {
        run_workers(workers, count);
        good = finish(launch, workers, count);
    }
    for (unsigned i = 0; workers && i < count; i++) {
        worker_close(&workers[i]);
    }
    free(workers);
    caches_close(launch->caches);
    drain_close(&drain);
    pthread_mutex_destroy(&launch->lock);
    return good;
}
