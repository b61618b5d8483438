/* exec: what the handlers of plain instructions share. These files are compiled once for each instruction set
 * of the host; EXEC_NAME() keeps the copies apart. A handler computes all 32 lanes - they vectorise - and
 * writes the active ones. Mostly these are all lanes: then the results go straight to their register, since
 * what takes the way through the stack arrives later by as much as a multiplication takes. */
#ifndef VGPU_EXEC_H
#define VGPU_EXEC_H

#include <string.h>

#include "machine.h"

#define EXEC_JOIN2(a, b) a##_##b
#define EXEC_JOIN(a, b) EXEC_JOIN2(a, b)
#define EXEC_NAME(name) EXEC_JOIN(name, VGPU_ISA)

#define EACH_LANE for (unsigned l = 0; l < WARP_SIZE; l++)
#define LANE_ARRAY __attribute__((aligned(64)))

struct exec_name {
    const char *name;
    exec_fn *run;
};

struct exec_names {
    const struct exec_name *names;
    size_t count;
};

/* Storage type, value type and unsigned type of each PTX type: 16-bit values sit in 32-bit lanes. */
#define ST_u16 uint32_t
#define VT_u16 uint16_t
#define UT_u16 uint16_t
#define ST_s16 uint32_t
#define VT_s16 int16_t
#define UT_s16 uint16_t
#define ST_u32 uint32_t
#define VT_u32 uint32_t
#define UT_u32 uint32_t
#define ST_s32 uint32_t
#define VT_s32 int32_t
#define UT_s32 uint32_t
#define ST_u64 uint64_t
#define VT_u64 uint64_t
#define UT_u64 uint64_t
#define ST_s64 uint64_t
#define VT_s64 int64_t
#define UT_s64 uint64_t
#define ST_f32 float
#define VT_f32 float
#define UT_f32 float
#define ST_f64 double
#define VT_f64 double
#define UT_f64 double

/* put_u32(w, op, mask, t) and the like: the active lanes of a register become t's. */
#define PUT(T, TYPE)                                                                                         \
    static inline void put_##T(struct warp *w, uint32_t op, uint32_t mask, const TYPE *t) {                  \
        TYPE *d = operand(w, op);                                                                            \
        if (mask == UINT32_MAX) {                                                                            \
            memcpy(d, t, sizeof *t *WARP_SIZE);                                                              \
            return;                                                                                          \
        }                                                                                                    \
        EACH_LANE {                                                                                          \
            d[l] = mask & 1u << l ? t[l] : d[l];                                                             \
        }                                                                                                    \
    }
PUT(u32, uint32_t)
PUT(u64, uint64_t)
PUT(f32, float)
PUT(f64, double)
#undef PUT

#define PUT(w, op, mask, t)                                                                                  \
    _Generic(&(t)[0], uint32_t *: put_u32, uint64_t *: put_u64, float *: put_f32, double *: put_f64)(w, op, mask, t)

static inline uint32_t get_predicate(const struct warp *w, uint32_t op) {
    const uint32_t *p = operand(w, op);
    return *p;
}

static inline void put_predicate(struct warp *w, uint32_t op, uint32_t mask, uint32_t value) {
    uint32_t *p = operand(w, op);
    *p = (*p & ~mask) | (value & mask);
}

#define HANDLER(name) static void name(struct warp *w, const struct inst *i, uint32_t m)

/* Lanes do not depend on each other, whether or not the result's register is one of the sources. */
#ifdef __clang__
#define EACH_LANE_APART _Pragma("clang loop vectorize(assume_safety)") EACH_LANE
#else
#define EACH_LANE_APART _Pragma("GCC ivdep") EACH_LANE
#endif

/* op[0] = expr, of type D, for the lanes in m; sources declares what expr is made of. */
#define RESULT(D, sources, expr)                                                                             \
    ST_##D *const d = operand(w, i->op[0]);                                                                  \
    if (m == UINT32_MAX) {                                                                                   \
        EACH_LANE_APART {                                                                                    \
            sources;                                                                                         \
            d[l] = (ST_##D)(UT_##D)(expr);                                                                   \
        }                                                                                                    \
    } else {                                                                                                 \
        EACH_LANE_APART {                                                                                    \
            sources;                                                                                         \
            const ST_##D r = (ST_##D)(UT_##D)(expr);                                                         \
            d[l] = m & 1u << l ? r : d[l];                                                                   \
        }                                                                                                    \
    }
#define SOURCE(T, x) const VT_##T x = (VT_##T)p##x[l]

/* D = type of the result, A, B, C of the sources; expr in a, b, c. */
#define OP1(name, D, A, expr)                                                                                \
    HANDLER(name) {                                                                                          \
        const ST_##A *pa = operand(w, i->op[1]);                                                             \
        RESULT(D, SOURCE(A, a), expr)                                                                        \
    }
#define OP2(name, D, A, B, expr)                                                                             \
    HANDLER(name) {                                                                                          \
        const ST_##A *pa = operand(w, i->op[1]);                                                             \
        const ST_##B *pb = operand(w, i->op[2]);                                                             \
        RESULT(D, SOURCE(A, a); SOURCE(B, b), expr)                                                          \
    }
#define OP3(name, D, A, B, C, expr)                                                                          \
    HANDLER(name) {                                                                                          \
        const ST_##A *pa = operand(w, i->op[1]);                                                             \
        const ST_##B *pb = operand(w, i->op[2]);                                                             \
        const ST_##C *pc = operand(w, i->op[3]);                                                             \
        RESULT(D, SOURCE(A, a); SOURCE(B, b); SOURCE(C, c), expr)                                            \
    }
#define OP4(name, D, A, B, C, E, expr)                                                                       \
    HANDLER(name) {                                                                                          \
        const ST_##A *pa = operand(w, i->op[1]);                                                             \
        const ST_##B *pb = operand(w, i->op[2]);                                                             \
        const ST_##C *pc = operand(w, i->op[3]);                                                             \
        const ST_##E *pe = operand(w, i->op[4]);                                                             \
        RESULT(D, SOURCE(A, a); SOURCE(B, b); SOURCE(C, c); SOURCE(E, e), expr)                              \
    }

#endif
