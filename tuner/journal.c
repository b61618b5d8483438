#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"

/* What a line says, as one text: "failed KEY VARIANT POINT" or "done KEY". */
enum { FACT_MAX = PROBLEM_KEY_MAX + POINT_TEXT_MAX + 96 };

struct journal {
    int file;
    char *path;
    char (*facts)[FACT_MAX];
    int count, room, failures;
};

static void fact_failed(const struct problem *p, const struct variant *v, const struct point *pt,
                        char fact[FACT_MAX]) {
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX];
    problem_key(p, key);
    point_print(v, pt, point);
    snprintf(fact, FACT_MAX, "failed %s %s %s", key, v->name, point);
}

static void fact_done(const struct problem *p, char fact[FACT_MAX]) {
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    snprintf(fact, FACT_MAX, "done %s", key);
}

static bool fact_known(const struct journal *j, const char *fact) {
    for (int i = 0; i < j->count; i++)
        if (strcmp(j->facts[i], fact) == 0) return true;
    return false;
}

static bool fact_add(struct journal *j, const char *fact, struct error *err) {
    if (j->count == j->room) {
        const int room = j->room ? 2 * j->room : 32;
        char(*const grown)[FACT_MAX] = realloc(j->facts, (size_t)room * sizeof *grown);
        if (!grown) return error_set(err, "%s: out of memory", j->path);
        j->facts = grown, j->room = room;
    }
    snprintf(j->facts[j->count++], FACT_MAX, "%s", fact);
    j->failures += strncmp(fact, "failed", 6) == 0;
    return true;
}

/* A variant that this build no longer has is no news. */
static bool line_read(struct journal *j, const cJSON *o, struct error *err) {
    char event[16], name[64], fact[FACT_MAX];
    struct problem p;
    const cJSON *const problem = json_object(o, "problem", err);
    if (!problem || !json_problem_read(problem, &p, err) ||
        !json_string(o, "event", event, sizeof event, err))
        return false;
    if (strcmp(event, "done") == 0) {
        fact_done(&p, fact);
        return fact_add(j, fact, err);
    }
    if (strcmp(event, "failed") != 0) return error_set(err, "event \"%s\" is unknown", event);
    if (!json_string(o, "variant", name, sizeof name, err)) return false;
    const struct variant *const v = variant_find(name);
    const cJSON *const params = json_object(o, "params", err);
    struct point pt;
    if (!params) return false;
    if (!v || !json_point_read(params, v, &pt, err)) return true;
    fact_failed(&p, v, &pt, fact);
    return fact_add(j, fact, err);
}

static bool journal_load(struct journal *j, struct error *err) {
    size_t size;
    if (access(j->path, F_OK)) return true;
    char *const text = file_read(j->path, &size, err);
    if (!text) return false;
    bool ok = true;
    int number = 1;
    for (char *line = text, *end; ok && (end = strchr(line, '\n')); line = end + 1, number++) {
        *end = 0;
        cJSON *const o = cJSON_ParseWithOpts(line, NULL, true);
        ok = (o && line_read(j, o, err)) ||
             error_set(err, "%s: line %d is damaged: run without --resume", j->path, number);
        cJSON_Delete(o);
    }
    free(text);
    return ok;
}

struct journal *journal_open(const char *path, bool resume, struct error *err) {
    struct journal *const j = calloc(1, sizeof *j);
    if (!j || !(j->path = strdup(path))) {
        free(j);
        error_set(err, "out of memory");
        return NULL;
    }
    j->file = -1;
    if (!resume || journal_load(j, err)) {
        j->file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (resume ? 0 : O_TRUNC), 0666);
        if (j->file >= 0) return j;
        error_set(err, "%s: cannot be written: %s", path, strerror(errno));
    }
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j) {
    if (!j) return;
    if (j->file >= 0) close(j->file);
    free(j->facts);
    free(j->path);
    free(j);
}

static bool line_write(struct journal *j, cJSON *o, struct error *err) {
    char *const text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text) return error_set(err, "%s: out of memory", j->path);
    const size_t length = strlen(text);
    text[length] = '\n';
    const bool ok = write(j->file, text, length + 1) == (ssize_t)length + 1 && fsync(j->file) == 0;
    free(text);
    return ok || error_set(err, "%s: cannot be written: %s", j->path, strerror(errno));
}

bool journal_failed(struct journal *j, const struct problem *p, const struct variant *v,
                    const struct point *pt, const char *reason, struct error *err) {
    char fact[FACT_MAX];
    fact_failed(p, v, pt, fact);
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", "failed");
    cJSON_AddItemToObject(o, "problem", json_problem(p));
    cJSON_AddStringToObject(o, "variant", v->name);
    cJSON_AddItemToObject(o, "params", json_point(v, pt));
    cJSON_AddStringToObject(o, "reason", reason);
    return fact_add(j, fact, err) && line_write(j, o, err);
}

bool journal_done(struct journal *j, const struct problem *p, struct error *err) {
    char fact[FACT_MAX];
    fact_done(p, fact);
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", "done");
    cJSON_AddItemToObject(o, "problem", json_problem(p));
    return fact_add(j, fact, err) && line_write(j, o, err);
}

bool journal_has_failed(const struct journal *j, const struct problem *p, const struct variant *v,
                        const struct point *pt) {
    char fact[FACT_MAX];
    fact_failed(p, v, pt, fact);
    return fact_known(j, fact);
}

bool journal_has_done(const struct journal *j, const struct problem *p) {
    char fact[FACT_MAX];
    fact_done(p, fact);
    return fact_known(j, fact);
}

int journal_failures(const struct journal *j) {
    return j->failures;
}
