/* api: state behind the Driver API. One lock guards all of it; the API's functions take it through ENTER. */
#ifndef VGPU_API_H
#define VGPU_API_H

#include <pthread.h>
#include <stdbool.h>

#include "cuda_abi.h"
#include "launch.h"

#define API __attribute__((visibility("default")))
/* Declares and defines a function of the driver's interface. */
#ifdef VGPU_ABI_FROM_CUDA_H /* cuda.h has to declare it, with the same type */
#define DRIVER(name, ...) API CUresult name(__VA_ARGS__)
#else
#define DRIVER(name, ...)                                                                                    \
    API CUresult name(__VA_ARGS__);                                                                          \
    CUresult name(__VA_ARGS__)
#endif
/* The same, under a second name as well, which programs call whose default stream is the thread's own. */
#define DRIVER_ON(suffix, name, ...)                                                                         \
    API CUresult name##suffix(__VA_ARGS__) __attribute__((alias(#name)));                                    \
    DRIVER(name, __VA_ARGS__)

enum { MAX_DEVICES = 8, CONTEXT_STACK = 16, LIMITS = 8 };

struct device {
    const struct profile *profile;
    int ordinal;
    struct memory memory;
    bool has_memory;
    struct CUctx_st *primary;
    unsigned retained;
};

struct owned {
    uint64_t address;
};

struct CUctx_st {
    struct CUctx_st *next;
    struct device *device;
    CUresult sticky; /* a kernel faulted: everything fails from here on */
    struct CUmod_st *modules;
    struct CUstream_st *streams;
    double default_time; /* modeled seconds of the default stream */
    size_t limits[LIMITS];
    struct owned *owned; /* allocations, to be freed with the context */
    size_t owned_count, owned_room;
};

struct CUfunc_st {
    struct CUfunc_st *next;
    struct CUmod_st *module;
    struct kernel *kernel;
    uint32_t dynamic_limit; /* most shared memory, static and dynamic, that launches may have */
};

struct CUmod_st {
    struct CUmod_st *next;
    struct CUctx_st *context;
    struct ptx_module ptx;
    struct CUfunc_st *functions;
    unsigned function_count;
};

struct CUstream_st {
    struct CUstream_st *next;
    struct CUctx_st *context;
    double time;
    unsigned flags;
};

struct CUevent_st {
    struct CUevent_st *next;
    struct CUctx_st *context;
    double time;
    bool recorded, timed;
};

struct driver {
    pthread_mutex_t lock;
    bool ready, forked;
    struct device devices[MAX_DEVICES];
    int device_count;
    unsigned checks, host_threads;
    bool relaxed;
    uint64_t limit, launches, sampling;
    int exit_code;
    struct CUctx_st *contexts;
    struct CUevent_st *events;
    struct vgpu_counters counters;
    char error[1024];
};

extern struct driver driver;

CUresult cuInit(unsigned flags);
CUresult cuStreamQuery(CUstream stream);

/* Code of the state: not initialised, no context, or the context's sticky error. On success *context is
 * current. */
CUresult driver_context(struct CUctx_st **context);
struct device *driver_device(CUdevice ordinal);
/* The clock of a stream, in modeled seconds; the default one waits for all others. NULL if the context has no
 * such stream. */
double *driver_stream_time(struct CUctx_st *context, CUstream stream);
/* Streams and events of a context. */
void driver_streams_free(struct CUctx_st *context);
/* Gives the shared variables of a kernel their offsets; mark is another number for each kernel of the module.
 */
void shared_layout(struct ptx_module *module, struct ptx_function *entry, uint32_t mark, uint64_t *bytes,
                   uint64_t *dynamic_offset);
bool driver_function_known(const struct CUctx_st *context, const struct CUfunc_st *function);
CUresult driver_own(struct CUctx_st *context, uint64_t address);
void driver_module_free(struct CUmod_st *module);
void driver_set_error(const char *text);

/* Counts a finding and keeps its text; prints it if print is set, unless many were printed before. */
void driver_report(enum vgpu_finding_kind kind, const char *text, bool print);
void driver_report_open(const char *path);
void driver_at_exit(void);

/* Gives back the memory of devices that have no context: the library may be unloaded before the process ends.
 */
void driver_memory_close(void);

static inline void driver_unlock(pthread_mutex_t **lock) {
    pthread_mutex_unlock(*lock);
}

/* Holds the lock to the end of the function. */
#define LOCKED                                                                                               \
    __attribute__((cleanup(driver_unlock), unused)) pthread_mutex_t *locked_driver = &driver.lock;           \
    pthread_mutex_lock(locked_driver)

/* Holds the lock; returns early unless there is a healthy current context, then named context. */
#define ENTER                                                                                                \
    LOCKED;                                                                                                  \
    struct CUctx_st *context;                                                                                \
    const CUresult entered = driver_context(&context);                                                       \
    if (entered) {                                                                                           \
        return entered;                                                                                      \
    }                                                                                                        \
    (void)context

/* Holds the lock; returns early unless argument is a device, then named device_of. */
#define DEVICE(argument)                                                                                     \
    LOCKED;                                                                                                  \
    if (!driver.ready) {                                                                                     \
        return CUDA_ERROR_NOT_INITIALIZED;                                                                   \
    }                                                                                                        \
    struct device *const device_of = driver_device(argument);                                                \
    if (!device_of) {                                                                                        \
        return CUDA_ERROR_INVALID_DEVICE;                                                                    \
    }

#endif
