/* Comma-separated values (RFC 4180): a header, then a line for each configuration. The columns device,
   kernel, problem, status, time_ms, lo_ms, hi_ms, samples and timestamp are what they say; every other one is
   a parameter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

static const char *const status_names[RECORD_STATUS_COUNT] = {
    [RECORD_CORRECT] = "correct", [RECORD_COMPILE] = "compile",        [RECORD_RUNTIME] = "runtime",
    [RECORD_WRONG] = "wrong",     [RECORD_CONSTRAINT] = "constraints", [RECORD_TIMEOUT] = "timeout"};

enum column { DEVICE, KERNEL, PROBLEM, STATUS, TIME, LO, HI, SAMPLES, TIMESTAMP, PARAM };
static const char *const columns[PARAM] = {"device", "kernel", "problem", "status",   "time_ms",
                                           "lo_ms",  "hi_ms",  "samples", "timestamp"};
enum { COLUMNS_MAX = SPACE_PARAMS_MAX + PARAM };

/* Cuts a line into fields in place; quotes are undone. Returns their number and moves *at past the line; -1:
   malformed or too many. */
static int fields_cut(char **at, char *fields[COLUMNS_MAX]) {
    char *from = *at;
    for (int count = 0; count < COLUMNS_MAX;) {
        char *to = from;
        fields[count++] = from;
        if (*from == '"') {
            for (from++; *from && (*from != '"' || from[1] == '"'); from++) {
                if (*from == '"') from++;
                *to++ = *from;
            }
            if (!*from++) return -1;
        } else {
            while (*from && *from != ',' && *from != '\n' && *from != '\r') from++;
            to = from;
        }
        if (*from == '\r') *from++ = 0;
        const char end = *from;
        if (end && end != ',' && end != '\n') return -1;
        if (end) from++;
        *to = 0;
        if (end == ',') continue;
        *at = from;
        return count;
    }
    return -1;
}

static enum column column_of(const char *name) {
    int i = 0;
    while (i < PARAM && strcmp(columns[i], name) != 0) i++;
    return (enum column)i;
}

static bool number_read(const char *text, const char *name, double *value, struct error *err) {
    char *end;
    *value = strtod(text, &end);
    if (end == text || *end || !isfinite(*value) || *value < 0)
        return error_set(err, "%s is \"%.40s\": it must be a number", name, text);
    return true;
}

static bool field_read(struct record_builder *b, const char *name, char *text, struct error *err) {
    struct record_row *const row = &b->row;
    double number = 0;
    const enum column column = column_of(name);
    switch (column) {
    case DEVICE: snprintf(b->record->device, sizeof b->record->device, "%.127s", text); return true;
    case KERNEL: snprintf(b->record->kernel, sizeof b->record->kernel, "%.127s", text); return true;
    case PROBLEM: snprintf(b->record->problem, sizeof b->record->problem, "%.319s", text); return true;
    case TIMESTAMP: snprintf(row->timestamp, sizeof row->timestamp, "%.39s", text); return true;
    case STATUS:
        for (int i = 0; i < RECORD_STATUS_COUNT; i++) {
            if (strcmp(status_names[i], text) != 0) continue;
            row->status = (enum record_status)i;
            return true;
        }
        return error_set(err, "status \"%.40s\" is unknown", text);
    case TIME:
    case LO:
    case HI:
    case SAMPLES:
        if (!*text) return true;
        if (!number_read(text, name, &number, err)) return false;
        if (column == TIME && number > 0) row->seconds = 1e-3 * number;
        if (column == LO) row->lo = 1e-3 * number;
        if (column == HI) row->hi = 1e-3 * number;
        if (column == SAMPLES && number < 1e9) row->samples = (int)number;
        return true;
    case PARAM: break;
    }
    const struct space_value value = value_of_text(text);
    return record_row_set(b, name, &value, err);
}

static bool line_read(struct record_builder *b, char **at, char *names[], int count, struct error *err) {
    char *fields[COLUMNS_MAX];
    record_row_begin(b);
    const int found = fields_cut(at, fields);
    if (found != count) return error_set(err, "has not %d fields", count);
    for (int i = 0; i < count; i++)
        if (!field_read(b, names[i], fields[i], err)) return false;
    if (b->row.status != RECORD_CORRECT) b->row.seconds = INFINITY;
    if (b->row.status == RECORD_CORRECT && !isfinite(b->row.seconds))
        return error_set(err, "is correct, but time_ms is not above 0");
    return record_row_end(b, err);
}

bool csv_read(struct record *r, char *text, struct error *err) {
    struct record_builder b;
    char *names[COLUMNS_MAX];
    const int count = fields_cut(&text, names);
    bool timed = false;
    for (int i = 0; i < count; i++) timed = timed || column_of(names[i]) == TIME;
    if (!timed) return error_set(err, "neither JSON nor comma-separated values with a column time_ms");
    if (!record_begin(&b, r, err)) return false;
    for (int line = 2; *text; line++) {
        if (line_read(&b, &text, names, count, err)) continue;
        record_free(r);
        return error_prefix(err, "line %d", line);
    }
    return record_end(&b, err);
}

static void field_write(const char *text, FILE *to) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, to);
        return;
    }
    putc('"', to);
    for (; *text; text++) {
        if (*text == '"') putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

/* The parameters of all records, each once. */
static int params_union(const struct record *const *records, int count, const char *names[]) {
    int used = 0;
    for (int i = 0; i < count; i++)
        for (int p = 0; p < space_param_count(records[i]->space); p++) {
            const char *const name = space_param_at(records[i]->space, p)->name;
            int at = 0;
            while (at < used && strcmp(names[at], name) != 0) at++;
            if (at == used && used < SPACE_PARAMS_MAX) names[used++] = name;
        }
    return used;
}

static void row_write(const struct record *r, const struct record_row *row, const char *const *names,
                      int count, FILE *to) {
    field_write(r->device, to), putc(',', to);
    field_write(r->kernel, to), putc(',', to);
    field_write(r->problem, to), putc(',', to);
    for (int i = 0; i < count; i++) {
        const int p = space_param_find(r->space, names[i]);
        const struct space_value none = {.kind = VALUE_NUMBER, .number = -1},
                                 *const v =
                                     p < 0 ? &none : &space_param_at(r->space, p)->values[row->config.at[p]];
        if (v->kind == VALUE_TEXT)
            field_write(v->text, to);
        else
            value_write(v, to);
        putc(',', to);
    }
    fputs(status_names[row->status], to);
    if (row->status == RECORD_CORRECT)
        fprintf(to, ",%.7g", 1e3 * row->seconds);
    else
        putc(',', to);
    if (row->samples)
        fprintf(to, ",%.7g,%.7g,%d,", 1e3 * row->lo, 1e3 * row->hi, row->samples);
    else
        fputs(",,,,", to);
    field_write(row->timestamp, to);
    putc('\n', to);
}

void csv_write(const struct record *const *records, int count, FILE *to) {
    const char *names[SPACE_PARAMS_MAX];
    const int used = params_union(records, count, names);
    fputs("device,kernel,problem,", to);
    for (int i = 0; i < used; i++) field_write(names[i], to), putc(',', to);
    fputs("status,time_ms,lo_ms,hi_ms,samples,timestamp\n", to);
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < records[i]->count; j++)
            row_write(records[i], &records[i]->rows[j], names, used, to);
}
