#include "table_tree.h"

#include <math.h>
#include <stdlib.h>

enum {
    CELL_MOST = 16,   /* points of a cell */
    PIVOTS_MOST = 16, /* of them, those that others are compared with */
    NEAR_MOST = 64,   /* of a list */
    NEAR_ROOM = 256
};

/* By how much the cells reach beyond the points: a factor of 4.5 in rows or channels. */
static const float wider = 1.5f;

void forest_free(struct forest *f) {
    free(f->points);
    free(f->near);
    free(f->cuts);
    free(f->cells);
    *f = (struct forest){.cell_count = 0};
}

static struct tree_box box_of(const struct tree_point *points, int count) {
    struct tree_box box = {{INFINITY, INFINITY}, {-INFINITY, -INFINITY}};
    for (int i = 0; i < count; i++)
        for (int a = 0; a < 2; a++) {
            const float at = points[i].at[a];
            box.lo[a] = at < box.lo[a] ? at : box.lo[a], box.hi[a] = at > box.hi[a] ? at : box.hi[a];
        }
    return box;
}

/* The axis along which the points are farther apart. */
static int axis_of(const struct tree_point *points, int count) {
    const struct tree_box box = box_of(points, count);
    return box.hi[1] - box.lo[1] > box.hi[0] - box.lo[0];
}

/* Hoare's selection: puts at `middle` what belongs there along the axis, nothing greater before it and
   nothing less behind it. */
static void select_middle(struct tree_point *points, int count, int middle, int axis) {
    for (int lo = 0, hi = count - 1; lo < hi;) {
        const float pivot = points[lo + (hi - lo) / 2].at[axis];
        int i = lo, j = hi;
        while (i <= j) {
            while (points[i].at[axis] < pivot) i++;
            while (points[j].at[axis] > pivot) j--;
            if (i > j) break;
            const struct tree_point moved = points[i];
            points[i++] = points[j], points[j--] = moved;
        }
        if (middle <= j)
            hi = j;
        else if (middle >= i)
            lo = i;
        else
            return;
    }
}

/* Where to cut so that about half of the points are on either side, and points of one coordinate on one: else
   a cell could have many points of its neighbours on its border. INFINITY: all points are in one place. */
static float cut_at(struct tree_point *points, int count, int axis) {
    const int middle = count / 2;
    select_middle(points, count, middle, axis);
    const float at = points[middle].at[axis];
    float before = -INFINITY, behind = INFINITY;
    int less = 0, more = 0;
    for (int i = 0; i < count; i++) {
        const float other = points[i].at[axis];
        if (other < at) less++, before = other > before ? other : before;
        if (other > at) more++, behind = other < behind ? other : behind;
    }
    if (!less && !more) return INFINITY;
    const float lo = less > more ? before : at, hi = less > more ? at : behind;
    const float cut = lo + (hi - lo) / 2;
    return cut > lo ? cut : hi;
}

/* Puts those below the cut first. Their number. */
static int part(struct tree_point *points, int count, struct tree_cut cut) {
    int below = 0;
    for (int i = 0; i < count; i++) {
        const struct tree_point point = points[i];
        if (tree_above(cut, point.at)) continue;
        points[i] = points[below], points[below++] = point;
    }
    return below;
}

static void halve(struct forest *f, struct tree tree, int node, int from, int count) {
    const int leaf = node - (1 << tree.depth);
    if (leaf >= 0) {
        f->cells[tree.first + leaf] = (struct tree_cell){.from = from, .count = count};
        return;
    }
    struct tree_point *const points = f->points + from;
    const int axis = axis_of(points, count);
    struct tree_cut cut = {{-INFINITY, -INFINITY}};
    cut.at[axis] = count ? cut_at(points, count, axis) : INFINITY;
    const int below = part(points, count, cut);
    f->cuts[tree.first + node] = cut;
    halve(f, tree, 2 * node, from, below);
    halve(f, tree, 2 * node + 1, from + below, count - below);
}

static int axis_cut(struct tree_cut cut) {
    return cut.at[0] == -INFINITY;
}

static struct tree_box box_side(struct tree_box box, struct tree_cut cut, int above) {
    const int axis = axis_cut(cut);
    (above ? box.lo : box.hi)[axis] = cut.at[axis];
    return box;
}

/* The making of a cell's list. A place where one point is nearer than another by a margin lies inside a
   hyperbola, which is convex: what is true of a cell's corners is true of all of it. So a point is left out
   if one of the cell's own is nearer to every corner, by the margin. */
struct listing {
    const struct forest *forest;
    struct tree tree;
    float corner[4][2];
    float reach[PIVOTS_MOST]
               [4]; /* squares of the distances of its own points from its corners, and the margin */
    int own;
    int count;
    struct tree_point *near;
};

static void listing_begin(struct listing *l, const struct tree_cell *cell, const struct tree_box *box,
                          float margin) {
    l->own = cell->count < PIVOTS_MOST ? cell->count : PIVOTS_MOST, l->count = 0;
    for (int c = 0; c < 4; c++) {
        l->corner[c][0] = c & 1 ? box->hi[0] : box->lo[0];
        l->corner[c][1] = c & 2 ? box->hi[1] : box->lo[1];
        for (int i = 0; i < l->own; i++) {
            const float *const at = l->forest->points[cell->from + i].at;
            const float reach = sqrtf(tree_square(l->corner[c], at)) + margin;
            l->reach[i][c] = reach * reach;
        }
    }
}

/* Whether a point of the cell is nearer, everywhere in it, than whatever lies in the box. */
static bool left_out(const struct listing *l, const float lo[2], const float hi[2]) {
    float square[4];
    for (int c = 0; c < 4; c++) {
        const float *const at = l->corner[c];
        const float nearest[2] = {at[0] < lo[0]   ? lo[0]
                                  : at[0] > hi[0] ? hi[0]
                                                  : at[0],
                                  at[1] < lo[1]   ? lo[1]
                                  : at[1] > hi[1] ? hi[1]
                                                  : at[1]};
        square[c] = tree_square(at, nearest);
    }
    for (int i = 0; i < l->own; i++) {
        const float *const reach = l->reach[i];
        if ((reach[0] <= square[0]) & (reach[1] <= square[1]) & (reach[2] <= square[2]) &
            (reach[3] <= square[3]))
            return true;
    }
    return false;
}

/* False if the list would be too long. */
static bool list_add(struct listing *l, int node, const struct tree_box *box) {
    if (left_out(l, box->lo, box->hi)) return true;
    const struct forest *const f = l->forest;
    const int leaf = node - (1 << l->tree.depth);
    if (leaf < 0) {
        const struct tree_cut cut = f->cuts[l->tree.first + node];
        const struct tree_box below = box_side(*box, cut, 0), above = box_side(*box, cut, 1);
        return list_add(l, 2 * node, &below) && list_add(l, 2 * node + 1, &above);
    }
    const struct tree_cell *const cell = &f->cells[l->tree.first + leaf];
    for (int i = 0; i < cell->count; i++) {
        const struct tree_point *const point = &f->points[cell->from + i];
        if (left_out(l, point->at, point->at)) continue;
        if (l->count == NEAR_MOST) return false;
        l->near[l->count++] = *point;
    }
    return true;
}

static bool near_grow(struct forest *f) {
    if (f->near_count + NEAR_MOST <= f->near_room) return true;
    const int room = f->near_room ? 2 * f->near_room : NEAR_ROOM;
    struct tree_point *const near = realloc(f->near, (size_t)room * sizeof *near);
    if (!near) return false;
    f->near = near, f->near_room = room;
    return true;
}

static bool list(struct forest *f, struct tree tree, int node, const struct tree_box *box, float margin) {
    const int leaf = node - (1 << tree.depth);
    if (leaf < 0) {
        const struct tree_cut cut = f->cuts[tree.first + node];
        const struct tree_box below = box_side(*box, cut, 0), above = box_side(*box, cut, 1);
        return list(f, tree, 2 * node, &below, margin) && list(f, tree, 2 * node + 1, &above, margin);
    }
    struct tree_cell *const cell = &f->cells[tree.first + leaf];
    if (!cell->count) return true;
    if (!near_grow(f)) return false;
    struct listing l = {.forest = f, .tree = tree, .near = f->near + f->near_count};
    listing_begin(&l, cell, box, margin);
    if (!list_add(&l, 1, &tree.box)) return true;
    cell->near_from = f->near_count, cell->near_count = l.count;
    f->near_count += l.count;
    return true;
}

static bool cells_grow(struct forest *f, int more) {
    if (f->cell_count + more <= f->cell_room) return true;
    const int room = 2 * f->cell_room + more;
    struct tree_cell *const cells = realloc(f->cells, (size_t)room * sizeof *cells);
    if (cells) f->cells = cells;
    struct tree_cut *const cuts = realloc(f->cuts, (size_t)room * sizeof *cuts);
    if (cuts) f->cuts = cuts;
    if (!cells || !cuts) return false;
    f->cell_room = room;
    return true;
}

bool tree_plant(struct forest *f, int from, int count, float margin, struct tree *tree) {
    *tree = (struct tree){.box = box_of(f->points + from, count), .first = f->cell_count};
    for (int a = 0; a < 2; a++) tree->box.lo[a] -= wider, tree->box.hi[a] += wider;
    while (count > CELL_MOST << tree->depth) tree->depth++;
    if (!cells_grow(f, 1 << tree->depth)) return false;
    f->cell_count += 1 << tree->depth;
    halve(f, *tree, 1, from, count);
    return list(f, *tree, 1, &tree->box, margin);
}

/* The side where the place lies first; then the other, if the line between is near enough. */
static void search_node(const struct forest *f, struct tree tree, int node, struct tree_search *s) {
    while (node < 1 << tree.depth) {
        const struct tree_cut cut = f->cuts[tree.first + node];
        const int axis = axis_cut(cut), side = 2 * node + tree_above(cut, s->at);
        const float across = s->at[axis] - cut.at[axis];
        search_node(f, tree, side, s);
        if (across * across > s->bound) return;
        node = side ^ 1;
    }
    const struct tree_cell *const cell = &f->cells[tree.first + node - (1 << tree.depth)];
    for (int i = cell->from; i < cell->from + cell->count; i++)
        tree_visit(s, f->points[i].at, f->points[i].entry);
}

void tree_search(const struct forest *f, struct tree tree, struct tree_search *s) {
    search_node(f, tree, 1, s);
}
