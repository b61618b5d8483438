/* katune compile: compiles the CUDA variants with NVRTC, without a GPU, and tells what they use. Registers,
   shared memory, spills and occupancy of every variant and dtype on every architecture. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "compile_set.h"
#include "device/cuda_cache.h"
#include "file.h"
#include "json.h"

struct tally {
    int compiled, failed, spilled, skipped, spoilt;
};

static void job_print(const struct compile_job *job) {
    char point[POINT_TEXT_MAX];
    point_print(job->variant, &job->point, point);
    if (!job->ok) {
        printf("FAILED %s %s sm_%d %s\n  %s\n", job->variant->name, dtype_name(job->problem.dtype),
               job->arch->sm, point, job->err.text);
        return;
    }
    printf("%-34s %-4s sm_%-3d %4d %8d %6d %9.0f%% %7.0f%s  %s\n", job->variant->name,
           dtype_name(job->problem.dtype), job->arch->sm, job->resources.registers, job->resources.shared,
           job->resources.spill, 100 * job->occupancy, 1e3 * job->seconds, job->cached ? "c" : " ", point);
}

static void report_print(const struct compile_set *s, bool quiet) {
    if (!quiet && s->count)
        printf("%-34s %-4s %-6s %4s %8s %6s %10s %8s  %s\n", "variant", "", "", "regs", "shared", "spill",
               "occupancy", "ms", "point (c: from the cache)");
    for (int i = 0; i < s->count; i++) {
        const struct compile_job *const job = &s->jobs[i];
        if (!quiet || !job->ok || (job->is_default && job->resources.spill)) job_print(job);
    }
}

static struct tally jobs_count(const struct compile_set *s) {
    struct tally t = {0};
    for (int i = 0; i < s->count; i++) {
        t.compiled += s->jobs[i].ok;
        t.failed += !s->jobs[i].ok;
        t.spoilt += s->jobs[i].spoilt;
        t.spilled += s->jobs[i].ok && s->jobs[i].is_default && s->jobs[i].resources.spill > 0;
    }
    return t;
}

static cJSON *job_json(const struct compile_job *job) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "variant", job->variant->name);
    cJSON_AddItemToObject(o, "problem", json_problem(&job->problem));
    char arch[16];
    snprintf(arch, sizeof arch, "sm_%d", job->arch->sm);
    cJSON_AddStringToObject(o, "arch", arch);
    cJSON_AddItemToObject(o, "params", json_point(job->variant, &job->point));
    cJSON_AddBoolToObject(o, "default", job->is_default);
    if (!job->ok) {
        cJSON_AddStringToObject(o, "failure", job->err.text);
        return o;
    }
    cJSON_AddNumberToObject(o, "registers", job->resources.registers);
    cJSON_AddNumberToObject(o, "shared_bytes", job->resources.shared);
    cJSON_AddNumberToObject(o, "stack_bytes", job->resources.stack);
    cJSON_AddNumberToObject(o, "spill_bytes", job->resources.spill);
    cJSON_AddNumberToObject(o, "occupancy", job->occupancy);
    cJSON_AddNumberToObject(o, "compile_seconds", job->seconds);
    cJSON_AddBoolToObject(o, "cached", job->cached);
    return o;
}

static bool report_write(const struct compile_set *s, const struct nvrtc *n, const char *path,
                         struct error *err) {
    cJSON *const o = cJSON_CreateObject();
    char compiler[32];
    snprintf(compiler, sizeof compiler, "NVRTC %d.%d", n->major, n->minor);
    cJSON_AddStringToObject(o, "schema", "katune-compile/1");
    cJSON_AddStringToObject(o, "compiler", compiler);
    cJSON_AddStringToObject(o, "sources_hash", registry_sources_hash());
    cJSON *const list = cJSON_AddArrayToObject(o, "kernels");
    for (int i = 0; i < s->count; i++) cJSON_AddItemToArray(list, job_json(&s->jobs[i]));
    const bool ok = json_write(o, path, err);
    cJSON_Delete(o);
    return ok;
}

/* Those that the compiler has no code for are left out, with a line. */
static unsigned archs_supported(unsigned archs, const struct nvrtc *n, struct tally *t) {
    for (int i = 0; cuda_arch_at(i); i++) {
        if (!(archs >> i & 1) || nvrtc_supports(n, cuda_arch_at(i)->sm)) continue;
        archs &= ~(1u << i);
        t->skipped++;
        printf("skipped sm_%d: NVRTC %d.%d (%s) does not compile for it\n", cuda_arch_at(i)->sm, n->major,
               n->minor, n->path);
    }
    return archs;
}

/* Takes "--emit KIND DIR" out of the arguments, which have one value each otherwise. */
static bool emit_take(int *argc, char **argv, const char **emit, const char **folder, struct error *err) {
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--emit") != 0) continue;
        if (i + 2 >= *argc || (strcmp(argv[i + 1], "ptx") != 0 && strcmp(argv[i + 1], "cubin") != 0))
            return error_set(err, "--emit: write ptx or cubin and a folder, such as --emit ptx build/ptx");
        *emit = argv[i + 1];
        *folder = argv[i + 2];
        for (int j = i; j + 3 <= *argc; j++) argv[j] = argv[j + 3];
        *argc -= 3;
        return folder_make(*folder, err);
    }
    return true;
}

static int refuse(const struct error *err) {
    fprintf(stderr, "katune compile: %s\n", err->text);
    return EXIT_USAGE;
}

int cmd_compile(int argc, char **argv) {
    static const struct command_usage usage = {
        "compile",
        "Compiles the CUDA variants with NVRTC, for architectures whose GPU need not be here: registers, "
        "shared\n"
        "memory, spills (bytes), theoretical occupancy and the time it took. Default points of all "
        "architectures\n"
        "unless told otherwise; results are kept in the cache (KATUNE_CACHE, else ~/.cache/katune/cuda).",
        OPT_ARCH | OPT_SELECTION | OPT_JSON | OPT_QUIET,
        "  --emit ptx|cubin DIR     also write what the compiler made, a file for each kernel\n\n"
        "Exit code 0: all compile, and no default point spills; 1: one does not, or spills; 2: bad input or "
        "no "
        "NVRTC;\n3: nothing to compile."};
    struct options o;
    struct error err = {""};
    struct nvrtc n;
    struct compile_set s;
    const char *emit = NULL, *folder = NULL;
    unsigned archs = ~0u;
    uint64_t limit;
    if (!emit_take(&argc, argv, &emit, &folder, &err)) return refuse(&err);
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    if ((o.arch && !compile_archs_parse(o.arch, &archs, &err)) || !cuda_cache_limit(&limit, &err) ||
        !nvrtc_open(&n, &err))
        return refuse(&err);
    struct tally t = {0};
    archs = archs_supported(archs, &n, &t);
    bool ok = compile_set_make(&s, &o, archs, &err) && compile_set_run(&s, &n, emit, folder, &err);
    if (ok) report_print(&s, o.quiet);
    if (ok && o.json) ok = report_write(&s, &n, o.json, &err);
    const struct tally done = jobs_count(&s);
    compile_set_free(&s);
    if (!ok) return refuse(&err);
    printf("%d compiled, %d failed, %d default point%s with spills\n", done.compiled, done.failed,
           done.spilled, done.spilled == 1 ? "" : "s");
    if (done.spoilt)
        printf("%d of them had an entry in the cache that was spoilt, and was made anew\n", done.spoilt);
    if (done.failed || done.spilled) return EXIT_FAILED;
    return done.compiled ? EXIT_OK : EXIT_MISSING;
}
