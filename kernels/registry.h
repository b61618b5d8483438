/* The table of all variants, made by the build from the files in kernels/scalar, avx2, avx512 and cuda. */
#ifndef KATUNE_REGISTRY_H
#define KATUNE_REGISTRY_H

#include "variant.h"

int variant_count(void);
/* In order of backend (the widest last), then name. */
const struct variant *variant_at(int i);
const struct variant *variant_find(const char *name);
/* The first sentence of its file's opening comment. */
const char *variant_about(const struct variant *v);
/* What its results' last bits may depend on: "thread-dependent", "order-dependent" (of atomics), or "". */
const char *variant_label(const struct variant *v);
const char *backend_name(enum backend backend);
/* Whether it runs CUDA kernels, be it virtual. */
static inline bool device_is_gpu(const struct device_info *info) {
    return info->isa >> CUDA & 1;
}
/* A hash of the sources of all variants and the headers they include: tables carry it. */
const char *registry_sources_hash(void);

/* fnmatch(3) over names; NULL or "" matches all. A list separated by commas matches if one of its globs does.
 */
bool name_matches(const char *name, const char *glob);
bool variant_matches(const struct variant *v, const char *glob);

int param_count(const struct variant *v);
int param_value_count(const struct param *param);
bool param_has(const struct param *param, int value);
/* The index of a parameter, or -1. */
int param_find(const struct variant *v, const char *name);

/* Points are numbered 0 .. point_count - 1 with the last parameter running fastest. */
int64_t point_count(const struct variant *v);
struct point point_at(const struct variant *v, int64_t index);
/* Whether every value of the point is in its parameter's list. */
bool point_valid(const struct variant *v, const struct point *pt, struct error *err);
bool point_equal(const struct variant *v, const struct point *a, const struct point *b);
/* Whether it is the same variant at the same point. */
bool variant_point_equal(const struct variant *v, const struct point *a, const struct variant *w,
                         const struct point *b);
/* "THREADS=0 ROWS=4". */
enum { POINT_TEXT_MAX = 160 };
void point_print(const struct variant *v, const struct point *pt, char text[POINT_TEXT_MAX]);

/* Whether the variant is of the device's kind: CUDA variants run on GPUs, the others on CPUs. */
bool variant_belongs(const struct variant *v, const struct device_info *d);

/* NULL, or the reason why the variant does not run this problem at this point on this device: one place for
   what holds for every variant (operation, dtype, instruction set, threads), then the variant's own reject().
 */
const char *variant_reject(const struct variant *v, const struct problem *p, const struct point *pt,
                           const struct device_info *d);
/* The first point that is accepted. False if none is; then *reason is that of the first point. */
bool variant_default_point(const struct variant *v, const struct problem *p, const struct device_info *d,
                           struct point *pt, const char **reason);
/* The variant to use where nothing was measured: of those that accept the problem, the widest backend's
   first, there the preferred one, baselines last. */
const struct variant *variant_default(const struct problem *p, const struct device_info *d, struct point *pt);

#endif
