/* reach: the quick way of a warp's access to memory, where no lane is at fault: to global memory, all in the
 * allocation that the instruction touched before, aligned and, where that is checked, written; to shared
 * memory, all within the block's and aligned. Everything else takes the slow way in access.c, which finds the
 * lane at fault. */
#ifndef VGPU_REACH_H
#define VGPU_REACH_H

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "access.h"

enum shape {
    SHAPE_OTHER,       /* the slow way */
    SHAPE_UNIFORM,     /* one address */
    SHAPE_CONSECUTIVE, /* all 32 lanes, one after the other */
    SHAPE_SCATTERED
};

/* Is one of the addresses below low, more than room above it, or has a bit of mask? And *steps: the lanes,
 * but for the first, whose address is not that of the lane before. */
static inline bool lanes_bad(const uint64_t *address, uint64_t low, uint64_t room, uint64_t mask,
                             uint32_t *steps) {
#ifdef __AVX512F__
    const __m512i lows = _mm512_set1_epi64((long long)low);
    __m512i farthest = _mm512_setzero_si512(), bits = farthest, before = farthest;
    uint32_t differ = 0;
    for (unsigned l = 0; l < WARP_SIZE; l += 8) {
        const __m512i x = _mm512_load_si512(address + l);
        farthest = _mm512_max_epu64(farthest, _mm512_sub_epi64(x, lows));
        bits = _mm512_or_si512(bits, x);
        differ |= (uint32_t)_mm512_cmpneq_epi64_mask(x, _mm512_alignr_epi64(x, before, 7)) << l;
        before = x;
    }
    *steps = differ & ~1u;
    return _mm512_cmpgt_epu64_mask(farthest, _mm512_set1_epi64((long long)room)) |
           _mm512_test_epi64_mask(bits, _mm512_set1_epi64((long long)mask));
#else
    uint64_t bad = 0;
    uint32_t differ = 0;
    EACH_LANE {
        bad |= (uint64_t)(address[l] - low > room) | (address[l] & mask);
    }
    for (unsigned l = 1; l < WARP_SIZE; l++) {
        differ |= (uint32_t)(address[l] != address[l - 1]) << l;
    }
    *steps = differ;
    return bad;
#endif
}

/* Is each lane's address that of the lane before plus bytes? */
static inline bool lanes_consecutive(const uint64_t *address, uint64_t bytes) {
    uint64_t off = 0;
    EACH_LANE {
        off |= address[l] ^ (address[0] + l * bytes);
    }
    return !off;
}

/* Is every byte written that the lanes read? And marks those they write. */
static inline bool reach_written(struct warp *w, const struct lanes *a, uint32_t m, unsigned bytes,
                                 unsigned access, enum shape shape) {
    struct memory *memory = w->block->launch->memory;
    if (shape != SHAPE_SCATTERED) {
        const uint64_t length = shape == SHAPE_UNIFORM ? bytes : (uint64_t)bytes * WARP_SIZE,
                       address = a->address[first_of(m)];
        if ((access & READ) && !memory_is_written(memory, address, length)) {
            return false;
        }
        if (access & WRITE) {
            memory_mark_written(memory, address, length);
        }
        return true;
    }
    for (uint32_t left = access & READ ? m : 0; left; left &= left - 1) {
        if (!memory_is_written(memory, a->address[first_of(left)], bytes)) {
            return false;
        }
    }
    for (uint32_t left = access & WRITE ? m : 0; left; left &= left - 1) {
        memory_mark_written(memory, a->address[first_of(left)], bytes);
    }
    return true;
}

/* Sectors of lanes anywhere; an aligned access lies in one sector. steps: lanes whose address is not that of
 * the lane before. Returns how many sectors. */
static inline unsigned reach_record_scattered(struct worker *worker, const struct inst *i,
                                              const struct lanes *a, uint32_t steps, unsigned kind) {
    struct sector_lines touched;
    touched.count = 0;
    for (steps |= 1; steps; steps &= steps - 1) {
        sector_add(&touched, a->address[first_of(steps)] / 32);
    }
    return sectors_log(&touched, worker, i, kind);
}

/* Bytes from address on, all of them touched. Returns how many sectors. */
static inline unsigned reach_record_range(struct worker *worker, const struct inst *i, uint64_t address,
                                          uint64_t bytes, unsigned kind) {
    const uint64_t first = address / 32, last = (address + bytes - 1) / 32;
    for (uint64_t line = first / 4; line <= last / 4; line++) {
        const unsigned low = line == first / 4 ? (unsigned)(first % 4) : 0,
                       high = line == last / 4 ? (unsigned)(last % 4) : 3;
        access_log_line(worker, i, line, (uint8_t)((2u << high) - (1u << low)), kind);
    }
    return (unsigned)(last - first + 1);
}

/* Addresses of lanes that are off become base. */
static inline void lanes_fill(struct lanes *a, uint32_t m, uint64_t base) {
    if (m != UINT32_MAX) {
        EACH_LANE {
            a->address[l] = m & 1u << l ? a->address[l] : base;
        }
    }
}

static inline enum shape shape_of(const struct lanes *a, uint32_t m, unsigned bytes) {
    if (!a->steps) {
        return SHAPE_UNIFORM;
    }
    const bool all_differ = m == UINT32_MAX && a->steps == ~1u;
    return all_differ && lanes_consecutive(a->address, bytes) ? SHAPE_CONSECUTIVE : SHAPE_SCATTERED;
}

static inline enum shape reach_shared(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a,
                                      unsigned bytes, unsigned access) {
    struct block *b = w->block;
    lanes_fill(a, m, a->address[first_of(m)]);
    if (bytes > b->shared_bytes || lanes_bad(a->address, 0, b->shared_bytes - bytes, bytes - 1, &a->steps)) {
        return SHAPE_OTHER;
    }
    if (b->launch->checks & (CHECK_INIT | CHECK_RACE)) {
        access_check_shared(w, i, m, a, bytes, access);
    }
    const enum shape shape = shape_of(a, m, bytes);
    if (bytes <= 16 &&
        ((shape == SHAPE_CONSECUTIVE && bytes >= 4) || (shape == SHAPE_UNIFORM && !(access & ATOMIC)))) {
        access_count_apart(w, m, bytes);
    } else {
        access_count_shared(w, m, a, bytes, access & ATOMIC);
    }
    a->origin = (uintptr_t)b->shared;
    return shape;
}

static inline enum shape reach_global(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a,
                                      unsigned bytes, unsigned access) {
    const uint64_t base = a->address[first_of(m)];
    if (base < VGPU_GLOBAL_BASE || !global_range(w, i, base, bytes, access & WRITE)) {
        return SHAPE_OTHER;
    }
    lanes_fill(a, m, base);
    struct worker *worker = w->block->worker;
    const struct site *site = &worker->sites[i->site];
    if (lanes_bad(a->address, site->low, site->high - site->low - bytes, bytes - 1, &a->steps)) {
        return SHAPE_OTHER;
    }
    const enum shape shape = shape_of(a, m, bytes);
    if ((w->block->launch->checks & CHECK_INIT) && !site->initialised &&
        !reach_written(w, a, m, bytes, access, shape)) {
        return SHAPE_OTHER;
    }
    const unsigned kind = access & ATOMIC ? ACCESS_ATOMIC : access & WRITE ? ACCESS_STORE : ACCESS_LOAD;
    const unsigned sectors = shape == SHAPE_SCATTERED ? reach_record_scattered(worker, i, a, a->steps, kind)
                             : shape == SHAPE_UNIFORM
                                 ? reach_record_range(worker, i, base, bytes, kind)
                                 : reach_record_range(worker, i, base, (uint64_t)bytes * WARP_SIZE, kind);
    access_count_global(worker, kind, sectors, (uint64_t)bytes * (unsigned)__builtin_popcount(m));
    a->origin = (uintptr_t)w->block->launch->memory->host - VGPU_GLOBAL_BASE;
    return shape;
}

/* Checks and counts the access of m's lanes, which is not empty. bytes: a power of two, 32 at most. Addresses
 * of other lanes become that of the first. */
static inline enum shape reach(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a,
                               unsigned bytes, unsigned access) {
    switch (i->space) {
    case PTX_SHARED: return reach_shared(w, i, m, a, bytes, access);
    case PTX_GLOBAL:
    case PTX_GENERIC: return reach_global(w, i, m, a, bytes, access);
    default: return SHAPE_OTHER;
    }
}

#endif
