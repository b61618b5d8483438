/* api: state behind the Driver API. One lock guards all of it; the API's functions take it through ENTER. */
#ifndef VGPU_API_H
#define VGPU_API_H

#include <pthread.h>
#include <stdbool.h>

#include "cuda_abi.h"
#include "launch.h"

#define API __attribute__((visibility("default")))
/* Declares and defines a function of the driver's interface. */
#define DRIVER(name, ...)                                                                                    \
    API CUresult name(__VA_ARGS__);                                                                          \
    CUresult name(__VA_ARGS__)

enum { MAX_DEVICES = 8, CONTEXT_STACK = 16 };

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
};

struct CUevent_st {
    struct CUctx_st *context;
    double time;
    bool recorded;
};

struct driver {
    pthread_mutex_t lock;
    bool ready;
    struct device devices[MAX_DEVICES];
    int device_count;
    unsigned checks, host_threads;
    bool relaxed;
    uint64_t limit, launches, sampling;
    int exit_code;
    struct CUctx_st *contexts;
    struct vgpu_counters counters;
    char error[1024];
};

extern struct driver driver;

CUresult cuInit(unsigned flags);

/* Code of the state: not initialised, no context, or the context's sticky error. On success *context is
 * current. */
CUresult driver_context(struct CUctx_st **context);
struct device *driver_device(CUdevice ordinal);
/* The clock of a stream, in modeled seconds (NULL: the default one, which waits for all others). */
double *driver_stream_time(struct CUctx_st *context, CUstream stream);
CUresult driver_own(struct CUctx_st *context, uint64_t address);
void driver_module_free(struct CUmod_st *module);
void driver_set_error(const char *text);

/* Counts a finding and keeps its text; prints it if print is set, unless many were printed before. */
void driver_report(enum vgpu_finding_kind kind, const char *text, bool print);
void driver_report_open(const char *path);
void driver_at_exit(void);

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

#endif
