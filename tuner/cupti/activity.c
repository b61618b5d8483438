/* Durations of kernels, from activity records. CUPTI hands buffers to functions without a context, so the sum
   that is being taken is kept here; one is taken at a time. */
#include <pthread.h>
#include <stdlib.h>

#include "api.h"

enum { BUFFER_BYTES = 1 << 20, BUFFER_ALIGN = 8 };

static struct {
    pthread_mutex_t lock;
    const struct cupti *c;
    double seconds;
    int kernels;
} taken = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void CUPTIAPI buffer_wanted(uint8_t **buffer, size_t *size, size_t *records) {
    *buffer = aligned_alloc(BUFFER_ALIGN, BUFFER_BYTES);
    *size = *buffer ? BUFFER_BYTES : 0;
    *records = 0;
}

static void CUPTIAPI buffer_filled(CUcontext context, uint32_t stream, uint8_t *buffer, size_t size,
                                   size_t valid) {
    (void)context, (void)stream, (void)size;
    pthread_mutex_lock(&taken.lock);
    CUpti_Activity *record = NULL;
    while (taken.c && taken.c->cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) {
        if (record->kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) continue;
        const CUpti_ActivityKernel10 *const k = (const CUpti_ActivityKernel10 *)record;
        taken.seconds += (double)(k->end - k->start) * 1e-9;
        taken.kernels++;
    }
    pthread_mutex_unlock(&taken.lock);
    free(buffer);
}

static bool collect(const struct cupti *c, bool (*run)(void *), void *user, struct error *err) {
    if (!cupti_ok(c, c->cuptiActivityRegisterCallbacks(buffer_wanted, buffer_filled),
                  "cuptiActivityRegisterCallbacks", err) ||
        !cupti_ok(c, c->cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL), "cuptiActivityEnable",
                  err))
        return false;
    const bool ran = run(user);
    const CUptiResult flushed = c->cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    c->cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
    if (!ran) return error_set(err, "activity records: the kernel failed while it was recorded");
    return cupti_ok(c, flushed, "cuptiActivityFlushAll", err);
}

bool cupti_kernel_seconds(const struct cupti *c, bool (*run)(void *), void *user, double *seconds,
                          int *kernels, struct error *err) {
    pthread_mutex_lock(&taken.lock);
    taken.c = c, taken.seconds = 0, taken.kernels = 0;
    pthread_mutex_unlock(&taken.lock);
    const bool ok = collect(c, run, user, err);
    pthread_mutex_lock(&taken.lock);
    *seconds = taken.seconds, *kernels = taken.kernels;
    taken.c = NULL;
    pthread_mutex_unlock(&taken.lock);
    return ok;
}
