/* exec_lop3: any function of three bits, and whether its result is zero (PTX ISA, section 9.7.8). */
#include "exec.h"

/* i->sub: the function's table; bit (a << 2 | b << 1 | c) is its value there. */
static inline void function_of(const struct inst *i, const uint32_t *a, const uint32_t *b, const uint32_t *c,
                               uint32_t t[WARP_SIZE]) {
    uint32_t on[8];
    for (unsigned k = 0; k < 8; k++) {
        on[k] = i->sub >> k & 1 ? UINT32_MAX : 0;
    }
    EACH_LANE {
        const uint32_t x = a[l], y = b[l], z = c[l];
        t[l] = (~x & ((~y & ((~z & on[0]) | (z & on[1]))) | (y & ((~z & on[2]) | (z & on[3]))))) |
               (x & ((~y & ((~z & on[4]) | (z & on[5]))) | (y & ((~z & on[6]) | (z & on[7])))));
    }
}

HANDLER(lop3) {
    LANE_ARRAY uint32_t t[WARP_SIZE];
    function_of(i, operand(w, i->op[1]), operand(w, i->op[2]), operand(w, i->op[3]), t);
    put_u32(w, i->op[0], m, t);
}

/* op[1] = (result != 0) and or or op[5] */
static void with_predicate(struct warp *w, const struct inst *i, uint32_t m, bool is_and) {
    LANE_ARRAY uint32_t t[WARP_SIZE];
    function_of(i, operand(w, i->op[2]), operand(w, i->op[3]), operand(w, i->op[4]), t);
    uint32_t some = 0;
    EACH_LANE {
        some |= (uint32_t)(t[l] != 0) << l;
    }
    const uint32_t q = get_predicate(w, i->op[5]);
    put_u32(w, i->op[0], m, t);
    put_predicate(w, i->op[1], m, is_and ? some & q : some | q);
}

HANDLER(lop3_and) {
    with_predicate(w, i, m, true);
}
HANDLER(lop3_or) {
    with_predicate(w, i, m, false);
}

static const struct exec_name names[] = {
    {"lop3.b32", lop3},
    {"lop3.and.b32", lop3_and},
    {"lop3.or.b32", lop3_or},
};

const struct exec_names EXEC_NAME(names_lop3);
const struct exec_names EXEC_NAME(names_lop3) = {names, sizeof names / sizeof *names};
