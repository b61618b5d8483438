/* Comparisons as JSON and as JUnit XML. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_report.h"
#include "file.h"
#include "json.h"

static cJSON *side_json(const char *label, const struct timings *t) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "from", label);
    cJSON_AddStringToObject(o, "device", t->device);
    cJSON_AddStringToObject(o, "fingerprint", t->fingerprint);
    cJSON_AddStringToObject(o, "katune", t->katune);
    cJSON_AddStringToObject(o, "sources_hash", t->sources_hash);
    cJSON_AddStringToObject(o, "date", t->date);
    return o;
}

static void time_add(cJSON *o, const char *name, const struct timing *t) {
    if (!t || *t->failure) return;
    cJSON *const time = cJSON_AddObjectToObject(o, name);
    cJSON_AddNumberToObject(time, "median_us", t->median);
    cJSON_AddNumberToObject(time, "launches", t->launch_count);
    cJSON_AddStringToObject(time, "ran", t->what);
}

/* JSON has no infinity: an interval without an end leaves it out. */
static void percent_add(cJSON *o, const char *name, double log_ratio) {
    if (isfinite(log_ratio)) cJSON_AddNumberToObject(o, name, 100 * expm1(log_ratio));
}

static cJSON *compared_json(const struct compared *one) {
    const struct timing *const side = compared_side(one);
    char note[COMPARE_TEXT_MAX];
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "problem", side->problem);
    if (*side->setting) cJSON_AddStringToObject(o, "setting", side->setting);
    cJSON_AddStringToObject(o, "verdict", compared_name(one));
    time_add(o, "a", one->a);
    time_add(o, "b", one->b);
    compared_note(one, note);
    if (*one->reason) cJSON_AddStringToObject(o, "reason", one->reason);
    if (*note) cJSON_AddStringToObject(o, "note", note);
    if (one->state != CASE_COMPARED) return o;
    cJSON_AddStringToObject(o, "method", compare_method_name(one->method));
    percent_add(o, "change_percent", one->shift.estimate);
    if (one->method == BY_COUNTERS) return o;
    percent_add(o, "lo_percent", one->shift.lo);
    percent_add(o, "hi_percent", one->shift.hi);
    cJSON_AddNumberToObject(o, "confidence", one->shift.confidence);
    if (one->method == BY_LAUNCHES) cJSON_AddNumberToObject(o, "p_adjusted", one->p);
    cJSON_AddNumberToObject(o, "delta_percent", 100 * one->delta);
    return o;
}

bool compare_write_json(const struct comparison *c, const struct compare_labels *labels, const char *path,
                        struct error *err) {
    char summary[COMPARE_TEXT_MAX];
    cJSON *const o = cJSON_CreateObject();
    compare_summary(c, summary);
    cJSON_AddStringToObject(o, "schema", "katune-comparison/1");
    cJSON_AddItemToObject(o, "a", side_json(labels->a, c->a));
    cJSON_AddItemToObject(o, "b", side_json(labels->b, c->b));
    cJSON_AddStringToObject(o, "summary", summary);
    cJSON_AddNumberToObject(o, "exit_code", comparison_exit(c));
    cJSON *const cases = cJSON_AddArrayToObject(o, "cases");
    for (int i = 0; i < c->count; i++) cJSON_AddItemToArray(cases, compared_json(&c->list[i]));
    const bool ok = json_write(o, path, err);
    cJSON_Delete(o);
    return ok;
}

/* Inside an attribute in double quotes. */
static void xml_print(FILE *f, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        default: fputc((unsigned char)*text < ' ' ? ' ' : *text, f);
        }
    }
}

/* The element that a case has inside its testcase; NULL: it passed. */
static const char *junit_element(const struct compared *one) {
    switch (one->state) {
    case CASE_FAILED: return one->failed_anew ? "failure" : "error";
    case CASE_MISSING: return "error";
    case CASE_ADDED: return "skipped";
    default: break;
    }
    if (one->change == CHANGE_SLOWER) return "failure";
    return one->change == CHANGE_INCONCLUSIVE ? "skipped" : NULL;
}

static int junit_count(const struct comparison *c, const char *element) {
    int count = 0;
    for (int i = 0; i < c->count; i++) {
        const char *const found = junit_element(&c->list[i]);
        count += found && strcmp(found, element) == 0;
    }
    return count;
}

static void junit_case(FILE *f, const struct compared *one) {
    const struct timing *const side = compared_side(one);
    const char *const element = junit_element(one);
    char what[COMPARE_TEXT_MAX], evidence[COMPARE_TEXT_MAX], note[COMPARE_TEXT_MAX];
    compared_what(one, what);
    compared_evidence(one, evidence);
    compared_note(one, note);
    fputs("    <testcase classname=\"", f);
    xml_print(f, side->problem);
    fputs("\" name=\"", f);
    xml_print(f, what);
    if (*side->setting) fputc(' ', f);
    xml_print(f, side->setting);
    fprintf(f, "\" time=\"%.9g\"", one->b && !*one->b->failure ? 1e-6 * one->b->median : 0);
    if (element) {
        fprintf(f, ">\n      <%s message=\"%s: ", element, compared_name(one));
        xml_print(f, evidence);
        if (*note) fputs("; ", f);
        xml_print(f, note);
        fputs("\"/>\n    </testcase>\n", f);
    } else {
        fputs("/>\n", f);
    }
}

bool compare_write_junit(const struct comparison *c, const struct compare_labels *labels, const char *path,
                         struct error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *const f = open_memstream(&text, &size);
    if (!f) return error_set(err, "%s: out of memory", path);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"katune ", f);
    xml_print(f, labels->a);
    fputs(" to ", f);
    xml_print(f, labels->b);
    fprintf(f, "\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n", c->count,
            junit_count(c, "failure"), junit_count(c, "error"), junit_count(c, "skipped"));
    for (int i = 0; i < c->count; i++) junit_case(f, &c->list[i]);
    fputs("  </testsuite>\n</testsuites>\n", f);
    const bool ok =
        fclose(f) == 0 ? file_write(path, text, size, err) : error_set(err, "%s: out of memory", path);
    free(text);
    return ok;
}
