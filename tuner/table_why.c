#include "table_why.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "table_choice.h"

static const char *const role_names[WHY_ROLES] = {"winner", "runner_up", "default"};

static cJSON *counters_json(const struct evidence *e) {
    cJSON *const o = cJSON_CreateObject();
    for (int i = 0; i < e->counter_count; i++)
        cJSON_AddNumberToObject(o, e->counters[i].name, e->counters[i].value);
    return o;
}

/* The winner's variant, point and time are the entry's own. */
static cJSON *evidence_json(const struct evidence *e, int role) {
    const struct table_choice choice = {e->variant, e->point};
    cJSON *const o = role == WHY_WINNER ? cJSON_CreateObject() : table_choice_json(&choice);
    if (role != WHY_WINNER) cJSON_AddNumberToObject(o, "time_us", e->time_us);
    cJSON_AddStringToObject(o, "bound", e->bound);
    cJSON_AddNumberToObject(o, "busy", e->busy);
    return o;
}

void table_why_add(cJSON *entry, const struct table_entry *e) {
    if (!e->why) return;
    cJSON *const why = cJSON_AddObjectToObject(entry, "why");
    cJSON_AddStringToObject(why, "sentence", e->why->sentence);
    cJSON *counters = NULL;
    for (int role = 0; role < WHY_ROLES; role++) {
        const struct evidence *const one = &e->why->role[role];
        if (!one->variant) continue;
        cJSON_AddItemToObject(why, role_names[role], evidence_json(one, role));
        if (!one->counter_count) continue;
        if (!counters) counters = cJSON_AddObjectToObject(entry, "counters");
        cJSON_AddItemToObject(counters, role_names[role], counters_json(one));
    }
}

static bool counters_read(const cJSON *o, struct evidence *e, struct error *err) {
    for (const cJSON *c = o->child; c; c = c->next) {
        struct counter *const counter = &e->counters[e->counter_count];
        if (e->counter_count == COUNTERS_MAX) return error_set(err, "holds more than %d", COUNTERS_MAX);
        if (!*c->string || strlen(c->string) >= sizeof counter->name)
            return error_set(err, "%.60s is no counter's name", c->string);
        if (counter_find(e->counters, e->counter_count, c->string))
            return error_set(err, "%s is there twice", c->string);
        if (!json_number(o, c->string, &counter->value, err)) return false;
        if (!(counter->value >= 0))
            return error_set(err, "%s is %g: it must be 0 or more", c->string, counter->value);
        strcpy(counter->name, c->string);
        e->counter_count++;
    }
    return true;
}

static bool evidence_read(const cJSON *o, int role, const struct problem *p, struct evidence *e,
                          struct error *err) {
    struct table_choice choice;
    if (!json_string(o, "bound", e->bound, sizeof e->bound, err) || !json_number(o, "busy", &e->busy, err))
        return false;
    if (!(e->busy >= 0)) return error_set(err, "busy is %g: it must be 0 or more", e->busy);
    if (role == WHY_WINNER) return true;
    if (!table_choice_read(o, p, &choice, err) || !json_number(o, "time_us", &e->time_us, err)) return false;
    if (!(e->time_us > 0)) return error_set(err, "time_us is %g: it must be above 0", e->time_us);
    e->variant = choice.variant, e->point = choice.point;
    return true;
}

/* The winner must be there; the others need not. */
static bool roles_read(const cJSON *why, const struct problem *p, struct why *w, struct error *err) {
    for (int role = 0; role < WHY_ROLES; role++) {
        if (role != WHY_WINNER && !cJSON_HasObjectItem(why, role_names[role])) continue;
        const cJSON *const o = json_object(why, role_names[role], err);
        if (!o || !json_within(evidence_read(o, role, p, &w->role[role], err), role_names[role], err))
            return false;
    }
    return true;
}

static bool all_counters_read(const cJSON *counters, struct why *w, struct error *err) {
    for (int role = 0; role < WHY_ROLES; role++) {
        if (!cJSON_HasObjectItem(counters, role_names[role])) continue;
        const cJSON *const o = json_object(counters, role_names[role], err);
        if (!o) return false;
        if (!w->role[role].variant)
            return error_set(err, "%s is there, but why.%s is not", role_names[role], role_names[role]);
        if (!json_within(counters_read(o, &w->role[role], err), role_names[role], err)) return false;
    }
    return true;
}

bool table_why_read(const cJSON *entry, struct table_entry *e, struct error *err) {
    const bool counted = cJSON_HasObjectItem(entry, "counters");
    if (!cJSON_HasObjectItem(entry, "why"))
        return !counted || error_set(err, "counters are there, but why is not");
    const cJSON *const why = json_object(entry, "why", err);
    if (!why) return false;
    struct why *const w = e->why = calloc(1, sizeof *w);
    if (!w) return error_set(err, "out of memory");
    w->role[WHY_WINNER].variant = e->choice.variant, w->role[WHY_WINNER].point = e->choice.point;
    w->role[WHY_WINNER].time_us = e->time_us.median;
    if (!json_within(json_string(why, "sentence", w->sentence, sizeof w->sentence, err) &&
                         roles_read(why, &e->problem, w, err),
                     "why", err))
        return false;
    if (!counted) return true;
    const cJSON *const counters = json_object(entry, "counters", err);
    return counters && json_within(all_counters_read(counters, w, err), "counters", err);
}
