/* exec_memory: ld and st. A warp that reads or writes consecutive addresses is served in one piece. */
#include "global_bytes.h"
#include "reach.h"

/* ---- loads and stores: list = registers, op[0] = address ---- */

static inline uint64_t load_element(const uint8_t *p, unsigned bytes, bool is_signed) {
    const uint64_t v = element_read(p, bytes);
    return !is_signed || bytes == 8 ? v
           : bytes == 4             ? (uint64_t)(int64_t)(int32_t)v
           : bytes == 2             ? (uint64_t)(int64_t)(int16_t)v
                                    : (uint64_t)(int64_t)(int8_t)v;
}

static void load_lanes(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a) {
    const bool is_signed = i->flags & FLAG_SIGNED;
    for (unsigned k = 0; k < i->count; k++) {
        if (i->flags & FLAG_WIDE_DATA) {
            LANE_ARRAY uint64_t t[WARP_SIZE];
            for (uint32_t left = m; left; left &= left - 1) {
                const unsigned l = first_of(left);
                t[l] = load_element(a->host[l] + k * i->bytes, i->bytes, is_signed);
            }
            put_u64(w, i->list[k], m, t);
        } else if (i->bytes == 4 && m == UINT32_MAX) {
            uint32_t *const d = operand(w, i->list[k]);
            EACH_LANE {
                d[l] = (uint32_t)element_read(a->host[l] + k * 4, 4);
            }
        } else {
            LANE_ARRAY uint32_t t[WARP_SIZE];
            const uint32_t keep = i->aux == 16 ? 0xffff : UINT32_MAX; /* aux: the register's bits */
            for (uint32_t left = m; left; left &= left - 1) {
                const unsigned l = first_of(left);
                t[l] = (uint32_t)load_element(a->host[l] + k * i->bytes, i->bytes, is_signed) & keep;
            }
            put_u32(w, i->list[k], m, t);
        }
    }
}

/* The same value for all lanes. */
static void load_broadcast(struct warp *w, const struct inst *i, uint32_t m, const uint8_t *p) {
    for (unsigned k = 0; k < i->count; k++) {
        const uint64_t v = load_element(p + k * i->bytes, i->bytes, i->flags & FLAG_SIGNED);
        if (i->flags & FLAG_WIDE_DATA) {
            uint64_t *const d = operand(w, i->list[k]);
            EACH_LANE {
                d[l] = m & 1u << l ? v : d[l];
            }
        } else {
            uint32_t *const d = operand(w, i->list[k]);
            const uint32_t low = (uint32_t)v & (i->aux == 16 ? 0xffff : UINT32_MAX);
            EACH_LANE {
                d[l] = m & 1u << l ? low : d[l];
            }
        }
    }
}

/* One after the other in memory: 32-bit elements, count of them for each lane. */
static inline void load_consecutive(struct warp *w, const struct inst *i, const uint8_t *from,
                                    unsigned count) {
    LANE_ARRAY uint32_t t[4 * WARP_SIZE];
    uint32_t *d[4];
    words_read(t, from, count * WARP_SIZE);
    for (unsigned k = 0; k < count; k++) {
        d[k] = operand(w, i->list[k]);
    }
    EACH_LANE {
        for (unsigned k = 0; k < count; k++) {
            d[k][l] = t[l * count + k];
        }
    }
}

static inline void store_consecutive(struct warp *w, const struct inst *i, uint8_t *to, unsigned count) {
    LANE_ARRAY uint32_t t[4 * WARP_SIZE];
    const uint32_t *s[4];
    for (unsigned k = 0; k < count; k++) {
        s[k] = operand(w, i->list[k]);
    }
    EACH_LANE {
        for (unsigned k = 0; k < count; k++) {
            t[l * count + k] = s[k][l];
        }
    }
    words_write(to, t, count * WARP_SIZE);
}

/* Up to four addresses, each of a run of lanes: 32-bit elements. */
enum { MOST_RUNS = 4 };
static void load_runs(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a) {
    uint32_t first[MOST_RUNS] = {0, WARP_SIZE, WARP_SIZE, WARP_SIZE};
    const uint8_t *from[MOST_RUNS];
    unsigned runs = 0;
    for (uint32_t left = a->steps | 1; left; left &= left - 1) {
        first[runs] = first_of(left);
        from[runs] = lane_host(a, first[runs]);
        runs++;
    }
    for (unsigned k = 0; k < i->count; k++) {
        uint32_t v[MOST_RUNS] = {0};
        for (unsigned r = 0; r < runs; r++) {
            v[r] = (uint32_t)element_read(from[r] + 4 * k, 4);
        }
        uint32_t *const d = operand(w, i->list[k]);
        EACH_LANE {
            const uint32_t t = l < first[1] ? v[0] : l < first[2] ? v[1] : l < first[3] ? v[2] : v[3];
            d[l] = m & 1u << l ? t : d[l];
        }
    }
}

HANDLER(load) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const unsigned bytes = (unsigned)i->bytes * i->count;
    const enum shape shape = reach(w, i, m, &a, bytes, READ);
    if (shape == SHAPE_OTHER) {
        if (access_resolve(w, i, m, &a, bytes, READ)) {
            load_lanes(w, i, m, &a);
        }
        return;
    }
    if (shape == SHAPE_UNIFORM) {
        load_broadcast(w, i, m, lane_host(&a, 0));
        return;
    }
    if (shape == SHAPE_CONSECUTIVE && i->bytes == 4 && !(i->flags & FLAG_WIDE_DATA) && i->count <= 4) {
        const uint8_t *from = lane_host(&a, 0);
        i->count == 4   ? load_consecutive(w, i, from, 4)
        : i->count == 2 ? load_consecutive(w, i, from, 2)
                        : load_consecutive(w, i, from, 1);
        return;
    }
    if (i->bytes == 4 && !(i->flags & FLAG_WIDE_DATA) && __builtin_popcount(a.steps) < MOST_RUNS) {
        load_runs(w, i, m, &a);
        return;
    }
    set_hosts(&a);
    load_lanes(w, i, m, &a);
}

HANDLER(store) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const unsigned bytes = (unsigned)i->bytes * i->count;
    const enum shape shape = reach(w, i, m, &a, bytes, WRITE);
    if (shape == SHAPE_CONSECUTIVE && i->bytes == 4 && !(i->flags & FLAG_WIDE_DATA) && i->count <= 4) {
        uint8_t *to = lane_host(&a, 0);
        i->count == 4   ? store_consecutive(w, i, to, 4)
        : i->count == 2 ? store_consecutive(w, i, to, 2)
                        : store_consecutive(w, i, to, 1);
        return;
    }
    if (shape != SHAPE_OTHER) {
        set_hosts(&a);
    } else if (!access_resolve(w, i, m, &a, bytes, WRITE)) {
        return;
    }
    for (unsigned k = 0; k < i->count; k++) {
        const bool wide = i->flags & FLAG_WIDE_DATA;
        const void *s = operand(w, i->list[k]);
        for (uint32_t left = m; left; left &= left - 1) {
            const unsigned l = first_of(left);
            element_write(a.host[l] + k * i->bytes, i->bytes,
                          wide ? ((const uint64_t *)s)[l] : ((const uint32_t *)s)[l]);
        }
    }
}

HANDLER(load_param) {
    LANE_ARRAY uint8_t t[64]; /* parameters need not be aligned */
    memcpy(t, w->block->launch->params + i->imm, (size_t)i->bytes * i->count);
    load_broadcast(w, i, m, t);
}

static const struct exec_name names[] = {
    {"load", load},
    {"store", store},
    {"load.param", load_param},
};

const struct exec_names EXEC_NAME(names_memory);
const struct exec_names EXEC_NAME(names_memory) = {names, sizeof names / sizeof *names};
