#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_arch.h"
#include "cuda_cache.h"
#include "cuda_gate.h"
#include "cuda_private.h"

static const struct device_info *cuda_info(const struct device *d) {
    return &cuda_of(d)->info;
}

static void failure_note(struct cuda *c, const char *text) {
    if (c->failed) return;
    c->failed = true;
    error_set(&c->failure, "%s", text);
}

bool cuda_succeeded(struct cuda *c, CUresult code, const char *call, const char *file, int line) {
    struct error err;
    if (cuda_ok(&c->api, code, call, &err)) return true;
    char text[sizeof err.text];
    snprintf(text, sizeof text, "%.400s at %s:%d", err.text, file, line);
    failure_note(c, text);
    return false;
}

static bool cuda_failure(struct device *d, struct error *err) {
    struct cuda *const c = cuda_of(d);
    if (!c->failed) return false;
    c->failed = false;
    error_set(err, "%s", c->failure.text);
    return true;
}

static void *cuda_alloc(struct device *d, size_t bytes) {
    CUdeviceptr pointer = 0;
    const CUresult code = cuda_of(d)->api.cuMemAlloc_v2(&pointer, bytes ? bytes : 1);
    return code == CUDA_OK ? (void *)(uintptr_t)pointer : NULL;
}

static void cuda_free(struct device *d, void *memory) {
    if (memory) cuda_of(d)->api.cuMemFree_v2(cuda_address(memory));
}

static void cuda_upload(struct device *d, void *to, const void *from, size_t bytes) {
    struct cuda *const c = cuda_of(d);
    if (bytes) CALL(c, cuMemcpyHtoD_v2, cuda_address(to), from, bytes);
}

static void cuda_download(struct device *d, void *to, const void *from, size_t bytes) {
    struct cuda *const c = cuda_of(d);
    if (bytes) CALL(c, cuMemcpyDtoH_v2, to, cuda_address(from), bytes);
}

/* Outputs that begin as zeros. */
static bool call_zero(struct cuda *c, struct kernel *k, const struct call *call) {
    bool ok = true;
    k->tally = (struct cuda_tally){.steps = 0};
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!tensor_in(k->launch.zero, (enum tensor)t)) continue;
        const size_t bytes = tensor_bytes(&k->problem, (enum tensor)t);
        if (!bytes) continue;
        ok = ok && CALL(c, cuMemsetD8Async, cuda_address(call->out[t]), 0, bytes, c->stream);
        k->tally.fills++;
    }
    return ok;
}

static bool call_launch(struct cuda *c, struct kernel *k, const struct call *call) {
    CUdeviceptr tensors[TENSOR_COUNT];
    void *params[TENSOR_COUNT + 2];
    long long rows = k->problem.rows;
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        const unsigned set = pass ? op_outputs(k->problem.op) : op_inputs(k->problem.op);
        for (int t = 0; t < TENSOR_COUNT; t++) {
            if (!tensor_in(set, (enum tensor)t)) continue;
            tensors[count] = cuda_address(pass ? call->out[t] : call->in[t]);
            params[count] = &tensors[count];
            count++;
        }
    }
    params[count++] = &rows;
    params[count] = &k->scratch;
    for (int i = 0; i < k->launch.steps; i++) {
        const struct launch_step *const s = &k->launch.step[i];
        if (!s->grid[0]) continue;
        if (!CALL(c, cuLaunchKernel, k->function[i], s->grid[0], s->grid[1], s->grid[2], s->block[0],
                  s->block[1], s->block[2], s->shared, c->stream, params, NULL))
            return false;
        if (c->virtual.present) cuda_tally_add(&k->tally, &c->virtual);
    }
    return true;
}

static double cuda_run(struct device *d, struct kernel *k, const struct call *calls, int count) {
    struct cuda *const c = cuda_of(d);
    const uint64_t findings = c->virtual.present ? c->virtual.vgpu_findings(VGPU_FINDING_KINDS) : 0;
    float milliseconds = 0;
    const bool shut = gate_shut(c, k, count);
    bool ok = CALL(c, cuEventRecord, c->begin, c->stream);
    for (int i = 0; ok && i < count; i++) ok = call_zero(c, k, &calls[i]) && call_launch(c, k, &calls[i]);
    ok = ok && CALL(c, cuEventRecord, c->end, c->stream);
    if (shut) gate_open(c);
    ok = CALL(c, cuStreamSynchronize, c->stream) && ok;
    k->ran = ok;
    if (ok) CALL(c, cuEventElapsedTime, &milliseconds, c->begin, c->end);
    if (c->virtual.present && c->virtual.vgpu_findings(VGPU_FINDING_KINDS) != findings) {
        c->failed = false; /* the finding says more than the code */
        failure_note(c, c->virtual.vgpu_last_finding());
    }
    return 1e-3 * (double)milliseconds;
}

static int cuda_counters(struct device *d, const struct kernel *k, struct counter *list, int max) {
    (void)d;
    return cuda_tally_list(&k->tally, list, max);
}

static void cuda_sample(struct device *d, bool on) {
    enum { BLOCKS_PER_UNIT = 16 };
    const struct cuda *const c = cuda_of(d);
    c->virtual.vgpu_set_sampling(on ? (uint64_t)BLOCKS_PER_UNIT * (uint64_t)c->info.units : 0);
}

static int attribute(const struct cuda *c, enum cuda_number a) {
    int value = 0;
    return c->api.cuDeviceGetAttribute(&value, (CUdevice_attribute)a, c->ordinal) == CUDA_OK ? value : 0;
}

/* The stream waits for copies, which go through the default stream: one from pageable memory may return while
   its last part is still on its way to the device. */
static bool context_open(struct cuda *c, struct error *err) {
    const struct cuda_api *const api = &c->api;
    return cuda_ok(api, api->cuDevicePrimaryCtxRetain(&c->context, c->ordinal), "cuDevicePrimaryCtxRetain",
                   err) &&
           cuda_ok(api, api->cuCtxSetCurrent(c->context), "cuCtxSetCurrent", err) &&
           cuda_ok(api, api->cuStreamCreate(&c->stream, CUDA_STREAM_ORDERED), "cuStreamCreate", err) &&
           cuda_ok(api, api->cuEventCreate(&c->begin, 0), "cuEventCreate", err) &&
           cuda_ok(api, api->cuEventCreate(&c->end, 0), "cuEventCreate", err);
}

static void context_close(struct cuda *c) {
    gate_free(c);
    if (c->end) c->api.cuEventDestroy_v2(c->end);
    if (c->begin) c->api.cuEventDestroy_v2(c->begin);
    if (c->stream) c->api.cuStreamDestroy_v2(c->stream);
    if (c->context) c->api.cuDevicePrimaryCtxRelease_v2(c->ordinal);
    c->end = c->begin = NULL;
    c->stream = NULL;
    c->context = NULL;
}

void *cuda_context(struct device *d, int *ordinal) {
    const struct cuda *const c = cuda_of(d);
    *ordinal = c->ordinal;
    return c->context;
}

void cuda_queue_ahead(struct device *d, bool on) {
    cuda_of(d)->gate.off = !on;
}

bool cuda_can_compile(struct device *d, struct error *err) {
    const struct cuda *const c = cuda_of(d);
    if (!c->has_nvrtc) return error_set(err, "%s", c->no_nvrtc.text);
    return nvrtc_require(&c->nvrtc, c->info.sm, err);
}

const struct nvml *cuda_nvml(struct device *d, struct error *err) {
    struct cuda *const c = cuda_of(d);
    if (c->nvml_status == NVML_NOT_TRIED) {
        const bool found = nvml_open(&c->nvml, attribute(c, CUDA_PCI_DOMAIN), attribute(c, CUDA_PCI_BUS),
                                     attribute(c, CUDA_PCI_DEVICE), &c->no_nvml);
        c->nvml_status = found ? NVML_THERE : NVML_MISSING;
    }
    if (c->nvml_status == NVML_THERE) return &c->nvml;
    error_set(err, "%s", c->no_nvml.text);
    return NULL;
}

static struct device_clock cuda_clock(struct device *d) {
    struct error ignored;
    const struct nvml *const n = cuda_nvml(d, &ignored);
    return n ? nvml_clock(n) : (struct device_clock){.ghz = 0};
}

static bool cuda_usable(struct device *d) {
    return cuda_of(d)->api.cuCtxSynchronize() == CUDA_OK;
}

static bool cuda_recover(struct device *d, struct error *err) {
    struct cuda *const c = cuda_of(d);
    if (cuda_usable(d)) return true; /* the context survived */
    context_close(c);
    c->api.cuDevicePrimaryCtxReset_v2(c->ordinal);
    c->failed = false;
    return context_open(c, err);
}

static void cuda_close(struct device *d) {
    struct cuda *const c = cuda_of(d);
    if (c->nvml_status == NVML_THERE) nvml_close(&c->nvml);
    context_close(c);
    cuda_api_close(&c->api);
    free(c);
}

static void info_fill(struct cuda *c) {
    struct device_info *const info = &c->info;
    int version = 0;
    c->api.cuDeviceGetName(info->name, sizeof info->name, c->ordinal);
    c->api.cuDeviceTotalMem_v2(&info->memory, c->ordinal);
    c->api.cuDriverGetVersion(&version);
    c->driver_major = version / 1000;
    info->sm = 10 * attribute(c, CUDA_CAPABILITY_MAJOR) + attribute(c, CUDA_CAPABILITY_MINOR);
    info->isa = 1u << CUDA;
    info->units = attribute(c, CUDA_MULTIPROCESSORS);
    info->warps = attribute(c, CUDA_MULTIPROCESSOR_THREADS) / 32;
    info->registers = attribute(c, CUDA_MULTIPROCESSOR_REGISTERS);
    info->shared_block = (size_t)attribute(c, CUDA_BLOCK_SHARED_OPTIN);
    info->modeled = c->virtual.present;
    info->bandwidth = 2e3 * attribute(c, CUDA_MEMORY_CLOCK_KHZ) * attribute(c, CUDA_MEMORY_BUS_BITS) / 8;
    info->clock = 1e3 * attribute(c, CUDA_CLOCK_KHZ);
    const struct cuda_arch *const arch = cuda_arch_near(info->sm);
    info->flops = 2 * info->clock * arch->fma * info->units;
    info->cache_count = 1;
    info->caches[0] = (struct cache_info){
        .level = 2, .bytes = (size_t)attribute(c, CUDA_L2_BYTES), .instances = 1, .line = 128};
    snprintf(info->backend, sizeof info->backend, "cuda");
    snprintf(info->arch, sizeof info->arch, "sm_%d", info->sm);
    snprintf(info->driver, sizeof info->driver, "%s%d.%d", c->virtual.present ? "vgpu, as " : "",
             version / 1000, version % 1000 / 10);
    if (c->has_nvrtc)
        snprintf(info->compiler, sizeof info->compiler, "NVRTC %d.%d", c->nvrtc.major, c->nvrtc.minor);
    snprintf(info->fingerprint, sizeof info->fingerprint, "%.50s/%d/%s/%zuK", info->name, info->units,
             info->arch, info->caches[0].bytes >> 10);
    device_slug(info->name, info->slug, sizeof info->slug);
}

/* Of a driver that is loaded: false, and what to do, if it does not start. */
static bool driver_start(const struct cuda_api *api, struct error *err) {
    const CUresult code = api->cuInit(0);
    if (code == CUDA_IS_STUB)
        return error_set(err,
                         "%s is the toolkit's stub, which only linkers use: take the driver's libcuda.so.1",
                         api->path);
    if (code == CUDA_NO_GPU) return error_set(err, "the driver (%s) finds no GPU", api->path);
    if (code == CUDA_MISMATCH)
        return error_set(err, "%s is of another version than the driver that is running: restart the machine",
                         api->path);
    return cuda_ok(api, code, "cuInit", err);
}

/* Of a driver that was loaded; takes it over, whatever becomes of it. */
static struct device *device_new(struct cuda_api *api, const struct cuda_virtual *virtual, int ordinal,
                                 struct error *err) {
    struct cuda *const c = calloc(1, sizeof *c);
    if (!c) {
        cuda_api_close(api);
        error_set(err, "out of memory");
        return NULL;
    }
    *c = (struct cuda){.device = {.info = cuda_info,
                                  .alloc = cuda_alloc,
                                  .free = cuda_free,
                                  .upload = cuda_upload,
                                  .download = cuda_download,
                                  .prepare = cuda_prepare,
                                  .release = cuda_release,
                                  .run = cuda_run,
                                  .close = cuda_close,
                                  .failure = cuda_failure,
                                  .usable = cuda_usable,
                                  .recover = cuda_recover,
                                  .clock = virtual->present ? NULL : cuda_clock,
                                  .counters = virtual->present ? cuda_counters : NULL,
                                  .sample = virtual->present ? cuda_sample : NULL},
                       .api = *api,
                       .virtual = *virtual};
    int count = 0;
    uint64_t limit;
    c->has_nvrtc = nvrtc_open(&c->nvrtc, &c->no_nvrtc);
    bool ok = cuda_cache_limit(&limit, err) && driver_start(api, err) &&
              cuda_ok(api, api->cuDeviceGetCount(&count), "cuDeviceGetCount", err);
    if (ok && ordinal >= count)
        ok = error_set(err, "cuda:%d: the driver finds %d GPU%s%s", ordinal, count, count == 1 ? "" : "s",
                       count ? ", numbered from 0" : "");
    ok = ok && cuda_ok(api, api->cuDeviceGet(&c->ordinal, ordinal), "cuDeviceGet", err) &&
         context_open(c, err);
    if (!ok) {
        cuda_close(&c->device);
        return NULL;
    }
    info_fill(c);
    return &c->device;
}

int cuda_count(void) {
    struct cuda_api api;
    struct error ignored;
    int count = 0;
    if (!cuda_api_open(&api, NULL, &ignored)) return 0;
    if (api.cuInit(0) != CUDA_OK || api.cuDeviceGetCount(&count) != CUDA_OK) count = 0;
    cuda_api_close(&api);
    return count;
}

struct device *cuda_open(const char *number, struct error *err) {
    char *end;
    struct cuda_api api;
    struct cuda_virtual virtual;
    errno = 0;
    const long ordinal = strtol(number, &end, 10);
    if (*end || errno || ordinal < 0 || ordinal > 1023) {
        error_set(err, "cuda:%s: write the GPU's number, such as cuda:0", number);
        return NULL;
    }
    if (!cuda_api_open(&api, NULL, err)) return NULL;
    cuda_virtual_bind(&virtual, &api);
    return device_new(&api, &virtual, (int)ordinal, err);
}

/* All profiles become devices of the virtual driver, which reads the environment once. */
static int profile_choose(const struct cuda_virtual *v, const char *profile, struct error *err) {
    enum { DEVICES = 8 };
    char list[400] = "";
    int found = *profile ? -1 : 0;
    for (unsigned i = 0; i < DEVICES && v->vgpu_profile_name(i); i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? "," : "", v->vgpu_profile_name(i));
        if (strcmp(v->vgpu_profile_name(i), profile) == 0) found = (int)i;
    }
    if (found < 0) error_set(err, "vgpu:%s: there is no such profile: there are %s", profile, list);
    setenv("VGPU_DEVICE", list, 1);
    return found;
}

struct device *vgpu_open(const char *profile, struct error *err) {
    struct cuda_api api;
    struct cuda_virtual virtual;
    if (!cuda_virtual_open(&api, err)) return NULL;
    cuda_virtual_bind(&virtual, &api);
    const int ordinal = virtual.present ? profile_choose(&virtual, profile, err) : -1;
    if (!virtual.present) error_set(err, "%s is no virtual GPU: vgpu:%s needs libvgpu.so", api.path, profile);
    if (ordinal < 0) {
        cuda_api_close(&api);
        return NULL;
    }
    struct device *const d = device_new(&api, &virtual, ordinal, err);
    if (d) {
        struct cuda *const c = cuda_of(d);
        snprintf(c->info.slug, sizeof c->info.slug, "vgpu-%s", virtual.vgpu_profile_name((unsigned)ordinal));
    }
    return d;
}
