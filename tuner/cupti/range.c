/* Counters of a kernel on a device: the Range Profiler, one range that the user marks and replays once a
 * pass. */
#include <stdlib.h>

#include "api.h"

/* What is open, closed in the opposite order whatever failed in between. */
struct session {
    const struct cupti *c;
    CUcontext context;
    uint8_t *availability, *data;
    size_t data_bytes;
    struct cupti_plan plan;
    bool initialised, planned;
    CUpti_RangeProfiler_Object *profiler;
};

#define OK(call, params) cupti_ok(s->c, s->c->call(params), #call, err)

static bool device_allows(struct session *s, int ordinal, struct error *err) {
    CUPTI_PARAMS(CUpti_Profiler_DeviceSupported_Params, p);
    p.cuDevice = ordinal;
    p.api = CUPTI_PROFILER_RANGE_PROFILING;
    if (!OK(cuptiProfilerDeviceSupported, &p)) return false;
    if (p.isSupported == CUPTI_PROFILER_CONFIGURATION_SUPPORTED) return true;
    const struct {
        CUpti_Profiler_Support_Level level;
        int code;
    } reasons[] = {{p.sli, 44}, {p.vGpu, 40}, {p.confidentialCompute, 41}, {p.cmp, 42}, {p.wsl, 45}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].level != CUPTI_PROFILER_CONFIGURATION_SUPPORTED)
            return error_set(err, "counters: %s", cupti_refusal(reasons[i].code));
    return error_set(err, "counters: devices below compute capability 7.5 have no range profiler");
}

static bool plan_for_device(struct session *s, int ordinal, unsigned sets, struct error *err) {
    CUPTI_PARAMS(CUpti_Device_GetChipName_Params, chip);
    chip.deviceIndex = (size_t)ordinal;
    CUPTI_PARAMS(CUpti_Profiler_GetCounterAvailability_Params, a);
    a.ctx = s->context;
    if (!OK(cuptiDeviceGetChipName, &chip) || !OK(cuptiProfilerGetCounterAvailability, &a)) return false;
    s->availability = a.pCounterAvailabilityImage = malloc(a.counterAvailabilityImageSize);
    if (!s->availability) return error_set(err, "counters: no memory");
    if (!OK(cuptiProfilerGetCounterAvailability, &a)) return false;
    s->planned = cupti_plan_for(s->c, chip.pChipName, s->availability, sets, &s->plan, err);
    return s->planned;
}

static bool profiler_enable(struct session *s, struct error *err) {
    CUPTI_PARAMS(CUpti_RangeProfiler_Enable_Params, enable);
    enable.ctx = s->context;
    if (!OK(cuptiRangeProfilerEnable, &enable)) return false;
    s->profiler = enable.pRangeProfilerObject;

    CUPTI_PARAMS(CUpti_RangeProfiler_GetCounterDataSize_Params, size);
    size.pRangeProfilerObject = s->profiler;
    size.pMetricNames = s->plan.name;
    size.numMetrics = (size_t)s->plan.count;
    size.maxNumOfRanges = 1;
    size.maxNumRangeTreeNodes = 1;
    if (!OK(cuptiRangeProfilerGetCounterDataSize, &size)) return false;
    s->data_bytes = size.counterDataSize;
    s->data = malloc(s->data_bytes);
    if (!s->data) return error_set(err, "counters: no memory");

    CUPTI_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize_Params, image);
    image.pRangeProfilerObject = s->profiler;
    image.counterDataSize = s->data_bytes;
    image.pCounterData = s->data;
    if (!OK(cuptiRangeProfilerCounterDataImageInitialize, &image)) return false;

    CUPTI_PARAMS(CUpti_RangeProfiler_SetConfig_Params, config);
    config.pRangeProfilerObject = s->profiler;
    config.configSize = s->plan.config_bytes;
    config.pConfig = s->plan.config;
    config.counterDataImageSize = s->data_bytes;
    config.pCounterDataImage = s->data;
    config.range = CUPTI_UserRange;
    config.replayMode = CUPTI_UserReplay;
    config.maxRangesPerPass = 1;
    config.numNestingLevels = 1;
    config.minNestingLevel = 1;
    config.targetNestingLevel = 1;
    return OK(cuptiRangeProfilerSetConfig, &config);
}

static bool one_pass(struct session *s, bool (*run)(void *, bool), void *user, bool *last,
                     struct error *err) {
    CUPTI_PARAMS(CUpti_RangeProfiler_Start_Params, start);
    CUPTI_PARAMS(CUpti_RangeProfiler_PushRange_Params, push);
    CUPTI_PARAMS(CUpti_RangeProfiler_PopRange_Params, pop);
    CUPTI_PARAMS(CUpti_RangeProfiler_Stop_Params, stop);
    start.pRangeProfilerObject = push.pRangeProfilerObject = s->profiler;
    pop.pRangeProfilerObject = stop.pRangeProfilerObject = s->profiler;
    push.pRangeName = "kernel";
    if (!run(user, false)) return error_set(err, "counters: a kernel failed before it was profiled");
    if (!OK(cuptiRangeProfilerStart, &start) || !OK(cuptiRangeProfilerPushRange, &push)) return false;
    if (!run(user, true)) return error_set(err, "counters: the kernel failed while it was profiled");
    if (!OK(cuptiRangeProfilerPopRange, &pop) || !OK(cuptiRangeProfilerStop, &stop)) return false;
    *last = stop.isAllPassSubmitted;
    return true;
}

static bool evaluate(struct session *s, struct counter *list, int max, int *count, struct error *err) {
    CUPTI_PARAMS(CUpti_RangeProfiler_DecodeData_Params, decode);
    decode.pRangeProfilerObject = s->profiler;
    if (!OK(cuptiRangeProfilerDecodeData, &decode)) return false;
    CUPTI_PARAMS(CUpti_RangeProfiler_GetCounterDataInfo_Params, info);
    info.pCounterDataImage = s->data;
    info.counterDataImageSize = s->data_bytes;
    if (!OK(cuptiRangeProfilerGetCounterDataInfo, &info)) return false;
    if (decode.numOfRangeDropped || info.numTotalRanges != 1)
        return error_set(err, "counters: %zu ranges were counted and %zu dropped, of one",
                         info.numTotalRanges, decode.numOfRangeDropped);
    double values[CUPTI_PLAN_MAX];
    CUPTI_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues_Params, p);
    p.pHostObject = s->plan.host;
    p.pCounterDataImage = s->data;
    p.counterDataImageSize = s->data_bytes;
    p.ppMetricNames = s->plan.name;
    p.numMetrics = (size_t)s->plan.count;
    p.pMetricValues = values;
    if (!OK(cuptiProfilerHostEvaluateToGpuValues, &p)) return false;
    *count = 0;
    for (int i = 0; i < s->plan.count; i++) {
        const struct metric *const m = s->plan.metric[i];
        counter_add(list, max, count, m->name, values[i] * m->cupti_scale);
    }
    return true;
}

static bool count_in(struct session *s, int ordinal, unsigned sets, bool (*run)(void *, bool), void *user,
                     struct counter *list, int max, int *count, struct error *err) {
    CUPTI_PARAMS(CUpti_Profiler_Initialize_Params, initialize);
    if (!OK(cuptiProfilerInitialize, &initialize)) return false;
    s->initialised = true;
    if (!device_allows(s, ordinal, err) || !plan_for_device(s, ordinal, sets, err) ||
        !profiler_enable(s, err))
        return false;
    bool last = false;
    for (int pass = 0; !last; pass++) {
        if (pass > 4 * s->plan.passes) return error_set(err, "counters: the passes do not come to an end");
        if (!one_pass(s, run, user, &last, err)) return false;
    }
    return evaluate(s, list, max, count, err);
}

static void session_close(struct session *s) {
    CUPTI_PARAMS(CUpti_RangeProfiler_Disable_Params, disable);
    CUPTI_PARAMS(CUpti_Profiler_DeInitialize_Params, deinitialize);
    disable.pRangeProfilerObject = s->profiler;
    if (s->profiler) s->c->cuptiRangeProfilerDisable(&disable);
    if (s->planned) cupti_plan_free(s->c, &s->plan);
    if (s->initialised) s->c->cuptiProfilerDeInitialize(&deinitialize);
    free(s->availability);
    free(s->data);
}

bool cupti_count(const struct cupti *c, void *context, int ordinal, unsigned sets, bool (*run)(void *, bool),
                 void *user, struct counter *list, int max, int *count, struct error *err) {
    struct session s = {.c = c, .context = context};
    *count = 0;
    const bool ok = count_in(&s, ordinal, sets, run, user, list, max, count, err);
    session_close(&s);
    return ok;
}
