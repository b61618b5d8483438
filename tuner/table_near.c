#include "table_near.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

enum { ROOM_LEAST = 16 };

/* Coordinates are below 28 and a few units in the last place off, so that distances are off by less than half
   of this: what looks farther by less may be nearer. */
static const float slack = 2e-5f;
/* What may be nearest by less than that is in a cell's list, and the list's own distances, which are longer,
   may be off by as much again. */
static const float margin = 5 * slack;

void table_near_free(struct table_near *n) {
    free(n->keys);
    free(n->recent);
    forest_free(&n->forest);
    free(n->families);
    *n = (struct table_near){.count = 0};
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
        points[--f->from] = (struct tree_point){{key->at[0], key->at[1]}, i};
    }
    return count;
}

/* The families in as few slots as do, a tree of each in the forest, which has their points. NULL if there is
   no memory. */
static struct near_family *trees_plant(const struct table_near *n, const struct table_entry *entries,
                                       struct forest *forest, struct near_family *all, int most, int slots) {
    struct near_family *const families = calloc((size_t)slots, sizeof *families);
    for (int i = 0; families && i < n->count;) {
        struct near_family *const f = family_slot(all, most, n->keys[forest->points[i].entry].family);
        for (int j = 0; j < f->count; j++)
            f->mixed |= !problem_alike(&entries[forest->points[i].entry].problem,
                                       &entries[forest->points[i + j].entry].problem);
        if (!tree_plant(forest, f->from, f->count, margin, &f->tree)) {
            free(families);
            return NULL;
        }
        *family_slot(families, slots, f->family) = *f;
        i += f->count;
    }
    return families;
}

void table_near_build(struct table_near *n, const struct table_entry *entries, int recent) {
    if (!n->count || n->recent_count < recent) return;
    const int most = slots_for(n->count);
    struct forest forest = {.points = malloc((size_t)n->count * sizeof *forest.points)};
    struct near_family *const all = calloc((size_t)most, sizeof *all);
    const int slots = forest.points && all ? slots_for(points_place(n, forest.points, all, most)) : 0;
    struct near_family *const families = slots ? trees_plant(n, entries, &forest, all, most, slots) : NULL;
    if (families) {
        forest_free(&n->forest);
        free(n->families);
        n->forest = forest, n->point_count = n->count;
        n->families = families, n->family_slots = slots;
        n->recent_count = 0;
    } else
        forest_free(&forest);
    free(all);
}

/* The nearest two by coordinates: the bits of the square of the distance, which order as it does, above the
   entry's number. */
struct nearest {
    uint64_t first, second;
};

static const struct nearest nearest_none = {UINT64_MAX, UINT64_MAX};

/* Any of many may be the nearest, which a branch could not foresee: minima of integers are none. */
static inline void nearest_take(struct nearest *n, float square, int entry) {
    uint32_t bits;
    memcpy(&bits, &square, sizeof bits);
    const uint64_t other = (uint64_t)bits << 32 | (uint32_t)entry, more = other > n->first ? other : n->first;
    n->second = more < n->second ? more : n->second;
    n->first = other < n->first ? other : n->first;
}

/* Infinite if there is none. */
static float square_of(uint64_t taken) {
    const uint32_t bits = (uint32_t)(taken >> 32);
    float square;
    memcpy(&square, &bits, sizeof square);
    return taken == UINT64_MAX ? INFINITY : square;
}

static float widened(float distance) {
    return (distance + slack) * (distance + slack);
}

/* A look-up. What is visited is part of it: `tree` is its first member. */
struct near_search {
    struct tree_search tree;
    const struct table_near *near;
    uint64_t family;
    const struct near_family *planted; /* NULL: there is no tree of the family */
    const struct tree_cell *cell;      /* where the problem lies; NULL: it has no list */
    struct nearest nearest;
    double distance; /* of the best entry */
    int best;
    const struct table_entry *entries;
    const struct problem *problem;
    near_usable *usable;
    const void *context;
};

static void visit_point(struct tree_search *tree, int entry, float square) {
    struct near_search *const s = (struct near_search *)tree;
    nearest_take(&s->nearest, square, entry);
    tree->bound = widened(sqrtf(square_of(s->nearest.first)));
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

/* Of the whole family, or only of the list. */
static void visit_family(struct near_search *s, bool whole) {
    const struct table_near *const n = s->near;
    if (s->planted && whole) tree_search(&n->forest, s->planted->tree, &s->tree);
    for (int i = 0; !whole && i < s->cell->near_count; i++) {
        const struct tree_point *const point = &n->forest.near[s->cell->near_from + i];
        tree_visit(&s->tree, point->at, point->entry);
    }
    for (int i = 0; i < n->recent_count; i++) {
        const struct near_key *const key = &n->keys[n->recent[i]];
        if (key->family == s->family) tree_visit(&s->tree, key->at, n->recent[i]);
    }
}

/* The entries that may be at the least distance by coordinates; then, if none of them is usable, all. */
static int nearest_entry(struct near_search *s) {
    const float around = widened(sqrtf(square_of(s->nearest.first)) + slack);
    s->tree.visit = visit_entry, s->tree.bound = around;
    visit_family(s, !s->cell);
    if (widened((float)s->distance) <= around) return s->best;
    s->tree.bound = widened((float)s->distance);
    visit_family(s, true);
    return s->best;
}

/* Where the problem's family has a list. */
static struct nearest nearest_listed(const struct table_near *n, const struct tree_cell *cell,
                                     const float at[2]) {
    struct nearest nearest = nearest_none;
    const struct tree_point *const list = n->forest.near + cell->near_from;
    for (int i = 0; i < cell->near_count; i++)
        nearest_take(&nearest, tree_square(at, list[i].at), list[i].entry);
    return nearest;
}

int table_near_find(const struct table_near *n, const struct table_entry *entries, const struct problem *p,
                    bool measured, near_usable *usable, const void *context) {
    const float at[2] = {coordinate(p->rows), coordinate(p->channels)};
    const uint64_t family = family_of(p, measured);
    const struct near_family *f = n->family_slots ? family_slot(n->families, n->family_slots, family) : NULL;
    if (f && !f->count) f = NULL;
    const struct tree_cell *cell =
        f && tree_inside(&f->tree, at) ? tree_cell_at(&n->forest, f->tree, at) : NULL;
    if (cell && !cell->near_count) cell = NULL;
    struct nearest nearest = nearest_none;
    if (cell && !n->recent_count) {
        nearest = nearest_listed(n, cell, at);
        const int best = (int)(uint32_t)nearest.first;
        const struct table_entry *const e = &entries[best];
        __builtin_prefetch(e);
        if (square_of(nearest.second) > widened(sqrtf(square_of(nearest.first))) && !f->mixed &&
            problem_alike(&entries[n->forest.points[f->from].entry].problem, p) && usable(context, best))
            return best;
    }
    struct near_search s = {.tree = {{at[0], at[1]}, INFINITY, visit_point},
                            .near = n,
                            .family = family,
                            .planted = f,
                            .cell = cell,
                            .nearest = nearest,
                            .distance = INFINITY,
                            .best = -1,
                            .entries = entries,
                            .problem = p,
                            .usable = usable,
                            .context = context};
    if (nearest.first == UINT64_MAX) visit_family(&s, !cell);
    return s.nearest.first == UINT64_MAX ? -1 : nearest_entry(&s);
}
