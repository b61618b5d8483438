/* What of NVIDIA's is found on this machine, and how to get what is not: for `devices` and `selftest`. */
#ifndef KATUNE_LIBRARIES_H
#define KATUNE_LIBRARIES_H

#include <stdbool.h>

struct library_status {
    const char *name; /* "driver", "NVRTC", "NVML", "CUPTI" */
    const char *use;  /* what it is for */
    bool found;
    char text[600]; /* its version and place, or what is missing and what to do */
};

enum { LIBRARY_COUNT = 4 };

/* Loads each, and initialises none: a process that looked may still fork others that open a GPU. */
void libraries_find(struct library_status list[LIBRARY_COUNT]);

#endif
