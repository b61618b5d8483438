#include "shards.h"

#include <omp.h>
#include <stdlib.h>

enum { IMAGES_LEAST = 4 }; /* of a shard, which has gradients of all weights */

bool shards_make(struct shards *s, const struct kat_config *c, struct katune *k, int batch, uint64_t seed,
                 struct error *err) {
    const int units = katune_device(k)->units, most = batch / IMAGES_LEAST > 1 ? batch / IMAGES_LEAST : 1;
    const int count = units < most ? units : most;
    *s = (struct shards){.list = calloc((size_t)count, sizeof *s->list)};
    if (!s->list) return error_set(err, "out of memory");
    for (int i = 0; i < count; i++) {
        struct shard *const one = &s->list[s->count++];
        one->first = (int)((int64_t)batch * i / count);
        one->count = (int)((int64_t)batch * (i + 1) / count) - one->first;
        one->model =
            i ? model_beside(s->list[0].model, k, one->count, err) : model_new(c, k, one->count, seed, err);
        if (!one->model) return false;
    }
    return true;
}

void shards_free(struct shards *s) {
    for (int i = s->count - 1; i >= 0; i--) model_free(s->list[i].model);
    free(s->list);
}

/* There may be fewer threads than shards. */
static void job_run(struct shards *s, int thread) {
    for (int i = thread; i < s->count; i += s->threads) s->job(&s->list[i], s->context);
}

static void follow(struct shards *s, int thread) {
    for (;;) {
        pthread_barrier_wait(&s->meeting);
        if (!s->job) return;
        job_run(s, thread);
        pthread_barrier_wait(&s->meeting);
    }
}

void shards_do(struct shards *s, shard_job *job, void *context) {
    s->job = job;
    s->context = context;
    pthread_barrier_wait(&s->meeting);
    job_run(s, 0);
    pthread_barrier_wait(&s->meeting);
}

/* The threads are OpenMP's, so that the kernels in a shard have no team of their own beside the other
   shards'. They meet at a barrier that sleeps: OpenMP's spins, which on a busy machine takes the time of
   those that are waited for. */
bool shards_lead(struct shards *s, bool (*lead)(void *context, struct error *err), void *context,
                 struct error *err) {
    bool ok = false;
#pragma omp parallel num_threads(s->count)
    {
        const int thread = omp_get_thread_num();
#pragma omp single
        {
            s->threads = omp_get_num_threads();
            pthread_barrier_init(&s->meeting, NULL, (unsigned)s->threads);
        }
        if (thread == 0) {
            ok = lead(context, err);
            s->job = NULL;
            pthread_barrier_wait(&s->meeting);
        } else {
            follow(s, thread);
        }
    }
    pthread_barrier_destroy(&s->meeting);
    return ok;
}
