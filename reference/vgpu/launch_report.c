/* launch_report: findings and faults, with where they happened. */
#include "api.h"
#include "launch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPORTS_PER_LAUNCH = 16 };

static void describe(const struct warp *w, const struct inst *in, unsigned lane, char *text, size_t bytes) {
    const struct block *b = w->block;
    const uint32_t t = w->number * WARP_SIZE + lane, *n = b->launch->block;
    const char *file = in->file ? ptx_file_name(w->kernel->module, in->file) : NULL;
    int at = snprintf(text, bytes, " (kernel %s, block (%u,%u,%u), thread (%u,%u,%u), PTX line %u '%s'",
                      w->kernel->name, b->index[0], b->index[1], b->index[2], t % n[0], t / n[0] % n[1],
                      t / n[0] / n[1], in->line, in->opcode);
    if (file && at > 0 && (size_t)at < bytes) {
        at += snprintf(text + at, bytes - (size_t)at, ", %s:%u", file, in->source);
    }
    if (at > 0 && (size_t)at < bytes) {
        snprintf(text + at, bytes - (size_t)at, ")");
    }
}

static void tell(struct warp *w, const struct inst *in, unsigned lane, enum vgpu_finding_kind kind,
                 const char *what) {
    struct launch *launch = w->block->launch;
    char where[MESSAGE_BYTES], text[MESSAGE_BYTES * 2];
    describe(w, in, lane, where, sizeof where);
    snprintf(text, sizeof text, "%s%s", what, where);
    pthread_mutex_lock(&launch->lock);
    launch->counters.findings[kind]++;
    driver_report(kind, text, launch->reports++ < REPORTS_PER_LAUNCH);
    pthread_mutex_unlock(&launch->lock);
}

void report(struct warp *w, const struct inst *in, unsigned lane, enum vgpu_finding_kind kind,
            const char *format, ...) {
    char what[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    tell(w, in, lane, kind, what);
}

void raise_fault(struct warp *w, const struct inst *in, unsigned lane, enum fault fault, const char *format,
                 ...) {
    static const enum vgpu_finding_kind kinds[] = {
        [FAULT_NONE] = VGPU_TRAP,
        [FAULT_ADDRESS] = VGPU_OUT_OF_BOUNDS,
        [FAULT_MISALIGNED] = VGPU_MISALIGNED,
        [FAULT_TRAP] = VGPU_TRAP,
        [FAULT_ASSERT] = VGPU_TRAP,
        [FAULT_DEADLOCK] = VGPU_SYNC,
        [FAULT_RUNAWAY] = VGPU_RUNAWAY,
        [FAULT_INTERNAL] = VGPU_TRAP,
    };
    char what[MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    if (w->block->fault) {
        return;
    }
    w->block->fault = (uint8_t)fault;
    const bool freed = fault == FAULT_ADDRESS && strstr(what, "was freed");
    tell(w, in, lane, freed ? VGPU_USE_AFTER_FREE : kinds[fault], what);
    struct launch *launch = w->block->launch;
    pthread_mutex_lock(&launch->lock);
    if (!launch->fault) {
        launch->fault = fault;
        snprintf(launch->message, sizeof launch->message, "%s", what);
    }
    pthread_mutex_unlock(&launch->lock);
}
