#include "table_near.h"

#include <math.h>
#include <stdlib.h>

#include "table.h"

enum { ROOM_LEAST = 16 };

/* Coordinates are below 28 and a few units in the last place off, so that distances are off by less than half
   of this: what looks farther by less may be nearer. */
static const float slack = 2e-5f;

void table_near_free(struct table_near *n) {
    free(n->keys);
    free(n->recent);
    free(n->points);
    free(n->families);
    *n = (struct table_near){.count = 0};
}

static bool problem_alike(const struct problem *a, const struct problem *b) {
    struct problem same = *b;
    same.rows = a->rows, same.channels = a->channels;
    return problem_equal(a, &same);
}

static double log_ratio(int64_t a, int64_t b) {
    return a == b ? 0 : log(fmax((double)a, 1) / fmax((double)b, 1));
}

double problem_distance(const struct problem *a, const struct problem *b) {
    if (!problem_alike(a, b)) return INFINITY;
    const double rows = log_ratio(a->rows, b->rows), channels = log_ratio(a->channels, b->channels);
    return sqrt(rows * rows + channels * channels);
}

static uint64_t family_of(const struct problem *p, bool measured) {
    const uint64_t hash = problem_hash(p, false);
    return measured ? ~hash : hash;
}

static float coordinate(int64_t size) {
    return logf(size > 1 ? (float)size : 1);
}

static bool keys_grow(struct table_near *n) {
    const int room = n->room ? 2 * n->room : ROOM_LEAST;
    struct near_key *const keys = realloc(n->keys, (size_t)room * sizeof *keys);
    if (!keys) return false;
    n->keys = keys, n->room = room;
    return true;
}

static bool recent_add(struct table_near *n, int i) {
    if (n->recent_count == n->recent_room) {
        const int room = n->recent_room ? 2 * n->recent_room : ROOM_LEAST;
        int *const recent = realloc(n->recent, (size_t)room * sizeof *recent);
        if (!recent) return false;
        n->recent = recent, n->recent_room = room;
    }
    n->recent[n->recent_count++] = i;
    return true;
}

bool table_near_add(struct table_near *n, const struct problem *p, bool measured) {
    if (n->count == n->room && !keys_grow(n)) return false;
    if (!recent_add(n, n->count)) return false;
    n->keys[n->count++] =
        (struct near_key){family_of(p, measured), {coordinate(p->rows), coordinate(p->channels)}};
    return true;
}

bool table_near_mark(struct table_near *n, int i, const struct problem *p, bool measured) {
    const uint64_t family = family_of(p, measured);
    if (n->keys[i].family == family) return true;
    if (!recent_add(n, i)) return false;
    n->keys[i].family = family;
    return true;
}

/* The family's slot, or the free one where it would be. */
static struct near_family *family_slot(struct near_family *families, int slots, uint64_t family) {
    const uint64_t mask = (uint64_t)slots - 1;
    uint64_t at = family & mask;
    while (families[at].count && families[at].family != family) at = (at + 1) & mask;
    return &families[at];
}

static int slots_for(int families) {
    int slots = 1;
    while (slots < 2 * families) slots *= 2;
    return slots;
}

/* Puts the points of each family together. The number of families. */
static int points_place(const struct table_near *n, struct tree_point *points, struct near_family *families,
                        int slots) {
    int used = 0, count = 0;
    for (int i = 0; i < n->count; i++) {
        struct near_family *const f = family_slot(families, slots, n->keys[i].family);
        f->family = n->keys[i].family;
        f->count++;
    }
    for (int i = 0; i < n->count; i++) {
        const struct near_key *const key = &n->keys[i];
        struct near_family *const f = family_slot(families, slots, key->family);
        if (!f->from) f->from = used += f->count, count++; /* from its end to its beginning */
        points[--f->from] = (struct tree_point){{key->at[0], key->at[1]}, i, 0};
    }
    return count;
}

void table_near_build(struct table_near *n, int recent) {
    if (!n->count || n->recent_count < recent) return;
    const int most = slots_for(n->count);
    struct tree_point *const points = malloc((size_t)n->count * sizeof *points);
    struct near_family *const all = calloc((size_t)most, sizeof *all);
    const int slots = points && all ? slots_for(points_place(n, points, all, most)) : 0;
    struct near_family *const families = slots ? calloc((size_t)slots, sizeof *families) : NULL;
    if (families) {
        for (int i = 0; i < n->count;) {
            const struct near_family *const f = family_slot(all, most, n->keys[points[i].entry].family);
            *family_slot(families, slots, f->family) = *f;
            table_tree_build(points + i, f->count);
            i += f->count;
        }
        free(n->points);
        free(n->families);
        n->points = points, n->point_count = n->count;
        n->families = families, n->family_slots = slots;
        n->recent_count = 0;
    } else
        free(points);
    free(all);
}

/* What is visited is part of it: `tree` is its first member. */
struct near_search {
    struct tree_search tree;
    float least, second; /* squares of the least distances by coordinates */
    double distance;     /* of the best entry */
    int best;
    const struct table_entry *entries;
    const struct problem *problem;
    near_usable *usable;
    const void *context;
};

static float widened(float distance) {
    return (distance + slack) * (distance + slack);
}

/* By coordinates alone: they are close together in memory, as entries are not. */
static void visit_point(struct tree_search *tree, int entry, float square) {
    struct near_search *const s = (struct near_search *)tree;
    if (square >= s->least) {
        s->second = square < s->second ? square : s->second;
        return;
    }
    s->second = s->least, s->least = square, s->best = entry;
    __builtin_prefetch(&s->entries[entry].problem);
    __builtin_prefetch(&s->entries[entry].choice);
    tree->bound = widened(sqrtf(square));
}

static void visit_entry(struct tree_search *tree, int entry, float square) {
    struct near_search *const s = (struct near_search *)tree;
    (void)square;
    const double distance = problem_distance(&s->entries[entry].problem, s->problem);
    if (!(distance < s->distance || (distance == s->distance && entry < s->best))) return;
    if (!s->usable(s->context, entry)) return;
    s->distance = distance, s->best = entry;
    const float bound = widened((float)distance);
    tree->bound = bound < tree->bound ? bound : tree->bound;
}

static void visit_family(const struct table_near *n, uint64_t family, struct near_search *s) {
    if (n->family_slots) {
        const struct near_family *const f = family_slot(n->families, n->family_slots, family);
        table_tree_search(n->points + f->from, f->count, &s->tree);
    }
    for (int i = 0; i < n->recent_count; i++) {
        const struct near_key *const key = &n->keys[n->recent[i]];
        if (key->family == family) tree_visit(&s->tree, key->at, n->recent[i]);
    }
}

/* The entries that may be at the least distance by coordinates; then, if none of them is usable, all. */
static int nearest_entry(const struct table_near *n, uint64_t family, struct near_search *s) {
    const float around = widened(sqrtf(s->least) + slack);
    s->best = -1;
    s->tree.visit = visit_entry, s->tree.bound = around;
    visit_family(n, family, s);
    if (widened((float)s->distance) <= around) return s->best;
    s->tree.bound = widened((float)s->distance);
    visit_family(n, family, s);
    return s->best;
}

int table_near_find(const struct table_near *n, const struct table_entry *entries, const struct problem *p,
                    bool measured, near_usable *usable, const void *context) {
    const uint64_t family = family_of(p, measured);
    struct near_search s = {.tree = {{coordinate(p->rows), coordinate(p->channels)}, INFINITY, visit_point},
                            .least = INFINITY,
                            .second = INFINITY,
                            .distance = INFINITY,
                            .best = -1,
                            .entries = entries,
                            .problem = p,
                            .usable = usable,
                            .context = context};
    visit_family(n, family, &s);
    if (s.best < 0) return -1;
    if (s.second > s.tree.bound && problem_alike(&entries[s.best].problem, p) && usable(context, s.best))
        return s.best;
    return nearest_entry(n, family, &s);
}
