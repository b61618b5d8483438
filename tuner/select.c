#include "select.h"

#include <math.h>
#include <string.h>

static const char *const how_names[] = {"exact", "near-shape", "near-device", "default"};

const char *select_how_name(enum select_how how) {
    return how_names[how];
}

double problem_distance(const struct problem *a, const struct problem *b) {
    if (a->op != b->op || a->dtype != b->dtype) return INFINITY;
    double sum = 0;
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const attr = attr_at(i);
        if (!attr_of(attr, a->op)) continue;
        const double one = attr_get(attr, a), other = attr_get(attr, b);
        if (one == other) continue;
        if (!attr->size) return INFINITY;
        const double ratio = log(fmax(one, 1) / fmax(other, 1));
        sum += ratio * ratio;
    }
    return sqrt(sum);
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

/* What is left of a distance after logarithms are rounded: keys that look farther by less may be nearer. */
static const double rounding = 1e-12;

/* The nearest of the measured or of the modeled entries whose choice runs the problem here. The keys rule out
   nearly all without looking at the entries. */
static const struct table_entry *entry_nearest_of(const struct table *t, const struct device_info *device,
                                                  const struct problem *p, bool measured) {
    const struct table_key wanted = table_key_of(p);
    const struct table_entry *best = NULL;
    double least = INFINITY, bound = INFINITY;
    for (int i = 0; i < t->count; i++) {
        const struct table_key *const key = &t->index.keys[i];
        const double rows = key->log_rows - wanted.log_rows,
                     channels = key->log_channels - wanted.log_channels;
        if (!(rows * rows + channels * channels < bound)) continue;
        if (key->family != wanted.family || key->measured != measured) continue;
        const struct table_entry *const e = &t->entries[i];
        const double distance = problem_distance(&e->problem, p);
        if (!(distance < least)) continue;
        if (variant_reject(e->choice.variant, p, &e->choice.point, device)) continue;
        best = e;
        least = distance;
        bound = (least + rounding) * (least + rounding);
    }
    return best;
}

/* The entry that answers for the problem: its own, or else the nearest. A measured entry goes before every
   modeled one, so a modeled one of the problem itself only where no measured one runs it. */
static const struct table_entry *entry_best(const struct table *t, const struct device_info *device,
                                            const struct problem *p) {
    const struct table_entry *exact = table_find(t, p);
    if (exact && variant_reject(exact->choice.variant, p, &exact->choice.point, device)) exact = NULL;
    if (exact && exact->source == SOURCE_MEASURED) return exact;
    const bool all_modeled = !t->index.measured, all_measured = t->index.measured == t->count;
    const struct table_entry *const measured = all_modeled ? NULL : entry_nearest_of(t, device, p, true);
    if (measured || exact) return measured ? measured : exact;
    return all_measured ? NULL : entry_nearest_of(t, device, p, false);
}

/* Member by member: an initializer would set the device's name to zeros first, at a tenth of the look-up. */
static void answer(struct selection *s, const struct table *t, const struct table_entry *e,
                   enum select_how how) {
    s->variant = e->choice.variant;
    s->point = e->choice.point;
    s->how = how;
    s->from = e->problem;
    _Static_assert(sizeof s->from_device == sizeof t->device.name, "a device's name fits");
    memcpy(s->from_device, t->device.name, sizeof s->from_device);
}

static bool select_here(const struct table *here, const struct device_info *device, const struct problem *p,
                        struct selection *s) {
    const struct table_entry *const e = here ? entry_best(here, device, p) : NULL;
    if (!e) return false;
    answer(s, here, e, problem_equal(&e->problem, p) ? SELECT_EXACT : SELECT_NEAR_SHAPE);
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
        answer(s, &tables[i], e, SELECT_NEAR_DEVICE);
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
