/* arena: memory that is released all at once. What a module holds - its text, symbols, instructions - lives
 * and dies with it, so nothing is freed by itself and a failed load cannot leak. */
#ifndef VGPU_ARENA_H
#define VGPU_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    size_t used, capacity; /* of the newest block */
    size_t total, limit;   /* bytes handed out; 0: no limit */
};

/* Zeroed memory aligned to 16 bytes; NULL when there is none left or the limit is passed. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* A copy of length bytes with a NUL behind. */
char *arena_text(struct arena *arena, const char *text, size_t length);

void arena_free(struct arena *arena);

#endif
