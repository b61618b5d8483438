#include "heaviest.h"

#include <stdlib.h>

bool heaviest_open(struct heaviest *h, const struct kernel *kernel) {
    h->before = calloc(kernel->count + 1u, sizeof *h->before);
    h->block = calloc(kernel->count + 1u, sizeof *h->block);
    h->total = 0;
    return h->before && h->block;
}

void heaviest_close(struct heaviest *h) {
    free(h->before);
    free(h->block);
}

/* Tallies are differences from instruction to instruction. */
static uint64_t issued_since(const struct heaviest *h, const struct kernel *kernel,
                             const struct tally *tally) {
    uint64_t warps = 0, sum = 0;
    for (uint32_t i = 0; i < kernel->count; i++) {
        warps += tally[i].warps;
        sum += warps - h->before[i];
    }
    return sum;
}

void heaviest_note(struct heaviest *h, const struct kernel *kernel, const struct tally *tally) {
    const uint64_t total = issued_since(h, kernel, tally);
    uint64_t warps = 0;
    for (uint32_t i = 0; i < kernel->count; i++) {
        warps += tally[i].warps;
        if (total > h->total) {
            h->block[i] = warps - h->before[i];
        }
        h->before[i] = warps;
    }
    h->total = total > h->total ? total : h->total;
}
