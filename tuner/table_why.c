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

struct why *table_why_copy(const struct why *w) {
    const size_t length = strlen(w->sentence) + 1;
    size_t size = sizeof *w + length;
    for (int role = 0; role < WHY_ROLES; role++)
        size += (size_t)w->role[role].counter_count * sizeof *w->role[role].counters;
    struct why *const copy = malloc(size);
    if (!copy) return NULL;
    *copy = *w;
    struct counter *at = (struct counter *)(copy + 1);
    for (int role = 0; role < WHY_ROLES; role++) {
        const struct evidence *const e = &w->role[role];
        copy->role[role].counters = at;
        if (e->counter_count) memcpy(at, e->counters, (size_t)e->counter_count * sizeof *at);
        at += e->counter_count;
    }
    copy->sentence = memcpy(at, w->sentence, length);
    return copy;
}

/* What is read lies in the document or here until it is known to be right, and its size with it. */
struct reading {
    struct why why;
    struct counter counters[WHY_ROLES][COUNTERS_MAX];
};

static bool counters_read(const cJSON *o, struct counter list[COUNTERS_MAX], int *count, struct error *err) {
    for (const cJSON *c = o->child; c; c = c->next) {
        struct counter *const counter = &list[*count];
        if (*count == COUNTERS_MAX) return error_set(err, "holds more than %d", COUNTERS_MAX);
        if (!*c->string || strlen(c->string) >= sizeof counter->name)
            return error_set(err, "%.60s is no counter's name", c->string);
        if (counter_find(list, *count, c->string)) return error_set(err, "%s is there twice", c->string);
        if (!json_number_of(c, &counter->value, err)) return false;
        if (!(counter->value >= 0))
            return error_set(err, "%s is %g: it must be 0 or more", c->string, counter->value);
        strcpy(counter->name, c->string);
        ++*count;
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

static bool all_counters_read(const cJSON *counters, struct reading *r, struct error *err) {
    for (int role = 0; role < WHY_ROLES; role++) {
        struct evidence *const e = &r->why.role[role];
        if (!cJSON_HasObjectItem(counters, role_names[role])) continue;
        const cJSON *const o = json_object(counters, role_names[role], err);
        if (!o) return false;
        if (!e->variant)
            return error_set(err, "%s is there, but why.%s is not", role_names[role], role_names[role]);
        if (!json_within(counters_read(o, r->counters[role], &e->counter_count, err), role_names[role], err))
            return false;
        e->counters = r->counters[role];
    }
    return true;
}

bool table_why_read(const cJSON *entry, struct table_entry *e, struct error *err) {
    const cJSON *const said = cJSON_GetObjectItemCaseSensitive(entry, "why"),
                       *const counted = cJSON_GetObjectItemCaseSensitive(entry, "counters");
    if (!said) return !counted || error_set(err, "counters are there, but why is not");
    const cJSON *const why = json_object(entry, "why", err);
    if (!why) return false;
    struct reading r;
    r.why = (struct why){.role[WHY_WINNER] = {.variant = e->choice.variant,
                                              .point = e->choice.point,
                                              .time_us = e->time_us.median}};
    r.why.sentence = json_text(why, "sentence", WHY_SENTENCE_MAX, err);
    if (!json_within(r.why.sentence && roles_read(why, &e->problem, &r.why, err), "why", err)) return false;
    const cJSON *const counters = counted ? json_object(entry, "counters", err) : NULL;
    if (counted && (!counters || !json_within(all_counters_read(counters, &r, err), "counters", err)))
        return false;
    return (e->why = table_why_copy(&r.why)) || error_set(err, "out of memory");
}
