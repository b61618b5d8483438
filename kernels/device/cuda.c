#include "cuda.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry.h"
#include "cuda_api.h"
#include "cuda_jit.h"
#include "cuda_virtual.h"

struct cuda {
    struct device device;
    struct device_info info;
    struct cuda_api api;
    struct cuda_virtual virtual;
    struct nvrtc nvrtc;
    bool has_nvrtc;
    struct error no_nvrtc; /* why there is none */
    CUdevice ordinal;
    CUcontext context;
    CUstream stream;
    CUevent begin, end;
    bool failed;
    struct error failure; /* the first since it was last asked for */
};

struct kernel {
    const struct variant *variant;
    struct problem problem;
    struct launch launch;
    CUmodule module;
    CUfunction function[LAUNCH_STEPS_MAX];
    CUdeviceptr scratch;
    struct cuda_tally tally; /* of the last call, on a virtual GPU */
};

static struct cuda *cuda_of(const struct device *d) {
    return (struct cuda *)d;
}

static const struct device_info *cuda_info(const struct device *d) {
    return &cuda_of(d)->info;
}

/* Notes a failure. The text of a virtual GPU's finding says more than the code. */
static void failure_note(struct cuda *c, const char *text) {
    if (c->failed) return;
    c->failed = true;
    error_set(&c->failure, "%s", text);
}

static bool succeeded(struct cuda *c, CUresult code, const char *call, int line) {
    struct error err;
    if (cuda_ok(&c->api, code, call, &err)) return true;
    char text[sizeof err.text];
    snprintf(text, sizeof text, "%.400s at cuda.c:%d", err.text, line);
    failure_note(c, text);
    return false;
}

/* Calls the driver; false, and the failure noted with its line, if that fails. */
#define CALL(c, name, ...) succeeded(c, (c)->api.name(__VA_ARGS__), #name, __LINE__)

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

static CUdeviceptr address(const void *memory) {
    return (CUdeviceptr)(uintptr_t)memory;
}

static void cuda_free(struct device *d, void *memory) {
    if (memory) cuda_of(d)->api.cuMemFree_v2(address(memory));
}

static void cuda_upload(struct device *d, void *to, const void *from, size_t bytes) {
    struct cuda *const c = cuda_of(d);
    if (bytes) CALL(c, cuMemcpyHtoD_v2, address(to), from, bytes);
}

static void cuda_download(struct device *d, void *to, const void *from, size_t bytes) {
    struct cuda *const c = cuda_of(d);
    if (bytes) CALL(c, cuMemcpyDtoH_v2, to, address(from), bytes);
}

static void cuda_release(struct device *d, struct kernel *k) {
    struct cuda *const c = cuda_of(d);
    if (!k) return;
    if (k->scratch) c->api.cuMemFree_v2(k->scratch);
    if (k->module) c->api.cuModuleUnload(k->module);
    free(k);
}

static bool module_load(struct cuda *c, struct kernel *k, const struct cuda_binary *b, struct error *err) {
    const CUresult code = c->api.cuModuleLoadData(&k->module, c->virtual.present ? b->ptx : b->cubin);
    if (!cuda_ok(&c->api, code, "cuModuleLoadData", err)) {
        if (c->virtual.present && *c->virtual.vgpu_last_error())
            error_set(err, "cuModuleLoadData: %s", c->virtual.vgpu_last_error());
        return error_prefix(err, "%s", k->variant->name);
    }
    if (c->virtual.present) c->virtual.vgpu_module_ptxas_log(k->module, b->log);
    return true;
}

static bool step_prepare(struct cuda *c, struct kernel *k, int i, struct error *err) {
    struct launch_step *const s = &k->launch.step[i];
    const char *const name = s->function ? s->function : k->variant->name;
    for (int axis = 1; axis < 3; axis++) {
        if (!s->grid[axis]) s->grid[axis] = 1;
        if (!s->block[axis]) s->block[axis] = 1;
    }
    if (s->shared > c->info.shared_block)
        return error_set(err, "%s: %u bytes of shared memory are more than the device's %zu", name, s->shared,
                         c->info.shared_block);
    if (!cuda_ok(&c->api, c->api.cuModuleGetFunction(&k->function[i], k->module, name), "cuModuleGetFunction",
                 err))
        return error_prefix(err, "%s", name);
    if (!s->shared)
        return true; /* what a block has above 48 KiB, static memory included, must be asked for */
    return cuda_ok(&c->api,
                   c->api.cuFuncSetAttribute(k->function[i], CUDA_FUNCTION_DYNAMIC_SHARED, (int)s->shared),
                   "cuFuncSetAttribute", err) ||
           error_prefix(err, "%s", name);
}

/* Scratch is filled with NaNs, so that what a kernel reads without having written it shows; a virtual GPU
   sees that by itself. */
static bool scratch_prepare(struct cuda *c, struct kernel *k, struct error *err) {
    const size_t bytes = k->launch.scratch;
    if (!bytes) return true;
    if (c->api.cuMemAlloc_v2(&k->scratch, bytes) != CUDA_OK)
        return error_set(err, "%s: out of device memory: it needs %zu bytes of scratch", k->variant->name,
                         bytes);
    return c->virtual.present || CALL(c, cuMemsetD8Async, k->scratch, 0xff, bytes, c->stream);
}

static bool kernel_build(struct cuda *c, struct kernel *k, const struct point *pt, struct error *err) {
    struct cuda_binary b;
    if (!c->has_nvrtc) return error_set(err, "%s", c->no_nvrtc.text);
    k->variant->launch(&k->problem, pt, &c->info, &k->launch);
    if (!cuda_compile(&c->nvrtc, k->variant, &k->problem, pt, c->info.sm, &b, err)) return false;
    bool ok = module_load(c, k, &b, err);
    cuda_binary_free(&b);
    for (int i = 0; ok && i < k->launch.steps; i++) ok = step_prepare(c, k, i, err);
    return ok && scratch_prepare(c, k, err);
}

static struct kernel *cuda_prepare(struct device *d, const struct variant *v, const struct problem *p,
                                   const struct point *pt, struct error *err) {
    const char *const reason = variant_reject(v, p, pt, cuda_info(d));
    if (reason) {
        error_set(err, "%s does not run this: %s", v->name, reason);
        return NULL;
    }
    struct kernel *const k = calloc(1, sizeof *k);
    if (!k) {
        error_set(err, "%s: out of memory", v->name);
        return NULL;
    }
    k->variant = v;
    k->problem = *p;
    if (kernel_build(cuda_of(d), k, pt, err)) return k;
    cuda_release(d, k);
    return NULL;
}

/* Outputs and scratch that begin as zeros. */
static bool call_zero(struct cuda *c, const struct kernel *k, const struct call *call) {
    bool ok = true;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!tensor_in(k->launch.zero, (enum tensor)t)) continue;
        const size_t bytes = tensor_bytes(&k->problem, (enum tensor)t);
        if (bytes) ok = ok && CALL(c, cuMemsetD8Async, address(call->out[t]), 0, bytes, c->stream);
    }
    if (k->launch.scratch_zero)
        ok = ok && CALL(c, cuMemsetD8Async, k->scratch, 0, k->launch.scratch_zero, c->stream);
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
            tensors[count] = address(pass ? call->out[t] : call->in[t]);
            params[count] = &tensors[count];
            count++;
        }
    }
    params[count++] = &rows;
    params[count] = &k->scratch;
    k->tally = (struct cuda_tally){.steps = 0};
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
    bool ok = CALL(c, cuEventRecord, c->begin, c->stream);
    for (int i = 0; ok && i < count; i++) ok = call_zero(c, k, &calls[i]) && call_launch(c, k, &calls[i]);
    ok = ok && CALL(c, cuEventRecord, c->end, c->stream);
    ok = CALL(c, cuStreamSynchronize, c->stream) && ok;
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

static bool context_open(struct cuda *c, struct error *err) {
    const struct cuda_api *const api = &c->api;
    return cuda_ok(api, api->cuDevicePrimaryCtxRetain(&c->context, c->ordinal), "cuDevicePrimaryCtxRetain",
                   err) &&
           cuda_ok(api, api->cuCtxSetCurrent(c->context), "cuCtxSetCurrent", err) &&
           cuda_ok(api, api->cuStreamCreate(&c->stream, CUDA_STREAM_NON_BLOCKING), "cuStreamCreate", err) &&
           cuda_ok(api, api->cuEventCreate(&c->begin, 0), "cuEventCreate", err) &&
           cuda_ok(api, api->cuEventCreate(&c->end, 0), "cuEventCreate", err);
}

static void context_close(struct cuda *c) {
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

static bool cuda_recover(struct device *d, struct error *err) {
    struct cuda *const c = cuda_of(d);
    if (c->api.cuCtxSynchronize() == CUDA_OK) return true; /* the context survived */
    context_close(c);
    c->api.cuDevicePrimaryCtxReset_v2(c->ordinal);
    c->failed = false;
    return context_open(c, err);
}

static void cuda_close(struct device *d) {
    struct cuda *const c = cuda_of(d);
    context_close(c);
    cuda_api_close(&c->api);
    free(c);
}

static int attribute(const struct cuda *c, enum cuda_attribute a) {
    int value = 0;
    return c->api.cuDeviceGetAttribute(&value, (CUdevice_attribute)a, c->ordinal) == CUDA_OK ? value : 0;
}

/* Lanes of a multiprocessor that do a fused multiply-add in float32 each clock. */
static int fma_lanes(int sm) {
    return sm == 75 || sm == 80 ? 64 : 128;
}

static void info_fill(struct cuda *c) {
    struct device_info *const info = &c->info;
    int version = 0;
    c->api.cuDeviceGetName(info->name, sizeof info->name, c->ordinal);
    c->api.cuDeviceTotalMem_v2(&info->memory, c->ordinal);
    c->api.cuDriverGetVersion(&version);
    info->sm = 10 * attribute(c, CUDA_CAPABILITY_MAJOR) + attribute(c, CUDA_CAPABILITY_MINOR);
    info->isa = 1u << CUDA;
    info->units = attribute(c, CUDA_MULTIPROCESSORS);
    info->warps = attribute(c, CUDA_MULTIPROCESSOR_THREADS) / 32;
    info->registers = attribute(c, CUDA_MULTIPROCESSOR_REGISTERS);
    info->shared_block = (size_t)attribute(c, CUDA_BLOCK_SHARED_OPTIN);
    info->modeled = c->virtual.present;
    info->bandwidth = 2e3 * attribute(c, CUDA_MEMORY_CLOCK_KHZ) * attribute(c, CUDA_MEMORY_BUS_BITS) / 8;
    info->flops = 2e3 * attribute(c, CUDA_CLOCK_KHZ) * fma_lanes(info->sm) * info->units;
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
                                  .recover = cuda_recover,
                                  .counters = virtual->present ? cuda_counters : NULL,
                                  .sample = virtual->present ? cuda_sample : NULL},
                       .api = *api,
                       .virtual = *virtual};
    int count = 0;
    c->has_nvrtc = nvrtc_open(&c->nvrtc, &c->no_nvrtc);
    bool ok = cuda_ok(api, api->cuInit(0), "cuInit", err) &&
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
