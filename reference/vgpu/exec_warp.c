/* exec_warp: instructions in which lanes of a warp meet: shfl, vote, match, redux, activemask, elect,
 * bar.warp.sync (PTX ISA, sections 9.7.9 and 9.7.13). The scheduler has brought the lanes of the member mask
 * together. */
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "exec.h"

enum shuffle { SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_BFLY, SHUFFLE_IDX };

/* t[l] = a[from[l]] */
static inline void pick_lanes(uint32_t *t, const uint32_t *a, const uint32_t *from) {
#ifdef __AVX512F__
    const __m512i low = _mm512_loadu_si512(a), high = _mm512_loadu_si512(a + 16);
    for (unsigned l = 0; l < WARP_SIZE; l += 16) {
        _mm512_store_si512(t + l, _mm512_permutex2var_epi32(low, _mm512_load_si512(from + l), high));
    }
#else
    EACH_LANE {
        t[l] = a[from[l]];
    }
#endif
}

/* Where each lane reads: from, if that is in its segment, else its own value. */
#define SHUFFLE(lane_from, in_segment)                                                                       \
    EACH_LANE {                                                                                              \
        const int lane = (int)l, offset = (int)(b[l] & 31), clamp = (int)(c[l] & 31),                        \
                  segment = (int)(c[l] >> 8 & 31);                                                           \
        const int most = (lane & segment) | (clamp & ~segment), least = lane & segment;                      \
        const int other = lane_from;                                                                         \
        const bool in_range = in_segment;                                                                    \
        (void)least;                                                                                         \
        from[l] = (uint32_t)(in_range ? other : lane) & 31;                                                  \
        valid |= (uint32_t)in_range << l;                                                                    \
    }

/* op: 0 d, 1 p, 2 a, 3 b, 4 c, 5 member mask. */
HANDLER(shfl) {
    const uint32_t *a = operand(w, i->op[2]), *b = operand(w, i->op[3]), *c = operand(w, i->op[4]);
    LANE_ARRAY uint32_t from[WARP_SIZE], t[WARP_SIZE];
    uint32_t valid = 0;
    switch (i->sub) {
    case SHUFFLE_UP: SHUFFLE(lane - offset, other >= most) break;
    case SHUFFLE_DOWN: SHUFFLE(lane + offset, other <= most) break;
    case SHUFFLE_BFLY: SHUFFLE(lane ^ offset, other <= most) break;
    default: SHUFFLE(least | (offset & ~segment), other <= most)
    }
    pick_lanes(t, a, from);
    put_u32(w, i->op[0], m, t);
    put_predicate(w, i->op[1], m, valid);
}

/* op: 0 d, 1 predicate, 2 member mask. sub: all, any, uni, ballot. */
enum vote { VOTE_ALL, VOTE_ANY, VOTE_UNI, VOTE_BALLOT };

HANDLER(vote) {
    uint32_t p = get_predicate(w, i->op[1]);
    const uint32_t *named = operand(w, i->op[2]);
    const uint32_t members = named[__builtin_ctz(m)] & m;
    p = (i->flags & FLAG_NEGATED ? ~p : p) & members;
    if (i->sub == VOTE_BALLOT) {
        LANE_ARRAY uint32_t t[WARP_SIZE];
        EACH_LANE {
            t[l] = p;
        }
        put_u32(w, i->op[0], m, t);
        return;
    }
    const bool yes = i->sub == VOTE_ALL ? p == members : i->sub == VOTE_ANY ? p != 0 : p == members || p == 0;
    put_predicate(w, i->op[0], m, yes ? UINT32_MAX : 0);
}

/* op: 0 d, 1 p (match.all), 2 a, 3 member mask. sub: 1 all; FLAG_WIDE_DATA: 64-bit values. */
HANDLER(match) {
    const uint32_t *narrow = operand(w, i->op[2]);
    const uint64_t *wide = operand(w, i->op[2]);
    const bool is_wide = i->flags & FLAG_WIDE_DATA;
    const uint32_t members = ((const uint32_t *)operand(w, i->op[3]))[__builtin_ctz(m)] & m;
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = 0;
        const uint64_t mine = is_wide ? wide[l] : narrow[l];
        for (unsigned k = 0; k < WARP_SIZE; k++) {
            t[l] |= (uint32_t)((is_wide ? wide[k] : narrow[k]) == mine) << k;
        }
        t[l] &= members;
    }
    if (i->sub) {
        const bool all = t[__builtin_ctz(m)] == members;
        EACH_LANE {
            t[l] = all ? members : 0;
        }
        put_predicate(w, i->op[1], m, all ? UINT32_MAX : 0);
    }
    put_u32(w, i->op[0], m, t);
}

/* op: 0 d, 1 a, 2 member mask. sub: add, min, max, and, or, xor; FLAG_SIGNED. */
enum redux { REDUX_ADD, REDUX_MIN, REDUX_MAX, REDUX_AND, REDUX_OR, REDUX_XOR };

HANDLER(redux) {
    const uint32_t *a = operand(w, i->op[1]);
    const uint32_t members = ((const uint32_t *)operand(w, i->op[2]))[__builtin_ctz(m)] & m;
    uint32_t r = 0;
    bool first = true;
    EACH_LANE {
        if (!(members >> l & 1)) {
            continue;
        }
        const uint32_t x = a[l];
        const bool less = i->flags & FLAG_SIGNED ? (int32_t)x < (int32_t)r : x < r;
        switch (i->sub) {
        case REDUX_ADD: r += x; break;
        case REDUX_MIN: r = first || less ? x : r; break;
        case REDUX_MAX: r = first || !less ? x : r; break;
        case REDUX_AND: r = first ? x : r & x; break;
        case REDUX_OR: r |= x; break;
        default: r ^= x;
        }
        first = false;
    }
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = r;
    }
    put_u32(w, i->op[0], m, t);
}

HANDLER(activemask) {
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = m;
    }
    put_u32(w, i->op[0], m, t);
}

/* op: 0 d, 1 p, 2 member mask: the lowest member is elected. */
HANDLER(elect) {
    const uint32_t members = ((const uint32_t *)operand(w, i->op[2]))[__builtin_ctz(m)] & m;
    const unsigned leader = members ? (unsigned)__builtin_ctz(members) : 0;
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = leader;
    }
    put_u32(w, i->op[0], m, t);
    put_predicate(w, i->op[1], m, 1u << leader);
}

/* Orders the warp's own accesses to memory. */
HANDLER(warp_barrier) {
    (void)i;
    (void)m;
    w->sync_epoch++;
}

static const struct exec_name names[] = {
    {"shfl", shfl},
    {"vote", vote},
    {"match", match},
    {"redux", redux},
    {"activemask", activemask},
    {"elect", elect},
    {"bar.warp", warp_barrier},
};

const struct exec_names EXEC_NAME(names_warp);
const struct exec_names EXEC_NAME(names_warp) = {names, sizeof names / sizeof *names};
