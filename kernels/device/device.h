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
    char backend[16];     /* "cpu" */
    char arch[16];        /* the widest instruction set in use: "scalar", "avx2", "avx512" */
    char fingerprint[96]; /* model, cores, caches, instruction set: equal for machines that perform alike */
    int units;            /* cores that this process may use: the size of a full team */
    unsigned isa;         /* set of enum backend that this device runs */
    size_t memory;        /* bytes */
    int cache_count;
    struct cache_info caches[CACHE_LEVELS_MAX]; /* data caches, smallest first */
    int numa_nodes;
};

/* The bytes of the last-level cache that one buffer must exceed to be out of every cache. */
size_t device_last_level_bytes(const struct device_info *info);

/* A variant made ready to run a problem at a point: what a compilation would be on a GPU; on a CPU its
 * scratch. */
struct kernel;

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
     * clock. */
    double (*run)(struct device *d, struct kernel *k, const struct call *calls, int count);
    void (*close)(struct device *d);
};

/* Opens a device by name ("cpu"). `bind`: bind the team's threads to cores, which a program that measures
   wants and a library inside another program does not. NULL and the reason if there is no such device. */
struct device *device_open(const char *name, bool bind, struct error *err);

#endif
