/* exec_compare: setp and set (PTX ISA, section 9.7.6). Each comparison gives a mask of lanes. */
#include "compare.h"
#include "exec.h"
#include "soft.h"

#include <math.h>

static inline float flush(float x) {
    return fabsf(x) < 0x1p-126f ? float_of(bits_of(x) & 0x80000000u) : x;
}

static inline float flush_half(uint32_t h) {
    return half_to_float(h & 0x7c00 ? h : h & 0x8000);
}

/* i->aux: 0 none, 1 and, 2 or, 3 xor with predicate op[4]. */
static uint32_t combine(const struct warp *w, const struct inst *i, uint32_t r) {
    if (!i->aux) {
        return r;
    }
    uint32_t c = get_predicate(w, i->op[4]);
    c = i->flags & FLAG_NEGATED ? ~c : c;
    return i->aux == 1 ? r & c : i->aux == 2 ? r | c : r ^ c;
}

/* For pairs high is the upper halves' outcome, else the opposite of low, which is what the second predicate
 * gets. */
static void finish(struct warp *w, const struct inst *i, uint32_t m, uint32_t low, uint32_t high) {
    static const uint32_t yes[] = {
        [COMPARE_ONES] = UINT32_MAX, [COMPARE_F32] = 0x3f800000, [COMPARE_F16] = 0x3c00,
        [COMPARE_BF16] = 0x3f80,     [COMPARE_ONES_16] = 0xffff, [COMPARE_ONES_X2] = 0xffff,
        [COMPARE_F16X2] = 0x3c00,    [COMPARE_BF16X2] = 0x3f80,
    };
    const uint32_t p = combine(w, i, low), q = combine(w, i, high);
    if (i->space == COMPARE_PREDICATES) {
        put_predicate(w, i->op[0], m, p);
        put_predicate(w, i->op[1], m, q);
        return;
    }
    const uint32_t one = yes[i->space], upper = i->space >= COMPARE_ONES_X2 ? one << 16 : 0;
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = (p >> l & 1 ? one : 0) | (q >> l & 1 ? upper : 0);
    }
    put_u32(w, i->op[0], m, t);
}

#define COMPARE(name, T, expr)                                                                               \
    HANDLER(name) {                                                                                          \
        const ST_##T *pa = operand(w, i->op[2]), *pb = operand(w, i->op[3]);                                 \
        LANE_ARRAY uint8_t t[WARP_SIZE];                                                                     \
        EACH_LANE {                                                                                          \
            const VT_##T a = (VT_##T)pa[l], b = (VT_##T)pb[l];                                               \
            t[l] = (expr) != 0;                                                                              \
        }                                                                                                    \
        uint32_t r = 0;                                                                                      \
        EACH_LANE {                                                                                          \
            r |= (uint32_t)t[l] << l;                                                                        \
        }                                                                                                    \
        finish(w, i, m, r, ~r);                                                                              \
    }
/* expr on x and y, the lower halves and then the upper ones */
#define COMPARE_PAIRS(name, widen, expr)                                                                     \
    HANDLER(name) {                                                                                          \
        const uint32_t *pa = operand(w, i->op[2]), *pb = operand(w, i->op[3]);                               \
        uint32_t r[2] = {0, 0};                                                                              \
        for (unsigned k = 0; k < 2; k++) {                                                                   \
            EACH_LANE {                                                                                      \
                const float a = widen(pa[l] >> (16 * k) & 0xffff), b = widen(pb[l] >> (16 * k) & 0xffff);    \
                r[k] |= (uint32_t)((expr) != 0) << l;                                                        \
            }                                                                                                \
        }                                                                                                    \
        finish(w, i, m, r[0], r[1]);                                                                         \
    }
#define INTEGER(T)                                                                                           \
    COMPARE(eq_##T, T, a == b)                                                                               \
    COMPARE(ne_##T, T, a != b)                                                                               \
    COMPARE(lt_##T, T, a < b) COMPARE(le_##T, T, a <= b) COMPARE(gt_##T, T, a > b) COMPARE(ge_##T, T, a >= b)
INTEGER(u16)
INTEGER(s16)
INTEGER(u32)
INTEGER(s32)
INTEGER(u64)
INTEGER(s64)

#define UNORDERED(a, b) ((a) != (a) || (b) != (b))
/* clang-format off */
#define REAL_OF(C, S, T, A, B)                                                                               \
    C(eq_##S, T, A == B)                                                                                     \
    C(ne_##S, T, A < B || A > B)                                                                             \
    C(lt_##S, T, A < B)                                                                                      \
    C(le_##S, T, A <= B)                                                                                     \
    C(gt_##S, T, A > B)                                                                                      \
    C(ge_##S, T, A >= B)                                                                                     \
    C(equ_##S, T, !(A < B || A > B))                                                                         \
    C(neu_##S, T, A != B)                                                                                    \
    C(ltu_##S, T, !(A >= B))                                                                                 \
    C(leu_##S, T, !(A > B))                                                                                  \
    C(gtu_##S, T, !(A <= B))                                                                                 \
    C(geu_##S, T, !(A < B))                                                                                  \
    C(num_##S, T, !UNORDERED(A, B))                                                                          \
    C(nan_##S, T, UNORDERED(A, B))
#define REAL(S, T, A, B) REAL_OF(COMPARE, S, T, A, B)
#define REAL_PAIRS(S, widen) REAL_OF(COMPARE_PAIRS, S, widen, a, b)
/* clang-format on */
REAL(f32, f32, a, b)
REAL(f32ftz, f32, flush(a), flush(b))
REAL(f64, f64, a, b)
REAL(f16, u32, half_to_float(a), half_to_float(b))
REAL(bf16, u32, bf16_to_float(a), bf16_to_float(b))
REAL(f16ftz, u32, flush_half(a), flush_half(b))
REAL_PAIRS(f16x2, half_to_float)
REAL_PAIRS(bf16x2, bf16_to_float)
REAL_PAIRS(f16x2ftz, flush_half)

#define INTEGER_NAMES(T)                                                                                     \
    {"eq." #T, eq_##T}, {"ne." #T, ne_##T}, {"lt." #T, lt_##T}, {"le." #T, le_##T}, {"gt." #T, gt_##T}, {    \
        "ge." #T, ge_##T                                                                                     \
    }
#define UNSIGNED_NAMES(T)                                                                                    \
    INTEGER_NAMES(T), {"lo." #T, lt_##T}, {"ls." #T, le_##T}, {"hi." #T, gt_##T}, {                          \
        "hs." #T, ge_##T                                                                                     \
    }
#define REAL_NAMES(S, text)                                                                                  \
    {"eq." text, eq_##S}, {"ne." text, ne_##S}, {"lt." text, lt_##S}, {"le." text, le_##S},                  \
        {"gt." text, gt_##S}, {"ge." text, ge_##S}, {"equ." text, equ_##S}, {"neu." text, neu_##S},          \
        {"ltu." text, ltu_##S}, {"leu." text, leu_##S}, {"gtu." text, gtu_##S}, {"geu." text, geu_##S},      \
        {"num." text, num_##S}, {                                                                            \
        "nan." text, nan_##S                                                                                 \
    }

static const struct exec_name names[] = {
    UNSIGNED_NAMES(u16),
    INTEGER_NAMES(s16),
    UNSIGNED_NAMES(u32),
    INTEGER_NAMES(s32),
    UNSIGNED_NAMES(u64),
    INTEGER_NAMES(s64),
    {"eq.b16", eq_u16},
    {"ne.b16", ne_u16},
    {"eq.b32", eq_u32},
    {"ne.b32", ne_u32},
    {"eq.b64", eq_u64},
    {"ne.b64", ne_u64},
    REAL_NAMES(f32, "f32"),
    REAL_NAMES(f32ftz, "ftz.f32"),
    REAL_NAMES(f64, "f64"),
    REAL_NAMES(f16, "f16"),
    REAL_NAMES(bf16, "bf16"),
    REAL_NAMES(f16ftz, "ftz.f16"),
    REAL_NAMES(f16x2, "f16x2"),
    REAL_NAMES(bf16x2, "bf16x2"),
    REAL_NAMES(f16x2ftz, "ftz.f16x2"),
};

const struct exec_names EXEC_NAME(names_compare);
const struct exec_names EXEC_NAME(names_compare) = {names, sizeof names / sizeof *names};
