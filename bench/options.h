/* Options that several commands share: one table, of which each command takes a part. */
#ifndef KATUNE_OPTIONS_H
#define KATUNE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "inputs.h"
#include "registry.h"

enum option_bit {
    OPT_DEVICE = 1 << 0,
    OPT_ONLY = 1 << 1,
    OPT_OP = 1 << 2,
    OPT_DTYPE = 1 << 3,
    OPT_SHAPE = 1 << 4,
    OPT_ATTR = 1 << 5,
    OPT_PARAM = 1 << 6,
    OPT_ALL_POINTS = 1 << 7,
    OPT_SEED = 1 << 8,
    OPT_DIST = 1 << 9,
    OPT_JSON = 1 << 10,
    OPT_GBENCH = 1 << 11,
    OPT_WARM = 1 << 12,
    OPT_QUIET = 1 << 13,
    OPT_BUDGET = 1 << 14,
    OPT_BARS = 1 << 15,      /* --bars, --strict */
    OPT_PROBE = 1 << 16,     /* --beside; --only, of what is probed */
    OPT_JSON_FLAG = 1 << 17, /* --json with no argument: to standard output */
    OPT_VARIANT = 1 << 18,
    OPT_IN = 1 << 19,
    OPT_OUT = 1 << 20,
    OPT_RESULTS = 1 << 21,
    OPT_THOROUGH = 1 << 22,
    OPT_RESUME = 1 << 23, /* --resume, --retry */
    OPT_ARCH = 1 << 24,
    OPT_NO_CEILINGS = 1 << 29,
    OPT_COUNTERS = 1 << 30,
    OPT_LIMITS = 1 << 28, /* --time-limit, --memory-limit */
    OPT_SEARCH = 1 << 25,
    OPT_STRATEGY = 1 << 26, /* --strategy, --budget-evals, --prior */
    OPT_REPLAY = 1 << 27,
    OPT_SELECTION = OPT_ONLY | OPT_OP | OPT_DTYPE | OPT_SHAPE | OPT_ATTR | OPT_PARAM | OPT_ALL_POINTS,
};

enum { OPTION_LIST_MAX = 16 };

/* The values of an option that may be repeated. */
struct option_list {
    int count;
    const char *item[OPTION_LIST_MAX];
};

struct options {
    const char *device;
    const char *only; /* globs over names of variants, or of what is probed; NULL: all */
    unsigned ops;     /* bit op; all when --op was not given */
    bool ops_given;
    unsigned dtypes; /* F32 | F16 | BF16; 0: not given */
    struct {
        int64_t rows, channels;
    } shapes[OPTION_LIST_MAX];
    int shape_count;
    struct option_list attrs; /* lists of name=value */
    struct {
        char name[24];
        int value;
    } params[OPTION_LIST_MAX];
    int param_count;
    bool all_points;
    uint64_t seed;
    struct distribution distribution;
    bool distribution_given;
    const char *json, *gbench;
    bool warm, quiet;
    double budget; /* seconds for the whole run, or for each measurement; 0: not given */
    bool bars, strict, no_ceilings;
    unsigned counters; /* set of enum metric_set */
    bool json_flag;
    bool thorough, resume, retry;
    double time_limit;            /* seconds a candidate's check may take; 0: not given */
    size_t memory_limit;          /* bytes a candidate may take; 0: not given */
    const char *variant;          /* a variant's name, or an operation's */
    struct option_list ins, outs; /* TENSOR=FILE */
    const char *results;          /* the folder of tuning tables */
    /* searching: the strategy, at most so many trials (0: not given), a recording to search in, one to write,
       a recording or virtual GPU to order candidates by, and the recordings that a benchmark of the
       strategies searches in */
    const char *strategy, *replay, *record, *prior;
    int64_t budget_evals;
    struct option_list search;
    const char *arch;   /* architectures, as a list */
    const char *beside; /* a profile of the virtual GPU; NULL: not given */
};

struct command_usage {
    const char *name;   /* "check" */
    const char *about;  /* a paragraph */
    unsigned options;   /* set of enum option_bit */
    const char *epilog; /* or NULL */
};

/* Parses argv. Returns -1 to go on, or the exit code to leave with: after --help, or after one line on stderr
   about what is wrong. Commands take no arguments that are not options. */
int options_parse(struct options *o, const struct command_usage *usage, int argc, char **argv);

/* The problem of an operation with the shape and --attr settings; attributes that the operation lacks are
   left out. False if a value is wrong or the shape does not divide. */
bool options_problem(const struct options *o, enum op op, enum dtype dtype, int64_t rows, int64_t channels,
                     struct problem *p, struct error *err);

/* Whether --attr names the attribute. */
bool options_attr_given(const struct options *o, const char *name);

/* Whether a point agrees with every --param whose parameter the variant has. */
bool options_point(const struct options *o, const struct variant *v, const struct point *pt);

/* Whether the variant is selected: --only, --op, and it has every parameter of --param. */
bool options_variant(const struct options *o, const struct variant *v);

#endif
