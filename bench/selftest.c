#include "selftest.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct step *selftest_step(struct selftest *t, const char *name) {
    assert(t->count < STEPS_MAX);
    struct step *const s = &t->steps[t->count++];
    *s = (struct step){.name = name};
    return s;
}

void step_end(struct step *s, enum step_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(s->text, sizeof s->text, format, args);
    va_end(args);
    s->status = status;
}

void step_line(struct step *s, const char *format, ...) {
    va_list args;
    if (s->line_count == STEP_LINES_MAX) return;
    va_start(args, format);
    vsnprintf(s->lines[s->line_count++], sizeof s->lines[0], format, args);
    va_end(args);
}
