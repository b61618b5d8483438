#include "json_gbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "op.h"

struct gbench *json_gbench_new(const struct device_info *info) {
    char date[40], host[128] = "";
    const time_t now = time(NULL);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&now, &tm));
    gethostname(host, sizeof host - 1);
    return gbench_new(date, host, info);
}

void json_gbench_add(struct gbench *g, const struct contender *c, int threads,
                     const struct ceilings *ceilings) {
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX], name[PROBLEM_KEY_MAX + POINT_TEXT_MAX + 64];
    problem_key(&c->problem, key);
    point_print(c->variant, &c->point, point);
    snprintf(name, sizeof name, "%s/%s%s%s", key, c->variant->name, *point ? "/" : "", point);
    struct gbench_run run = {.name = name,
                             .threads = threads,
                             .iterations = (double)c->seconds.n * c->batch,
                             .seconds = c->seconds.median};
    if (c->verdict.status != CHECK_PASSED) {
        run.error = c->verdict.text;
    } else {
        run.bytes_per_second = problem_bytes(&c->problem) / c->seconds.median;
        if (ceilings->bandwidth > 0)
            run.roofline_fraction = roofline_of(&c->problem, ceilings, c->seconds.median).fraction;
    }
    gbench_add(g, &run);
}

bool json_gbench_write(const struct gbench *g, const char *path, struct error *err) {
    char *const text = g ? gbench_text(g) : NULL;
    if (!text) return error_set(err, "%s: out of memory", path);
    const bool ok = file_write(path, text, strlen(text), err);
    free(text);
    return ok;
}
