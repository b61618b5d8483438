/* access: what the instructions on memory share: addresses of 32 lanes and where they lead. */
#ifndef VGPU_ACCESS_H
#define VGPU_ACCESS_H

#include "exec.h"
#include "launch.h"

enum access { READ = 1, WRITE = 2, ATOMIC = 4 };

struct lanes {
    LANE_ARRAY uint64_t address[WARP_SIZE];
    uint8_t *host[WARP_SIZE];
    uint64_t origin; /* of lanes that have gone the quick way: the host's address less the lane's */
    uint32_t steps;  /* lanes whose address is not that of the lane before */
};

static inline unsigned first_of(uint32_t mask) {
    return (unsigned)__builtin_ctz(mask);
}

static inline void addresses(const struct warp *w, const struct inst *i, uint32_t op, struct lanes *a) {
    if (op == UINT32_MAX) {
        EACH_LANE {
            a->address[l] = (uint64_t)i->imm;
        }
    } else if (i->flags & FLAG_WIDE_ADDRESS) {
        const uint64_t *base = operand(w, op);
        EACH_LANE {
            a->address[l] = base[l] + (uint64_t)i->imm;
        }
    } else {
        const uint32_t *base = operand(w, op);
        EACH_LANE {
            a->address[l] = (uint64_t)(uint32_t)(base[l] + (uint32_t)i->imm);
        }
    }
}

/* The range is in one live allocation; remembers it for the instruction. */
static inline bool global_range(struct warp *w, const struct inst *i, uint64_t address, uint64_t bytes,
                                bool write) {
    struct site *site = &w->block->worker->sites[i->site];
    if (address >= site->low && address + bytes <= site->high && address + bytes >= address) {
        return true;
    }
    const struct allocation *a = memory_range(w->block->launch->memory, address, bytes);
    if (!a || (write && a->read_only)) {
        return false;
    }
    *site = (struct site){a->base, a->base + a->bytes, a->initialised};
    return true;
}

static inline uint8_t *global_host(const struct warp *w, uint64_t address) {
    return w->block->launch->memory->host + (address - VGPU_GLOBAL_BASE);
}

/* Host's addresses of a lane, and of all, that have gone the quick way. */
static inline uint8_t *lane_host(const struct lanes *a, unsigned lane) {
    return (uint8_t *)(uintptr_t)(a->origin + a->address[lane]);
}

static inline void set_hosts(struct lanes *a) {
    EACH_LANE {
        a->host[l] = lane_host(a, l);
    }
}

static inline unsigned space_of(uint64_t address) {
    if (address >= VGPU_GLOBAL_BASE) {
        return PTX_GLOBAL;
    }
    if (address - VGPU_SHARED_BASE < VGPU_WINDOW_BYTES) {
        return PTX_SHARED;
    }
    if (address - VGPU_LOCAL_BASE < VGPU_WINDOW_BYTES) {
        return PTX_LOCAL;
    }
    return address - VGPU_PARAM_BASE < VGPU_WINDOW_BYTES ? PTX_PARAM : PTX_GLOBAL;
}

/* Fills in the host's addresses of all lanes in m, with every check, and counts. False after a fault. */
bool access_resolve(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a, unsigned bytes,
                    unsigned access);

/* The parts of it. The bool ones raise a fault and give false if the access is not allowed. */
bool access_lane_shared(struct warp *w, const struct inst *i, unsigned lane, uint64_t offset, uint8_t **host,
                        unsigned bytes, unsigned access);
/* The checks on accesses to shared memory that are known to be within it. */
void access_check_shared(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a,
                         unsigned bytes, unsigned access);
bool access_misaligned(struct warp *w, const struct inst *i, unsigned lane, uint64_t address, unsigned bytes);
bool access_bad_global(struct warp *w, const struct inst *i, unsigned lane, uint64_t address, unsigned bytes,
                       const char *verb);
void access_check_written(struct warp *w, const struct inst *i, unsigned lane, uint64_t address,
                          unsigned bytes);
/* Passes over shared memory that a warp's access takes: 32 banks of 4 bytes; 8-byte accesses go in halves of
 * the warp, 16-byte ones in quarters. Lanes that read or write the same word share a pass, atomics on it do
 * not. */
void access_count_shared(struct warp *w, uint32_t m, const struct lanes *a, unsigned bytes, bool atomic);
void access_record_global(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a,
                          unsigned bytes, unsigned kind);
/* The log is full; false when the host is out of memory: the caches' counters then miss accesses, results do
 * not. */
bool access_grow_log(struct worker *worker);

static inline unsigned shared_group(unsigned bytes) {
    return bytes <= 4 ? 32 : bytes == 8 ? 16 : 8;
}

/* The same where the lanes of a group need one pass. */
static inline void access_count_apart(struct warp *w, uint32_t m, unsigned bytes) {
    struct memory_counts *c = &w->block->worker->counts;
    const unsigned group = shared_group(bytes);
    c->shared_requests++;
    for (unsigned start = 0; start < WARP_SIZE; start += group) {
        const bool some = m & (uint32_t)(((1ull << group) - 1) << start);
        c->shared_wavefronts += some;
        c->shared_ideal += some;
    }
}

/* A line of 128 bytes (number: address / 128) with the sectors of it that are touched, for the caches. */
static inline void access_log_line(struct worker *worker, const struct inst *i, uint64_t line,
                                   unsigned sectors, unsigned kind) {
    if (worker->log_count == worker->log_capacity && !access_grow_log(worker)) {
        return;
    }
    worker->log[worker->log_count++] =
        (struct access_record){(uint32_t)(line - VGPU_GLOBAL_BASE / 128), i->site, sectors & 15,
                               (i->flags & FLAG_VOLATILE) != 0, (uint8_t)kind};
}

/* The sectors that an access touches, by lines of four. */
struct sector_lines {
    uint64_t line[2 * WARP_SIZE];
    uint8_t sectors[2 * WARP_SIZE]; /* masks */
    unsigned count;
};

static inline void sector_add(struct sector_lines *s, uint64_t sector) {
    const uint64_t line = sector / 4;
    unsigned k = s->count;
    while (k > 0 && s->line[k - 1] != line) {
        k--;
    }
    if (!k) {
        s->line[s->count] = line;
        s->sectors[s->count++] = 0;
        k = s->count;
    }
    s->sectors[k - 1] |= (uint8_t)(1u << (sector % 4));
}

/* Records them for the caches. Returns how many sectors. */
static inline unsigned sectors_log(const struct sector_lines *s, struct worker *worker, const struct inst *i,
                                   unsigned kind) {
    unsigned total = 0;
    for (unsigned k = 0; k < s->count; k++) {
        total += (unsigned)__builtin_popcount(s->sectors[k]);
        access_log_line(worker, i, s->line[k], s->sectors[k], kind);
    }
    return total;
}

/* One access of a warp to global memory; bytes: that its threads asked for. */
static inline void access_count_global(struct worker *worker, unsigned kind, unsigned sectors,
                                       uint64_t bytes) {
    struct memory_counts *c = &worker->counts;
    if (kind == ACCESS_LOAD) {
        c->global_load_requests++;
        c->global_load_sectors += sectors;
        c->global_load_bytes += bytes;
    } else if (kind == ACCESS_STORE) {
        c->global_store_requests++;
        c->global_store_sectors += sectors;
        c->global_store_bytes += bytes;
    }
}

#endif
