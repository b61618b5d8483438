#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    uint64_t pad;
};

void *arena_alloc(struct arena *arena, size_t bytes) {
    bytes = (bytes + 15) & ~(size_t)15;
    if (arena->limit && (bytes > arena->limit || arena->total + bytes > arena->limit)) {
        return NULL;
    }
    if (!arena->blocks || arena->used + bytes > arena->capacity) {
        const size_t capacity = bytes > 65536 ? bytes : 65536;
        struct arena_block *block = calloc(1, sizeof *block + capacity);
        if (!block) {
            return NULL;
        }
        block->next = arena->blocks;
        arena->blocks = block;
        arena->used = 0;
        arena->capacity = capacity;
    }
    void *memory = (char *)(arena->blocks + 1) + arena->used;
    arena->used += bytes;
    arena->total += bytes;
    return memory;
}

char *arena_text(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (copy) {
        memcpy(copy, text, length);
    }
    return copy;
}

void arena_free(struct arena *arena) {
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    *arena = (struct arena){.limit = arena->limit};
}
