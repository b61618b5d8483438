/* k-d trees of points in the plane. Each halves its points again and again, until they lie in cells of a few
   points, all equally deep. A cell lists the points that may be nearest to a place in it: who asks only for
   the nearest goes down to a cell, without a branch that depends on the place, and reads its list. */
#ifndef KATUNE_TABLE_TREE_H
#define KATUNE_TABLE_TREE_H

#include <stdbool.h>

struct tree_point {
    float at[2];
    int entry;
};

/* Above are those that are at `at` or above along both axes: along one it is -INFINITY. Looking along both
   takes less time than choosing one. */
struct tree_cut {
    float at[2];
};

struct tree_cell {
    int from, count;           /* its points */
    int near_from, near_count; /* its list; none (0) where that would be long */
};

struct tree_box {
    float lo[2], hi[2];
};

struct tree {
    struct tree_box box; /* around the points: cells end there */
    int first, depth; /* its 2^depth cells; and as many cuts, of node i the i-th, its sides nodes 2i, 2i+1 */
};

struct forest {
    struct tree_point *points, *near; /* each once; the lists */
    struct tree_cut *cuts;
    struct tree_cell *cells;
    int near_count, near_room, cell_count, cell_room;
};

struct tree_search {
    float at[2];
    float bound; /* the square of a distance: what is farther is of no interest */
    /* Takes a point that is not, the square of its distance given, and may lower the bound. */
    void (*visit)(struct tree_search *s, int entry, float square);
};

void forest_free(struct forest *f);

/* A tree of `count` of the points, which change places. Its lists hold all points that are by less than
   `margin` farther than the nearest. False if there is no memory. */
bool tree_plant(struct forest *f, int from, int count, float margin, struct tree *tree);

void tree_search(const struct forest *f, struct tree tree, struct tree_search *s);

static inline int tree_above(struct tree_cut cut, const float at[2]) {
    return (at[0] >= cut.at[0]) & (at[1] >= cut.at[1]);
}

static inline bool tree_inside(const struct tree *tree, const float at[2]) {
    const struct tree_box *const box = &tree->box;
    return (at[0] >= box->lo[0]) & (at[0] <= box->hi[0]) & (at[1] >= box->lo[1]) & (at[1] <= box->hi[1]);
}

static inline const struct tree_cell *tree_cell_at(const struct forest *f, struct tree tree,
                                                   const float at[2]) {
    int node = 1;
    for (int d = 0; d < tree.depth; d++) {
        const struct tree_cut *const cut = &f->cuts[tree.first + node];
        node = 2 * node + tree_above(*cut, at);
    }
    return &f->cells[tree.first + node - (1 << tree.depth)];
}

static inline float tree_square(const float a[2], const float b[2]) {
    const float x = a[0] - b[0], y = a[1] - b[1];
    return x * x + y * y;
}

static inline void tree_visit(struct tree_search *s, const float at[2], int entry) {
    const float square = tree_square(s->at, at);
    if (square <= s->bound) s->visit(s, entry, square);
}

#endif
