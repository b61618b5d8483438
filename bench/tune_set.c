#include "tune_set.h"

#include <stdlib.h>

/* Channels of act1 and act2: KAT-T 192 and 768, KAT-S 384 and 1536, KAT-B 768 and 3072. */
static const int64_t kat_channels[] = {192, 384, 768, 1536, 3072};
/* Tokens of 1, 16 and 64 images. */
static const int64_t kat_rows[] = {197, 3152, 12608};
enum { KAT_CHANNELS = sizeof kat_channels / sizeof *kat_channels };

static bool add(struct tune_set *set, const struct options *o, enum op op, enum dtype dtype, int64_t rows,
                int64_t channels, struct error *err) {
    struct problem p;
    if (!options_problem(o, op, dtype, rows, channels, &p, err)) return false;
    if (problem_elements(&p) == 0) return error_set(err, "--shape: nothing to time with 0 rows");
    struct problem *const list = realloc(set->list, (size_t)(set->count + 1) * sizeof *list);
    if (!list) return error_set(err, "out of memory");
    set->list = list;
    set->list[set->count++] = p;
    return true;
}

static bool add_shapes(struct tune_set *set, const struct options *o, enum op op, enum dtype dtype,
                       bool thorough, struct error *err) {
    for (int i = 0; i < o->shape_count; i++)
        if (!add(set, o, op, dtype, o->shapes[i].rows, o->shapes[i].channels, err)) return false;
    for (int r = 0; !o->shape_count && r < (thorough ? 3 : 2); r++)
        for (int c = 0; c < KAT_CHANNELS; c++)
            if (!add(set, o, op, dtype, kat_rows[r], kat_channels[c], err)) return false;
    return true;
}

bool tune_set_make(struct tune_set *set, const struct options *o, bool thorough, struct error *err) {
    const unsigned both_bases =
        1u << RATIONAL_FWD | 1u << RATIONAL_BWD | 1u << BSPLINE_FWD | 1u << BSPLINE_BWD;
    const unsigned more = both_bases | 1u << GELU_FWD | 1u << GELU_BWD;
    const unsigned ops = o->ops_given ? o->ops : thorough ? more : both_bases;
    const unsigned dtypes = o->dtypes ? o->dtypes : thorough ? (unsigned)(F32 | F16 | BF16) : (unsigned)F32;
    *set = (struct tune_set){NULL, 0};
    for (int d = 0; d < DTYPE_COUNT; d++)
        for (int op = 0; op < OP_COUNT; op++)
            if (dtypes & (unsigned)dtype_at(d) && ops >> op & 1 &&
                !add_shapes(set, o, (enum op)op, dtype_at(d), thorough, err)) {
                tune_set_free(set);
                return false;
            }
    return true;
}

void tune_set_free(struct tune_set *set) {
    free(set->list);
    *set = (struct tune_set){NULL, 0};
}
