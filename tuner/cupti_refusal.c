/* What CUPTI's refusals mean, and what to do about each. Numbers of CUptiResult, so that it builds without
 * the header. */
#include "cupti.h"

static const struct {
    int code;
    const char *text;
} refusals[] = {
    {2, "this device cannot be profiled"},
    {27, "this device or driver does not support counters"},
    {33, "virtualised devices cannot be profiled"},
    {35, "no permission to read counters (ERR_NVGPUCTRPERM): run as root or with CAP_SYS_ADMIN, or load the "
         "driver with NVreg_RestrictProfilingToAdminUsers=0 (/proc/driver/nvidia/params shows "
         "RmProfilingAdminOnly)"},
    {36, "an old profiling interface is in use in this process"},
    {38, "the driver or the device does not support this profiling interface: update the driver"},
    {39, "another profiler is attached: stop Nsight, nvprof or DCGM's profiling (dcgmi profile --pause)"},
    {40, "the virtual GPU's administrator has not allowed profiling"},
    {41, "confidential computing is on: counters are not available"},
    {42, "mining processors cannot be profiled"},
    {43, "MIG is on: profile the whole GPU, or a MIG instance that owns it all"},
    {44, "SLI is on: counters are not available"},
    {45, "profiling in WSL needs Windows 11 and counters allowed in the NVIDIA control panel (Developer, "
         "Manage GPU performance counters)"},
    {46, "this CUPTI does not know the chip: install the one of a newer CUDA toolkit"},
};

const char *cupti_refusal(int code) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].code == code) return refusals[i].text;
    return "";
}
