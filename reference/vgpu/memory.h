/* memory: the device's global memory. Addresses are the device's own, VGPU_GLOBAL_BASE upwards; the host's
 * memory behind them is reserved once and filled by the operating system as it is touched. */
#ifndef VGPU_MEMORY_H
#define VGPU_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allocation {
    uint64_t base, bytes;
    bool freed;
    bool initialised;         /* every byte is known to be written */
    bool read_only, internal; /* constants; module variables, which are not the program's to free */
};

struct memory {
    uint8_t *host;    /* of VGPU_GLOBAL_BASE */
    uint8_t *written; /* one bit for each byte */
    uint64_t capacity, used, top;
    struct allocation *allocations; /* by address; freed ones stay, to name them when they are used */
    uint32_t count, room;
};

bool memory_open(struct memory *memory, uint64_t capacity);
void memory_close(struct memory *memory);
/* 0 when there is not enough left. Aligned to 512 bytes, with a gap behind. */
uint64_t memory_alloc(struct memory *memory, uint64_t bytes);
/* False if address is not the start of a live allocation. */
bool memory_free(struct memory *memory, uint64_t address);
/* The allocation, live or freed, that holds address, or NULL. */
struct allocation *memory_find(const struct memory *memory, uint64_t address);
/* The live allocation that holds all of the range, or NULL. */
struct allocation *memory_range(const struct memory *memory, uint64_t address, uint64_t bytes);
void memory_mark_written(struct memory *memory, uint64_t address, uint64_t bytes);
/* The same after a copy by the host, while no kernel runs: a whole allocation need not be looked at again. */
void memory_mark_copied(struct memory *memory, uint64_t address, uint64_t bytes);
/* True if all bytes were written. */
bool memory_is_written(const struct memory *memory, uint64_t address, uint64_t bytes);

#endif
