/* Google Benchmark's JSON (schema version 1), which github-action-benchmark and compare.py read. */
#ifndef KATUNE_GBENCH_H
#define KATUNE_GBENCH_H

#include "device/device.h"

struct gbench;

/* What was run, and when and where: `date` in ISO 8601. `info` is the device that it was measured on just
   now; NULL: it was measured elsewhere, and no more is known. NULL if there is no memory. */
struct gbench *gbench_new(const char *date, const char *host, const struct device_info *info);

struct gbench_run {
    const char *name;  /* spaces and commas, at which readers split, become slashes */
    const char *error; /* NULL: it succeeded */
    int threads;
    double iterations, seconds;                 /* seconds of one iteration */
    double bytes_per_second, roofline_fraction; /* 0: not said */
};
void gbench_add(struct gbench *g, const struct gbench_run *run);

/* The document, owned by the caller; NULL if there is no memory. */
char *gbench_text(const struct gbench *g);
void gbench_free(struct gbench *g);

#endif
