#include "select.h"

#include <math.h>
#include <stdio.h>
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

/* The entry nearest to the problem whose choice runs it here. A measured entry goes before every modeled one.
 */
static const struct table_entry *entry_nearest(const struct table *t, const struct device_info *device,
                                               const struct problem *p) {
    for (int source = SOURCE_MEASURED; source <= SOURCE_MODELED; source++) {
        const struct table_entry *best = NULL;
        double least = INFINITY;
        for (int i = 0; i < t->count; i++) {
            const struct table_entry *const e = &t->entries[i];
            if ((int)e->source != source) continue;
            const double distance = problem_distance(&e->problem, p);
            if (!(distance < least)) continue;
            if (variant_reject(e->choice.variant, p, &e->choice.point, device)) continue;
            best = e;
            least = distance;
        }
        if (best) return best;
    }
    return NULL;
}

static void answer(struct selection *s, const struct table *t, const struct table_entry *e,
                   enum select_how how) {
    *s = (struct selection){
        .variant = e->choice.variant, .point = e->choice.point, .how = how, .from = e->problem};
    snprintf(s->from_device, sizeof s->from_device, "%s", t->device.name);
}

static bool select_here(const struct table *here, const struct device_info *device, const struct problem *p,
                        struct selection *s) {
    const struct table_entry *const e = here ? entry_nearest(here, device, p) : NULL;
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
        const struct table_entry *const e = entry_nearest(&tables[i], device, p);
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
