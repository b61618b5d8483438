/* exec_copy: cp.async, ldmatrix and stmatrix. */
#include <stdlib.h>

#include "access.h"
#include "global_bytes.h"

/* ---- cp.async: the copy takes place when it is waited for, as late as the hardware may do it ---- */

/* op[0] shared address, op[1] global address, op[2] source bytes or none; bytes: size. */
HANDLER(copy_async) {
    struct lanes to, from;
    struct inst part = *i;
    part.imm = i->imm & 0xffffffff;
    part.flags = i->flags & FLAG_NEGATED ? FLAG_WIDE_ADDRESS : 0; /* FLAG_NEGATED: a 64-bit shared address */
    addresses(w, &part, i->op[0], &to);
    part.imm = i->imm >> 32;
    part.flags = FLAG_WIDE_ADDRESS;
    addresses(w, &part, i->op[1], &from);
    part = *i;
    part.space = PTX_GLOBAL;
    const uint32_t *size = i->op[2] == UINT32_MAX ? NULL : operand(w, i->op[2]);
    uint32_t reads = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        if (space_of(from.address[l]) != PTX_GLOBAL) {
            raise_fault(w, i, l, FAULT_ADDRESS, "source of cp.async is not global memory");
            return;
        }
        const unsigned wanted = size ? size[l] : i->bytes;
        if (wanted > i->bytes) {
            raise_fault(w, i, l, FAULT_ADDRESS, "cp.async of %u bytes is told to read %u", i->bytes, wanted);
            return;
        }
        uint8_t *host;
        to.address[l] -= to.address[l] >= VGPU_SHARED_BASE ? VGPU_SHARED_BASE : 0;
        if (!access_lane_shared(w, i, l, to.address[l], &host, i->bytes, WRITE)) {
            return;
        }
        /* written only when waited for: reading it before that finds nothing there */
        memset(w->block->shared_init + to.address[l], 0, i->bytes);
        if (w->copy_count == w->copy_capacity) {
            const uint32_t capacity = w->copy_capacity ? 2 * w->copy_capacity : 128;
            struct copy_async *bigger = realloc(w->copies, capacity * sizeof *bigger);
            if (!bigger) {
                raise_fault(w, i, l, FAULT_INTERNAL, "out of memory");
                return;
            }
            w->copies = bigger;
            w->copy_capacity = capacity;
        }
        w->copies[w->copy_count++] = (struct copy_async){
            from.address[l], (uint32_t)to.address[l], w->copy_group, i->bytes, (uint8_t)wanted, (uint8_t)l};
        if (wanted) {
            if (from.address[l] & (i->bytes - 1u)) {
                access_misaligned(w, i, l, from.address[l], i->bytes);
                return;
            }
            if (!global_range(w, i, from.address[l], wanted, false)) {
                access_bad_global(w, i, l, from.address[l], wanted, "read");
                return;
            }
            if ((w->block->launch->checks & CHECK_INIT) && !w->block->worker->sites[i->site].initialised) {
                access_check_written(w, i, l, from.address[l], wanted);
            }
            reads |= 1u << l;
        }
    }
    if (reads) {
        access_record_global(w, &part, reads, &from, i->bytes, ACCESS_LOAD);
    }
    access_count_shared(w, m, &to, i->bytes, false);
}

HANDLER(copy_commit) {
    (void)i;
    (void)m;
    w->copy_group++;
}

/* imm: how many of the latest groups may remain; -1: none, uncommitted ones included. */
HANDLER(copy_wait) {
    struct block *b = w->block;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < w->copy_count; k++) {
        const struct copy_async c = w->copies[k];
        const bool due = i->imm < 0 || (int64_t)c.group + i->imm < (int64_t)w->copy_group;
        if (!due || !(m >> c.lane & 1)) {
            w->copies[kept++] = c;
            continue;
        }
        uint8_t *host;
        if (!access_lane_shared(w, i, c.lane, c.shared, &host, c.bytes, WRITE)) {
            return;
        }
        memset(host, 0, c.bytes);
        if (c.source_bytes && memory_range(b->launch->memory, c.global, c.source_bytes)) {
            elements_read(host, global_host(w, c.global), c.source_bytes);
        }
    }
    w->copy_count = kept;
}

/* ---- ldmatrix, stmatrix: 8x8 matrices of 16 bits, a row of 16 bytes from each of 8 lanes' addresses ---- */

/* op[0] address, list: one register per matrix; sub: transposed. */
HANDLER(load_matrix) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const uint32_t rows = i->count == 4 ? UINT32_MAX : (1u << 8 * i->count) - 1;
    if (m != UINT32_MAX || !access_resolve(w, i, rows, &a, 16, READ)) {
        return;
    }
    for (unsigned k = 0; k < i->count; k++) {
        LANE_ARRAY uint32_t t[WARP_SIZE];
        EACH_LANE {
            const unsigned row = l / 4, column = 2 * (l % 4);
            uint16_t v[2];
            if (i->sub) {
                memcpy(&v[0], a.host[8 * k + column] + 2 * row, 2);
                memcpy(&v[1], a.host[8 * k + column + 1] + 2 * row, 2);
            } else {
                memcpy(v, a.host[8 * k + row] + 2 * column, 4);
            }
            t[l] = v[0] | (uint32_t)v[1] << 16;
        }
        put_u32(w, i->list[k], m, t);
    }
}

HANDLER(store_matrix) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const uint32_t rows = i->count == 4 ? UINT32_MAX : (1u << 8 * i->count) - 1;
    if (m != UINT32_MAX || !access_resolve(w, i, rows, &a, 16, WRITE)) {
        return;
    }
    for (unsigned k = 0; k < i->count; k++) {
        const uint32_t *s = operand(w, i->list[k]);
        EACH_LANE {
            const unsigned row = l / 4, column = 2 * (l % 4);
            const uint16_t v[2] = {(uint16_t)s[l], (uint16_t)(s[l] >> 16)};
            if (i->sub) {
                memcpy(a.host[8 * k + column] + 2 * row, &v[0], 2);
                memcpy(a.host[8 * k + column + 1] + 2 * row, &v[1], 2);
            } else {
                memcpy(a.host[8 * k + row] + 2 * column, v, 4);
            }
        }
    }
}

static const struct exec_name names[] = {
    {"copy.async", copy_async},   {"copy.commit", copy_commit},   {"copy.wait", copy_wait},
    {"load.matrix", load_matrix}, {"store.matrix", store_matrix},
};

const struct exec_names EXEC_NAME(names_copy);
const struct exec_names EXEC_NAME(names_copy) = {names, sizeof names / sizeof *names};
