/* api_stream: streams and events, which carry modeled time. Work has run when the call that asked for it
 * returns, so there is never anything to wait for. */
#include <stdlib.h>

#include "api.h"

static bool is_default(CUstream stream) {
    return (uintptr_t)stream <= 2; /* NULL, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD */
}

static bool stream_known(const struct CUctx_st *context, CUstream stream) {
    const struct CUstream_st *s = context->streams;
    while (s && s != stream) {
        s = s->next;
    }
    return s || is_default(stream);
}

/* Events may be used from any context. */
static bool event_known(CUevent event) {
    const struct CUevent_st *e = driver.events;
    while (e && e != event) {
        e = e->next;
    }
    return e;
}

double *driver_stream_time(struct CUctx_st *context, CUstream stream) {
    if (!stream_known(context, stream)) {
        return NULL;
    }
    double *const time = &context->default_time;
    if (!is_default(stream)) {
        if (!(stream->flags & CU_STREAM_NON_BLOCKING)) { /* the default stream holds the others up */
            stream->time = stream->time > *time ? stream->time : *time;
        }
        return &stream->time;
    }
    for (const struct CUstream_st *s = context->streams; s; s = s->next) {
        if (!(s->flags & CU_STREAM_NON_BLOCKING)) {
            *time = s->time > *time ? s->time : *time;
        }
    }
    return time;
}

void driver_streams_free(struct CUctx_st *context) {
    while (context->streams) {
        struct CUstream_st *next = context->streams->next;
        free(context->streams);
        context->streams = next;
    }
    for (struct CUevent_st **link = &driver.events; *link;) {
        struct CUevent_st *e = *link;
        if (e->context == context) {
            *link = e->next;
            free(e);
        } else {
            link = &e->next;
        }
    }
}

/* ---- streams ---- */

DRIVER(cuStreamCreateWithPriority, CUstream *stream, unsigned flags, int priority) {
    ENTER;
    (void)priority; /* the range of priorities is 0 to 0; others are clamped to it */
    if (!stream || (flags & ~(unsigned)CU_STREAM_NON_BLOCKING)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct CUstream_st *s = calloc(1, sizeof *s);
    if (!s) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *s = (struct CUstream_st){context->streams, context, context->default_time, flags};
    context->streams = s;
    *stream = s;
    return CUDA_SUCCESS;
}

DRIVER(cuStreamCreate, CUstream *stream, unsigned flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

DRIVER(cuStreamDestroy_v2, CUstream stream) {
    ENTER;
    for (struct CUstream_st **link = &context->streams; *link; link = &(*link)->next) {
        if (*link == stream) {
            *link = stream->next;
            free(stream);
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_HANDLE;
}

static CUresult stream_check(CUstream stream) {
    ENTER;
    return stream_known(context, stream) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

DRIVER_ON(_ptsz, cuStreamSynchronize, CUstream stream) {
    return stream_check(stream);
}

DRIVER_ON(_ptsz, cuStreamQuery, CUstream stream) {
    return stream_check(stream);
}

DRIVER_ON(_ptsz, cuStreamGetFlags, CUstream stream, unsigned *flags) {
    ENTER;
    if (!flags || !stream_known(context, stream)) {
        return flags ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *flags = is_default(stream) ? 0 : stream->flags;
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuStreamGetPriority, CUstream stream, int *priority) {
    ENTER;
    if (!priority || !stream_known(context, stream)) {
        return priority ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *priority = 0;
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuStreamGetCtx, CUstream stream, CUcontext *of) {
    ENTER;
    if (!of || !stream_known(context, stream)) {
        return of ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *of = context;
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuStreamGetCtx_v2, CUstream stream, CUcontext *of, CUgreenCtx *green) {
    if (green) {
        *green = NULL;
    }
    return cuStreamGetCtx(stream, of);
}

DRIVER_ON(_ptsz, cuStreamIsCapturing, CUstream stream, CUstreamCaptureStatus *status) {
    ENTER;
    if (!status || !stream_known(context, stream)) {
        return status ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *status = CU_STREAM_CAPTURE_STATUS_NONE;
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuStreamWaitEvent, CUstream stream, CUevent event, unsigned flags) {
    ENTER;
    (void)flags;
    double *const time = driver_stream_time(context, stream);
    if (!time || !event_known(event)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *time = event->recorded && event->time > *time ? event->time : *time;
    return CUDA_SUCCESS;
}

/* Host functions are called without the lock: they may not call the driver, but they may take their time. */
DRIVER_ON(_ptsz, cuLaunchHostFunc, CUstream stream, CUhostFn function, void *data) {
    const CUresult code = stream_check(stream);
    if (code || !function) {
        return code ? code : CUDA_ERROR_INVALID_VALUE;
    }
    function(data);
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuStreamAddCallback, CUstream stream, CUstreamCallback callback, void *data,
          unsigned flags) {
    const CUresult code = stream_check(stream);
    if (code || !callback || flags) {
        return code ? code : CUDA_ERROR_INVALID_VALUE;
    }
    callback(stream, CUDA_SUCCESS, data);
    return CUDA_SUCCESS;
}

/* ---- events ---- */

DRIVER(cuEventCreate, CUevent *event, unsigned flags) {
    ENTER;
    if (!event || flags > 7) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct CUevent_st *e = calloc(1, sizeof *e);
    if (!e) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    e->context = context;
    e->timed = !(flags & CU_EVENT_DISABLE_TIMING);
    e->next = driver.events;
    driver.events = e;
    *event = e;
    return CUDA_SUCCESS;
}

DRIVER(cuEventDestroy_v2, CUevent event) {
    LOCKED;
    for (struct CUevent_st **link = &driver.events; *link; link = &(*link)->next) {
        if (*link == event) {
            *link = event->next;
            free(event);
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_HANDLE;
}

DRIVER_ON(_ptsz, cuEventRecord, CUevent event, CUstream stream) {
    ENTER;
    const double *const time = driver_stream_time(context, stream);
    if (!time || !event_known(event)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    event->time = *time;
    event->recorded = true;
    return CUDA_SUCCESS;
}

DRIVER_ON(_ptsz, cuEventRecordWithFlags, CUevent event, CUstream stream, unsigned flags) {
    (void)flags;
    return cuEventRecord(event, stream);
}

static CUresult event_check(CUevent event) {
    ENTER;
    return event_known(event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

DRIVER(cuEventSynchronize, CUevent event) {
    return event_check(event);
}

DRIVER(cuEventQuery, CUevent event) {
    return event_check(event);
}

static CUresult elapsed(float *milliseconds, CUevent start, CUevent end) {
    ENTER;
    if (!milliseconds) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!event_known(start) || !event_known(end) || !start->timed || !end->timed || !start->recorded ||
        !end->recorded) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *milliseconds = (float)(1e3 * (end->time - start->time));
    return CUDA_SUCCESS;
}

DRIVER(cuEventElapsedTime, float *milliseconds, CUevent start, CUevent end) {
    return elapsed(milliseconds, start, end);
}

DRIVER(cuEventElapsedTime_v2, float *milliseconds, CUevent start, CUevent end) {
    return elapsed(milliseconds, start, end);
}
