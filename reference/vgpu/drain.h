/* drain: takes blocks' memory accesses to the cache model in the order of blocks, whichever host thread ran
 * them. */
#ifndef VGPU_DRAIN_H
#define VGPU_DRAIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { DRAIN_RING = 64 };

struct access_record;
struct caches;
struct worker;

struct pending {
    struct access_record *records;
    uint32_t count, capacity;
    uint64_t block;
    bool full;
};

struct drain {
    struct caches *caches;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t next; /* place in the order whose accesses come next */
    struct pending ring[DRAIN_RING];
};

void drain_open(struct drain *drain, struct caches *caches);
void drain_close(struct drain *drain);
/* Hands a block's accesses over; whoever holds the next block runs all that are in order. place: of the block
 * among those that run, from 0. Leaves the worker with an empty log. */
void drain_block(struct drain *drain, struct worker *worker, uint64_t place, uint64_t block);

#endif
