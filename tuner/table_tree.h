/* A static k-d tree of points in the plane, laid out in an array: the root of a range is in its middle, what
   is less along the root's axis before it, the rest behind it; short ranges are in any order. */
#ifndef KATUNE_TABLE_TREE_H
#define KATUNE_TABLE_TREE_H

struct tree_point {
    float at[2];
    int entry;
    int axis; /* of a root */
};

struct tree_search {
    float at[2];
    float bound; /* the square of a distance: what is farther is of no interest */
    /* Takes a point that is not, the square of its distance given, and may lower the bound. */
    void (*visit)(struct tree_search *s, int entry, float square);
};

void table_tree_build(struct tree_point *points, int count);
void table_tree_search(const struct tree_point *points, int count, struct tree_search *s);

static inline void tree_visit(struct tree_search *s, const float at[2], int entry) {
    const float x = s->at[0] - at[0], y = s->at[1] - at[1], square = x * x + y * y;
    if (square <= s->bound) s->visit(s, entry, square);
}

#endif
