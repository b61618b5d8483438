/* exec_memory: loads, stores, atomics, cp.async and the checks on them.
 *
 * Every access is bounds-checked; the last allocation that an instruction touched is remembered, so that this
 * costs two comparisons. A warp that reads or writes consecutive addresses is served in one piece. */
#include "atomics.h"
#include "exec.h"
#include "launch.h"
#include "soft.h"

#include <math.h>
#include <stdlib.h>

struct lanes {
    uint64_t address[WARP_SIZE];
    uint8_t *host[WARP_SIZE];
};

static unsigned first_of(uint32_t mask) {
    return (unsigned)__builtin_ctz(mask);
}

static void addresses(const struct warp *w, const struct inst *i, uint32_t op, struct lanes *a) {
    if (op == UINT32_MAX) {
        EACH_LANE {
            a->address[l] = (uint64_t)i->imm;
        }
    } else if (i->flags & FLAG_WIDE_ADDRESS) {
        const uint64_t *base = operand(w, op);
        EACH_LANE {
            a->address[l] = base[l] + (uint64_t)i->imm;
        }
    } else {
        const uint32_t *base = operand(w, op);
        EACH_LANE {
            a->address[l] = (uint64_t)(uint32_t)(base[l] + (uint32_t)i->imm);
        }
    }
}

/* ---- where an address leads ---- */

static bool bad_global(struct warp *w, const struct inst *i, unsigned lane, uint64_t address, unsigned bytes,
                       const char *verb) {
    const struct memory *memory = w->block->launch->memory;
    const struct allocation *a = memory_find(memory, address);
    if (a && a->freed) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at 0x%llx, in an allocation of %llu bytes that was freed", verb, bytes,
                    (unsigned long long)address, (unsigned long long)a->bytes);
        return false;
    }
    const struct allocation *near = NULL;
    for (uint64_t back = 0; !near && back <= 4096 && back <= address; back += 256) {
        near = memory_find(memory, address - back);
    }
    if (near) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at 0x%llx, %lld bytes past the end of an allocation of %llu bytes", verb,
                    bytes, (unsigned long long)address, (long long)(address - near->base - near->bytes),
                    (unsigned long long)near->bytes);
    } else {
        raise_fault(w, i, lane, FAULT_ADDRESS, "%s of %u bytes at 0x%llx, which is in no allocation", verb,
                    bytes, (unsigned long long)address);
    }
    return false;
}

/* The range is in one live allocation; remembers it for the instruction. */
static inline bool global_range(struct warp *w, const struct inst *i, uint64_t address, uint64_t bytes,
                                bool write) {
    struct site *site = &w->block->worker->sites[i->site];
    if (address >= site->low && address + bytes <= site->high && address + bytes >= address) {
        return true;
    }
    const struct allocation *a = memory_range(w->block->launch->memory, address, bytes);
    if (!a || (write && a->read_only)) {
        return false;
    }
    *site = (struct site){a->base, a->base + a->bytes, a->initialised};
    return true;
}

static inline uint8_t *global_host(const struct warp *w, uint64_t address) {
    return w->block->launch->memory->host + (address - VGPU_GLOBAL_BASE);
}

static bool misaligned(struct warp *w, const struct inst *i, unsigned lane, uint64_t address,
                       unsigned bytes) {
    raise_fault(w, i, lane, FAULT_MISALIGNED, "access of %u bytes at 0x%llx is not aligned", bytes,
                (unsigned long long)address);
    return false;
}

static void check_written(struct warp *w, const struct inst *i, unsigned lane, uint64_t address,
                          unsigned bytes) {
    if (!memory_is_written(w->block->launch->memory, address, bytes)) {
        report(w, i, lane, VGPU_UNINITIALISED,
               "read of %u bytes at 0x%llx of global memory that was never written", bytes,
               (unsigned long long)address);
    }
}

enum access { READ = 1, WRITE = 2, ATOMIC = 4 };

static bool lane_global(struct warp *w, const struct inst *i, unsigned lane, struct lanes *a, unsigned bytes,
                        unsigned access) {
    const uint64_t address = a->address[lane];
    if (address & (bytes - 1)) {
        return misaligned(w, i, lane, address, bytes);
    }
    if (!global_range(w, i, address, bytes, access & WRITE)) {
        return bad_global(w, i, lane, address, bytes,
                          access & WRITE ? access & READ ? "atomic" : "write" : "read");
    }
    const struct site *site = &w->block->worker->sites[i->site];
    if ((w->block->launch->checks & CHECK_INIT) && !site->initialised) {
        if (access & READ) {
            check_written(w, i, lane, address, bytes);
        }
        if (access & WRITE) {
            memory_mark_written(w->block->launch->memory, address, bytes);
        }
    }
    a->host[lane] = global_host(w, address);
    return true;
}

/* ---- shared memory ---- */

static void race(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset, const char *what,
                 unsigned other) {
    report(w, i, lane, VGPU_RACE,
           "%s at shared address 0x%x: thread %u accessed it without a barrier between", what, offset,
           other - 1);
}

/* Did the other access, by thread (from 1) at its warp's clock and count of warp barriers, come before for
 * certain? */
static inline bool ordered_before(const struct warp *w, unsigned thread, uint32_t clock, uint16_t sync) {
    const unsigned warp = (thread - 1) / WARP_SIZE;
    return warp == w->number ? clock < w->clocks[warp] || sync != (uint16_t)w->sync_epoch
                             : clock <= w->clocks[warp];
}

/* Of several readers the last one is kept: a writer that does not wait for it is found, one that waits for it
 * and not for an earlier reader may be missed. */
static void race_byte(struct warp *w, const struct inst *i, unsigned lane, uint32_t offset, unsigned access) {
    struct shadow *s = &w->block->shadow[offset];
    const uint16_t me = (uint16_t)(w->number * WARP_SIZE + lane + 1);
    const uint32_t clock = w->clocks[w->number];
    const bool write = access & WRITE, atomic = access & ATOMIC;
    if (s->writer && s->writer != me && !(atomic && s->atomic) &&
        !ordered_before(w, s->writer, s->write_clock, s->write_sync)) {
        race(w, i, lane, offset, write ? "write after write" : "read after write", s->writer);
        s->writer = 0;
    }
    if (write && s->reader && s->reader != me && !ordered_before(w, s->reader, s->read_clock, s->read_sync)) {
        race(w, i, lane, offset, "write after read", s->reader);
        s->reader = 0;
    }
    if (write) {
        s->writer = me;
        s->write_clock = clock;
        s->write_sync = (uint16_t)w->sync_epoch;
        s->atomic = atomic;
    } else {
        s->reader = me;
        s->read_clock = clock;
        s->read_sync = (uint16_t)w->sync_epoch;
    }
}

static bool lane_shared(struct warp *w, const struct inst *i, unsigned lane, uint64_t offset, uint8_t **host,
                        unsigned bytes, unsigned access) {
    struct block *b = w->block;
    if (offset & (bytes - 1)) {
        return misaligned(w, i, lane, offset, bytes);
    }
    if (offset > b->shared_bytes || bytes > b->shared_bytes - offset) {
        raise_fault(w, i, lane, FAULT_ADDRESS,
                    "%s of %u bytes at shared address 0x%llx: the block has %u bytes",
                    access & WRITE ? "write" : "read", bytes, (unsigned long long)offset, b->shared_bytes);
        return false;
    }
    if (b->launch->checks & CHECK_INIT) {
        if (access & READ) {
            for (unsigned k = 0; k < bytes; k++) {
                if (!b->shared_init[offset + k]) {
                    report(w, i, lane, VGPU_UNINITIALISED,
                           "read of %u bytes at shared address 0x%llx that was never written", bytes,
                           (unsigned long long)offset);
                    break;
                }
            }
        }
        if (access & WRITE) {
            memset(b->shared_init + offset, 1, bytes);
        }
    }
    if (b->launch->checks & CHECK_RACE) {
        for (unsigned k = 0; k < bytes; k++) {
            race_byte(w, i, lane, (uint32_t)offset + k, access);
        }
    }
    *host = b->shared + offset;
    return true;
}

/* Passes over shared memory that a warp's access takes: 32 banks of 4 bytes; 8-byte accesses go in halves of
 * the warp, 16-byte ones in quarters. */
static void count_shared(struct warp *w, uint32_t m, const struct lanes *a, unsigned bytes) {
    struct memory_counts *c = &w->block->worker->counts;
    const unsigned group = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8, words = bytes <= 4 ? 1 : bytes / 4;
    c->shared_requests++;
    for (unsigned start = 0; start < WARP_SIZE; start += group) {
        uint32_t seen[32][32]; /* words of each bank */
        uint8_t depth[32] = {0};
        unsigned worst = 0;
        for (unsigned l = start; l < start + group; l++) {
            if (!(m >> l & 1)) {
                continue;
            }
            for (unsigned k = 0; k < words; k++) {
                const uint32_t word = (uint32_t)(a->address[l] / 4) + k, bank = word % 32;
                unsigned d = 0;
                while (d < depth[bank] && seen[bank][d] != word) {
                    d++;
                }
                if (d == depth[bank] && d < 32) {
                    seen[bank][d] = word;
                    depth[bank]++;
                    worst = depth[bank] > worst ? depth[bank] : worst;
                }
            }
        }
        c->shared_wavefronts += worst;
        c->shared_ideal += worst != 0;
    }
}

/* ---- records for the caches ---- */

static void log_line(struct worker *worker, uint64_t line, uint8_t sectors, uint8_t kind, bool bypass) {
    if (worker->log_count == worker->log_capacity) {
        const uint32_t capacity = worker->log_capacity ? 2 * worker->log_capacity : 4096;
        struct access_record *bigger = realloc(worker->log, capacity * sizeof *bigger);
        if (!bigger) {
            return; /* the counters of caches miss it, the result does not */
        }
        worker->log = bigger;
        worker->log_capacity = capacity;
    }
    worker->log[worker->log_count++] = (struct access_record){line, sectors, kind, bypass};
}

static void record_global(struct warp *w, const struct inst *i, uint32_t m, const struct lanes *a,
                          unsigned bytes, unsigned kind) {
    struct worker *worker = w->block->worker;
    uint64_t lines[2 * WARP_SIZE];
    uint8_t sectors[2 * WARP_SIZE];
    unsigned count = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        const uint64_t first = a->address[l] / 32, last = (a->address[l] + bytes - 1) / 32;
        for (uint64_t sector = first; sector <= last; sector++) {
            const uint64_t line = sector / 4;
            unsigned k = count;
            while (k > 0 && lines[k - 1] != line) {
                k--;
            }
            if (!k) {
                lines[count] = line;
                sectors[count++] = 0;
                k = count;
            }
            sectors[k - 1] |= (uint8_t)(1u << (sector % 4));
        }
    }
    unsigned total = 0;
    for (unsigned k = 0; k < count; k++) {
        total += (unsigned)__builtin_popcount(sectors[k]);
        log_line(worker, lines[k], sectors[k], (uint8_t)kind, i->flags & FLAG_VOLATILE);
    }
    struct memory_counts *c = &worker->counts;
    const uint64_t asked = (uint64_t)bytes * (unsigned)__builtin_popcount(m);
    if (kind == ACCESS_LOAD) {
        c->global_load_requests++;
        c->global_load_sectors += total;
        c->global_load_bytes += asked;
    } else if (kind == ACCESS_STORE) {
        c->global_store_requests++;
        c->global_store_sectors += total;
        c->global_store_bytes += asked;
    }
}

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
        log_line(worker, line, (uint8_t)((2u << high) - (1u << low)), write ? ACCESS_STORE : ACCESS_LOAD,
                 i->flags & FLAG_VOLATILE);
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
    log_line(worker, address / 128, (uint8_t)(1u << (address / 32 % 4)), ACCESS_LOAD,
             i->flags & FLAG_VOLATILE);
    worker->counts.global_load_requests++;
    worker->counts.global_load_sectors++;
    worker->counts.global_load_bytes += (uint64_t)bytes * (unsigned)__builtin_popcount(m);
    return true;
}

/* ---- any space ---- */

static unsigned space_of(uint64_t address) {
    if (address >= VGPU_GLOBAL_BASE) {
        return PTX_GLOBAL;
    }
    if (address - VGPU_SHARED_BASE < VGPU_WINDOW_BYTES) {
        return PTX_SHARED;
    }
    if (address - VGPU_LOCAL_BASE < VGPU_WINDOW_BYTES) {
        return PTX_LOCAL;
    }
    return address - VGPU_PARAM_BASE < VGPU_WINDOW_BYTES ? PTX_PARAM : PTX_GLOBAL;
}

static bool lane_private(struct warp *w, const struct inst *i, unsigned lane, uint64_t offset, uint8_t **host,
                         unsigned bytes, bool is_param) {
    const uint32_t size = is_param ? w->kernel->param_bytes : w->kernel->local_bytes;
    if (offset & (bytes - 1)) {
        return misaligned(w, i, lane, offset, bytes);
    }
    if (offset > size || bytes > size - offset) {
        raise_fault(w, i, lane, FAULT_ADDRESS, "access of %u bytes at %s address 0x%llx: there are %u bytes",
                    bytes, is_param ? "parameter" : "local", (unsigned long long)offset, size);
        return false;
    }
    *host = is_param ? (uint8_t *)w->block->launch->params + offset
                     : w->local + (size_t)lane * w->kernel->local_bytes + offset;
    return true;
}

/* Fills in the host's addresses of all lanes in m, with every check. False after a fault. */
static bool resolve(struct warp *w, const struct inst *i, uint32_t m, struct lanes *a, unsigned bytes,
                    unsigned access) {
    uint32_t in_global = 0, in_shared = 0;
    for (uint32_t left = m; left; left &= left - 1) {
        const unsigned l = first_of(left);
        unsigned space = i->space;
        if (space == PTX_GENERIC) {
            space = space_of(a->address[l]);
            a->address[l] -= space == PTX_SHARED  ? VGPU_SHARED_BASE
                             : space == PTX_LOCAL ? VGPU_LOCAL_BASE
                             : space == PTX_PARAM ? VGPU_PARAM_BASE
                                                  : 0;
        }
        bool good;
        switch (space) {
        case PTX_SHARED:
            good = lane_shared(w, i, l, a->address[l], &a->host[l], bytes, access);
            in_shared |= 1u << l;
            break;
        case PTX_LOCAL:
        case PTX_PARAM:
            good = lane_private(w, i, l, a->address[l], &a->host[l], bytes, space == PTX_PARAM);
            break;
        default:
            good = lane_global(w, i, l, a, bytes, access);
            in_global |= i->space == PTX_CONST ? 0 : 1u << l;
        }
        if (!good) {
            return false;
        }
    }
    if (in_shared) {
        count_shared(w, in_shared, a, bytes);
    }
    if (in_global) {
        record_global(w, i, in_global, a, bytes,
                      access & ATOMIC  ? ACCESS_ATOMIC
                      : access & WRITE ? ACCESS_STORE
                                       : ACCESS_LOAD);
    }
    if (!in_shared && !in_global && i->space == PTX_LOCAL) {
        w->block->worker->counts.local_requests++;
        w->block->worker->counts.local_bytes += (uint64_t)bytes * (unsigned)__builtin_popcount(m);
    }
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
    } else if (!resolve(w, i, m, &a, bytes, READ)) {
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
    } else if (!resolve(w, i, m, &a, bytes, WRITE)) {
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

static uint64_t apply(unsigned op, unsigned type, uint64_t old, uint64_t x, uint64_t y) {
    switch (type) {
    case TYPE_F32:
        if (op == ATOMIC_ADD) {
            const float sum = float_of((uint32_t)old) + float_of((uint32_t)x);
            return sum == sum ? bits_of(sum) : 0x7fffffff;
        }
        return bits_of((float)double_of(
            apply_real(op, (double)float_of((uint32_t)old), (double)float_of((uint32_t)x), NULL)));
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

static uint64_t plain_exchange(uint8_t *p, unsigned bytes, unsigned op, unsigned type, uint64_t x,
                               uint64_t y) {
    uint64_t old = 0;
    memcpy(&old, p, bytes);
    const uint64_t next = apply(op, type, old, x, y);
    memcpy(p, &next, bytes);
    return old;
}

void chain_add(struct worker *worker, uint64_t address, uint32_t count);

/* How often each address occurs in the warp, for the longest chain. */
static void count_atomics(struct warp *w, uint32_t m, const struct lanes *a, unsigned vector,
                          unsigned bytes) {
    struct worker *worker = w->block->worker;
    worker->counts.atomic_requests++;
    worker->counts.atomics += (uint64_t)vector * (unsigned)__builtin_popcount(m);
    while (m) {
        const uint64_t address = a->address[first_of(m)];
        uint32_t same = 0;
        EACH_LANE {
            same |= (uint32_t)(a->address[l] == address) << l;
        }
        same &= m;
        for (unsigned k = 0; k < vector; k++) {
            chain_add(worker, address + k * bytes, (uint32_t)__builtin_popcount(same));
        }
        m &= ~same;
    }
}

static bool is_global(const struct inst *i, const struct lanes *a, uint32_t m) {
    return i->space == PTX_GLOBAL ||
           (i->space == PTX_GENERIC && space_of(a->address[first_of(m)]) == PTX_GLOBAL);
}

HANDLER(atomic) {
    struct lanes a;
    addresses(w, i, i->op[0], &a);
    const bool returns = i->flags & FLAG_RETURNS, wide = i->flags & FLAG_WIDE_DATA;
    const unsigned sources = i->sub == ATOMIC_CAS ? 2 : 1;
    const unsigned vector = (unsigned)(i->count / (sources + returns));
    const unsigned bytes = i->bytes, step = wide ? 8 : 4;
    const bool global = is_global(i, &a, m);
    if (!resolve(w, i, m, &a, bytes * vector, READ | WRITE | ATOMIC)) {
        return;
    }
    if (global) {
        count_atomics(w, m, &a, vector, bytes);
    } else {
        w->block->worker->counts.shared_atomics += (unsigned)__builtin_popcount(m);
    }
    const bool alone = !global || w->block->launch->host_threads == 1;
    const uint32_t *inputs = i->list + (returns ? vector : 0);
    for (unsigned k = 0; k < vector; k++) {
        const uint8_t *x = operand(w, inputs[k]), *y = sources > 1 ? operand(w, inputs[vector + k]) : x;
        LANE_ARRAY uint64_t old[WARP_SIZE];
        for (uint32_t left = m; left; left &= left - 1) {
            const unsigned l = first_of(left);
            uint64_t vx = 0, vy = 0;
            memcpy(&vx, x + l * step, bytes);
            memcpy(&vy, y + l * step, bytes);
            old[l] =
                (alone ? plain_exchange : exchange)(a.host[l] + k * bytes, bytes, i->sub, i->aux, vx, vy);
        }
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
        if (!lane_shared(w, i, l, to.address[l], &host, i->bytes, WRITE)) {
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
                misaligned(w, i, l, from.address[l], i->bytes);
                return;
            }
            if (!global_range(w, i, from.address[l], wanted, false)) {
                bad_global(w, i, l, from.address[l], wanted, "read");
                return;
            }
            if ((w->block->launch->checks & CHECK_INIT) && !w->block->worker->sites[i->site].initialised) {
                check_written(w, i, l, from.address[l], wanted);
            }
            reads |= 1u << l;
        }
    }
    if (reads) {
        record_global(w, &part, reads, &from, i->bytes, ACCESS_LOAD);
    }
    count_shared(w, m, &to, i->bytes);
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
        if (!lane_shared(w, i, c.lane, c.shared, &host, c.bytes, WRITE)) {
            return;
        }
        memset(host, 0, c.bytes);
        if (c.source_bytes && memory_range(b->launch->memory, c.global, c.source_bytes)) {
            memcpy(host, global_host(w, c.global), c.source_bytes);
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
    if (m != UINT32_MAX || !resolve(w, i, rows, &a, 16, READ)) {
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
    if (m != UINT32_MAX || !resolve(w, i, rows, &a, 16, WRITE)) {
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
    {"load", load},
    {"store", store},
    {"load.param", load_param},
    {"atomic", atomic},
    {"copy.async", copy_async},
    {"copy.commit", copy_commit},
    {"copy.wait", copy_wait},
    {"load.matrix", load_matrix},
    {"store.matrix", store_matrix},
};

const struct exec_names EXEC_NAME(names_memory);
const struct exec_names EXEC_NAME(names_memory) = {names, sizeof names / sizeof *names};
