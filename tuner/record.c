#include "record.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json_parse.h"

enum { UNSET = UINT16_MAX };

void record_free(struct record *r) {
    for (int64_t i = 0; i < r->count; i++) free(r->rows[i].times);
    free(r->rows);
    space_free(r->space);
    *r = (struct record){.count = 0};
}

int64_t record_best(const struct record *r) {
    int64_t best = -1;
    for (int64_t i = 0; i < r->count; i++)
        if (isfinite(r->rows[i].seconds) && (best < 0 || r->rows[i].seconds < r->rows[best].seconds))
            best = i;
    return best;
}

bool record_replay(void *context, struct trial *trials, int count) {
    const struct record *const r = context;
    for (int i = 0; i < count; i++) {
        const struct record_row *const row = &r->rows[trials[i].index];
        trials[i].seconds = row->seconds;
        memcpy(trials[i].pressure, row->pressure, sizeof row->pressure);
    }
    return true;
}

struct space_value value_of_json(const cJSON *o) {
    if (cJSON_IsString(o)) return (struct space_value){.kind = VALUE_TEXT, .text = o->valuestring};
    if (cJSON_IsBool(o)) {
        const double number = cJSON_IsTrue(o);
        return (struct space_value){.kind = VALUE_BOOL, .number = number, .rank = number};
    }
    return (struct space_value){.kind = VALUE_NUMBER, .number = o->valuedouble, .rank = o->valuedouble};
}

struct space_value value_of_text(char *text) {
    char *end;
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0) {
        const double number = tolower((unsigned char)*text) == 't';
        return (struct space_value){.kind = VALUE_BOOL, .number = number, .rank = number};
    }
    const double number = strtod(text, &end);
    if (end != text && !*end && isfinite(number))
        return (struct space_value){.kind = VALUE_NUMBER, .number = number, .rank = number};
    return (struct space_value){.kind = VALUE_TEXT, .text = text};
}

void text_write(const char *text, FILE *to) {
    putc('"', to);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(to, "\\u%04x", *c);
        else
            putc(*c, to);
    }
    putc('"', to);
}

void value_write(const struct space_value *v, FILE *to) {
    if (v->kind == VALUE_TEXT)
        text_write(v->text, to);
    else if (v->kind == VALUE_BOOL)
        fputs(v->number != 0 ? "true" : "false", to);
    else
        fprintf(to, "%.15g", v->number);
}

void row_name(const struct record *r, int64_t row, char separator, FILE *to) {
    bool first = true;
    for (int i = 0; i < space_param_count(r->space); i++) {
        const struct space_param *const p = space_param_at(r->space, i);
        const struct space_value *const v = &p->values[r->rows[row].config.at[i]];
        if (v->kind == VALUE_NUMBER && v->number == -1) continue;
        if (!first) putc(separator, to);
        first = false;
        fprintf(to, "%s=", p->name);
        if (v->kind == VALUE_TEXT)
            fputs(v->text, to);
        else
            value_write(v, to);
    }
}

bool record_begin(struct record_builder *b, struct record *r, struct error *err) {
    *r = (struct record){.space = space_new()};
    *b = (struct record_builder){.record = r};
    return r->space || error_set(err, "out of memory");
}

void record_row_begin(struct record_builder *b) {
    free(b->row.times);
    b->row = (struct record_row){.seconds = INFINITY};
    memset(&b->row.config, 0xff, sizeof b->row.config);
    for (int i = 0; i < RESOURCE_COUNT; i++) b->row.pressure[i] = NAN;
}

bool record_row_set(struct record_builder *b, const char *param, const struct space_value *value,
                    struct error *err) {
    struct space *const s = b->record->space;
    int at = space_param_find(s, param);
    if (at < 0) {
        if (!space_param_add(s, param, true, err)) return false;
        at = space_param_count(s) - 1;
    }
    int which = space_value_find(s, at, value);
    if (which < 0) {
        which = space_param_at(s, at)->count;
        if (!space_value_insert(s, at, *value, err)) return false;
    }
    b->row.config.at[at] = (uint16_t)which;
    return true;
}

bool record_row_end(struct record_builder *b, struct error *err) {
    struct record *const r = b->record;
    if (r->count == b->room) {
        const int64_t room = b->room ? 2 * b->room : 64;
        struct record_row *const grown = realloc(r->rows, (size_t)room * sizeof *grown);
        if (!grown) return error_set(err, "out of memory");
        r->rows = grown, b->room = room;
    }
    r->rows[r->count++] = b->row;
    b->row.times = NULL;
    return true;
}

/* Gives rows a value where they have none, for parameters that only others had. */
static bool rows_complete(struct record *r, struct error *err) {
    const struct space_value none = {.kind = VALUE_NUMBER, .number = -1, .rank = -1};
    for (int p = 0; p < space_param_count(r->space); p++) {
        for (int64_t i = 0; i < r->count; i++) {
            if (r->rows[i].config.at[p] != UNSET) continue;
            int which = space_value_find(r->space, p, &none);
            if (which < 0) {
                which = space_param_at(r->space, p)->count;
                if (!space_value_insert(r->space, p, none, err)) return false;
            }
            r->rows[i].config.at[p] = (uint16_t)which;
        }
        const struct space_param *const param = space_param_at(r->space, p);
        for (int i = 0; i < param->count; i++)
            if (param->values[i].kind == VALUE_TEXT) space_param_unorder(r->space, p);
    }
    return true;
}

/* Rows in the order of the space; of a configuration that is there twice the first counts. */
static void rows_unique(struct record *r) {
    const int64_t count = space_count(r->space);
    int64_t kept = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (kept < count && space_find(r->space, &r->rows[i].config) == kept)
            r->rows[kept++] = r->rows[i];
        else
            free(r->rows[i].times);
    }
    r->count = kept;
}

bool record_end(struct record_builder *b, struct error *err) {
    struct record *const r = b->record;
    free(b->row.times);
    b->row.times = NULL;
    bool ok = (r->count && space_param_count(r->space)) || error_set(err, "holds no configuration");
    ok = ok && rows_complete(r, err);
    struct config *const list = ok ? malloc((size_t)r->count * sizeof *list) : NULL;
    if (ok && !list) ok = error_set(err, "out of memory");
    for (int64_t i = 0; ok && i < r->count; i++) {
        list[i] = r->rows[i].config;
        for (int p = space_param_count(r->space); p < SPACE_PARAMS_MAX; p++) list[i].at[p] = 0;
    }
    ok = ok && space_seal_list(r->space, list, r->count, err);
    free(list);
    if (ok)
        rows_unique(r);
    else
        record_free(r);
    return ok;
}

/* Kernel Tuner leaves its caches open at the end, to append to them. */
static bool ends_open(const char *text, size_t size) {
    while (size && isspace((unsigned char)text[size - 1])) size--;
    return size && text[size - 1] == ',';
}

static char *close_end(char *text, size_t *size) {
    while (*size && isspace((unsigned char)text[*size - 1])) --*size;
    char *const grown = realloc(text, *size + 2);
    if (!grown) return text;
    memcpy(grown + *size - 1, "}}", 3);
    *size += 1;
    return grown;
}

static bool document_read(struct record *r, const cJSON *root, struct error *err) {
    static const struct {
        bool (*is)(const cJSON *root);
        bool (*read)(struct record *r, const cJSON *root, struct error *err);
    } formats[] = {{kernel_tuner_is, kernel_tuner_read}, {t4_is, t4_read}, {gbench_is, gbench_read}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].is(root)) return formats[i].read(r, root, err);
    return error_set(err, "neither a Kernel Tuner cache (\"cache\"), nor T4 results (\"results\"), nor "
                          "Google Benchmark results (\"benchmarks\")");
}

bool record_parse(struct record *r, char **text, size_t size, struct error *err) {
    *r = (struct record){.count = 0};
    if ((*text)[strspn(*text, " \t\r\n")] != '{') return csv_read(r, *text, err);
    if (ends_open(*text, size)) *text = close_end(*text, &size);
    struct json_tree tree;
    const bool ok = json_tree_parse(&tree, *text, size, NULL, err) && document_read(r, tree.root, err);
    json_tree_free(&tree);
    return ok;
}

bool record_read(struct record *r, const char *path, struct error *err) {
    *r = (struct record){.count = 0};
    size_t size;
    char *text = file_read(path, &size, err);
    if (!text) return false;
    const bool ok = record_parse(r, &text, size, err) || error_prefix(err, "%s", path);
    free(text);
    return ok;
}

static void kernel_tuner_write_all(const struct record *const *records, int count, FILE *to) {
    for (int i = 0; i < count; i++) kernel_tuner_write(records[i], to);
}

static const struct {
    const char *name;
    void (*write)(const struct record *const *records, int count, FILE *to);
} formats[] = {
    {"kernel-tuner", kernel_tuner_write_all}, {"t4", t4_write}, {"gbench", gbench_write}, {"csv", csv_write}};

int record_format_find(const char *name) {
    for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++)
        if (strcmp(formats[i].name, name) == 0) return i;
    return -1;
}

/* The whole text first, so that a file is written whole or not at all. */
bool record_write(const struct record *r, int format, const char *path, struct error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *const to = open_memstream(&text, &size);
    if (!to) return error_set(err, "out of memory");
    formats[format].write(&r, 1, to);
    bool ok = !ferror(to);
    ok = fclose(to) == 0 && ok && size;
    if (!ok)
        error_set(err, "out of memory");
    else if (path)
        ok = file_write(path, text, size, err);
    else
        fwrite(text, 1, size, stdout);
    free(text);
    return ok;
}
