#include "problem_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIANTS_MAX = 256, LACKING = -1 };

struct problem_space {
    struct space *space;
    struct problem problem;
    struct device_info device;
    point_filter *filter;
    void *context;
    const struct variant *variants[VARIANTS_MAX]; /* in the order of VARIANT's values */
    int variant_count;
    /* What the constraint of one parameter looks at. */
    struct column {
        const struct problem_space *s;
        int param;
    } columns[SPACE_PARAMS_MAX];
};

static int number_at(const struct problem_space *s, int param, const struct config *c) {
    return (int)space_param_at(s->space, param)->values[c->at[param]].number;
}

/* The value is one of the variant's, or stands for none where it lacks the parameter. */
static bool column_accepts(const struct config *c, void *context) {
    const struct column *const column = context;
    const struct variant *const v = column->s->variants[c->at[0]];
    const int at = param_find(v, space_param_at(column->s->space, column->param)->name),
              value = number_at(column->s, column->param, c);
    return at < 0 ? value == LACKING : param_has(&v->params[at], value);
}

static struct table_choice choice_of(const struct problem_space *s, const struct config *c) {
    struct table_choice choice = {s->variants[c->at[0]], {{0}}};
    for (int i = 1; i < space_param_count(s->space); i++) {
        const int at = param_find(choice.variant, space_param_at(s->space, i)->name);
        if (at >= 0) choice.point.value[at] = number_at(s, i, c);
    }
    return choice;
}

static bool point_accepts(const struct config *c, void *context) {
    const struct problem_space *const s = context;
    const struct table_choice choice = choice_of(s, c);
    return !variant_reject(choice.variant, &s->problem, &choice.point, &s->device) &&
           (!s->filter || s->filter(choice.variant, &choice.point, s->context));
}

/* All cores, THREADS=0, come after every smaller number. */
static struct space_value value_of(const struct problem_space *s, const char *name, int value) {
    const bool all = strcmp(name, "THREADS") == 0 && value == 0;
    return (struct space_value){.kind = VALUE_NUMBER, .number = value, .rank = all ? s->device.units : value};
}

static bool value_put(struct problem_space *s, int param, int value, struct error *err) {
    const struct space_value v = value_of(s, space_param_at(s->space, param)->name, value);
    return space_value_find(s->space, param, &v) >= 0 || space_value_insert(s->space, param, v, err);
}

static bool variants_list(struct problem_space *s, struct error *err) {
    if (!space_param_add(s->space, "VARIANT", false, err)) return false;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        struct point any;
        if (v->op != s->problem.op || !variant_default_point(v, &s->problem, &s->device, &any, NULL))
            continue;
        if (s->variant_count == VARIANTS_MAX) return error_set(err, "more than %d variants", VARIANTS_MAX);
        s->variants[s->variant_count++] = v;
        if (!space_value_add(s->space, (struct space_value){.kind = VALUE_TEXT, .text = (char *)v->name},
                             err))
            return false;
    }
    return true;
}

/* The parameters of all variants, by name, with the values that any of them has. */
static bool params_list(struct problem_space *s, struct error *err) {
    for (int i = 0; i < s->variant_count; i++) {
        const struct variant *const v = s->variants[i];
        for (int j = 0; j < param_count(v); j++) {
            int at = space_param_find(s->space, v->params[j].name);
            if (at < 0 && !space_param_add(s->space, v->params[j].name, true, err)) return false;
            if (at < 0) at = space_param_count(s->space) - 1;
            for (int k = 0; k < param_value_count(&v->params[j]); k++)
                if (!value_put(s, at, v->params[j].values[k], err)) return false;
        }
    }
    for (int p = 1; p < space_param_count(s->space); p++)
        for (int i = 0; i < s->variant_count; i++)
            if (param_find(s->variants[i], space_param_at(s->space, p)->name) < 0 &&
                !value_put(s, p, LACKING, err))
                return false;
    return true;
}

static bool constraints_add(struct problem_space *s, struct error *err) {
    uint32_t all = 1;
    for (int p = 1; p < space_param_count(s->space); p++) {
        s->columns[p] = (struct column){s, p};
        all |= 1u << p;
        if (!space_constrain(s->space, 1u | 1u << p, column_accepts, &s->columns[p], err)) return false;
    }
    return space_constrain(s->space, all, point_accepts, s, err);
}

struct problem_space *problem_space_new(const struct problem *p, const struct device_info *d,
                                        point_filter *filter, void *context, struct error *err) {
    struct problem_space *const s = calloc(1, sizeof *s);
    if (s)
        *s = (struct problem_space){
            .space = space_new(), .problem = *p, .device = *d, .filter = filter, .context = context};
    if (!s || !s->space)
        error_set(err, "out of memory");
    else if (variants_list(s, err) && params_list(s, err) && constraints_add(s, err) &&
             space_seal(s->space, err))
        return s;
    problem_space_free(s);
    return NULL;
}

void problem_space_free(struct problem_space *s) {
    if (!s) return;
    space_free(s->space);
    free(s);
}

const char *variant_left_out(const struct variant *v, const struct problem *p, const struct device_info *d,
                             point_filter *filter, void *context) {
    const char *first = NULL;
    for (int64_t i = 0; i < point_count(v); i++) {
        const struct point pt = point_at(v, i);
        if (filter && !filter(v, &pt, context)) continue;
        const char *const reason = variant_reject(v, p, &pt, d);
        if (!reason) return NULL;
        if (!first) first = reason;
    }
    return first ? first : "none of its points is selected";
}

/* NULL for variants of another operation or kind of device, and those that are not selected. */
static const char *reason_of(const struct problem_space *s, const struct variant *v) {
    if (v->op != s->problem.op || !variant_belongs(v, &s->device)) return NULL;
    if (s->filter && !s->filter(v, NULL, s->context)) return NULL;
    return variant_left_out(v, &s->problem, &s->device, s->filter, s->context);
}

enum { LINE = 400 };

static void line_add(char line[LINE], const char *text) {
    const size_t at = strlen(line);
    snprintf(line + at, LINE - at, "%s", text);
}

/* "a, b: their reason; c: another"; cut where there are too many. A reason that is said is taken out. */
static void reasons_say(const char **reasons, char line[LINE]) {
    for (int i = 0; i < variant_count(); i++) {
        const char *const reason = reasons[i];
        if (!reason) continue;
        line_add(line, *line ? "; " : "");
        for (int j = i; j < variant_count(); j++) {
            if (!reasons[j] || strcmp(reasons[j], reason) != 0) continue;
            line_add(line, j == i ? "" : ", ");
            line_add(line, variant_at(j)->name);
            reasons[j] = NULL;
        }
        line_add(line, ": ");
        line_add(line, reason);
    }
}

bool problem_space_say_empty(const struct problem_space *s, struct error *err) {
    char line[LINE] = "";
    const char **const reasons = calloc((size_t)variant_count() + 1, sizeof *reasons);
    if (!reasons) return error_set(err, "out of memory");
    for (int i = 0; i < variant_count(); i++) reasons[i] = reason_of(s, variant_at(i));
    reasons_say(reasons, line);
    free(reasons);
    if (*line) return error_set(err, "no variant takes part: %s", line);
    return error_set(err, "no variant takes part: none of %s on this kind of device is selected",
                     op_name(s->problem.op));
}

const struct space *problem_space_space(const struct problem_space *s) {
    return s->space;
}

struct table_choice problem_space_choice(const struct problem_space *s, int64_t index) {
    const struct config c = space_at(s->space, index);
    return choice_of(s, &c);
}

int64_t problem_space_find(const struct problem_space *s, const struct variant *v, const struct point *pt) {
    struct config c = {{0}};
    int which = 0;
    while (which < s->variant_count && s->variants[which] != v) which++;
    if (which == s->variant_count) return -1;
    c.at[0] = (uint16_t)which;
    for (int i = 1; i < space_param_count(s->space); i++) {
        const char *const name = space_param_at(s->space, i)->name;
        const int at = param_find(v, name);
        const struct space_value value = value_of(s, name, at < 0 ? LACKING : pt->value[at]);
        const int found = space_value_find(s->space, i, &value);
        if (found < 0) return -1;
        c.at[i] = (uint16_t)found;
    }
    return space_find(s->space, &c);
}
