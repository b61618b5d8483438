#include "drain.h"

#include <stdlib.h>

#include "cache.h"
#include "launch.h"

void drain_open(struct drain *d, struct caches *caches) {
    *d = (struct drain){.caches = caches};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->moved, NULL);
}

void drain_close(struct drain *d) {
    for (unsigned i = 0; i < DRAIN_RING; i++) {
        free(d->ring[i].records);
    }
    pthread_cond_destroy(&d->moved);
    pthread_mutex_destroy(&d->lock);
}

void drain_block(struct drain *d, struct worker *worker, uint64_t place, uint64_t block) {
    pthread_mutex_lock(&d->lock);
    while (place >= d->next + DRAIN_RING) {
        pthread_cond_wait(&d->moved, &d->lock);
    }
    struct pending *p = &d->ring[place % DRAIN_RING];
    if (place == d->next) {
        caches_run(d->caches, block, worker->log, worker->log_count);
        d->next++;
        for (p = &d->ring[d->next % DRAIN_RING]; p->full; p = &d->ring[d->next % DRAIN_RING]) {
            caches_run(d->caches, p->block, p->records, p->count);
            p->full = false;
            d->next++;
        }
        pthread_cond_broadcast(&d->moved);
    } else {
        /* the logs change places, so that their memory is used again */
        struct access_record *empty = p->records;
        const uint32_t capacity = p->capacity;
        *p = (struct pending){worker->log, worker->log_count, worker->log_capacity, block, true};
        worker->log = empty;
        worker->log_capacity = capacity;
    }
    worker->log_count = 0;
    pthread_mutex_unlock(&d->lock);
}
