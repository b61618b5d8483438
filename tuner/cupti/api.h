/* CUPTI's functions, loaded at run time under their own prototypes. */
#ifndef KATUNE_CUPTI_API_H
#define KATUNE_CUPTI_API_H

#include <cupti.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

#include "../cupti.h"

#define CUPTI_FUNCTIONS(F)                                                                                   \
    F(cuptiGetVersion)                                                                                       \
    F(cuptiGetResultString)                                                                                  \
    F(cuptiProfilerHostGetSupportedChips)                                                                    \
    F(cuptiProfilerHostInitialize)                                                                           \
    F(cuptiProfilerHostDeinitialize)                                                                         \
    F(cuptiProfilerHostConfigAddMetrics)                                                                     \
    F(cuptiProfilerHostGetConfigImageSize)                                                                   \
    F(cuptiProfilerHostGetConfigImage)                                                                       \
    F(cuptiProfilerHostGetNumOfPasses)                                                                       \
    F(cuptiProfilerHostEvaluateToGpuValues)                                                                  \
    F(cuptiProfilerInitialize)                                                                               \
    F(cuptiProfilerDeInitialize)                                                                             \
    F(cuptiProfilerDeviceSupported)                                                                          \
    F(cuptiDeviceGetChipName)                                                                                \
    F(cuptiProfilerGetCounterAvailability)                                                                   \
    F(cuptiRangeProfilerEnable)                                                                              \
    F(cuptiRangeProfilerDisable)                                                                             \
    F(cuptiRangeProfilerSetConfig)                                                                           \
    F(cuptiRangeProfilerStart)                                                                               \
    F(cuptiRangeProfilerStop)                                                                                \
    F(cuptiRangeProfilerPushRange)                                                                           \
    F(cuptiRangeProfilerPopRange)                                                                            \
    F(cuptiRangeProfilerDecodeData)                                                                          \
    F(cuptiRangeProfilerGetCounterDataSize)                                                                  \
    F(cuptiRangeProfilerCounterDataImageInitialize)                                                          \
    F(cuptiRangeProfilerGetCounterDataInfo)                                                                  \
    F(cuptiActivityEnable)                                                                                   \
    F(cuptiActivityDisable)                                                                                  \
    F(cuptiActivityRegisterCallbacks)                                                                        \
    F(cuptiActivityFlushAll)                                                                                 \
    F(cuptiActivityGetNextRecord)

struct cupti {
    void *library;
    char path[512];
    const char *const *chips;
    size_t chip_count;
#define DECLARE(name) __typeof__(&name) name;
    CUPTI_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* A structure of parameters, zero but for its size, which tells CUPTI the header's version. */
#define CUPTI_PARAMS(type, variable) type variable = {.structSize = type##_STRUCT_SIZE}

/* Sets err to what the code means, and returns false, unless it is success. */
bool cupti_ok(const struct cupti *c, CUptiResult code, const char *call, struct error *err);

/* cupti_plan_make() with the counters that a device makes available; NULL: all of the chip. */
bool cupti_plan_for(const struct cupti *c, const char *chip, const uint8_t *availability, unsigned sets,
                    struct cupti_plan *plan, struct error *err);

#endif
