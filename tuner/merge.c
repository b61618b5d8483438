#include "merge.h"

#include <stdlib.h>
#include <string.h>

/* Dates are ISO 8601 in UTC, so they compare as text. */
static int date_compare(const struct table *a, const struct table *b) {
    return strcmp(a->environment.date, b->environment.date);
}

static bool goes_before(const struct table *tables, const struct table_entry *a, int from_a,
                        const struct table_entry *b, int from_b) {
    if (a->source != b->source) return a->source == SOURCE_MEASURED;
    return date_compare(&tables[from_a], &tables[from_b]) > 0;
}

static bool same_choice(const struct table_entry *a, const struct table_entry *b) {
    return variant_point_equal(a->choice.variant, &a->choice.point, b->choice.variant, &b->choice.point);
}

struct merging {
    struct table *into;
    const struct table *tables;
    int *from; /* the table that entry i comes from */
    void (*report)(void *context, const struct merge_conflict *c);
    void *context;
};

static bool entry_merge(struct merging *m, const struct table_entry *e, int from) {
    const struct table_entry *const there = table_find(m->into, &e->problem);
    if (!there) {
        m->from[m->into->count] = from;
        return table_put(m->into, e);
    }
    const int i = (int)(there - m->into->entries);
    const bool replace = goes_before(m->tables, e, from, there, m->from[i]);
    if (!same_choice(e, there))
        m->report(m->context, replace ? &(struct merge_conflict){e, there, from, m->from[i]}
                                      : &(struct merge_conflict){there, e, m->from[i], from});
    if (!replace) return true;
    m->from[i] = from;
    return table_put(m->into, e);
}

static const struct table *latest(const struct table *tables, int count, struct error *err) {
    const struct table *best = tables;
    for (int i = 0; i < count; i++) {
        if (strcmp(tables[i].device.fingerprint, tables[0].device.fingerprint) != 0) {
            error_set(err, "tables of different devices cannot be merged: %.90s (%.39s) and %.90s (%.39s)",
                      tables[0].device.name, tables[0].device.fingerprint, tables[i].device.name,
                      tables[i].device.fingerprint);
            return NULL;
        }
        if (date_compare(&tables[i], best) > 0) best = &tables[i];
    }
    if (!count) error_set(err, "there is no table to merge");
    return count ? best : NULL;
}

bool tables_merge(struct table *into, const struct table *tables, int count,
                  void (*report)(void *context, const struct merge_conflict *c), void *context,
                  struct error *err) {
    table_init(into);
    const struct table *const newest = latest(tables, count, err);
    if (!newest) return false;
    into->device = newest->device;
    into->bandwidth_gbs = newest->bandwidth_gbs;
    into->environment = newest->environment;
    into->tuning = newest->tuning;
    size_t total = 1;
    for (int i = 0; i < count; i++) total += (size_t)tables[i].count;
    struct merging m = {into, tables, malloc(total * sizeof *m.from), report, context};
    bool ok = m.from;
    for (int i = 0; i < count; i++)
        for (int j = 0; ok && j < tables[i].count; j++) ok = entry_merge(&m, &tables[i].entries[j], i);
    free(m.from);
    if (ok) return true;
    table_free(into);
    return error_set(err, "out of memory");
}
