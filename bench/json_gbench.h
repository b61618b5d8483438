/* A benchmark's results as Google Benchmark JSON. */
#ifndef KATUNE_JSON_GBENCH_H
#define KATUNE_JSON_GBENCH_H

#include "gbench.h"
#include "measure.h"
#include "roofline.h"

/* Of this machine, now. */
struct gbench *json_gbench_new(const struct device_info *info);
/* One benchmark per contender, named problem/variant/point; one that failed its check carries error_message.
 */
void json_gbench_add(struct gbench *g, const struct contender *c, int threads,
                     const struct ceilings *ceilings);
bool json_gbench_write(const struct gbench *g, const char *path, struct error *err);

#endif
