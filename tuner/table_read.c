#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "json_parse.h"
#include "table.h"
#include "table_choice.h"
#include "table_why.h"

static bool time_read(const cJSON *o, struct table_entry *e, struct error *err) {
    double n;
    if (!json_number(o, "median", &e->time_us.median, err) || !json_number(o, "lo", &e->time_us.lo, err) ||
        !json_number(o, "hi", &e->time_us.hi, err) || !json_number(o, "n", &n, err))
        return false;
    if (!(e->time_us.median > 0))
        return error_set(err, "median is %g: it must be above 0", e->time_us.median);
    if (!(e->time_us.lo <= e->time_us.median && e->time_us.median <= e->time_us.hi))
        return error_set(err, "median is outside lo .. hi");
    if (!(n >= 1 && n < 1e9)) return error_set(err, "n is %g: it must be 1 or more", n);
    e->time_us.n = (int)n;
    return true;
}

static bool source_read(const cJSON *o, struct table_entry *e, struct error *err) {
    char text[16];
    if (!json_string(o, "source", text, sizeof text, err)) return false;
    if (strcmp(text, "measured") != 0 && strcmp(text, "modeled") != 0)
        return error_set(err, "source is \"%s\": use measured or modeled", text);
    e->source = strcmp(text, "measured") == 0 ? SOURCE_MEASURED : SOURCE_MODELED;
    return true;
}

static bool evidence_read(const cJSON *o, struct table_entry *e, struct error *err) {
    const cJSON *const roofline = json_object(o, "roofline", err);
    if (!roofline ||
        !json_within(json_string(roofline, "bound", e->roofline.bound, sizeof e->roofline.bound, err) &&
                         json_number(roofline, "fraction", &e->roofline.fraction, err),
                     "roofline", err))
        return false;
    const cJSON *const error = json_object(o, "error", err);
    if (!error || !json_within(json_number(error, "worst", &e->error.worst, err) &&
                                   json_number(error, "allowed", &e->error.allowed, err),
                               "error", err))
        return false;
    const cJSON *const fallback = json_object(o, "default", err);
    return fallback && json_within(json_string(fallback, "variant", e->fallback.variant,
                                               sizeof e->fallback.variant, err) &&
                                       json_number(fallback, "time_us", &e->fallback.time_us, err),
                                   "default", err);
}

static bool ties_read(const cJSON *o, struct table_entry *e, struct error *err) {
    const cJSON *const ties = json_array(o, "ties", err);
    if (!ties) return false;
    for (const cJSON *tie = ties->child; tie; tie = tie->next) {
        if (e->tie_count == TIES_MAX) return error_set(err, "ties holds more than %d", TIES_MAX);
        if (!table_choice_read(tie, &e->problem, &e->ties[e->tie_count], err))
            return json_within(false, "ties[]", err);
        e->tie_count++;
    }
    return true;
}

static bool entry_read(const cJSON *o, struct table_entry *e, struct error *err) {
    *e = (struct table_entry){.tie_count = 0};
    if (!cJSON_IsObject(o)) return error_set(err, "is no object");
    const cJSON *const problem = json_object(o, "problem", err);
    if (!problem || !json_within(json_problem_read(problem, &e->problem, err), "problem", err)) return false;
    if (!table_choice_read(o, &e->problem, &e->choice, err)) return false;
    const cJSON *const time = json_object(o, "time_us", err);
    if (!time || !json_within(time_read(time, e, err), "time_us", err)) return false;
    return source_read(o, e, err) && json_throttle_read(o, &e->throttled, &e->throttle, err) &&
           evidence_read(o, e, err) && ties_read(o, e, err) && table_why_read(o, e, err);
}

static bool caches_read(const cJSON *o, struct device_info *info, struct error *err) {
    const cJSON *const caches = json_array(o, "caches", err);
    if (!caches) return false;
    for (const cJSON *c = caches->child; c; c = c->next) {
        double level, bytes;
        if (info->cache_count == CACHE_LEVELS_MAX)
            return error_set(err, "caches holds more than %d", CACHE_LEVELS_MAX);
        if (!json_number(c, "level", &level, err) || !json_number(c, "bytes", &bytes, err))
            return json_within(false, "caches[]", err);
        if (!(level >= 1 && level <= CACHE_LEVELS_MAX && bytes >= 0 && bytes < 1e15))
            return error_set(err, "caches[] has an impossible level or size");
        info->caches[info->cache_count++] = (struct cache_info){.level = (int)level, .bytes = (size_t)bytes};
    }
    return true;
}

static bool device_read(const cJSON *o, struct table *t, struct error *err) {
    struct device_info *const d = &t->device;
    double units;
    if (!json_string(o, "name", d->name, sizeof d->name, err) ||
        !json_string(o, "backend", d->backend, sizeof d->backend, err) ||
        !json_string(o, "arch", d->arch, sizeof d->arch, err) ||
        !json_string(o, "fingerprint", d->fingerprint, sizeof d->fingerprint, err) ||
        !json_number(o, "units", &units, err) || !json_number(o, "bandwidth_gbs", &t->bandwidth_gbs, err))
        return false;
    if (!(units >= 1 && units < 1e6)) return error_set(err, "units is %g: it must be 1 or more", units);
    d->units = (int)units;
    return caches_read(o, d, err);
}

/* A member that GPUs have. */
static bool optional_string(const cJSON *o, const char *name, char *text, size_t size, struct error *err) {
    return !cJSON_HasObjectItem(o, name) || json_string(o, name, text, size, err);
}

static bool environment_read(const cJSON *o, struct table *t, struct error *err) {
    return json_string(o, "date", t->environment.date, sizeof t->environment.date, err) &&
           json_string(o, "katune", t->environment.katune, sizeof t->environment.katune, err) &&
           json_string(o, "compiler", t->environment.compiler, sizeof t->environment.compiler, err) &&
           optional_string(o, "driver", t->environment.driver, sizeof t->environment.driver, err) &&
           optional_string(o, "nvrtc", t->environment.nvrtc, sizeof t->environment.nvrtc, err) &&
           optional_string(o, "cupti", t->environment.cupti, sizeof t->environment.cupti, err) &&
           json_string(o, "sources_hash", t->environment.sources_hash, sizeof t->environment.sources_hash,
                       err);
}

static bool share_read(const cJSON *o, const char *name, double *seconds, struct error *err) {
    if (!json_number(o, name, seconds, err)) return false;
    return *seconds >= 0 || error_set(err, "%s is %g: it must be 0 or more", name, *seconds);
}

/* Tables of earlier builds do not have it. */
static bool tuning_read(const cJSON *document, struct tuning *t, struct error *err) {
    double candidates;
    if (!cJSON_GetObjectItemCaseSensitive(document, "tuning")) return true;
    const cJSON *const o = json_object(document, "tuning", err);
    if (!o) return false;
    if (!share_read(o, "seconds", &t->seconds, err) || !share_read(o, "running", &t->running, err) ||
        !share_read(o, "checking", &t->checking, err) || !share_read(o, "preparing", &t->preparing, err) ||
        !share_read(o, "passing", &t->passing, err) || !share_read(o, "parent", &t->parent, err) ||
        !share_read(o, "candidates", &candidates, err))
        return json_within(false, "tuning", err);
    if (!(t->seconds > 0)) return error_set(err, "tuning.seconds is 0: it must be above 0");
    if (!(candidates >= 1 && candidates < 1e9))
        return error_set(err, "tuning.candidates is %g: it must be 1 or more", candidates);
    t->candidates = (int)candidates;
    return true;
}

/* Entries are read while the document is parsed, so that it is never whole in memory; what is wrong with them
   is said only where all before them is right. */
struct entries {
    struct table *table;
    int count;
    struct error err;
};

static bool entry_take(void *context, const cJSON *o) {
    struct entries *const entries = context;
    struct error *const err = &entries->err;
    struct table_entry e;
    char name[32];
    snprintf(name, sizeof name, "entries[%d]", entries->count++);
    bool ok = json_within(entry_read(o, &e, err), name, err);
    if (ok && table_find(entries->table, &e.problem)) ok = error_set(err, "%s.problem is there twice", name);
    if (ok && table_take(entries->table, &e)) return true;
    free(e.why);
    return ok ? error_set(err, "out of memory") : false;
}

static bool document_read(const cJSON *o, struct table *t, const struct entries *entries, struct error *err) {
    char schema[32];
    if (!cJSON_IsObject(o)) return error_set(err, "is no JSON object");
    if (!json_string(o, "schema", schema, sizeof schema, err)) return false;
    if (strcmp(schema, "katune-table/1") != 0)
        return error_set(err, "schema is \"%s\": this build reads katune-table/1", schema);
    const cJSON *const device = json_object(o, "device", err);
    if (!device || !json_within(device_read(device, t, err), "device", err)) return false;
    const cJSON *const environment = json_object(o, "environment", err);
    if (!environment || !json_within(environment_read(environment, t, err), "environment", err)) return false;
    if (!tuning_read(o, &t->tuning, err)) return false;
    if (!json_array(o, "entries", err)) return false;
    return !*entries->err.text || error_set(err, "%s", entries->err.text);
}

bool table_parse(struct table *t, char *text, size_t size, struct error *err) {
    table_init(t);
    struct entries entries = {.table = t, .err = {""}};
    const struct json_elements each = {.member = "entries", .take = entry_take, .context = &entries};
    struct json_tree tree;
    const bool ok =
        json_tree_parse(&tree, text, size, &each, err) && document_read(tree.root, t, &entries, err);
    json_tree_free(&tree);
    if (ok)
        table_near_build(&t->index.near, t->entries, 1);
    else
        table_free(t);
    return ok;
}

bool table_read(struct table *t, const char *path, struct error *err) {
    table_init(t);
    size_t size;
    char *const text = file_read(path, &size, err);
    if (!text) return false;
    const bool ok = table_parse(t, text, size, err) || error_prefix(err, "%s", path);
    free(text);
    return ok;
}
