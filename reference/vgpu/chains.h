/* chains: how many atomics met at one address of global memory. */
#ifndef VGPU_CHAINS_H
#define VGPU_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain {
    uint64_t key, count;
    uint32_t first_run, last_run; /* of sampled blocks */
};

/* A hash table; all zero is an empty one. */
struct chains {
    struct chain *slots;
    size_t capacity, used;
};

/* The slot of a key, or the empty one that it would take. The table has slots. */
size_t chains_find(const struct chains *chains, uint64_t key);
/* False when the host is out of memory. */
bool chains_add(struct chains *chains, struct chain chain);
bool chains_merge(struct chains *to, const struct chains *from);
/* The largest count. Those of addresses that more than one run of sampled blocks touched are multiplied by
 * scale. */
uint64_t chains_longest(const struct chains *chains, double scale);
void chains_close(struct chains *chains);

#endif
