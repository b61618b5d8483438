/* exec_atomic: atom and red (PTX ISA, sections 9.7.13.5 and 9.7.13.7). */
#include <math.h>

#include "reach.h"
#include "atomics.h"
#include "soft.h"

/* ---- atomics: sub = operation, aux = type; op[0] address, list: old values (if FLAG_RETURNS), then operands
 * ---- */

static uint64_t apply_real(unsigned op, double old, double x, double (*narrow)(double)) {
    double r;
    switch (op) {
    case ATOMIC_MIN:
        r = isnan(old) ? x : isnan(x) ? old : old < x || (old == x && signbit(old)) ? old : x;
        break;
    case ATOMIC_MAX:
        r = isnan(old) ? x : isnan(x) ? old : old > x || (old == x && !signbit(old)) ? old : x;
        break;
    default: r = narrow ? narrow(old + x) : old + x;
    }
    return bits_of_double(r);
}

static uint32_t apply_half(unsigned op, uint32_t old, uint32_t x, bool bf16) {
    const double a = (double)(bf16 ? bf16_to_float(old & 0xffff) : half_to_float(old & 0xffff));
    const double b = (double)(bf16 ? bf16_to_float(x & 0xffff) : half_to_float(x & 0xffff));
    const double r = double_of(apply_real(op, a, b, NULL));
    if (op == ATOMIC_ADD) {
        return bf16 ? soft_narrow(sum_to_odd(a, b), 8, 7, ROUND_NEAREST)
                    : soft_narrow(r, 5, 10, ROUND_NEAREST);
    }
    return bf16 ? soft_narrow(r, 8, 7, ROUND_NEAREST) : soft_narrow(r, 5, 10, ROUND_NEAREST);
}

static uint64_t apply_integer(unsigned op, unsigned type, uint64_t old, uint64_t x, uint64_t y) {
    const bool narrow = type == TYPE_U32 || type == TYPE_S32;
    const bool is_signed = type == TYPE_S32 || type == TYPE_S64;
    const int64_t so = narrow ? (int32_t)old : (int64_t)old, sx = narrow ? (int32_t)x : (int64_t)x;
    switch (op) {
    case ATOMIC_ADD: return old + x;
    case ATOMIC_MIN: return is_signed ? (uint64_t)(so < sx ? so : sx) : old < x ? old : x;
    case ATOMIC_MAX: return is_signed ? (uint64_t)(so > sx ? so : sx) : old > x ? old : x;
    case ATOMIC_EXCH: return x;
    case ATOMIC_CAS: return old == x ? y : old;
    case ATOMIC_AND: return old & x;
    case ATOMIC_OR: return old | x;
    case ATOMIC_XOR: return old ^ x;
    case ATOMIC_INC: return old >= x ? 0 : old + 1;
    default: return old == 0 || old > x ? x : old - 1;
    }
}

static float flush(float x) {
    return fabsf(x) < 0x1p-126f ? float_of(bits_of(x) & 0x80000000u) : x;
}

static uint64_t apply(unsigned op, unsigned type, uint64_t old, uint64_t x, uint64_t y) {
    switch (type) {
    case TYPE_F32: {
        const float sum = float_of((uint32_t)old) + float_of((uint32_t)x);
        return sum == sum ? bits_of(sum) : 0x7fffffff;
    }
    case TYPE_F32_FLUSHED: {
        const float sum = flush(flush(float_of((uint32_t)old)) + flush(float_of((uint32_t)x)));
        return sum == sum ? bits_of(sum) : 0x7fffffff;
    }
    case TYPE_F64: return apply_real(op, double_of(old), double_of(x), NULL);
    case TYPE_F16: return apply_half(op, (uint32_t)old, (uint32_t)x, false);
    case TYPE_BF16: return apply_half(op, (uint32_t)old, (uint32_t)x, true);
    case TYPE_F16X2:
    case TYPE_BF16X2: {
        const bool bf16 = type == TYPE_BF16X2;
        return apply_half(op, (uint32_t)old, (uint32_t)x, bf16) |
               apply_half(op, (uint32_t)old >> 16, (uint32_t)x >> 16, bf16) << 16;
    }
    default: return apply_integer(op, type, old, x, y);
    }
}

/* Blocks run side by side, so the host's own atomics are needed on global memory. */
static uint64_t exchange(uint8_t *p, unsigned bytes, unsigned op, unsigned type, uint64_t x, uint64_t y) {
    if (bytes == 8) {
        uint64_t old = __atomic_load_n((uint64_t *)p, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n((uint64_t *)p, &old, apply(op, type, old, x, y), true,
                                            __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        }
        return old;
    }
    if (bytes == 2) {
        uint16_t old = __atomic_load_n((uint16_t *)p, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n((uint16_t *)p, &old, (uint16_t)apply(op, type, old, x, y), true,
                                            __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        }
        return old;
    }
    uint32_t old = __atomic_load_n((uint32_t *)p, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n((uint32_t *)p, &old, (uint32_t)apply(op, type, old, x, y), true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    return old;
}

/* What the lanes do to one element each, in their order. */
struct exchanges {
    uint8_t *const *host;
    unsigned offset;      /* of the element from a lane's address */
    const uint8_t *x, *y; /* operands, step bytes from lane to lane */
    unsigned step;
    uint64_t *old;
};

/* On memory that nobody else works on. Inlined where bytes and type are constants. */
static inline __attribute__((always_inline)) void exchange_alone(const struct exchanges *e, uint32_t m,
                                                                 unsigned bytes, unsigned op, unsigned type) {
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        uint8_t *const p = e->host[l] + e->offset;
        uint64_t old = 0, x = 0, y = 0;
        memcpy(&old, p, bytes);
        memcpy(&x, e->x + l * e->step, bytes);
        memcpy(&y, e->y + l * e->step, bytes);
        const uint64_t next = apply(op, type, old, x, y);
        memcpy(p, &next, bytes);
        e->old[l] = old;
    }
}

static void exchange_any(const struct exchanges *e, uint32_t m, unsigned bytes, unsigned op, unsigned type) {
    switch (type) {
    case TYPE_F32: exchange_alone(e, m, 4, ATOMIC_ADD, TYPE_F32); break;
    case TYPE_F32_FLUSHED: exchange_alone(e, m, 4, ATOMIC_ADD, TYPE_F32_FLUSHED); break;
    case TYPE_U32: exchange_alone(e, m, 4, op, TYPE_U32); break;
    default: exchange_alone(e, m, bytes, op, type);
    }
}

static void exchange_together(const struct exchanges *e, uint32_t m, unsigned bytes, unsigned op,
                              unsigned type) {
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        uint64_t x = 0, y = 0;
        memcpy(&x, e->x + l * e->step, bytes);
        memcpy(&y, e->y + l * e->step, bytes);
        e->old[l] = exchange(e->host[l] + e->offset, bytes, op, type, x, y);
    }
}

/* What L2's atomic units take of a warp: each word of a sector of 32 bytes has a unit of its own; lanes on
 * one word go one after the other (README.md). */
enum { SECTOR_WORDS = 8 }; /* at most */
struct sector_passes {
    uint64_t sector;
    uint32_t lanes[SECTOR_WORDS];
};

static struct sector_passes *sector_find(struct sector_passes *sectors, unsigned *count, uint64_t sector) {
    for (unsigned s = *count; s > 0; s--) {
        if (sectors[s - 1].sector == sector) {
            return &sectors[s - 1];
        }
    }
    sectors[*count] = (struct sector_passes){.sector = sector};
    return &sectors[(*count)++];
}

/* Counts how often each address occurs in the warp, for the longest chain, and the passes. */
static void count_atomics(struct warp *w, uint32_t m, const struct lanes *a, unsigned vector, unsigned bytes,
                          bool floats) {
    struct worker *worker = w->block->worker;
    const uint32_t word_bytes = worker->launch->profile->atomic_word;
    struct sector_passes sectors[WARP_SIZE];
    unsigned count = 0;
    worker->counts.atomic_requests++;
    worker->counts.atomics += (uint64_t)vector * (unsigned)__builtin_popcount(m);
    while (m) {
        const uint64_t address = a->address[first_of(m)];
        uint32_t same = 0;
        EACH_LANE {
            same |= (uint32_t)(a->address[l] == address) << l;
        }
        same &= m;
        m &= ~same;
        const uint32_t lanes = (uint32_t)__builtin_popcount(same);
        for (unsigned k = 0; k < vector; k++) {
            chain_add(worker, address + k * bytes, lanes);
        }
        struct sector_passes *s = sector_find(sectors, &count, address / 32);
        for (uint64_t word = address % 32 / word_bytes;
             word <= (address % 32 + vector * bytes - 1) / word_bytes; word++) {
            s->lanes[word] += lanes;
        }
    }
    for (unsigned s = 0; s < count; s++) {
        uint32_t passes = 0;
        for (unsigned k = 0; k < SECTOR_WORDS; k++) {
            passes = sectors[s].lanes[k] > passes ? sectors[s].lanes[k] : passes;
        }
        worker->counts.atomic_passes += passes;
        chain_add_passes(worker, sectors[s].sector, passes, floats);
    }
}

/* Does any lane go to global memory? */
static bool is_global(const struct inst *i, const struct lanes *a, uint32_t m) {
    bool global = i->space == PTX_GLOBAL;
    for (uint32_t left = i->space == PTX_GENERIC ? m : 0; left; left &= left - 1) {
        global |= space_of(a->address[first_of(left)]) == PTX_GLOBAL;
    }
    return global;
}

HANDLER(atomic) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const bool returns = i->flags & FLAG_RETURNS, wide = i->flags & FLAG_WIDE_DATA;
    const unsigned sources = i->sub == ATOMIC_CAS ? 2 : 1;
    const unsigned vector = (unsigned)(i->count / (sources + returns));
    const unsigned bytes = i->bytes, step = wide ? 8 : 4;
    const bool global = is_global(i, &a, m);
    const bool floats = atomic_type_is_float(i->aux);
    struct memory_counts *const counts = &w->block->worker->counts;
    const uint64_t wavefronts = counts->shared_wavefronts;
    const enum shape shape = reach(w, i, m, &a, bytes * vector, READ | WRITE | ATOMIC);
    if (shape == SHAPE_OTHER && !access_resolve(w, i, m, &a, bytes * vector, READ | WRITE | ATOMIC)) {
        return;
    }
    if (shape != SHAPE_OTHER) {
        set_hosts(&a);
    }
    if (global) {
        count_atomics(w, m, &a, vector, bytes, floats);
    } else {
        counts->shared_atomics += (unsigned)__builtin_popcount(m);
    }
    if (floats) {
        counts->float_atomics += (uint64_t)vector * (unsigned)__builtin_popcount(m);
        counts->shared_float_wavefronts += counts->shared_wavefronts - wavefronts;
    }
    const unsigned type = global && i->aux == TYPE_F32 ? TYPE_F32_FLUSHED : i->aux;
    const bool alone = !global || w->block->launch->host_threads == 1;
    const uint32_t *inputs = i->list + (returns ? vector : 0);
    for (unsigned k = 0; k < vector; k++) {
        const uint8_t *x = operand(w, inputs[k]), *y = sources > 1 ? operand(w, inputs[vector + k]) : x;
        LANE_ARRAY uint64_t old[WARP_SIZE];
        const struct exchanges e = {a.host, k * bytes, x, y, step, old};
        (alone ? exchange_any : exchange_together)(&e, m, bytes, i->sub, type);
        if (returns && wide) {
            put_u64(w, i->list[k], m, old);
        } else if (returns) {
            LANE_ARRAY uint32_t t[WARP_SIZE];
            EACH_LANE {
                t[l] = m >> l & 1 ? (uint32_t)old[l] : 0;
            }
            put_u32(w, i->list[k], m, t);
        }
    }
}

static const struct exec_name names[] = {
    {"atomic", atomic},
};

const struct exec_names EXEC_NAME(names_atomic);
const struct exec_names EXEC_NAME(names_atomic) = {names, sizeof names / sizeof *names};
