#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ir.h"

enum { GRANULE = 512 };

static void *reserve(uint64_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

bool memory_open(struct memory *memory, uint64_t capacity) {
    *memory = (struct memory){.capacity = capacity};
    memory->host = reserve(capacity);
    memory->written = reserve(capacity / 8 + 8);
    if (!memory->host || !memory->written) {
        memory_close(memory);
        return false;
    }
    return true;
}

void memory_close(struct memory *memory) {
    if (memory->host) {
        munmap(memory->host, memory->capacity);
    }
    if (memory->written) {
        munmap(memory->written, memory->capacity / 8 + 8);
    }
    free(memory->allocations);
    *memory = (struct memory){0};
}

static bool insert(struct memory *memory, uint32_t at, struct allocation a) {
    if (memory->count == memory->room) {
        const uint32_t room = memory->room ? 2 * memory->room : 64;
        struct allocation *bigger = realloc(memory->allocations, room * sizeof *bigger);
        if (!bigger) {
            return false;
        }
        memory->allocations = bigger;
        memory->room = room;
    }
    memmove(memory->allocations + at + 1, memory->allocations + at, (memory->count - at) * sizeof a);
    memory->allocations[at] = a;
    memory->count++;
    return true;
}

/* Addresses are used again only when the device is full: until then a pointer to freed memory is recognised.
 */
static uint64_t reuse(struct memory *memory, uint64_t bytes, uint64_t span) {
    for (uint32_t i = 0; i < memory->count; i++) {
        uint64_t end = 0;
        uint32_t last = i;
        while (last < memory->count && memory->allocations[last].freed) {
            end = last + 1 < memory->count ? memory->allocations[last + 1].base
                                           : VGPU_GLOBAL_BASE + memory->top;
            last++;
        }
        if (last > i && end - memory->allocations[i].base >= span) {
            const uint64_t base = memory->allocations[i].base;
            memmove(memory->allocations + i + 1, memory->allocations + last,
                    (memory->count - last) * sizeof *memory->allocations);
            memory->count -= last - i - 1;
            memory->allocations[i] = (struct allocation){.base = base, .bytes = bytes};
            return base;
        }
        i = last > i ? last - 1 : i;
    }
    return 0;
}

uint64_t memory_alloc(struct memory *memory, uint64_t bytes) {
    if (!bytes || bytes > memory->capacity - memory->used) {
        return 0;
    }
    const uint64_t span = (bytes + GRANULE - 1) / GRANULE * GRANULE + GRANULE;
    uint64_t base;
    if (memory->top + span <= memory->capacity) {
        base = VGPU_GLOBAL_BASE + memory->top;
        if (!insert(memory, memory->count, (struct allocation){.base = base, .bytes = bytes})) {
            return 0;
        }
        memory->top += span;
    } else {
        base = reuse(memory, bytes, span);
        if (!base) {
            return 0;
        }
    }
    memory->used += bytes;
    return base;
}

/* Zeroes a range: whole pages go back to the system, which gives new ones when they are touched again. */
static void clear(uint8_t *at, uint64_t bytes) {
    enum { PAGE = 4096 };
    const uint64_t head = (0 - (uint64_t)(uintptr_t)at) % PAGE;
    if (bytes < head + PAGE) {
        memset(at, 0, bytes);
        return;
    }
    const uint64_t whole = (bytes - head) / PAGE * PAGE;
    memset(at, 0, head);
    madvise(at + head, whole, MADV_DONTNEED);
    memset(at + head + whole, 0, bytes - head - whole);
}

bool memory_free(struct memory *memory, uint64_t address) {
    struct allocation *a = memory_find(memory, address);
    if (!a || a->freed || a->base != address) {
        return false;
    }
    a->freed = true;
    memory->used -= a->bytes;
    const uint64_t offset = address - VGPU_GLOBAL_BASE;
    clear(memory->host + offset, a->bytes);
    clear(memory->written + offset / 8, (a->bytes + 7) / 8);
    return true;
}

struct allocation *memory_find(const struct memory *memory, uint64_t address) {
    uint32_t low = 0, high = memory->count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (memory->allocations[middle].base <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (!low) {
        return NULL;
    }
    struct allocation *a = &memory->allocations[low - 1];
    return address - a->base < a->bytes ? a : NULL;
}

struct allocation *memory_range(const struct memory *memory, uint64_t address, uint64_t bytes) {
    struct allocation *a = memory_find(memory, address);
    return a && !a->freed && bytes <= a->bytes - (address - a->base) ? a : NULL;
}

/* Bits first .. last - 1 of a word, of which there are some. */
static uint64_t bits_between(unsigned first, unsigned last) {
    return (last - first == 64 ? UINT64_MAX : ((uint64_t)1 << (last - first)) - 1) << first;
}

void memory_mark_written(struct memory *memory, uint64_t address, uint64_t bytes) {
    uint64_t at = address - VGPU_GLOBAL_BASE;
    const uint64_t end = at + bytes;
    uint64_t *const words = (uint64_t *)memory->written;
    while (at < end) {
        uint64_t *const word = &words[at / 64];
        const uint64_t next = (at | 63) + 1 < end ? (at | 63) + 1 : end,
                       bits = bits_between(at & 63, (unsigned)(at & 63) + (unsigned)(next - at));
        /* blocks run at the same time, so a shared word is set atomically, and only if it must change */
        const uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
        if (bits == UINT64_MAX) {
            if (old != bits) {
                __atomic_store_n(word, bits, __ATOMIC_RELAXED);
            }
        } else if (bits & ~old) {
            __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
        }
        at = next;
    }
}

bool memory_is_written(const struct memory *memory, uint64_t address, uint64_t bytes) {
    uint64_t at = address - VGPU_GLOBAL_BASE;
    const uint64_t end = at + bytes;
    const uint64_t *const words = (const uint64_t *)memory->written;
    while (at < end) {
        const uint64_t next = (at | 63) + 1 < end ? (at | 63) + 1 : end,
                       bits = bits_between(at & 63, (unsigned)(at & 63) + (unsigned)(next - at));
        if (bits & ~__atomic_load_n(&words[at / 64], __ATOMIC_RELAXED)) {
            return false;
        }
        at = next;
    }
    return true;
}

void memory_mark_copied(struct memory *memory, uint64_t address, uint64_t bytes) {
    memory_mark_written(memory, address, bytes);
    struct allocation *a = memory_find(memory, address);
    if (a && a->base == address && a->bytes == bytes) {
        a->initialised = true;
    }
}
