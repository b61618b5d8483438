#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "table_choice.h"
#include "table_why.h"

static const char *const source_names[] = {"measured", "modeled"};

enum { RECENT_LEAST = 32 };

void table_init(struct table *t) {
    *t = (struct table){.count = 0};
}

void table_free(struct table *t) {
    for (int i = 0; i < t->count; i++) free(t->entries[i].why);
    free(t->entries);
    table_index_free(&t->index);
    table_init(t);
}

const struct table_entry *table_find(const struct table *t, const struct problem *p) {
    const int i = table_index_find(&t->index, t->entries, p);
    return i < 0 ? NULL : &t->entries[i];
}

/* Where an entry goes that is none of its problem's yet; NULL if there is no memory. */
static struct table_entry *entry_append(struct table *t, const struct table_entry *entry) {
    if (t->count == t->room) {
        const int room = t->room ? 2 * t->room : 16;
        struct table_entry *const grown =
            aligned_alloc(_Alignof(struct table_entry), (size_t)room * sizeof *grown);
        if (!grown) return NULL;
        if (t->count) memcpy(grown, t->entries, (size_t)t->count * sizeof *grown);
        free(t->entries);
        t->entries = grown, t->room = room;
    }
    if (!table_index_add(&t->index, t->entries, &entry->problem, entry->source == SOURCE_MEASURED))
        return NULL;
    return &t->entries[t->count++];
}

static struct table_entry *entry_place(struct table *t, const struct table_entry *entry) {
    const int i = table_index_find(&t->index, t->entries, &entry->problem);
    if (i < 0) return entry_append(t, entry);
    if (!table_near_mark(&t->index.near, i, &entry->problem, entry->source == SOURCE_MEASURED)) return NULL;
    free(t->entries[i].why);
    return &t->entries[i];
}

bool table_take(struct table *t, const struct table_entry *entry) {
    struct table_entry *const place = entry_place(t, entry);
    if (place) *place = *entry;
    return place;
}

bool table_put(struct table *t, const struct table_entry *entry) {
    struct table_entry copy = *entry;
    if (entry->why && !(copy.why = table_why_copy(entry->why))) return false;
    if (!table_take(t, &copy)) {
        free(copy.why);
        return false;
    }
    table_near_build(&t->index.near, t->entries, RECENT_LEAST + t->index.near.point_count);
    return true;
}

bool table_order(struct table *t, const struct problem *list, int count) {
    struct table sorted;
    table_init(&sorted);
    bool ok = true;
    for (int i = 0; ok && i < count; i++) {
        const struct table_entry *const e = table_find(t, &list[i]);
        ok = !e || table_put(&sorted, e);
    }
    for (int i = 0; ok && i < t->count; i++)
        ok = table_find(&sorted, &t->entries[i].problem) || table_put(&sorted, &t->entries[i]);
    if (!ok) {
        table_free(&sorted);
        return false;
    }
    sorted.device = t->device, sorted.bandwidth_gbs = t->bandwidth_gbs;
    sorted.environment = t->environment, sorted.tuning = t->tuning;
    table_free(t);
    *t = sorted;
    return true;
}

static cJSON *entry_json(const struct table_entry *e) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "problem", json_problem(&e->problem));
    cJSON_AddStringToObject(o, "variant", e->choice.variant->name);
    cJSON_AddItemToObject(o, "params", json_point(e->choice.variant, &e->choice.point));
    cJSON *const time = cJSON_AddObjectToObject(o, "time_us");
    cJSON_AddNumberToObject(time, "median", e->time_us.median);
    cJSON_AddNumberToObject(time, "lo", e->time_us.lo);
    cJSON_AddNumberToObject(time, "hi", e->time_us.hi);
    cJSON_AddNumberToObject(time, "n", e->time_us.n);
    cJSON_AddStringToObject(o, "source", source_names[e->source]);
    if (e->throttled) json_throttle(o, true, e->throttle);
    cJSON *const roofline = cJSON_AddObjectToObject(o, "roofline");
    cJSON_AddStringToObject(roofline, "bound", e->roofline.bound);
    cJSON_AddNumberToObject(roofline, "fraction", e->roofline.fraction);
    cJSON *const error = cJSON_AddObjectToObject(o, "error");
    cJSON_AddNumberToObject(error, "worst", e->error.worst);
    cJSON_AddNumberToObject(error, "allowed", e->error.allowed);
    cJSON *const fallback = cJSON_AddObjectToObject(o, "default");
    cJSON_AddStringToObject(fallback, "variant", e->fallback.variant);
    cJSON_AddNumberToObject(fallback, "time_us", e->fallback.time_us);
    cJSON *const ties = cJSON_AddArrayToObject(o, "ties");
    for (int i = 0; i < e->tie_count; i++) cJSON_AddItemToArray(ties, table_choice_json(&e->ties[i]));
    table_why_add(o, e);
    return o;
}

static void optional_add(cJSON *o, const char *name, const char *text) {
    if (*text) cJSON_AddStringToObject(o, name, text);
}

static void tuning_add(cJSON *o, const struct tuning *t) {
    if (!t->candidates) return;
    cJSON *const tuning = cJSON_AddObjectToObject(o, "tuning");
    cJSON_AddNumberToObject(tuning, "seconds", t->seconds);
    cJSON_AddNumberToObject(tuning, "running", t->running);
    cJSON_AddNumberToObject(tuning, "checking", t->checking);
    cJSON_AddNumberToObject(tuning, "preparing", t->preparing);
    cJSON_AddNumberToObject(tuning, "passing", t->passing);
    cJSON_AddNumberToObject(tuning, "parent", t->parent);
    cJSON_AddNumberToObject(tuning, "candidates", t->candidates);
}

static cJSON *table_json(const struct table *t) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "schema", "katune-table/1");
    cJSON *const device = json_device(&t->device);
    cJSON_AddItemToObject(o, "device", device);
    cJSON_AddNumberToObject(device, "bandwidth_gbs", t->bandwidth_gbs);
    cJSON *const caches = cJSON_AddArrayToObject(device, "caches");
    for (int i = 0; i < t->device.cache_count; i++) {
        cJSON *const cache = cJSON_CreateObject();
        cJSON_AddNumberToObject(cache, "level", t->device.caches[i].level);
        cJSON_AddNumberToObject(cache, "bytes", (double)t->device.caches[i].bytes);
        cJSON_AddItemToArray(caches, cache);
    }
    cJSON *const environment = cJSON_AddObjectToObject(o, "environment");
    cJSON_AddStringToObject(environment, "date", t->environment.date);
    cJSON_AddStringToObject(environment, "katune", t->environment.katune);
    optional_add(environment, "driver", t->environment.driver);
    optional_add(environment, "nvrtc", t->environment.nvrtc);
    optional_add(environment, "cupti", t->environment.cupti);
    cJSON_AddStringToObject(environment, "compiler", t->environment.compiler);
    cJSON_AddStringToObject(environment, "sources_hash", t->environment.sources_hash);
    tuning_add(o, &t->tuning);
    cJSON *const entries = cJSON_AddArrayToObject(o, "entries");
    for (int i = 0; i < t->count; i++) cJSON_AddItemToArray(entries, entry_json(&t->entries[i]));
    return o;
}

bool table_write(const struct table *t, const char *path, struct error *err) {
    cJSON *const o = table_json(t);
    const bool ok = json_write(o, path, err);
    cJSON_Delete(o);
    return ok;
}
