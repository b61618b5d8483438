/* Data parallelism: each part of a batch, a shard, goes forward and backward on a thread of its own. */
#ifndef KATUNE_KAT_SHARDS_H
#define KATUNE_KAT_SHARDS_H

#include <pthread.h>

#include "model.h"

struct shard {
    struct model *model; /* all but the first have that one's weights */
    int first, count;    /* images of the batch */
    double loss;
    int right;
};

typedef void shard_job(struct shard *s, void *context);

struct shards {
    struct shard *list;
    int count;
    /* of shards_lead() */
    int threads;
    pthread_barrier_t meeting;
    shard_job *job; /* NULL: there will be none any more */
    void *context;
};

/* Nearly equal parts of the batch, as many as the device has cores if that leaves enough images for each.
   False and the reason if something cannot be had; to be freed in any case. */
bool shards_make(struct shards *s, const struct kat_config *c, struct katune *k, int batch, uint64_t seed,
                 struct error *err);
void shards_free(struct shards *s);

/* Calls lead() on this thread, with the others at hand for shards_do(), which only it may call. */
bool shards_lead(struct shards *s, bool (*lead)(void *context, struct error *err), void *context,
                 struct error *err);
/* Has every shard do the job at the same time; all have done it on return. */
void shards_do(struct shards *s, shard_job *job, void *context);

#endif
