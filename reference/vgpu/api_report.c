/* api_report: findings, and what the process says about them when it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

enum { LINES = 100 };

/* Has a lock of its own: a launch holds the driver's while its workers report. */
static struct {
    pthread_mutex_t lock;
    FILE *file;
    unsigned lines;
    uint64_t counts[VGPU_FINDING_KINDS];
    char last[2048];
} findings = {.lock = PTHREAD_MUTEX_INITIALIZER};

void driver_report_open(const char *path) {
    findings.file = path && *path ? fopen(path, "w") : stderr;
    if (!findings.file) {
        fprintf(stderr, "vgpu: VGPU_REPORT=%s: cannot be written; findings go to standard error\n", path);
        findings.file = stderr;
    }
}

void driver_report(enum vgpu_finding_kind kind, const char *text, bool print) {
    pthread_mutex_lock(&findings.lock);
    findings.counts[kind]++;
    snprintf(findings.last, sizeof findings.last, "%s", text);
    if (print && findings.lines < LINES) {
        findings.lines++;
        fprintf(findings.file, "vgpu: %s\n", text);
        if (findings.lines == LINES) {
            fputs("vgpu: further findings are counted and not printed\n", findings.file);
        }
        fflush(findings.file);
    }
    pthread_mutex_unlock(&findings.lock);
}

void driver_at_exit(void) {
    if (driver.forked) return; /* what there is is the parent's */
    if (pthread_mutex_trylock(&driver.lock) ==
        0) { /* another thread may be inside the driver: then it is left alone */
        for (const struct CUctx_st *c = driver.contexts; c && (driver.checks & CHECK_LEAK); c = c->next) {
            for (size_t i = 0; i < c->owned_count; i++) {
                const struct allocation *a = memory_find(&c->device->memory, c->owned[i].address);
                char text[128];
                snprintf(text, sizeof text, "allocation of %llu bytes at 0x%llx was never freed",
                         (unsigned long long)(a ? a->bytes : 0), (unsigned long long)c->owned[i].address);
                driver_report(VGPU_LEAK, text, true);
            }
        }
        driver_memory_close();
        pthread_mutex_unlock(&driver.lock);
    }
    if (driver.exit_code && vgpu_findings(VGPU_FINDING_KINDS)) {
        fflush(NULL);
        _exit(driver.exit_code);
    }
}

API uint64_t vgpu_findings(enum vgpu_finding_kind kind) {
    uint64_t sum = 0;
    pthread_mutex_lock(&findings.lock);
    for (unsigned i = 0; i < VGPU_FINDING_KINDS; i++) {
        sum += kind == VGPU_FINDING_KINDS || i == (unsigned)kind ? findings.counts[i] : 0;
    }
    pthread_mutex_unlock(&findings.lock);
    return sum;
}

API const char *vgpu_last_finding(void) {
    return findings.last;
}

API const char *vgpu_last_error(void) {
    return driver.error;
}

API int vgpu_counters_read(struct vgpu_counters *counters, size_t size) {
    if (!counters || size < sizeof *counters) {
        return -1;
    }
    LOCKED;
    *counters = driver.counters;
    return 0;
}

API void vgpu_set_sampling(uint64_t max_blocks) {
    LOCKED;
    driver.sampling = max_blocks;
}

API const char *vgpu_profile_name(unsigned index) {
    const struct profile *p = profile_at(index);
    return p ? p->name : NULL;
}

API const char *vgpu_profile_about(unsigned index) {
    const struct profile *p = profile_at(index);
    return p ? p->about : NULL;
}
