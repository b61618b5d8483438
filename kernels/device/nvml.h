/* NVML, NVIDIA's management library, loaded at run time: at what clock a GPU runs, and what holds it back.
   Nothing needs it: without it clocks are unknown and no sample is marked. */
#ifndef KATUNE_NVML_H
#define KATUNE_NVML_H

#include "cuda_functions.h"
#include "device.h"

#ifndef __nvml_nvml_h__ /* nvml.h was not included before */
#define TYPE(name, representation) typedef representation name;
NVML_TYPES(TYPE)
#undef TYPE
#endif

enum nvml_number {
#define NUMBER(name, theirs, value) name = (value),
    NVML_NUMBERS(NUMBER)
#undef NUMBER
};

struct nvml {
    void *library;
    char path[512]; /* what was loaded */
    bool started;
    nvmlDevice_t device;
#define DECLARE(name, parameters) nvmlReturn_t(*name) parameters;
    NVML_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* What NVML says of a GPU at one moment; 0 where it does not. */
struct nvml_state {
    char driver[80];                                       /* version of the driver: "580.95.05" */
    unsigned units_mhz, units_max, memory_mhz, memory_max; /* clocks in MHz */
    double watts, watts_max;                               /* power, and the limit in force */
    unsigned throttle;                                     /* set of enum throttle */
};

/* Loads the library that KATUNE_LIBNVML names, else libnvidia-ml.so.1, without looking for a GPU. False, and
   what is missing and how to get it. */
bool nvml_load(struct nvml *n, struct error *err);
/* Loads it and finds the GPU at this PCI address. */
bool nvml_open(struct nvml *n, int domain, int bus, int device, struct error *err);
void nvml_close(struct nvml *n);

/* The clock of the multiprocessors and what slows it down at this moment. */
struct device_clock nvml_clock(const struct nvml *n);
struct nvml_state nvml_state_read(const struct nvml *n);

#endif
