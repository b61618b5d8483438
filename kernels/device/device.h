/* A device: where kernels run. The embedded default is `cpu`. */
#ifndef KATUNE_DEVICE_H
#define KATUNE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../error.h"

struct call;
struct point;
struct problem;
struct variant;

enum { CACHE_LEVELS_MAX = 4 };

struct cache_info {
    int level;     /* 1 .. */
    size_t bytes;  /* of one instance */
    int instances; /* in the machine */
    int line;      /* bytes */
};

struct device_info {
    char name[96];        /* what it is: "Intel(R) Xeon(R) Processor (2 cores)" */
    char slug[96];        /* for a folder's name: "intel-xeon-processor-2c-avx512" */
    char backend[16];     /* "cpu" or "cuda" */
    char arch[16];        /* the widest instruction set in use: "scalar", "avx2", "avx512"; "sm_90" */
    char fingerprint[96]; /* model, cores, caches, instruction set: equal for machines that perform alike */
    int units;            /* cores that this process may use: the size of a full team; multiprocessors */
    unsigned isa;         /* set of enum backend that this device runs */
    size_t memory;        /* bytes */
    int cache_count;
    struct cache_info caches[CACHE_LEVELS_MAX]; /* data caches, smallest first */
    int numa_nodes;
    /* GPUs only */
    int sm;              /* compute capability: 90 for 9.0 */
    int warps;           /* a multiprocessor holds at most */
    int registers;       /* of a multiprocessor */
    size_t shared_block; /* bytes of dynamic shared memory a block may have at most */
    bool modeled;        /* times come from a model, not from a clock */
    double bandwidth;    /* bytes/s of its memory by its data sheet; 0: not known */
    double flops;        /* FLOP/s of fused multiply-adds in float32 at its boost clock */
    double clock;        /* Hz of its multiprocessors, boosted */
    char driver[48];     /* version of the driver, "" without one */
    char compiler[48];   /* version of the compiler of its kernels, "" without one */
};

/* The bytes of the last-level cache that one buffer must exceed to be out of every cache. */
size_t device_last_level_bytes(const struct device_info *info);

/* A variant made ready to run a problem at a point: what a compilation would be on a GPU; on a CPU its
 * scratch. */
struct kernel;

/* Something that was counted while a kernel ran. Names, where the device has them: dram_bytes,
   dram_read_bytes, dram_write_bytes, l2_bytes, instructions (of warps), thread_instructions, occupancy
   (0..1), registers (of a thread), spill_bytes, shared_bytes (of a block), bank_conflicts, atomics,
   float_atomics, seconds.
 */
struct counter {
    char name[40];
    double value;
};
enum { COUNTERS_MAX = 48 };
/* The counter of this name in a list, or NULL. */
const struct counter *counter_find(const struct counter *list, int count, const char *name);
/* Appends one; a list that is full stays as it is. */
void counter_add(struct counter *list, int max, int *count, const char *name, double value);
/* Its value; 0 if it is not there. */
double counter_value(const struct counter *list, int count, const char *name);

/* What keeps a device below the clock it could have. */
enum throttle {
    THROTTLE_POWER = 1 << 0,    /* its limit of power */
    THROTTLE_THERMAL = 1 << 1,  /* its temperature */
    THROTTLE_HARDWARE = 1 << 2, /* a slowdown for a reason that is not told */
};
/* "power", "thermal", "hardware": of the i-th bit; NULL past the last. */
const char *throttle_name(int i);
/* "power, thermal"; "" for an empty set. */
void throttle_print(unsigned set, char *text, size_t size);

struct device_clock {
    double ghz;        /* 0: not known */
    unsigned throttle; /* set of enum throttle */
};

struct device {
    const struct device_info *(*info)(const struct device *d);
    /* Memory that kernels can use; the first `bytes` are usable, aligned to 64 bytes. NULL if there is none
     * left. */
    void *(*alloc)(struct device *d, size_t bytes);
    void (*free)(struct device *d, void *memory);
    void (*upload)(struct device *d, void *to, const void *from, size_t bytes);
    void (*download)(struct device *d, void *to, const void *from, size_t bytes);
    struct kernel *(*prepare)(struct device *d, const struct variant *v, const struct problem *p,
                              const struct point *pt, struct error *err);
    void (*release)(struct device *d, struct kernel *k);
    /* Runs the kernel on each of `count` calls, in order. Returns the seconds that took, by the device's
       clock or its model. */
    double (*run)(struct device *d, struct kernel *k, const struct call *calls, int count);
    void (*close)(struct device *d);
    /* The clock just now, taken beside samples of time. NULL: it is not known. */
    struct device_clock (*clock)(struct device *d);
    /* Whether a call failed since this was last asked; then err says what, and what it returned or wrote is
       not to be used. NULL: calls do not fail. */
    bool (*failure)(struct device *d, struct error *err);
    /* Whether it still works: false after a failure that spoilt its context, where every further call fails.
       NULL: always. */
    bool (*usable)(struct device *d);
    /* Makes the device usable again after a failure that spoilt its context. All its memory and kernels must
       have been freed; NULL: not needed. NVIDIA promises that only of a new process, which is what the tuner
       takes. */
    bool (*recover)(struct device *d, struct error *err);
    /* What the device itself counted during the kernel's last call, at most max of them; returns how many.
       NULL: it counts nothing, see the profilers. */
    int (*counters)(struct device *d, const struct kernel *k, struct counter *list, int max);
    /* Whether calls may run in part from now on, for their time and counters alone: what they write is not to
       be used. NULL: they always run whole. */
    void (*sample)(struct device *d, bool on);
};

/* failure(), usable(), recover(), clock() and counters() for any device. */
bool device_failure(struct device *d, struct error *err);
bool device_usable(struct device *d);
bool device_recover(struct device *d, struct error *err);
struct device_clock device_clock(struct device *d);
int device_counters(struct device *d, const struct kernel *k, struct counter *list, int max);

/* "Intel(R) Xeon(R) Processor (2 cores) avx512" becomes "intel-xeon-processor-2-cores-avx512": for folders'
 * names. */
void device_slug(const char *text, char *slug, size_t size);

/* Whether a device of this name, if there is one, is a GPU, which is not to be opened before a fork. */
bool device_names_gpu(const char *name);
/* Opens a device by name: "cpu", "cuda:0", "vgpu:h100-sxm". `bind`: bind the team's threads to cores, which a
   program that measures wants and a library inside another program does not. NULL and the reason if there is
   no such device. */
struct device *device_open(const char *name, bool bind, struct error *err);

#endif
