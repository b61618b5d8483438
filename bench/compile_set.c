#include "compile_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

bool compile_archs_parse(const char *list, unsigned *set, struct error *err) {
    char text[256];
    snprintf(text, sizeof text, "%s", list);
    *set = 0;
    char *rest = text;
    for (char *name; (name = strtok_r(rest, ",", &rest));) {
        int i = 0, sm;
        char tail;
        const bool number = sscanf(name, "sm_%d%c", &sm, &tail) == 1;
        while (number && cuda_arch_at(i) && cuda_arch_at(i)->sm != sm) i++;
        if (!number || !cuda_arch_at(i))
            return error_set(
                err, "--arch %s: unknown: use sm_75, sm_80, sm_86, sm_89, sm_90, sm_100 or sm_120", name);
        *set |= 1u << i;
    }
    return *set || error_set(err, "--arch: give an architecture, such as sm_90");
}

static bool job_add(struct compile_set *s, const struct compile_job *job) {
    if ((s->count & (s->count - 1)) == 0) { /* full at powers of two */
        const size_t room = s->count ? 2 * (size_t)s->count : 1;
        struct compile_job *const grown = realloc(s->jobs, room * sizeof *grown);
        if (!grown) return false;
        s->jobs = grown;
    }
    s->jobs[s->count++] = *job;
    return true;
}

static bool points_add(struct compile_set *s, const struct options *o, struct compile_job job) {
    const struct device_info info = cuda_arch_device(job.arch);
    job.is_default = true;
    for (int64_t i = 0; i < point_count(job.variant); i++) {
        job.point = point_at(job.variant, i);
        if (!options_point(o, job.variant, &job.point)) continue;
        if (variant_reject(job.variant, &job.problem, &job.point, &info)) continue;
        if (!job_add(s, &job)) return false;
        if (!o->all_points) break;
        job.is_default = false;
    }
    return true;
}

bool compile_set_make(struct compile_set *s, const struct options *o, unsigned archs, struct error *err) {
    const unsigned dtypes = o->dtypes ? o->dtypes : F32 | F16 | BF16;
    const int64_t rows = o->shape_count ? o->shapes[0].rows : 12608;
    const int64_t channels = o->shape_count ? o->shapes[0].channels : 3072;
    *s = (struct compile_set){.count = 0};
    for (int i = 0; i < variant_count(); i++) {
        struct compile_job job = {.variant = variant_at(i)};
        if (job.variant->backend != CUDA || !options_variant(o, job.variant)) continue;
        for (int d = 0; d < DTYPE_COUNT; d++) {
            if (!(dtypes & job.variant->dtypes & dtype_at(d))) continue;
            if (!options_problem(o, job.variant->op, dtype_at(d), rows, channels, &job.problem, err))
                return false;
            for (int a = 0; (job.arch = cuda_arch_at(a)); a++)
                if (archs >> a & 1 && !points_add(s, o, job)) return error_set(err, "out of memory");
        }
    }
    return true;
}

void compile_set_free(struct compile_set *s) {
    free(s->jobs);
    *s = (struct compile_set){.count = 0};
}

/* Resources and occupancy of the job's kernels, of which launch() tells the blocks. */
static void job_judge(struct compile_job *job, const char *log) {
    const struct device_info info = cuda_arch_device(job->arch);
    struct launch l = {.steps = 0};
    job->variant->launch(&job->problem, &job->point, &info, &l);
    cuda_resources_read(log, NULL, &job->resources);
    job->occupancy = 1;
    for (int i = 0; i < l.steps; i++) {
        const struct launch_step *const s = &l.step[i];
        struct cuda_resources r;
        int threads = 1;
        for (int axis = 0; axis < 3; axis++) threads *= s->block[axis] ? (int)s->block[axis] : 1;
        if (!cuda_resources_read(log, s->function ? s->function : job->variant->name, &r)) continue;
        const double occupancy = cuda_occupancy(job->arch, &r, threads, (int)s->shared);
        if (occupancy < job->occupancy) job->occupancy = occupancy;
        if (r.shared + (int)s->shared > job->resources.shared)
            job->resources.shared = r.shared + (int)s->shared;
    }
}

/* FOLDER/VARIANT-DTYPE-sm_90-BLOCK256-VEC4.ptx */
static bool job_emit(const struct compile_job *job, const struct cuda_binary *b, const char *emit,
                     const char *folder, struct error *err) {
    char path[700];
    const bool ptx = strcmp(emit, "ptx") == 0;
    int used = snprintf(path, sizeof path, "%s/%s-%s-sm_%d", folder, job->variant->name,
                        dtype_name(job->problem.dtype), job->arch->sm);
    for (int i = 0; i < param_count(job->variant) && used < (int)sizeof path; i++)
        used += snprintf(path + used, sizeof path - (size_t)used, "-%s%d", job->variant->params[i].name,
                         job->point.value[i]);
    if (used < (int)sizeof path) used += snprintf(path + used, sizeof path - (size_t)used, ".%s", emit);
    if (used >= (int)sizeof path) return error_set(err, "--emit: the path is too long");
    return file_write(path, ptx ? b->ptx : b->cubin, ptx ? strlen(b->ptx) : b->cubin_size, err);
}

static bool job_compile(struct compile_job *job, struct nvrtc *n, struct cuda_binary *b) {
    job->ok = cuda_compile(n, job->variant, &job->problem, &job->point, job->arch->sm, b, &job->err);
    if (!job->ok) return false;
    job->seconds = b->seconds;
    job->cached = b->cached;
    job->spoilt = b->spoilt;
    job_judge(job, b->log);
    return true;
}

bool compile_job(struct compile_job *job, struct nvrtc *n) {
    struct cuda_binary b;
    const bool ok = job_compile(job, n, &b);
    if (ok) cuda_binary_free(&b);
    return ok;
}

bool compile_set_run(struct compile_set *s, struct nvrtc *n, const char *emit, const char *folder,
                     struct error *err) {
    bool written = true;
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < s->count; i++) {
        struct compile_job *const job = &s->jobs[i];
        struct cuda_binary b;
        struct error one;
        if (!job_compile(job, n, &b)) continue;
        if (emit && !job_emit(job, &b, emit, folder, &one)) {
#pragma omp critical
            written = error_set(err, "%s", one.text);
        }
        cuda_binary_free(&b);
    }
    return written;
}
