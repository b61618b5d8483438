#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "launch.h"

enum { L1_WAYS = 4, L2_WAYS = 16, LINE = 128, SECTOR = 32 };

struct line {
    uint64_t tag; /* line's number + 1; 0: empty */
    uint32_t used;
    uint8_t valid, dirty; /* sectors */
};

struct cache {
    struct line *lines;
    uint32_t sets, ways, clock;
    uint64_t inverse; /* 2^64 / sets, rounded up: line numbers are far too small for the product to be off */
};

struct caches {
    struct cache l2;
    struct cache *l1;
    uint32_t multiprocessors;
    uint64_t l1_hits, l1_misses, l2_reads, l2_writes, dram_reads, dram_writes; /* sectors */
};

static bool cache_open(struct cache *c, uint64_t bytes, uint32_t ways) {
    c->ways = ways;
    c->sets = (uint32_t)(bytes / LINE / ways);
    c->sets = c->sets > 1 ? c->sets : 2;
    c->inverse = UINT64_MAX / c->sets + 1;
    c->lines = calloc((size_t)c->sets * ways, sizeof *c->lines);
    return c->lines;
}

struct caches *caches_open(const struct profile *profile, uint32_t shared_bytes) {
    struct caches *caches = calloc(1, sizeof *caches);
    if (!caches) {
        return NULL;
    }
    caches->multiprocessors = profile->multiprocessors;
    caches->l1 = calloc(profile->multiprocessors, sizeof *caches->l1);
    /* what shared memory does not take is cache */
    const uint32_t l1_bytes =
        profile->l1_bytes > shared_bytes + 16384 ? profile->l1_bytes - shared_bytes : 16384;
    bool good = caches->l1 && cache_open(&caches->l2, profile->l2_bytes, L2_WAYS);
    for (uint32_t i = 0; good && i < profile->multiprocessors; i++) {
        good = cache_open(&caches->l1[i], l1_bytes, L1_WAYS);
    }
    if (!good) {
        caches_close(caches);
        return NULL;
    }
    return caches;
}

void caches_close(struct caches *caches) {
    if (!caches) {
        return;
    }
    for (uint32_t i = 0; caches->l1 && i < caches->multiprocessors; i++) {
        free(caches->l1[i].lines);
    }
    free(caches->l1);
    free(caches->l2.lines);
    free(caches);
}

/* The line's place, or the one to be replaced. */
static struct line *look_up(struct cache *c, uint64_t number) {
    const uint64_t quotient = (uint64_t)((unsigned __int128)number * c->inverse >> 64);
    struct line *set = c->lines + (number - quotient * c->sets) * c->ways;
    struct line *victim = set;
    for (uint32_t k = 0; k < c->ways; k++) {
        if (set[k].tag == number + 1) {
            set[k].used = ++c->clock;
            return &set[k];
        }
        if (set[k].used < victim->used) {
            victim = &set[k];
        }
    }
    return victim;
}

static unsigned sectors(unsigned mask) {
    return (unsigned)__builtin_popcount(mask);
}

static void l2_access(struct caches *c, uint64_t number, uint8_t mask, bool read, bool write) {
    struct line *line = look_up(&c->l2, number);
    if (line->tag != number + 1) {
        c->dram_writes += sectors(line->dirty);
        *line = (struct line){.tag = number + 1, .used = ++c->l2.clock};
    }
    if (read) {
        c->l2_reads += sectors(mask);
        c->dram_reads += sectors(mask & ~line->valid);
        line->valid |= mask;
    }
    if (write) {
        c->l2_writes += sectors(mask);
        line->valid |= mask; /* sectors that are written in part are merged in L2 with byte masks */
        line->dirty |= mask;
    }
}

static void load(struct caches *c, struct cache *l1, const struct access_record *r) {
    if (r->bypass) {
        c->l1_misses += sectors(r->sectors);
        l2_access(c, r->line, r->sectors, true, false);
        return;
    }
    struct line *line = look_up(l1, r->line);
    if (line->tag != r->line + 1) {
        *line = (struct line){.tag = r->line + 1, .used = ++l1->clock};
    }
    const uint8_t missing = r->sectors & (uint8_t)~line->valid;
    c->l1_hits += sectors(r->sectors & line->valid);
    c->l1_misses += sectors(missing);
    line->valid |= r->sectors;
    if (missing) {
        l2_access(c, r->line, missing, true, false);
    }
}

void caches_run(struct caches *c, uint64_t block, const struct access_record *records, size_t count) {
    struct cache *l1 = &c->l1[block % c->multiprocessors];
    for (size_t i = 0; i < count; i++) {
        const struct access_record *r = &records[i];
        switch (r->kind) {
        case ACCESS_LOAD: load(c, l1, r); break;
        case ACCESS_STORE: l2_access(c, r->line, r->sectors, false, true); break;
        default: l2_access(c, r->line, r->sectors, true, true);
        }
    }
}

void caches_finish(struct caches *c, struct vgpu_counters *counters) {
    for (size_t i = 0; i < (size_t)c->l2.sets * c->l2.ways; i++) {
        c->dram_writes += sectors(c->l2.lines[i].dirty);
    }
    counters->l1_hit_bytes = c->l1_hits * SECTOR;
    counters->l1_miss_bytes = c->l1_misses * SECTOR;
    counters->l2_read_bytes = c->l2_reads * SECTOR;
    counters->l2_write_bytes = c->l2_writes * SECTOR;
    counters->dram_read_bytes = c->dram_reads * SECTOR;
    counters->dram_write_bytes = c->dram_writes * SECTOR;
}
