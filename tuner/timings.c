#include "timings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "sample.h"

/* Appends "name=value" of every member that is a number or a string; false if they do not fit. */
static bool members_print(const cJSON *o, bool skip_names, char *text, size_t size) {
    size_t used = strlen(text);
    for (const cJSON *m = o->child; m; m = m->next) {
        const bool named = skip_names && (strcmp(m->string, "op") == 0 || strcmp(m->string, "dtype") == 0);
        if (named) continue;
        if (!cJSON_IsNumber(m) && !cJSON_IsString(m)) return false;
        const int wrote = cJSON_IsNumber(m)
                              ? snprintf(text + used, size - used, " %s=%.15g", m->string, m->valuedouble)
                              : snprintf(text + used, size - used, " %s=%s", m->string, m->valuestring);
        if (wrote < 0 || (size_t)wrote >= size - used) return false;
        used += (size_t)wrote;
    }
    return true;
}

static bool problem_read(const cJSON *o, struct timing *one, struct error *err) {
    char op[32], dtype[8];
    const cJSON *const problem = json_object(o, "problem", err);
    if (!problem || !json_within(json_string(problem, "op", op, sizeof op, err) &&
                                     json_string(problem, "dtype", dtype, sizeof dtype, err),
                                 "problem", err))
        return false;
    snprintf(one->problem, sizeof one->problem, "%s %s", op, dtype);
    return members_print(problem, true, one->problem, sizeof one->problem) ||
           error_set(err, "problem holds something that is no attribute");
}

static bool what_read(const cJSON *o, struct timing *one, struct error *err) {
    const cJSON *params;
    if (!json_string(o, "variant", one->what, 96, err) || !(params = json_object(o, "params", err)))
        return false;
    return members_print(params, false, one->what, sizeof one->what) ||
           error_set(err, "params holds something that is no parameter");
}

static bool time_read(const cJSON *time, struct timing *one, struct error *err) {
    if (!json_number(time, "median", &one->median, err) || !json_number(time, "lo", &one->lo, err) ||
        !json_number(time, "hi", &one->hi, err))
        return false;
    if (!(one->median > 0 && one->lo > 0 && one->lo <= one->median && one->median <= one->hi))
        return error_set(err, "0 < lo <= median <= hi does not hold");
    one->launches[0] = one->median;
    one->launch_count = 1;
    return true;
}

static bool launches_read(const cJSON *launches, struct timing *one, struct error *err) {
    one->launch_count = 0;
    if (!cJSON_IsArray(launches)) return error_set(err, "launches_us is no array");
    for (const cJSON *l = launches->child; l; l = l->next) {
        if (one->launch_count == LAUNCHES_MAX)
            return error_set(err, "launches_us holds more than %d", LAUNCHES_MAX);
        if (!cJSON_IsNumber(l) || !(l->valuedouble > 0 && l->valuedouble < 1e15))
            return error_set(err, "launches_us[%d] is no time", one->launch_count);
        one->launches[one->launch_count++] = l->valuedouble;
    }
    return one->launch_count > 0 || error_set(err, "launches_us is empty");
}

static bool counters_read(const cJSON *counters, struct timing *one, struct error *err) {
    if (!cJSON_IsObject(counters)) return error_set(err, "counters is no object");
    for (const cJSON *c = counters->child; c; c = c->next) {
        struct counter *const to = &one->counters[one->counter_count];
        if (!cJSON_IsNumber(c)) continue; /* texts, such as what bounds it */
        if (one->counter_count == COUNTERS_MAX)
            return error_set(err, "counters holds more than %d", COUNTERS_MAX);
        if (strlen(c->string) >= sizeof to->name)
            return error_set(err, "counters.%.40s...: the name is too long", c->string);
        strcpy(to->name, c->string);
        to->value = c->valuedouble;
        one->counter_count++;
    }
    return true;
}

/* What the two kinds have in common once the case is known. */
static bool figures_read(const cJSON *o, struct timing *one, struct error *err) {
    const cJSON *const time = json_object(o, "time_us", err),
                       *const launches = cJSON_GetObjectItemCaseSensitive(o, "launches_us"),
                       *const counters = cJSON_GetObjectItemCaseSensitive(o, "counters");
    return time && json_within(time_read(time, one, err), "time_us", err) &&
           (!launches || launches_read(launches, one, err)) &&
           json_throttle_read(o, &one->throttled, &one->throttle, err) &&
           (!counters || counters_read(counters, one, err));
}

static bool result_read(const cJSON *o, struct timing *one, struct error *err) {
    char distribution[16], status[16];
    if (!problem_read(o, one, err) || !what_read(o, one, err) ||
        !json_string(o, "distribution", distribution, sizeof distribution, err))
        return false;
    const cJSON *const check = json_object(o, "check", err), *const cold =
                                                                 cJSON_GetObjectItemCaseSensitive(o, "cold");
    if (!check || !json_within(json_string(check, "status", status, sizeof status, err), "check", err))
        return false;
    snprintf(one->setting, sizeof one->setting, "%s %s", distribution, cJSON_IsFalse(cold) ? "warm" : "cold");
    if (strcmp(status, "passed") == 0) return figures_read(o, one, err);
    const char *const reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(check, "reason"));
    snprintf(one->failure, sizeof one->failure, "%s its check: %.200s", status,
             reason ? reason : "no reason");
    return true;
}

static bool entry_read(const cJSON *o, struct timing *one, struct error *err) {
    return problem_read(o, one, err) && what_read(o, one, err) && figures_read(o, one, err);
}

static bool timings_append(struct timings *t, const struct timing *one) {
    if (t->count == t->room) {
        const int room = t->room ? 2 * t->room : 16;
        struct timing *const grown = realloc(t->list, (size_t)room * sizeof *grown);
        if (!grown) return false;
        t->list = grown, t->room = room;
    }
    t->list[t->count++] = *one;
    return true;
}

static bool list_read(const cJSON *array, const char *name, struct timings *t, struct error *err) {
    int i = 0;
    for (const cJSON *o = array->child; o; o = o->next, i++) {
        struct timing one = {.launch_count = 0};
        char place[40];
        snprintf(place, sizeof place, "%s[%d]", name, i);
        if (!cJSON_IsObject(o)) return error_set(err, "%s is no object", place);
        if (!json_within(t->kind == TIMINGS_TABLE ? entry_read(o, &one, err) : result_read(o, &one, err),
                         place, err))
            return false;
        const char *const source = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "source"));
        if (source && strcmp(source, "modeled") == 0) t->modeled = true;
        if (timings_find(t, &one)) return error_set(err, "%s is there twice", place);
        if (!timings_append(t, &one)) return error_set(err, "out of memory");
    }
    return true;
}

static bool head_read(const cJSON *o, struct timings *t, struct error *err) {
    const cJSON *const device = json_object(o, "device", err);
    if (!device ||
        !json_within(json_string(device, "name", t->device, sizeof t->device, err) &&
                         json_string(device, "fingerprint", t->fingerprint, sizeof t->fingerprint, err),
                     "device", err))
        return false;
    const cJSON *const environment = json_object(o, "environment", err);
    return environment && json_within(json_string(environment, "katune", t->katune, sizeof t->katune, err) &&
                                          json_string(environment, "date", t->date, sizeof t->date, err) &&
                                          json_string(environment, "sources_hash", t->sources_hash,
                                                      sizeof t->sources_hash, err),
                                      "environment", err);
}

static bool document_read(const cJSON *o, struct timings *t, struct error *err) {
    char schema[32], command[16];
    if (!cJSON_IsObject(o)) return error_set(err, "is no JSON object");
    if (!json_string(o, "schema", schema, sizeof schema, err)) return false;
    if (strcmp(schema, "katune-table/1") == 0)
        t->kind = TIMINGS_TABLE;
    else if (strcmp(schema, "katune-results/1") != 0)
        return error_set(err, "schema is \"%s\": this build compares katune-results/1 and katune-table/1",
                         schema);
    else if (!json_string(o, "command", command, sizeof command, err))
        return false;
    else if (strcmp(command, "bench") != 0)
        return error_set(err, "holds no times: write it with katune bench --json or katune gate --record");
    const char *const name = t->kind == TIMINGS_TABLE ? "entries" : "results";
    const cJSON *const array = head_read(o, t, err) ? json_array(o, name, err) : NULL;
    return array && list_read(array, name, t, err);
}

bool timings_parse(struct timings *t, const cJSON *document, struct error *err) {
    *t = (struct timings){.kind = TIMINGS_RESULTS};
    if (document_read(document, t, err)) return true;
    timings_free(t);
    return false;
}

bool timings_read(struct timings *t, const char *path, struct error *err) {
    size_t size;
    *t = (struct timings){.kind = TIMINGS_RESULTS};
    char *const text = file_read(path, &size, err);
    if (!text) return false;
    cJSON *const o = cJSON_ParseWithOpts(text, NULL, true);
    const bool ok = o ? timings_parse(t, o, err) || error_prefix(err, "%s", path)
                      : error_set(err, "%s: is not JSON", path);
    cJSON_Delete(o);
    free(text);
    return ok;
}

void timings_free(struct timings *t) {
    free(t->list);
    *t = (struct timings){.kind = TIMINGS_RESULTS};
}

struct timing *timings_find(const struct timings *t, const struct timing *like) {
    for (int i = 0; i < t->count; i++) {
        struct timing *const one = &t->list[i];
        if (strcmp(one->problem, like->problem) == 0 && strcmp(one->setting, like->setting) == 0 &&
            (t->kind == TIMINGS_TABLE || strcmp(one->what, like->what) == 0))
            return one;
    }
    return NULL;
}

/* The median over launches, with its interval. */
static void launches_summarise(struct timing *one) {
    const struct summary s = sample_summary(one->launches, one->launch_count);
    one->median = s.median, one->lo = s.lo, one->hi = s.hi;
}

bool timings_add_launch(struct timings *all, const struct timings *launch, int number) {
    for (int i = 0; i < launch->count; i++) {
        const struct timing *const from = &launch->list[i];
        struct timing *to = timings_find(all, from);
        if (!to) {
            if (!timings_append(all, from)) return false;
            to = &all->list[all->count - 1];
            if (number > 1 && !*to->failure)
                snprintf(to->failure, sizeof to->failure, "not in launch %d", number - 1);
            continue;
        }
        to->throttled = to->throttled || from->throttled, to->throttle |= from->throttle;
        if (*from->failure && !*to->failure)
            snprintf(to->failure, sizeof to->failure, "in launch %d: %.200s", number, from->failure);
        if (*to->failure || to->launch_count == LAUNCHES_MAX) continue;
        to->launches[to->launch_count++] = from->median;
        launches_summarise(to);
    }
    for (int i = 0; i < all->count; i++) {
        struct timing *const one = &all->list[i];
        if (!*one->failure && one->launch_count < number)
            snprintf(one->failure, sizeof one->failure, "not in launch %d", number);
    }
    return true;
}
