#include "compare_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "report.h"

const struct timing *compared_side(const struct compared *one) {
    return one->a ? one->a : one->b;
}

void compare_summary(const struct comparison *c, char text[COMPARE_TEXT_MAX]) {
    snprintf(text, COMPARE_TEXT_MAX,
             "%d compared: %d slower, %d faster, %d same, %d inconclusive; %d failed, %d missing, %d added",
             c->states[CASE_COMPARED], c->changes[CHANGE_SLOWER], c->changes[CHANGE_FASTER],
             c->changes[CHANGE_SAME], c->changes[CHANGE_INCONCLUSIVE], c->states[CASE_FAILED],
             c->states[CASE_MISSING], c->states[CASE_ADDED]);
}

void compared_evidence(const struct compared *one, char text[COMPARE_TEXT_MAX]) {
    if (one->state != CASE_COMPARED || one->method == BY_COUNTERS) {
        const bool equal = one->state == CASE_COMPARED && !*one->reason;
        snprintf(text, COMPARE_TEXT_MAX, "%s", equal ? "all counters equal" : one->reason);
        return;
    }
    const int used =
        snprintf(text, COMPARE_TEXT_MAX, "%+.2f%% [%+.2f, %+.2f]", 100 * expm1(one->shift.estimate),
                 100 * expm1(one->shift.lo), 100 * expm1(one->shift.hi));
    if (one->method == BY_LAUNCHES) snprintf(text + used, COMPARE_TEXT_MAX - (size_t)used, " p %.2g", one->p);
}

void compared_note(const struct compared *one, char text[COMPARE_TEXT_MAX]) {
    const struct timing *const sides[] = {one->a, one->b};
    size_t used = 0;
    *text = 0;
    for (int i = 0; i < 2; i++) {
        char held[THROTTLE_LABEL_MAX];
        if (!sides[i] || !sides[i]->throttled) continue;
        throttle_label(true, sides[i]->throttle, held);
        used += (size_t)snprintf(text + used, COMPARE_TEXT_MAX - used, "%s%c %s", used ? ", " : "", 'A' + i,
                                 held);
    }
}

void compared_what(const struct compared *one, char text[COMPARE_TEXT_MAX]) {
    const char *const a = compared_side(one)->what, *const b = one->b ? one->b->what : a;
    if (strcmp(a, b) == 0)
        snprintf(text, COMPARE_TEXT_MAX, "%s", a);
    else
        snprintf(text, COMPARE_TEXT_MAX, "%.310s -> %.310s", a, b);
}

/* "36.6 us", or "-" where there is no time. */
static void time_print(const struct timing *t, char text[16]) {
    if (t && !*t->failure)
        seconds_print(1e-6 * t->median, text);
    else
        strcpy(text, "-");
}

static void side_print(const char *name, const char *label, const struct timings *t) {
    printf("%s: %s (katune %s, kernels %s, %s)\n", name, label, t->katune, t->sources_hash, t->date);
}

static bool same_problem(const struct compared *a, const struct compared *b) {
    const struct timing *const x = compared_side(a), *const y = compared_side(b);
    return strcmp(x->problem, y->problem) == 0 && strcmp(x->setting, y->setting) == 0;
}

static void row_print(const struct compared *one) {
    char evidence[COMPARE_TEXT_MAX], what[COMPARE_TEXT_MAX], note[COMPARE_TEXT_MAX], a[16], b[16];
    compared_evidence(one, evidence);
    compared_what(one, what);
    compared_note(one, note);
    time_print(one->a, a);
    time_print(one->b, b);
    printf("  %-12s %9s -> %-9s %-30s %s%s%s\n", compared_name(one), a, b, evidence, what, *note ? "; " : "",
           note);
}

static bool devices_differ(const struct comparison *c) {
    return strcmp(c->a->fingerprint, c->b->fingerprint) != 0;
}

void compare_print(const struct comparison *c, const struct compare_labels *labels, bool quiet) {
    const struct compared *last = NULL;
    char text[COMPARE_TEXT_MAX];
    if (!quiet) {
        side_print("A", labels->a, c->a);
        side_print("B", labels->b, c->b);
    }
    if (devices_differ(c)) printf("the devices differ: A %s; B %s\n", c->a->fingerprint, c->b->fingerprint);
    for (int i = 0; i < c->count; i++) {
        const struct compared *const one = &c->list[i];
        if (quiet && one->state == CASE_COMPARED && one->change == CHANGE_SAME) continue;
        const struct timing *const side = compared_side(one);
        if (!last || !same_problem(last, one))
            printf("%s%s%s\n", side->problem, *side->setting ? "  " : "", side->setting);
        row_print(one);
        last = one;
    }
    compare_summary(c, text);
    printf("%s\n", text);
}

static void markdown_row(FILE *f, const struct compared *one) {
    const struct timing *const side = compared_side(one);
    char evidence[COMPARE_TEXT_MAX], what[COMPARE_TEXT_MAX], note[COMPARE_TEXT_MAX], a[16], b[16];
    const bool alarming = one->failed_anew || (one->state == CASE_COMPARED && one->change == CHANGE_SLOWER);
    compared_evidence(one, evidence);
    compared_what(one, what);
    compared_note(one, note);
    time_print(one->a, a);
    time_print(one->b, b);
    for (char *c = evidence; *c; c++)
        if (*c == '|' || *c == '\n') *c = ' '; /* would end a cell */
    fprintf(f, "| %s%s%s | %s | %s | %s%s%s | `%s` | %s %s |\n", alarming ? "**" : "", compared_name(one),
            alarming ? "**" : "", a, b, evidence, *note ? "; " : "", note, what, side->problem,
            side->setting);
}

bool compare_write_markdown(const struct comparison *c, const struct compare_labels *labels, const char *path,
                            struct error *err) {
    char *text = NULL, summary[COMPARE_TEXT_MAX];
    size_t size = 0;
    FILE *const f = open_memstream(&text, &size);
    if (!f) return error_set(err, "%s: out of memory", path);
    compare_summary(c, summary);
    fprintf(f, "### katune: %s\n\n", summary);
    fprintf(f, "A: `%s`, kernels %s, %s. B: `%s`, kernels %s, %s. %s.\n\n", labels->a, c->a->sources_hash,
            c->a->date, labels->b, c->b->sources_hash, c->b->date, c->b->device);
    if (devices_differ(c))
        fprintf(f, "The devices differ: A %s; B %s.\n\n", c->a->fingerprint, c->b->fingerprint);
    fprintf(f,
            "| verdict | A | B | change and interval | variant | problem |\n|---|---:|---:|---|---|---|\n");
    for (int i = 0; i < c->count; i++) markdown_row(f, &c->list[i]);
    const bool ok =
        fclose(f) == 0 ? file_write(path, text, size, err) : error_set(err, "%s: out of memory", path);
    free(text);
    return ok;
}
