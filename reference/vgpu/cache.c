#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "launch.h"

enum { WAYS = 16, LINE = 128, SECTOR = 32 };

struct line {
    uint32_t tag;         /* line's number + 1; 0: empty */
    uint8_t valid, dirty; /* sectors */
};

/* The most recently used line first. */
struct set {
    struct line lines[WAYS];
};

struct cache {
    struct set *sets;
    uint32_t count;
    uint64_t inverse; /* 2^64 / count, rounded up: line numbers are far too small for the product to be off */
};

/* Sectors of an instruction's loads, by where they were found. */
struct served {
    uint64_t l1, l2, dram;
};

struct caches {
    struct served *served; /* of sites */
    uint32_t sites;
    struct cache l2;
    struct cache *l1;
    uint32_t multiprocessors;
    uint64_t l1_hits, l1_misses, l2_reads, l2_writes, dram_reads, dram_writes; /* sectors */
    uint64_t dirty;                                                            /* sectors in L2 now */
};

static const uint8_t sectors[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

static bool cache_open(struct cache *c, uint64_t bytes) {
    c->count = (uint32_t)(bytes / LINE / WAYS);
    c->count = c->count > 1 ? c->count : 2;
    c->inverse = UINT64_MAX / c->count + 1;
    c->sets = calloc(c->count, sizeof *c->sets);
    return c->sets;
}

struct caches *caches_open(const struct profile *profile, uint32_t shared_bytes, uint32_t sites) {
    struct caches *caches = calloc(1, sizeof *caches);
    if (!caches) {
        return NULL;
    }
    caches->multiprocessors = profile->multiprocessors;
    caches->l1 = calloc(profile->multiprocessors, sizeof *caches->l1);
    /* what shared memory does not take is cache */
    const uint32_t l1_bytes =
        profile->l1_bytes > shared_bytes + 16384 ? profile->l1_bytes - shared_bytes : 16384;
    caches->sites = sites;
    caches->served = calloc(sites + 1u, sizeof *caches->served);
    bool good = caches->served && caches->l1 && cache_open(&caches->l2, profile->l2_bytes);
    for (uint32_t i = 0; good && i < profile->multiprocessors; i++) {
        good = cache_open(&caches->l1[i], l1_bytes);
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
        free(caches->l1[i].sets);
    }
    free(caches->l1);
    free(caches->l2.sets);
    free(caches->served);
    free(caches);
}

static struct line *set_of(const struct cache *c, uint32_t number) {
    const uint64_t quotient = (uint64_t)((unsigned __int128)number * c->inverse >> 64);
    return c->sets[number - quotient * c->count].lines;
}

/* The line, moved to the front of its set. One that was not there takes the place of the last, which comes
 * back in *evicted. */
static struct line *look_up(struct cache *c, uint32_t number, struct line *evicted) {
    struct line *const lines = set_of(c, number);
    const uint32_t tag = number + 1;
    *evicted = (struct line){0};
    if (lines[0].tag == tag) {
        return lines;
    }
    struct line before = lines[0];
    for (uint32_t k = 1; k < WAYS && before.tag; k++) {
        const struct line here = lines[k];
        lines[k] = before;
        if (here.tag == tag) {
            lines[0] = here;
            return lines;
        }
        before = here;
    }
    *evicted = before;
    lines[0] = (struct line){.tag = tag};
    return lines;
}

/* The sectors that were not there. */
static unsigned l2_access(struct caches *c, uint32_t number, unsigned mask, bool read, bool write) {
    struct line evicted;
    struct line *line = look_up(&c->l2, number, &evicted);
    c->dram_writes += sectors[evicted.dirty];
    c->dirty -= sectors[evicted.dirty];
    const unsigned missing = mask & ~(unsigned)line->valid;
    if (read) {
        c->l2_reads += sectors[mask];
        c->dram_reads += sectors[missing];
    }
    if (write) {
        c->l2_writes += sectors[mask];
        c->dirty += sectors[mask & ~line->dirty];
        line->dirty |= (uint8_t)mask; /* sectors that are written in part are merged in L2 with byte masks */
    }
    line->valid |= (uint8_t)mask;
    return missing;
}

static void l2_load(struct caches *c, const struct access_record *r, unsigned mask) {
    struct served *const s = &c->served[r->site];
    const unsigned missing = l2_access(c, r->line, mask, true, false);
    s->l2 += sectors[mask & ~missing];
    s->dram += sectors[missing];
}

static void load(struct caches *c, struct cache *l1, const struct access_record *r) {
    if (r->bypass) {
        c->l1_misses += sectors[r->sectors];
        l2_load(c, r, r->sectors);
        return;
    }
    struct line evicted;
    struct line *line = look_up(l1, r->line, &evicted);
    const unsigned missing = r->sectors & ~(unsigned)line->valid;
    c->l1_hits += sectors[r->sectors & line->valid];
    c->served[r->site].l1 += sectors[r->sectors & line->valid];
    line->valid |= r->sectors;
    if (missing) {
        c->l1_misses += sectors[missing];
        l2_load(c, r, missing);
    }
}

void caches_run(struct caches *c, uint64_t block, const struct access_record *records, size_t count) {
    enum { AHEAD = 8 };
    struct cache *l1 = &c->l1[block % c->multiprocessors];
    for (size_t i = 0; i < count; i++) {
        const struct access_record *r = &records[i];
        if (i + AHEAD < count) { /* the model's sets are seldom in the host's own cache */
            const uint32_t line = records[i + AHEAD].line;
            __builtin_prefetch(set_of(&c->l2, line), 1);
            __builtin_prefetch(set_of(l1, line), 1);
        }
        switch (r->kind) {
        case ACCESS_LOAD: load(c, l1, r); break;
        case ACCESS_STORE: l2_access(c, r->line, r->sectors, false, true); break;
        default: l2_access(c, r->line, r->sectors, true, true);
        }
    }
}

double caches_load_cycles(const struct caches *c, const struct profile *p, uint32_t site, double otherwise) {
    const struct served *const s = &c->served[site <= c->sites ? site : 0];
    const double all = (double)(s->l1 + s->l2 + s->dram);
    if (all <= 0) {
        return otherwise;
    }
    return ((double)s->l1 * p->l1_cycles + (double)s->l2 * p->l2_cycles + (double)s->dram * p->dram_cycles) /
           all;
}

void caches_finish(struct caches *c, struct vgpu_counters *counters) {
    counters->l1_hit_bytes = c->l1_hits * SECTOR;
    counters->l1_miss_bytes = c->l1_misses * SECTOR;
    counters->l2_read_bytes = c->l2_reads * SECTOR;
    counters->l2_write_bytes = c->l2_writes * SECTOR;
    counters->dram_read_bytes = c->dram_reads * SECTOR;
    counters->dram_write_bytes = (c->dram_writes + c->dirty) * SECTOR;
}
