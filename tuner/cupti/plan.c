/* Which metrics a chip has, and a configuration that collects them in as few passes as CUPTI finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static bool host_open(const struct cupti *c, const char *chip, const uint8_t *availability,
                      CUpti_Profiler_Host_Object **host, struct error *err) {
    CUPTI_PARAMS(CUpti_Profiler_Host_Initialize_Params, p);
    p.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    p.pChipName = chip;
    p.pCounterAvailabilityImage = availability;
    if (!cupti_ok(c, c->cuptiProfilerHostInitialize(&p), "cuptiProfilerHostInitialize", err))
        return error_prefix(err, "chip %s", chip);
    *host = p.pHostObject;
    return true;
}

static void host_close(const struct cupti *c, CUpti_Profiler_Host_Object *host) {
    CUPTI_PARAMS(CUpti_Profiler_Host_Deinitialize_Params, p);
    p.pHostObject = host;
    if (host) c->cuptiProfilerHostDeinitialize(&p);
}

static CUptiResult host_add(const struct cupti *c, CUpti_Profiler_Host_Object *host, const char **names,
                            size_t count) {
    CUPTI_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics_Params, p);
    p.pHostObject = host;
    p.ppMetricNames = names;
    p.numMetrics = count;
    return c->cuptiProfilerHostConfigAddMetrics(&p);
}

/* Whether the chip has a metric. An object that refused one takes no other, so each is asked of its own. */
static bool chip_has(const struct cupti *c, const char *chip, const uint8_t *availability, const char *name) {
    CUpti_Profiler_Host_Object *host = NULL;
    if (!host_open(c, chip, availability, &host, NULL)) return false;
    const bool has = host_add(c, host, &name, 1) == CUPTI_SUCCESS;
    host_close(c, host);
    return has;
}

static const char *chip_name_of(const struct cupti *c, const char *chip, const uint8_t *availability,
                                const struct metric *m) {
    for (int i = 0; i < METRIC_NAMES_MAX && m->cupti[i]; i++)
        if (chip_has(c, chip, availability, m->cupti[i])) return m->cupti[i];
    return NULL;
}

static void choose(const struct cupti *c, const uint8_t *availability, unsigned sets,
                   struct cupti_plan *plan) {
    for (int i = 0; i < metric_count(); i++) {
        const struct metric *const m = metric_at(i);
        if (!(m->sets & sets) || !m->cupti[0]) continue;
        const char *const name = chip_name_of(c, plan->chip, availability, m);
        if (!name) {
            plan->absent[plan->absent_count++] = m;
            continue;
        }
        plan->metric[plan->count] = m;
        plan->name[plan->count++] = name;
    }
}

static bool configure(const struct cupti *c, struct cupti_plan *plan, struct error *err) {
    CUpti_Profiler_Host_Object *const host = plan->host;
    if (!cupti_ok(c, host_add(c, host, plan->name, (size_t)plan->count), "cuptiProfilerHostConfigAddMetrics",
                  err))
        return false;
    CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImageSize_Params, size);
    size.pHostObject = host;
    if (!cupti_ok(c, c->cuptiProfilerHostGetConfigImageSize(&size), "cuptiProfilerHostGetConfigImageSize",
                  err))
        return false;
    plan->config = malloc(size.configImageSize);
    plan->config_bytes = size.configImageSize;
    if (!plan->config) return error_set(err, "counters: no memory");
    CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImage_Params, image);
    image.pHostObject = host;
    image.pConfigImage = plan->config;
    image.configImageSize = plan->config_bytes;
    if (!cupti_ok(c, c->cuptiProfilerHostGetConfigImage(&image), "cuptiProfilerHostGetConfigImage", err))
        return false;
    CUPTI_PARAMS(CUpti_Profiler_Host_GetNumOfPasses_Params, passes);
    passes.pConfigImage = plan->config;
    passes.configImageSize = plan->config_bytes;
    if (!cupti_ok(c, c->cuptiProfilerHostGetNumOfPasses(&passes), "cuptiProfilerHostGetNumOfPasses", err))
        return false;
    plan->passes = (int)passes.numOfPasses;
    return true;
}

static bool chip_known(const struct cupti *c, const char *chip) {
    for (size_t i = 0; i < c->chip_count; i++)
        if (strcmp(c->chips[i], chip) == 0) return true;
    return false;
}

bool cupti_plan_for(const struct cupti *c, const char *chip, const uint8_t *availability, unsigned sets,
                    struct cupti_plan *plan, struct error *err) {
    memset(plan, 0, sizeof *plan);
    if (!chip_known(c, chip)) return error_set(err, "counters: chip %s: %s", chip, cupti_refusal(46));
    snprintf(plan->chip, sizeof plan->chip, "%s", chip);
    CUpti_Profiler_Host_Object *host = NULL;
    if (!host_open(c, chip, availability, &host, err)) return false;
    plan->host = host;
    choose(c, availability, sets, plan);
    if (plan->count == 0) {
        cupti_plan_free(c, plan);
        return error_set(err, "counters: chip %s counts nothing of what was asked for", chip);
    }
    if (configure(c, plan, err)) return true;
    cupti_plan_free(c, plan);
    return false;
}

bool cupti_plan_make(const struct cupti *c, const char *chip, unsigned sets, struct cupti_plan *plan,
                     struct error *err) {
    return cupti_plan_for(c, chip, NULL, sets, plan, err);
}

void cupti_plan_free(const struct cupti *c, struct cupti_plan *plan) {
    host_close(c, plan->host);
    free(plan->config);
    plan->host = NULL;
    plan->config = NULL;
}
