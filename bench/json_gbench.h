/* Results as Google Benchmark JSON, which github-action-benchmark and compare.py read. */
#ifndef KATUNE_JSON_GBENCH_H
#define KATUNE_JSON_GBENCH_H

#include "measure.h"
#include "roofline.h"

struct json_gbench;

struct json_gbench *json_gbench_new(const struct device_info *info);
/* One benchmark per contender, named problem/variant/point; one that failed its check carries error_message.
 */
void json_gbench_add(struct json_gbench *g, const struct contender *c, int threads,
                     const struct ceilings *ceilings);
bool json_gbench_write(const struct json_gbench *g, const char *path, struct error *err);
void json_gbench_free(struct json_gbench *g);

#endif
