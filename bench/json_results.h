/* Results as JSON, schema katune-results/1: docs/results.md. */
#ifndef KATUNE_JSON_RESULTS_H
#define KATUNE_JSON_RESULTS_H

#include "measure.h"
#include "roofline.h"

struct json_results;

/* `command`: "check" or "bench". */
struct json_results *json_results_new(const char *command, const struct device_info *info, uint64_t seed);
void json_check_add(struct json_results *r, const struct variant *v, const struct point *pt,
                    const struct problem *p, struct distribution d, const struct verdict *verdict);
/* `ceilings`: of the contender's number of threads. */
void json_bench_add(struct json_results *r, const struct contender *c, struct distribution d, bool warm,
                    int threads, const struct ceilings *ceilings);
bool json_results_write(const struct json_results *r, const char *path, struct error *err);
void json_results_free(struct json_results *r);

#endif
