#include "select.h"

#include <math.h>
#include <string.h>

static const char *const how_names[] = {"exact", "near-shape", "near-device", "default"};

const char *select_how_name(enum select_how how) {
    return how_names[how];
}

/* How unlike two devices of one backend are: the ratios of their cores and bandwidths, and another
   instruction set as much as a factor e in one of them. */
static double device_distance(const struct table *t, const struct table *here,
                              const struct device_info *device) {
    const double units = log((double)t->device.units / device->units);
    const double bandwidth = here && here->bandwidth_gbs > 0 && t->bandwidth_gbs > 0
                                 ? log(t->bandwidth_gbs / here->bandwidth_gbs)
                                 : 0;
    const double arch = strcmp(t->device.arch, device->arch) != 0;
    return sqrt(units * units + bandwidth * bandwidth + arch * arch);
}

struct query {
    const struct table *table;
    const struct device_info *device;
    const struct problem *problem;
    enum table_source source;
};

static bool entry_runs(const void *context, int i) {
    const struct query *const q = context;
    const struct table_entry *const e = &q->table->entries[i];
    return e->source == q->source &&
           !variant_reject(e->choice.variant, q->problem, &e->choice.point, q->device);
}

static const struct table_entry *entry_nearest_of(const struct table *t, const struct device_info *device,
                                                  const struct problem *p, enum table_source source) {
    const struct query q = {t, device, p, source};
    const int i = table_near_find(&t->index.near, t->entries, p, source == SOURCE_MEASURED, entry_runs, &q);
    return i < 0 ? NULL : &t->entries[i];
}

/* The entry that answers for the problem: its own, or else the nearest. A measured entry goes before every
   modeled one, so a modeled one of the problem itself only where no measured one runs it. */
static const struct table_entry *entry_best(const struct table *t, const struct device_info *device,
                                            const struct problem *p) {
    const struct table_entry *exact = table_find(t, p);
    if (exact && variant_reject(exact->choice.variant, p, &exact->choice.point, device)) exact = NULL;
    if (exact && exact->source == SOURCE_MEASURED) return exact;
    const struct table_entry *const measured = entry_nearest_of(t, device, p, SOURCE_MEASURED);
    if (measured || exact) return measured ? measured : exact;
    return entry_nearest_of(t, device, p, SOURCE_MODELED);
}

/* Member by member: an initializer would set the device's name to zeros first, at a tenth of the look-up. The
   entry's problem is this one but for its sizes, and those are in the entry's first cache line. */
static void answer(struct selection *s, const struct table *t, const struct table_entry *e,
                   const struct problem *p, enum select_how how) {
    s->variant = e->choice.variant;
    s->point = e->choice.point;
    s->how = how;
    s->from = *p;
    s->from.rows = e->problem.rows, s->from.channels = e->problem.channels;
    _Static_assert(sizeof s->from_device == sizeof t->device.name, "a device's name fits");
    memcpy(s->from_device, t->device.name, sizeof s->from_device);
}

static bool select_here(const struct table *here, const struct device_info *device, const struct problem *p,
                        struct selection *s) {
    const struct table_entry *const e = here ? entry_best(here, device, p) : NULL;
    if (!e) return false;
    const bool same = e->problem.rows == p->rows && e->problem.channels == p->channels;
    answer(s, here, e, p, same ? SELECT_EXACT : SELECT_NEAR_SHAPE);
    return true;
}

static bool select_elsewhere(const struct table *tables, int count, const struct table *here,
                             const struct device_info *device, const struct problem *p, struct selection *s) {
    double least = INFINITY;
    for (int i = 0; i < count; i++) {
        if (&tables[i] == here || strcmp(tables[i].device.backend, device->backend) != 0) continue;
        const double distance = device_distance(&tables[i], here, device);
        if (!(distance < least)) continue;
        const struct table_entry *const e = entry_best(&tables[i], device, p);
        if (!e) continue;
        answer(s, &tables[i], e, p, SELECT_NEAR_DEVICE);
        least = distance;
    }
    return least < INFINITY;
}

bool select_variant(const struct table *tables, int count, const struct device_info *device,
                    const struct problem *p, struct selection *s, struct error *err) {
    if (!problem_valid(p, err)) return false;
    const struct table *here = NULL;
    for (int i = 0; i < count; i++)
        if (strcmp(tables[i].device.fingerprint, device->fingerprint) == 0) here = &tables[i];
    if (select_here(here, device, p, s) || select_elsewhere(tables, count, here, device, p, s)) return true;
    *s = (struct selection){.how = SELECT_DEFAULT, .from = *p};
    s->variant = variant_default(p, device, &s->point);
    if (s->variant) return true;
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    return error_set(err, "no variant runs %s on %s", key, device->name);
}
