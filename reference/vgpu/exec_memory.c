/* exec_memory: ld and st. A warp that reads or writes consecutive addresses is served in one piece. */
#include "access.h"

/* All lanes, one after the other in memory, in one allocation. */
static bool consecutive(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a, unsigned bytes,
                        bool write) {
    if (m != UINT32_MAX || (a->address[0] & (bytes - 1)) || a->address[0] < VGPU_GLOBAL_BASE) {
        return false;
    }
    uint64_t different = 0;
    EACH_LANE {
        different |= a->address[l] - a->address[0] - l * bytes;
    }
    if (different || !global_range(w, i, a->address[0], (uint64_t)bytes * WARP_SIZE, write)) {
        return false;
    }
    const struct launch *launch = w->block->launch;
    if ((launch->checks & CHECK_INIT) && !w->block->worker->sites[i->site].initialised) {
        if (write) {
            memory_mark_written(launch->memory, a->address[0], (uint64_t)bytes * WARP_SIZE);
        } else if (!memory_is_written(launch->memory, a->address[0], (uint64_t)bytes * WARP_SIZE)) {
            return false; /* lane by lane, to name the one */
        }
    }
    struct worker *worker = w->block->worker;
    const uint64_t first = a->address[0] / 32, last = (a->address[0] + bytes * WARP_SIZE - 1) / 32;
    for (uint64_t line = first / 4; line <= last / 4; line++) {
        const unsigned low = line == first / 4 ? (unsigned)(first % 4) : 0,
                       high = line == last / 4 ? (unsigned)(last % 4) : 3;
        access_log_line(worker, line, (uint8_t)((2u << high) - (1u << low)),
                        write ? ACCESS_STORE : ACCESS_LOAD, i->flags & FLAG_VOLATILE);
    }
    struct memory_counts *c = &worker->counts;
    *(write ? &c->global_store_requests : &c->global_load_requests) += 1;
    *(write ? &c->global_store_sectors : &c->global_load_sectors) += last - first + 1;
    *(write ? &c->global_store_bytes : &c->global_load_bytes) += (uint64_t)bytes * WARP_SIZE;
    return true;
}

/* All active lanes at one address of global memory: checked and counted once. */
static bool uniform(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a, unsigned bytes) {
    const uint64_t address = a->address[first_of(m)];
    uint64_t different = 0;
    EACH_LANE {
        different |= m >> l & 1 ? a->address[l] - address : 0;
    }
    if (different || address < VGPU_GLOBAL_BASE || (address & (bytes - 1)) ||
        !global_range(w, i, address, bytes, false)) {
        return false;
    }
    const struct launch *launch = w->block->launch;
    if ((launch->checks & CHECK_INIT) && !w->block->worker->sites[i->site].initialised &&
        !memory_is_written(launch->memory, address, bytes)) {
        return false;
    }
    struct worker *worker = w->block->worker;
    access_log_line(worker, address / 128, (uint8_t)(1u << (address / 32 % 4)), ACCESS_LOAD,
                    i->flags & FLAG_VOLATILE);
    worker->counts.global_load_requests++;
    worker->counts.global_load_sectors++;
    worker->counts.global_load_bytes += (uint64_t)bytes * (unsigned)__builtin_popcount(m);
    return true;
}

/* ---- loads and stores: list = registers, op[0] = address ---- */

static inline uint64_t load_element(const uint8_t *p, unsigned bytes, bool is_signed) {
    switch (bytes) {
    case 1: return is_signed ? (uint64_t)(int64_t) * (const int8_t *)p : *p;
    case 2: {
        uint16_t v;
        memcpy(&v, p, 2);
        return is_signed ? (uint64_t)(int64_t)(int16_t)v : v;
    }
    case 4: {
        uint32_t v;
        memcpy(&v, p, 4);
        return is_signed ? (uint64_t)(int64_t)(int32_t)v : v;
    }
    default: {
        uint64_t v;
        memcpy(&v, p, 8);
        return v;
    }
    }
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
            LANE_ARRAY uint64_t t[WARP_SIZE];
            EACH_LANE {
                t[l] = v;
            }
            put_u64(w, i->list[k], m, t);
        } else {
            LANE_ARRAY uint32_t t[WARP_SIZE];
            EACH_LANE {
                t[l] = (uint32_t)v & (i->aux == 16 ? 0xffff : UINT32_MAX);
            }
            put_u32(w, i->list[k], m, t);
        }
    }
}

HANDLER(load) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const unsigned bytes = (unsigned)i->bytes * i->count;
    if ((i->space == PTX_GLOBAL || i->space == PTX_GENERIC) && consecutive(w, i, m, &a, bytes, false)) {
        const uint8_t *from = global_host(w, a.address[0]);
        if (i->bytes == 4 && !(i->flags & FLAG_WIDE_DATA)) {
            for (unsigned k = 0; k < i->count; k++) {
                uint32_t *d = operand(w, i->list[k]);
                const uint32_t *s = (const uint32_t *)from + k;
                EACH_LANE {
                    d[l] = s[l * i->count];
                }
            }
            return;
        }
        EACH_LANE {
            a.host[l] = (uint8_t *)from + l * bytes;
        }
    } else if ((i->space == PTX_GLOBAL || i->space == PTX_GENERIC) && bytes <= 32 &&
               uniform(w, i, m, &a, bytes)) {
        load_broadcast(w, i, m, global_host(w, a.address[first_of(m)]));
        return;
    } else if (!access_resolve(w, i, m, &a, bytes, READ)) {
        return;
    }
    load_lanes(w, i, m, &a);
}

HANDLER(store) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const unsigned bytes = (unsigned)i->bytes * i->count;
    if ((i->space == PTX_GLOBAL || i->space == PTX_GENERIC) && consecutive(w, i, m, &a, bytes, true)) {
        uint8_t *to = global_host(w, a.address[0]);
        if (i->bytes == 4 && !(i->flags & FLAG_WIDE_DATA)) {
            for (unsigned k = 0; k < i->count; k++) {
                const uint32_t *s = operand(w, i->list[k]);
                uint32_t *d = (uint32_t *)to + k;
                EACH_LANE {
                    d[l * i->count] = s[l];
                }
            }
            return;
        }
        EACH_LANE {
            a.host[l] = to + l * bytes;
        }
    } else if (!access_resolve(w, i, m, &a, bytes, WRITE)) {
        return;
    }
    for (unsigned k = 0; k < i->count; k++) {
        const bool wide = i->flags & FLAG_WIDE_DATA;
        const uint8_t *s = operand(w, i->list[k]);
        for (uint32_t left = m; left; left &= left - 1) {
            const unsigned l = first_of(left);
            memcpy(a.host[l] + k * i->bytes, s + l * (wide ? 8 : 4), i->bytes);
        }
    }
}

HANDLER(load_param) {
    load_broadcast(w, i, m, w->block->launch->params + i->imm);
}

static const struct exec_name names[] = {
    {"load", load},
    {"store", store},
    {"load.param", load_param},
};

const struct exec_names EXEC_NAME(names_memory);
const struct exec_names EXEC_NAME(names_memory) = {names, sizeof names / sizeof *names};
