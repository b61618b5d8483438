#include "cpu.h"

#include <cpuid.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry.h"
#include "clock.h"
#include "topology.h"

struct cpu {
    struct device device;
    struct device_info info;
    struct topology *topology;
    bool bind;
};

struct kernel {
    const struct variant *variant;
    struct problem problem;
    struct point point;
    int threads;
    size_t scratch_bytes;
    void *scratch;
};

enum { ALIGNMENT = 64 };

static const struct cpu *cpu_of(const struct device *d) {
    return (const struct cpu *)d;
}

static const struct device_info *cpu_info(const struct device *d) {
    return &cpu_of(d)->info;
}

static void *cpu_alloc(struct device *d, size_t bytes) {
    (void)d;
    const size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
}

static void cpu_free(struct device *d, void *memory) {
    (void)d;
    free(memory);
}

static void cpu_copy(struct device *d, void *to, const void *from, size_t bytes) {
    (void)d;
    memcpy(to, from, bytes);
}

static int threads_of(const struct cpu *cpu, const struct variant *v, const struct point *pt) {
    const int i = param_find(v, "THREADS");
    if (i < 0) return 1;
    return pt->value[i] ? pt->value[i] : cpu->info.units;
}

static struct kernel *kernel_new(struct device *d, const struct variant *v, const struct problem *p,
                                 const struct point *pt, int threads, struct error *err) {
    const char *const reason = variant_reject(v, p, pt, cpu_info(d));
    if (reason) {
        error_set(err, "%s does not run this: %s", v->name, reason);
        return NULL;
    }
    struct kernel *const k = malloc(sizeof *k);
    if (!k) goto out_of_memory;
    *k = (struct kernel){.variant = v, .problem = *p, .point = *pt, .threads = threads};
    k->scratch_bytes = v->scratch ? v->scratch(p, pt, k->threads) : 0;
    if (k->scratch_bytes && !(k->scratch = cpu_alloc(d, k->scratch_bytes))) goto out_of_memory;
    return k;
out_of_memory:
    free(k);
    error_set(err, "%s: out of memory", v->name);
    return NULL;
}

static struct kernel *cpu_prepare(struct device *d, const struct variant *v, const struct problem *p,
                                  const struct point *pt, struct error *err) {
    return kernel_new(d, v, p, pt, threads_of(cpu_of(d), v, pt), err);
}

struct kernel *cpu_prepare_team(struct device *d, const struct variant *v, const struct problem *p,
                                const struct point *pt, int threads, struct error *err) {
    struct kernel *const k = kernel_new(d, v, p, pt, threads, err);
    if (k && k->scratch) memset(k->scratch, 0xff, k->scratch_bytes);
    return k;
}

static void cpu_release(struct device *d, struct kernel *k) {
    (void)d;
    if (!k) return;
    free(k->scratch);
    free(k);
}

static double cpu_run(struct device *d, struct kernel *k, const struct call *calls, int count) {
    (void)d;
    const double start = clock_seconds();
    for (int i = 0; i < count; i++) {
        struct call call = calls[i];
        call.scratch = k->scratch;
        call.threads = k->threads;
        k->variant->run(&k->problem, &k->point, &call);
    }
    return clock_seconds() - start;
}

static struct device_clock cpu_clock(struct device *d) {
    (void)d;
    return (struct device_clock){.ghz = clock_ghz()};
}

static void cpu_close(struct device *d) {
    struct cpu *const cpu = (struct cpu *)d;
    if (cpu->bind) topology_unbind(cpu->topology);
    topology_free(cpu->topology);
    free(cpu);
}

/* clang 14 has no name for this one. It needs no check of the operating system beyond AVX's. */
static bool f16c_present(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C;
}

static bool avx2_usable(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c_present();
}

static bool avx512_usable(void) {
    return avx2_usable() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

/* The instruction sets of this CPU, up to the one that the environment variable KATUNE_ISA names. */
static bool isa_detect(unsigned *isa, struct error *err) {
    *isa = 1u << SCALAR;
    if (avx2_usable()) *isa |= 1u << AVX2;
    if (avx512_usable()) *isa |= 1u << AVX512;
    const char *const limit = getenv("KATUNE_ISA");
    if (!limit || !*limit) return true;
    for (int b = SCALAR; b <= AVX512; b++) {
        if (strcmp(backend_name((enum backend)b), limit) != 0) continue;
        if (!(*isa >> b & 1)) return error_set(err, "KATUNE_ISA=%s: this CPU does not have it", limit);
        *isa &= (2u << b) - 1;
        return true;
    }
    return error_set(err, "KATUNE_ISA=%s is unknown: use scalar, avx2 or avx512", limit);
}

static enum backend isa_widest(unsigned isa) {
    enum backend widest = SCALAR;
    for (int b = 0; b < BACKEND_COUNT; b++)
        if (isa >> b & 1) widest = (enum backend)b;
    return widest;
}

/* Binds each thread of the full team to a core of its own; OpenMP keeps the team from region to region. */
static void team_bind(const struct cpu *cpu) {
#pragma omp parallel num_threads(cpu->info.units)
    topology_bind(cpu->topology, omp_get_thread_num());
}

struct device *cpu_open(bool bind, struct error *err) {
    struct cpu *const cpu = calloc(1, sizeof *cpu);
    if (!cpu) {
        error_set(err, "cpu: out of memory");
        return NULL;
    }
    cpu->device = (struct device){.info = cpu_info,
                                  .alloc = cpu_alloc,
                                  .free = cpu_free,
                                  .upload = cpu_copy,
                                  .download = cpu_copy,
                                  .prepare = cpu_prepare,
                                  .release = cpu_release,
                                  .run = cpu_run,
                                  .close = cpu_close,
                                  .clock = cpu_clock};
    cpu->bind = bind;
    if (!isa_detect(&cpu->info.isa, err) || !(cpu->topology = topology_load(err))) {
        free(cpu);
        return NULL;
    }
    snprintf(cpu->info.backend, sizeof cpu->info.backend, "cpu");
    snprintf(cpu->info.arch, sizeof cpu->info.arch, "%s", backend_name(isa_widest(cpu->info.isa)));
    topology_describe(cpu->topology, &cpu->info);
    const size_t used = strlen(cpu->info.fingerprint);
    snprintf(cpu->info.fingerprint + used, sizeof cpu->info.fingerprint - used, "/%s", cpu->info.arch);
    char text[sizeof cpu->info.name + sizeof cpu->info.arch + 1];
    snprintf(text, sizeof text, "%s %s", cpu->info.name, cpu->info.arch);
    device_slug(text, cpu->info.slug, sizeof cpu->info.slug);
    if (bind) team_bind(cpu);
    return &cpu->device;
}
