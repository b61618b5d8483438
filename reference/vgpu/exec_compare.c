/* exec_compare: setp and set (PTX ISA, section 9.7.6). Each comparison gives a mask of lanes. */
#include "exec.h"
#include "soft.h"

#include <math.h>

static inline float flush(float x) {
    return fabsf(x) < 0x1p-126f ? float_of(bits_of(x) & 0x80000000u) : x;
}

/* i->aux: 0 none, 1 and, 2 or, 3 xor with predicate op[4]. op[0] = p, op[1] = q. */
static void finish(struct warp *w, const struct inst *i, uint32_t m, uint32_t r) {
    uint32_t p = r, q = ~r;
    if (i->aux) {
        uint32_t c = get_predicate(w, i->op[4]);
        c = i->flags & FLAG_NEGATED ? ~c : c;
        p = i->aux == 1 ? p & c : i->aux == 2 ? p | c : p ^ c;
        q = i->aux == 1 ? q & c : i->aux == 2 ? q | c : q ^ c;
    }
    switch (i->space) { /* what set writes: 0 predicates, 1 all ones, 2 the float 1 */
    case 0:
        put_predicate(w, i->op[0], m, p);
        put_predicate(w, i->op[1], m, q);
        return;
    default: {
        const uint32_t yes = i->space == 1 ? UINT32_MAX : 0x3f800000;
        LANE_ARRAY uint32_t t[WARP_SIZE];
        EACH_LANE {
            t[l] = p >> l & 1 ? yes : 0;
        }
        put_u32(w, i->op[0], m, t);
    }
    }
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
        finish(w, i, m, r);                                                                                  \
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
#define REAL(S, T, A, B)                                                                                     \
    COMPARE(eq_##S, T, A == B)                                                                               \
    COMPARE(ne_##S, T, A < B || A > B)                                                                       \
    COMPARE(lt_##S, T, A < B)                                                                                \
    COMPARE(le_##S, T, A <= B)                                                                               \
    COMPARE(gt_##S, T, A > B)                                                                                \
    COMPARE(ge_##S, T, A >= B)                                                                               \
    COMPARE(equ_##S, T, !(A < B || A > B))                                                                   \
    COMPARE(neu_##S, T, A != B)                                                                              \
    COMPARE(ltu_##S, T, !(A >= B))                                                                           \
    COMPARE(leu_##S, T, !(A > B))                                                                            \
    COMPARE(gtu_##S, T, !(A <= B))                                                                           \
    COMPARE(geu_##S, T, !(A < B))                                                                            \
    COMPARE(num_##S, T, !UNORDERED(A, B))                                                                    \
    COMPARE(nan_##S, T, UNORDERED(A, B))
/* clang-format on */
REAL(f32, f32, a, b)
REAL(f32ftz, f32, flush(a), flush(b))
REAL(f64, f64, a, b)
REAL(f16, u32, half_to_float(a), half_to_float(b))
REAL(bf16, u32, bf16_to_float(a), bf16_to_float(b))

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
    UNSIGNED_NAMES(u16),      INTEGER_NAMES(s16),
    UNSIGNED_NAMES(u32),      INTEGER_NAMES(s32),
    UNSIGNED_NAMES(u64),      INTEGER_NAMES(s64),
    {"eq.b16", eq_u16},       {"ne.b16", ne_u16},
    {"eq.b32", eq_u32},       {"ne.b32", ne_u32},
    {"eq.b64", eq_u64},       {"ne.b64", ne_u64},
    REAL_NAMES(f32, "f32"),   REAL_NAMES(f32ftz, "ftz.f32"),
    REAL_NAMES(f64, "f64"),   REAL_NAMES(f16, "f16"),
    REAL_NAMES(bf16, "bf16"),
};

const struct exec_names EXEC_NAME(names_compare);
const struct exec_names EXEC_NAME(names_compare) = {names, sizeof names / sizeof *names};
