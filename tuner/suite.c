#include "suite.h"

#include <assert.h>

struct entry {
    const char *attrs, *distribution;
};

/* Rows 0, 1 and primes; widths of a group that no vector divides; more rows than any block; all attributes.
 */
static const struct entry elementwise[] = {
    {"rows=0 channels=8", "normal"},     {"rows=1 channels=1", "normal"},
    {"rows=1 channels=7", "special"},    {"rows=3 channels=5", "uniform"},
    {"rows=7 channels=31", "normal"},    {"rows=13 channels=96", "special"},
    {"rows=1 channels=1021", "oob:50"},  {"rows=67 channels=100", "onebin"},
    {"rows=101 channels=257", "normal"}, {"rows=197 channels=768", "special"},
    {"rows=1009 channels=33", "normal"}, {"rows=61 channels=3072", "uniform"},
    {"rows=29 channels=3", "special"},
};

static const struct entry rational[] = {
    {"rows=0 channels=24 groups=8", "normal"},
    {"rows=0 channels=1 groups=1 form=B", "normal"},
    {"rows=1 channels=1 groups=1", "normal"},
    {"rows=1 channels=8 groups=8", "special"},
    {"rows=2 channels=24 groups=8", "uniform"},
    {"rows=3 channels=56 groups=8 num_groups=8", "normal"},
    {"rows=7 channels=192 groups=8", "normal"},
    {"rows=7 channels=192 groups=8", "special"},
    {"rows=7 channels=192 groups=8 form=B", "special"},
    {"rows=13 channels=800 groups=8 form=B", "normal"},
    {"rows=5 channels=768 groups=8 num_groups=8 den_groups=1", "uniform"},
    {"rows=5 channels=768 groups=8 num_groups=1 den_groups=1 form=B", "normal"},
    {"rows=11 channels=21 groups=3 m=3 n=2 num_groups=3", "normal"},
    {"rows=11 channels=21 groups=3 m=3 n=2 form=B", "special"},
    {"rows=17 channels=288 groups=3 m=8 n=8", "normal"},
    {"rows=17 channels=288 groups=3 m=8 n=8 form=B num_groups=3", "special"},
    {"rows=9 channels=40 groups=4 m=0 n=1", "normal"},
    {"rows=9 channels=40 groups=4 m=1 n=8 form=B", "uniform"},
    {"rows=9 channels=40 groups=4 m=8 n=1", "special"},
    {"rows=9 channels=40 groups=4 m=2 n=5 num_groups=4 den_groups=1", "normal"},
    {"rows=9 channels=40 groups=4 m=4 n=4 form=B", "oob:30"},
    {"rows=9 channels=40 groups=4 m=6 n=3", "normal"},
    {"rows=9 channels=40 groups=4 m=7 n=6", "normal"},
    {"rows=4 channels=97 groups=97", "normal"},
    {"rows=19 channels=136 groups=1", "normal"},
    {"rows=61 channels=300 groups=3 form=B m=5 n=4", "onebin"},
    {"rows=67 channels=768 groups=8", "normal"},
    {"rows=67 channels=768 groups=8 form=B", "normal"},
    {"rows=131 channels=3072 groups=8", "normal"},
    {"rows=197 channels=384 groups=8 num_groups=8", "oob:10"},
    {"rows=1009 channels=24 groups=8", "special"},
    {"rows=3001 channels=56 groups=8", "normal"},
    {"rows=2003 channels=7 groups=1 form=B m=3 n=2", "normal"},
    {"rows=1 channels=16411 groups=1", "normal"},
};

static const struct entry bspline[] = {
    {"rows=0 channels=24 groups=8", "normal"},
    {"rows=1 channels=1 groups=1", "uniform"},
    {"rows=1 channels=8 groups=8", "special"},
    {"rows=2 channels=24 groups=8", "uniform"},
    {"rows=3 channels=56 groups=8", "normal"},
    {"rows=7 channels=192 groups=8", "normal"},
    {"rows=7 channels=192 groups=8", "special"},
    {"rows=7 channels=192 groups=8 boundary=clamp", "special"},
    {"rows=7 channels=192 groups=8 boundary=linear", "special"},
    {"rows=13 channels=800 groups=8 boundary=linear", "oob:50"},
    {"rows=13 channels=768 groups=8 boundary=clamp", "oob:50"},
    {"rows=13 channels=768 groups=8", "oob:50"},
    {"rows=13 channels=768 groups=8", "oob:100"},
    {"rows=11 channels=768 groups=8", "onebin"},
    {"rows=11 channels=48 groups=8 order=1 grid=3", "uniform"},
    {"rows=11 channels=48 groups=8 order=1 grid=5 boundary=linear", "normal"},
    {"rows=11 channels=48 groups=8 order=1 grid=1 boundary=clamp", "special"},
    {"rows=11 channels=21 groups=3 order=2 grid=5", "normal"},
    {"rows=11 channels=21 groups=3 order=2 grid=1 boundary=linear", "oob:40"},
    {"rows=11 channels=40 groups=4 order=3 grid=1", "uniform"},
    {"rows=11 channels=40 groups=4 order=3 grid=5 lo=-2.5 hi=1.5", "uniform"},
    {"rows=11 channels=288 groups=3 order=4 grid=7 boundary=clamp", "normal"},
    {"rows=11 channels=288 groups=3 order=4 grid=2", "special"},
    {"rows=11 channels=40 groups=4 order=5 grid=8", "uniform"},
    {"rows=11 channels=40 groups=4 order=5 grid=3 boundary=linear", "special"},
    {"rows=11 channels=96 groups=3 grid=8 lo=-3 hi=1", "special"},
    {"rows=11 channels=48 groups=8 order=3 grid=20 boundary=linear", "normal"},
    {"rows=11 channels=48 groups=8 order=3 grid=29", "uniform"},
    {"rows=11 channels=48 groups=8 order=3 grid=30", "uniform"},
    {"rows=23 channels=80 groups=8 order=3 grid=64 boundary=clamp", "uniform"},
    {"rows=23 channels=80 groups=8 order=3 grid=256", "normal"},
    {"rows=23 channels=80 groups=8 order=1 grid=256 boundary=clamp", "uniform"},
    {"rows=23 channels=80 groups=8 order=5 grid=256 boundary=linear", "special"},
    {"rows=4 channels=97 groups=97", "normal"},
    {"rows=67 channels=768 groups=8", "normal"},
    {"rows=131 channels=3072 groups=8", "normal"},
    {"rows=1009 channels=24 groups=8", "special"},
    {"rows=3001 channels=56 groups=8 grid=5", "uniform"},
    {"rows=1 channels=16411 groups=1", "normal"},
};

static const struct {
    const struct entry *entries;
    int count;
} suites[OP_COUNT] = {
#define SUITE(list)                                                                                          \
    { list, sizeof(list) / sizeof *(list) }
    [COPY] = SUITE(elementwise),      [GELU_FWD] = SUITE(elementwise), [GELU_BWD] = SUITE(elementwise),
    [SILU_FWD] = SUITE(elementwise),  [SILU_BWD] = SUITE(elementwise), [RATIONAL_FWD] = SUITE(rational),
    [RATIONAL_BWD] = SUITE(rational), [BSPLINE_FWD] = SUITE(bspline),  [BSPLINE_BWD] = SUITE(bspline),
#undef SUITE
};

int suite_count(enum op op) {
    return suites[op].count;
}

struct suite_case suite_at(enum op op, enum dtype dtype, int i) {
    const struct entry *const e = &suites[op].entries[i];
    struct suite_case c = {.problem = problem_default(op, dtype)};
    const bool ok = problem_set_attrs(&c.problem, e->attrs, NULL) && problem_valid(&c.problem, NULL) &&
                    distribution_parse(e->distribution, &c.distribution, NULL);
    assert(ok); /* the tables above are part of the program; a test goes over all of them */
    (void)ok;
    return c;
}
