#include "record_table.h"

#include <stdlib.h>
#include <string.h>

static bool text_set(struct record_builder *b, const char *name, const char *text, struct error *err) {
    char copy[64]; /* a value holds text that may be changed; the space copies it */
    snprintf(copy, sizeof copy, "%s", text);
    return record_row_set(b, name, &(struct space_value){.kind = VALUE_TEXT, .text = copy}, err);
}

static bool number_set(struct record_builder *b, const char *name, double number, struct error *err) {
    const struct space_value value = {.kind = VALUE_NUMBER, .number = number, .rank = number};
    return record_row_set(b, name, &value, err);
}

static bool problem_set(struct record_builder *b, const struct problem *p, struct error *err) {
    if (!text_set(b, "op", op_name(p->op), err) || !text_set(b, "dtype", dtype_name(p->dtype), err))
        return false;
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const attr = attr_at(i);
        char text[32];
        if (!attr_of(attr, p->op)) continue;
        attr_print(attr, p, text, sizeof text);
        const bool word = attr->kind == ATTR_FORM || attr->kind == ATTR_BOUNDARY;
        if (!(word ? text_set(b, attr->name, text, err) : number_set(b, attr->name, attr_get(attr, p), err)))
            return false;
    }
    return true;
}

static bool row_add(struct record_builder *b, const struct table *t, const struct table_entry *e,
                    const struct variant *v, const struct point *pt, double time_us, struct error *err) {
    record_row_begin(b);
    if (!problem_set(b, &e->problem, err) || !text_set(b, "variant", v->name, err) ||
        !text_set(b, "source", e->source == SOURCE_MEASURED ? "measured" : "modeled", err))
        return false;
    for (int i = 0; i < param_count(v); i++)
        if (!number_set(b, v->params[i].name, pt->value[i], err)) return false;
    b->row.seconds = 1e-6 * time_us;
    if (v == e->choice.variant && pt == &e->choice.point) {
        b->row.lo = 1e-6 * e->time_us.lo, b->row.hi = 1e-6 * e->time_us.hi;
        b->row.samples = e->time_us.n;
    }
    snprintf(b->row.timestamp, sizeof b->row.timestamp, "%s", t->environment.date);
    return record_row_end(b, err);
}

static bool entry_add(struct record_builder *b, const struct table *t, const struct table_entry *e,
                      struct error *err) {
    if (!row_add(b, t, e, e->choice.variant, &e->choice.point, e->time_us.median, err)) return false;
    if (!e->why) return true;
    for (int i = 0; i < WHY_ROLES; i++) {
        const struct evidence *const other = &e->why->role[i];
        if (i != WHY_WINNER && other->variant && other->time_us > 0 &&
            !row_add(b, t, e, other->variant, &other->point, other->time_us, err))
            return false;
    }
    return true;
}

bool record_of_table(struct record *r, const struct table *t, struct error *err) {
    struct record_builder b;
    if (!t->count) {
        *r = (struct record){.count = 0};
        return error_set(err, "the table has no entries");
    }
    if (!record_begin(&b, r, err)) return false;
    snprintf(r->device, sizeof r->device, "%s", t->device.name);
    snprintf(r->kernel, sizeof r->kernel, "katune");
    snprintf(r->problem, sizeof r->problem, "table");
    for (int i = 0; i < t->count; i++) {
        if (entry_add(&b, t, &t->entries[i], err)) continue;
        record_free(r);
        return false;
    }
    return record_end(&b, err);
}
