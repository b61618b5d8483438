/* access: where the addresses of an access to memory lead, the checks on it, and what it costs.
 *
 * Every access is bounds-checked; the last allocation that an instruction touched is remembered, so that this
 * costs two comparisons. */
#include "access.h"

#include <stdlib.h>
#include <string.h>

/* ---- where an address leads ---- */

bool access_bad_global(struct warp *w, const struct inst *i, unsigned lane, uint64_t address, unsigned bytes,
                       const char *verb) {
    const struct memory *memory = w->block->launch->memory;
    const struct allocation *a = memory_find(memory, address);
    if (a && a->freed) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at 0x%llx, in an allocation of %llu bytes that was freed", verb, bytes,
                    (unsigned long long)address, (unsigned long long)a->bytes);
        return false;
    }
    const struct allocation *near = NULL;
    for (uint64_t back = 0; !near && back <= 4096 && back <= address; back += 256) {
        near = memory_find(memory, address - back);
    }
    if (near) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at 0x%llx, %lld bytes past the end of an allocation of %llu bytes", verb,
                    bytes, (unsigned long long)address, (long long)(address - near->base - near->bytes),
                    (unsigned long long)near->bytes);
    } else {
        raise_fault(w, i, lane, FAULT_ADDRESS, "%s of %u bytes at 0x%llx, which is in no allocation", verb,
                    bytes, (unsigned long long)address);
    }
    return false;
}

bool access_misaligned(struct warp *w, const struct inst *i, unsigned lane, uint64_t address,
                       unsigned bytes) {
    raise_fault(w, i, lane, FAULT_MISALIGNED, "access of %u bytes at 0x%llx is not aligned", bytes,
                (unsigned long long)address);
    return false;
}

void access_check_written(struct warp *w, const struct inst *i, unsigned lane, uint64_t address,
                          unsigned bytes) {
    if (!memory_is_written(w->block->launch->memory, address, bytes)) {
        report(w, i, lane, VGPU_UNINITIALISED,
               "read of %u bytes at 0x%llx of global memory that was never written", bytes,
               (unsigned long long)address);
    }
}

static bool lane_global(struct warp *w, const struct inst *i, unsigned lane, struct lanes *a, unsigned bytes,
                        unsigned access) {
    const uint64_t address = a->address[lane];
    if (address & (bytes - 1)) {
        return access_misaligned(w, i, lane, address, bytes);
    }
    if (!global_range(w, i, address, bytes, access & WRITE)) {
        return access_bad_global(w, i, lane, address, bytes,
                                 access & WRITE ? access & READ ? "atomic" : "write" : "read");
    }
    const struct site *site = &w->block->worker->sites[i->site];
    if ((w->block->launch->checks & CHECK_INIT) && !site->initialised) {
        if (access & READ) {
            access_check_written(w, i, lane, address, bytes);
        }
        if (access & WRITE) {
            memory_mark_written(w->block->launch->memory, address, bytes);
        }
    }
    a->host[lane] = global_host(w, address);
    return true;
}

/* ---- shared memory ---- */

static void race(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset, const char *what,
                 unsigned other) {
    report(w, i, lane, VGPU_RACE,
           "%s at shared address 0x%x: thread %u accessed it without a barrier between", what, offset,
           other - 1);
}

/* Did the other access, by thread (from 1) at its warp's clock and count of warp barriers, come before for
 * certain? */
static inline bool ordered_before(const struct warp *w, unsigned thread, uint32_t clock, uint16_t sync) {
    const unsigned warp = (thread - 1) / WARP_SIZE;
    return warp == w->number ? clock < w->clocks[warp] || sync != (uint16_t)w->sync_epoch
                             : clock <= w->clocks[warp];
}

static bool conflicts_written(const struct warp *w, const struct shadow *s, uint16_t me, unsigned access) {
    return s->writer && s->writer != me && !((access & ATOMIC) && s->atomic) &&
           !ordered_before(w, s->writer, s->write_clock, s->write_sync);
}

static bool conflicts_read(const struct warp *w, const struct shadow *s, uint16_t me, unsigned access) {
    return (access & WRITE) && s->reader && s->reader != me &&
           !ordered_before(w, s->reader, s->read_clock, s->read_sync);
}

/* Of several readers the last one is kept: a writer that does not wait for it is found, one that waits for it
 * and not for an earlier reader may be missed. */
static void note_access(const struct warp *w, struct shadow *s, uint16_t me, unsigned access) {
    if (access & WRITE) {
        s->writer = me;
        s->write_clock = w->clocks[w->number];
        s->write_sync = (uint16_t)w->sync_epoch;
        s->atomic = (access & ATOMIC) != 0;
    } else {
        s->reader = me;
        s->read_clock = w->clocks[w->number];
        s->read_sync = (uint16_t)w->sync_epoch;
    }
}

static void race_byte(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset, unsigned access) {
    struct shadow *s = &w->block->shadow_bytes[offset];
    const uint16_t me = (uint16_t)(w->number * WARP_SIZE + lane + 1);
    if (conflicts_written(w, s, me, access)) {
        race(w, i, lane, offset, access & WRITE ? "write after write" : "read after write", s->writer);
        s->writer = 0;
    }
    if (conflicts_read(w, s, me, access)) {
        race(w, i, lane, offset, "write after read", s->reader);
        s->reader = 0;
    }
    note_access(w, s, me, access);
}

/* Bytes of one word from offset on, one by one. */
static void race_bytes(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset, unsigned bytes,
                       unsigned access) {
    struct shadow *s = &w->block->shadow[offset / 4], *own = &w->block->shadow_bytes[offset & ~3u];
    if (!s->split) {
        own[0] = own[1] = own[2] = own[3] = *s;
        s->split = true;
    }
    for (unsigned k = 0; k < bytes; k++) {
        race_byte(w, i, lane, offset + k, access);
    }
}

static inline void race_lane(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset,
                             unsigned bytes, unsigned access) {
    const uint16_t me = (uint16_t)(w->number * WARP_SIZE + lane + 1);
    if (bytes < 4) {
        race_bytes(w, i, lane, offset, bytes, access);
        return;
    }
    for (unsigned k = 0; k < bytes; k += 4) {
        struct shadow *s = &w->block->shadow[(offset + k) / 4];
        const bool settled =
            s->write_clock <= w->settled && (!(access & WRITE) || s->read_clock <= w->settled);
        if (s->split ||
            (!settled && (conflicts_written(w, s, me, access) || conflicts_read(w, s, me, access)))) {
            race_bytes(w, i, lane, offset + k, 4, access);
        } else {
            note_access(w, s, me, access);
        }
    }
}

static inline bool shared_written(const uint8_t *init, unsigned bytes) {
    bool all = true;
    for (unsigned k = 0; k < bytes; k++) {
        all &= init[k];
    }
    return all;
}

/* The checks on an access that is within the block's memory. */
static inline void check_shared(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset,
                                unsigned bytes, unsigned access) {
    struct block *b = w->block;
    if (b->launch->checks & CHECK_INIT) {
        if ((access & READ) && !shared_written(b->shared_init + offset, bytes)) {
            report(w, i, lane, VGPU_UNINITIALISED,
                   "read of %u bytes at shared address 0x%llx that was never written", bytes,
                   (unsigned long long)offset);
        }
        if (access & WRITE) {
            memset(b->shared_init + offset, 1, bytes);
        }
    }
    if (b->launch->checks & CHECK_RACE) {
        race_lane(w, i, lane, offset, bytes, access);
    }
}

/* Inlined where bytes and access are constants. */
static inline __attribute__((always_inline)) void check_lanes(struct warp *w, const struct inst *i,
                                                              uint32_t m, const struct lanes *a,
                                                              unsigned bytes, unsigned access) {
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        check_shared(w, i, l, (uint32_t)a->address[l], bytes, access);
    }
}

void access_check_shared(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a,
                         unsigned bytes, unsigned access) {
    if (bytes == 4 && access == READ) {
        check_lanes(w, i, m, a, 4, READ);
    } else if (bytes == 4 && access == WRITE) {
        check_lanes(w, i, m, a, 4, WRITE);
    } else {
        check_lanes(w, i, m, a, bytes, access);
    }
}

bool access_lane_shared(struct warp *w, const struct inst *i, unsigned lane, uint64_t offset, uint8_t **host,
                        unsigned bytes, unsigned access) {
    struct block *b = w->block;
    if (offset & (bytes - 1)) {
        return access_misaligned(w, i, lane, offset, bytes);
    }
    if (offset > b->shared_bytes || bytes > b->shared_bytes - offset) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at shared address 0x%llx: the block has %u bytes",
                    access & WRITE ? "write" : "read", bytes, (unsigned long long)offset, b->shared_bytes);
        return false;
    }
    check_shared(w, i, lane, (uint32_t)offset, bytes, access);
    *host = b->shared + offset;
    return true;
}

/* Do the lanes in m lie in banks of their own, with a word each? */
static bool lanes_in_banks(const uint64_t *address, uint32_t m) {
    uint32_t used = 0, twice = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const uint32_t bank = 1u << (address[first_of(left)] / 4 % 32);
        twice |= used & bank;
        used |= bank;
    }
    return !twice;
}

/* Passes that some lanes take together: the most different words, of atomics the most accesses, in a bank. */
static unsigned count_passes(uint32_t m, const struct lanes *a, unsigned words, bool atomic) {
    uint32_t seen[32][32]; /* words of each bank */
    uint8_t depth[32] = {0};
    unsigned worst = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const uint32_t first = (uint32_t)(a->address[first_of(left)] / 4);
        for (uint32_t word = first; word < first + words; word++) {
            const uint32_t bank = word % 32;
            unsigned d = 0;
            while (d < depth[bank] && (atomic || seen[bank][d] != word)) {
                d++;
            }
            if (d == depth[bank] && d < 32) {
                seen[bank][d] = word;
                depth[bank]++;
                worst = depth[bank] > worst ? depth[bank] : worst;
            }
        }
    }
    return worst;
}

void access_count_shared(struct warp *w, uint32_t m, const struct lanes *a, unsigned bytes, bool atomic) {
    struct memory_counts *c = &w->block->worker->counts;
    const unsigned group = shared_group(bytes), words = bytes <= 4 ? 1 : bytes / 4;
    if (words == 1 && lanes_in_banks(a->address, m)) {
        access_count_apart(w, m, bytes);
        return;
    }
    c->shared_requests++;
    for (unsigned start = 0; start < WARP_SIZE; start += group) {
        const uint32_t some = m & (uint32_t)(((1ull << group) - 1) << start);
        c->shared_wavefronts += count_passes(some, a, words, atomic);
        c->shared_ideal += some != 0;
    }
}

/* ---- records for the caches ---- */

bool access_grow_log(struct worker *worker) {
    const uint32_t capacity = worker->log_capacity ? 2 * worker->log_capacity : 4096;
    struct access_record *bigger = realloc(worker->log, capacity * sizeof *bigger);
    if (!bigger) {
        return false;
    }
    worker->log = bigger;
    worker->log_capacity = capacity;
    return true;
}

void access_record_global(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a,
                          unsigned bytes, unsigned kind) {
    struct sector_lines touched;
    touched.count = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        const uint64_t last = (a->address[l] + bytes - 1) / 32;
        for (uint64_t sector = a->address[l] / 32; sector <= last; sector++) {
            sector_add(&touched, sector);
        }
    }
    access_count_global(w->block->worker, kind, sectors_log(&touched, w->block->worker, i, kind),
                        (uint64_t)bytes * (unsigned)__builtin_popcount(m));
}

/* ---- any space ---- */

static bool lane_private(struct warp *w, const struct inst *i, unsigned lane, uint64_t offset, uint8_t **host,
                         unsigned bytes, bool is_param) {
    const uint32_t size = is_param ? w->kernel->param_bytes : w->kernel->local_bytes;
    if (offset & (bytes - 1)) {
        return access_misaligned(w, i, lane, offset, bytes);
    }
    if (offset > size || bytes > size - offset) {
        raise_fault(w, i, lane, FAULT_ADDRESS, "access of %u bytes at %s address 0x%llx: there are %u bytes",
                    bytes, is_param ? "parameter" : "local", (unsigned long long)offset, size);
        return false;
    }
    *host = is_param ? (uint8_t *)w->block->launch->params + offset
                     : w->local + (size_t)lane * w->kernel->local_bytes + offset;
    return true;
}

/* Fills in the host's addresses of all lanes in m, with every check. False after a fault. */
bool access_resolve(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a, unsigned bytes,
                    unsigned access) {
    uint32_t in_global = 0, in_shared = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        unsigned space = i->space;
        if (space == PTX_GENERIC) {
            space = space_of(a->address[l]);
            a->address[l] -= space == PTX_SHARED  ? VGPU_SHARED_BASE
                             : space == PTX_LOCAL ? VGPU_LOCAL_BASE
                             : space == PTX_PARAM ? VGPU_PARAM_BASE
                                                  : 0;
        }
        bool good;
        switch (space) {
        case PTX_SHARED:
            good = access_lane_shared(w, i, l, a->address[l], &a->host[l], bytes, access);
            in_shared |= 1u << l;
            break;
        case PTX_LOCAL:
        case PTX_PARAM:
            good = lane_private(w, i, l, a->address[l], &a->host[l], bytes, space == PTX_PARAM);
            break;
        default:
            good = lane_global(w, i, l, a, bytes, access);
            in_global |= i->space == PTX_CONST ? 0 : 1u << l;
        }
        if (!good) {
            return false;
        }
    }
    if (in_shared) {
        access_count_shared(w, in_shared, a, bytes, access & ATOMIC);
    }
    if (in_global) {
        access_record_global(w, i, in_global, a, bytes,
                             access & ATOMIC  ? ACCESS_ATOMIC
                             : access & WRITE ? ACCESS_STORE
                                              : ACCESS_LOAD);
    }
    if (!in_shared && !in_global && i->space == PTX_LOCAL) {
        w->block->worker->counts.local_requests++;
        w->block->worker->counts.local_bytes += (uint64_t)bytes * (unsigned)__builtin_popcount(m);
    }
    return true;
}
