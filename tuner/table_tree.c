#include "table_tree.h"

#include <math.h>

enum { SHORT = 8 };

/* The axis along which the points are farther apart. */
static int axis_of(const struct tree_point *points, int count) {
    float lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < count; i++)
        for (int a = 0; a < 2; a++) {
            const float at = points[i].at[a];
            lo[a] = at < lo[a] ? at : lo[a], hi[a] = at > hi[a] ? at : hi[a];
        }
    return hi[1] - lo[1] > hi[0] - lo[0];
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

void table_tree_build(struct tree_point *points, int count) {
    while (count > SHORT) {
        const int middle = count / 2, axis = axis_of(points, count);
        select_middle(points, count, middle, axis);
        points[middle].axis = axis;
        table_tree_build(points, middle);
        points += middle + 1, count -= middle + 1;
    }
}

/* The side where the point lies first; then the root and the other side, if the line between is near enough.
 */
void table_tree_search(const struct tree_point *points, int count, struct tree_search *s) {
    while (count > SHORT) {
        const int middle = count / 2;
        const struct tree_point *const root = &points[middle], *const behind = root + 1;
        const float across = s->at[root->axis] - root->at[root->axis];
        const int rest = count - middle - 1;
        table_tree_search(across < 0 ? points : behind, across < 0 ? middle : rest, s);
        if (across * across > s->bound) return;
        tree_visit(s, root->at, root->entry);
        points = across < 0 ? behind : points;
        count = across < 0 ? rest : middle;
    }
    for (int i = 0; i < count; i++) tree_visit(s, points[i].at, points[i].entry);
}
