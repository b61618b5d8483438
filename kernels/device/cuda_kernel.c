/* Kernels of a GPU: compiled, loaded, and with the memory that they work in. */
#include <stdio.h>
#include <stdlib.h>

#include "cuda_private.h"

void cuda_release(struct device *d, struct kernel *k) {
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
        else if (!c->virtual.present && c->nvrtc.major > c->driver_major)
            error_set(err,
                      "the driver (CUDA %d) does not load what NVRTC %d.%d makes: update the driver, or "
                      "\"./katune get-nvrtc %d\"",
                      c->driver_major, c->nvrtc.major, c->nvrtc.minor, c->driver_major);
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
    const bool filled = c->virtual.present || CALL(c, cuMemsetD8Async, k->scratch, 0xff, bytes, c->stream);
    return filled && (!k->launch.scratch_zero ||
                      CALL(c, cuMemsetD8Async, k->scratch, 0, k->launch.scratch_zero, c->stream));
}

static bool kernel_build(struct cuda *c, struct kernel *k, const struct point *pt, struct error *err) {
    struct cuda_binary b;
    k->variant->launch(&k->problem, pt, &c->info, &k->launch);
    if (!cuda_compile(&c->nvrtc, k->variant, &k->problem, pt, c->info.sm, &b, err)) return false;
    bool ok = module_load(c, k, &b, err);
    cuda_binary_free(&b);
    for (int i = 0; ok && i < k->launch.steps; i++) ok = step_prepare(c, k, i, err);
    return ok && scratch_prepare(c, k, err);
}

struct kernel *cuda_prepare(struct device *d, const struct variant *v, const struct problem *p,
                            const struct point *pt, struct error *err) {
    const char *const reason = variant_reject(v, p, pt, d->info(d));
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
