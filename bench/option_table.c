#include "option_table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"
#include "strategy.h"

#define SETTER(name)                                                                                         \
    static bool name(struct options *o, const struct option_row *row, const char *arg, struct error *err)

SETTER(set_text) {
    (void)err;
    *(const char **)((char *)o + row->place) = arg;
    return true;
}

SETTER(set_flag) {
    (void)arg, (void)err;
    return *(bool *)((char *)o + row->place) = true;
}

SETTER(set_list) {
    struct option_list *const list = (struct option_list *)((char *)o + row->place);
    if (list->count == OPTION_LIST_MAX)
        return error_set(err, "--%s: more than %d", row->name, OPTION_LIST_MAX);
    list->item[list->count++] = arg;
    return true;
}

static bool any_variant_matches(const char *glob) {
    for (int i = 0; i < variant_count(); i++)
        if (variant_matches(variant_at(i), glob)) return true;
    return false;
}

SETTER(set_only) {
    char list[1024];
    if (strlen(arg) >= sizeof list) return error_set(err, "--%s: the list is too long", row->name);
    strcpy(list, arg);
    char *rest = list;
    for (char *one; (one = strtok_r(rest, ",", &rest));)
        if (!any_variant_matches(one))
            return error_set(err, "--%s %s: there is no such variant: \"katune variants\" lists them",
                             row->name, one);
    return set_text(o, row, arg, err);
}

SETTER(set_op) {
    (void)row;
    if (!o->ops_given) o->ops = 0;
    o->ops_given = true;
    char list[512], names[256] = "";
    snprintf(list, sizeof list, "%s", arg);
    char *rest = list;
    for (char *name; (name = strtok_r(rest, ",", &rest));) {
        enum op op;
        if (op_parse(name, &op)) {
            o->ops |= 1u << op;
            continue;
        }
        for (int i = 0; i < OP_COUNT; i++) {
            if (i) strcat(names, ", ");
            strcat(names, op_name((enum op)i));
        }
        return error_set(err, "--op %s: unknown operation: use %s", name, names);
    }
    return o->ops || error_set(err, "--op: give an operation's name");
}

SETTER(set_dtype) {
    (void)row;
    char list[64];
    snprintf(list, sizeof list, "%s", arg);
    char *rest = list;
    for (char *name; (name = strtok_r(rest, ",", &rest));) {
        enum dtype dtype;
        if (!dtype_parse(name, &dtype))
            return error_set(err, "--dtype %s: unknown: use f32, f16 or bf16", name);
        o->dtypes |= dtype;
    }
    return o->dtypes || error_set(err, "--dtype: give f32, f16 or bf16");
}

SETTER(set_shape) {
    (void)row;
    char *end, *last;
    errno = 0;
    const long long rows = isdigit((unsigned char)*arg) ? strtoll(arg, &end, 10) : -1;
    if (rows < 0 || *end != 'x' || !isdigit((unsigned char)end[1]))
        return error_set(err, "--shape %s: write ROWSxCHANNELS, such as 4096x3072", arg);
    const long long channels = strtoll(end + 1, &last, 10);
    if (*last || errno || channels < 1 || channels > CHANNELS_MAX || rows > 1LL << 40)
        return error_set(err, "--shape %s: rows are 0 to 2^40, channels 1 to 2^20", arg);
    if (o->shape_count == OPTION_LIST_MAX) return error_set(err, "--shape: more than %d", OPTION_LIST_MAX);
    o->shapes[o->shape_count].rows = rows;
    o->shapes[o->shape_count++].channels = channels;
    return true;
}

static bool any_variant_has(const char *param) {
    for (int i = 0; i < variant_count(); i++)
        if (param_find(variant_at(i), param) >= 0) return true;
    return false;
}

SETTER(set_param) {
    (void)row;
    const char *const equals = strchr(arg, '=');
    char *end;
    if (o->param_count == OPTION_LIST_MAX) return error_set(err, "--param: more than %d", OPTION_LIST_MAX);
    if (!equals || equals == arg || equals - arg >= (int)sizeof o->params[0].name)
        return error_set(err, "--param %s: write NAME=VALUE, such as ROWS=4", arg);
    const long value = strtol(equals + 1, &end, 10);
    if (end == equals + 1 || *end || value < 0 || value > 1 << 30)
        return error_set(err, "--param %s: the value is a whole number", arg);
    snprintf(o->params[o->param_count].name, sizeof o->params[0].name, "%.*s", (int)(equals - arg), arg);
    if (!any_variant_has(o->params[o->param_count].name))
        return error_set(err, "--param %s: no variant has this parameter: \"katune variants\" lists them",
                         arg);
    o->params[o->param_count++].value = (int)value;
    return true;
}

SETTER(set_seed) {
    (void)row;
    char *end;
    errno = 0;
    o->seed = strtoull(arg, &end, 0);
    if (!isdigit((unsigned char)*arg) || *end || errno)
        return error_set(err, "--seed %s: give a whole number below 2^64", arg);
    return true;
}

SETTER(set_dist) {
    (void)row;
    o->distribution_given = true;
    return distribution_parse(arg, &o->distribution, err) || error_prefix(err, "--dist");
}

SETTER(set_budget) {
    (void)row;
    char *end;
    o->budget = strtod(arg, &end);
    if (end == arg || *end || !isfinite(o->budget) || o->budget <= 0 || o->budget > 86400)
        return error_set(err, "--time-budget %s: give seconds, more than 0", arg);
    return true;
}

SETTER(set_counters) {
    (void)row;
    return metric_sets_parse(arg, &o->counters, err) || error_prefix(err, "--counters");
}

SETTER(set_time_limit) {
    (void)row;
    char *end;
    o->time_limit = strtod(arg, &end);
    if (end == arg || *end || !(o->time_limit > 0 && o->time_limit <= 86400))
        return error_set(err, "--time-limit %s: give seconds, more than 0", arg);
    return true;
}

SETTER(set_memory_limit) {
    (void)row;
    char *end;
    const double megabytes = strtod(arg, &end);
    if (end == arg || *end || !(megabytes >= 64 && megabytes <= 1 << 30))
        return error_set(err, "--memory-limit %s: give megabytes, 64 or more", arg);
    o->memory_limit = (size_t)(megabytes * (1 << 20));
    return true;
}

SETTER(set_strategy) {
    (void)row;
    char names[160] = "";
    for (int i = 0; strategy_at(i); i++) {
        if (i) strcat(names, ", ");
        strcat(names, strategy_at(i)->name);
    }
    o->strategy = arg;
    return strategy_find(arg) || error_set(err, "--strategy %.40s: unknown: use %s", arg, names);
}

SETTER(set_budget_evals) {
    (void)row;
    char *end;
    errno = 0;
    o->budget_evals = strtoll(arg, &end, 10);
    if (!isdigit((unsigned char)*arg) || *end || errno || o->budget_evals < 1)
        return error_set(err, "--budget-evals %.40s: give a whole number, 1 or more", arg);
    return true;
}

#define TEXT(field) set_text, offsetof(struct options, field)
#define FLAG(field) set_flag, offsetof(struct options, field)
#define LIST(field) set_list, offsetof(struct options, field)

static const struct option_row table[] = {
    {OPT_VARIANT, "variant", "NAME",
     "a variant, or an operation: then the tuning table or the default chooses", TEXT(variant)},
    {OPT_IN, "in", "TENSOR=FILE", "an input, float32 .npy; once for each", LIST(ins)},
    {OPT_OUT, "out", "TENSOR=FILE", "an output to write, float32 .npy; may be repeated", LIST(outs)},
    {OPT_DEVICE, "device", "NAME", "where to run (cpu)", TEXT(device)},
    {OPT_ARCH, "arch", "sm_NN", "architectures; several with commas (all)", TEXT(arch)},
    {OPT_ONLY, "only", "GLOB", "variants by name; several with commas", set_only,
     offsetof(struct options, only)},
    {OPT_PROBE, "only", "GLOB", "groups of cases, or cases, by name; several with commas", TEXT(only)},
    {OPT_OP, "op", "NAME", "operations; several with commas", set_op, 0},
    {OPT_DTYPE, "dtype", "NAME", "f32, f16, bf16; several with commas (run: one)", set_dtype, 0},
    {OPT_SHAPE, "shape", "ROWSxCHANNELS", "a shape, such as 4096x3072; may be repeated", set_shape, 0},
    {OPT_ATTR, "attr", "NAME=V,...", "attributes, such as groups=8,form=B", LIST(attrs)},
    {OPT_PARAM, "param", "NAME=V", "only points with this value; may be repeated (run: the value to run)",
     set_param, 0},
    {OPT_ALL_POINTS, "all-points", NULL, "every point a variant accepts, not only its default",
     FLAG(all_points)},
    {OPT_SEED, "seed", "N", "of the inputs (1)", set_seed, 0},
    {OPT_DIST, "dist", "NAME", "of x: normal, uniform, onebin, oob:PERCENT, special", set_dist, 0},
    {OPT_WARM, "warm", NULL, "leave the caches warm: one set of buffers", FLAG(warm)},
    {OPT_BUDGET, "time-budget", "SECONDS", "at most: for the whole run (bench: for each measurement)",
     set_budget, 0},
    {OPT_BARS, "bars", NULL, "measure the performance bars and give a verdict on each", FLAG(bars)},
    {OPT_BARS, "strict", NULL, "with --bars: exit 1 if a bar is missed", FLAG(strict)},
    {OPT_COUNTERS, "counters", "SET",
     "also count: memory, compute, occupancy, stalls, all; several with commas", set_counters, 0},
    {OPT_NO_CEILINGS, "no-ceilings", NULL, "times only: no copy and no multiply-add beside them",
     FLAG(no_ceilings)},
    {OPT_STRATEGY, "strategy", "NAME", "how candidates are searched (bayes; with --prior model)",
     set_strategy, 0},
    {OPT_STRATEGY, "budget-evals", "N", "try at most N candidates a problem", set_budget_evals, 0},
    {OPT_REPLAY, "replay", "FILE", "search recorded measurements, without a device", TEXT(replay)},
    {OPT_REPLAY, "record", "FILE", "write every candidate of the one problem as a Kernel Tuner cache",
     TEXT(record)},
    {OPT_STRATEGY, "prior", "FILE", "a recording, or vgpu:NAME, whose times order the candidates",
     TEXT(prior)},
    {OPT_SEARCH, "search", "FILE|DIR", "compare search strategies on recordings; may be repeated",
     LIST(search)},
    {OPT_RESULTS, "results", "DIR", "the folder of tuning tables (results)", TEXT(results)},
    {OPT_THOROUGH, "thorough", NULL, "tune: also 64 images, f16, bf16 and gelu; selftest: every case",
     FLAG(thorough)},
    {OPT_RESUME, "resume", NULL, "go on where an interrupted run was", FLAG(resume)},
    {OPT_RESUME, "retry", NULL, "try candidates again that failed in earlier runs", FLAG(retry)},
    {OPT_LIMITS, "time-limit", "SECONDS",
     "for the check of a candidate (30; check, bench: 60, more for large problems)", set_time_limit, 0},
    {OPT_LIMITS, "memory-limit", "MB", "of a candidate's process (80% of the machine's)", set_memory_limit,
     0},
    {OPT_PROBE, "beside", "PROFILE", "figures of the virtual GPU to compare with, such as h100-sxm",
     TEXT(beside)},
    {OPT_JSON, "json", "FILE", "write the results as JSON", TEXT(json)},
    {OPT_JSON_FLAG, "json", NULL, "print JSON", FLAG(json_flag)},
    {OPT_GBENCH, "gbench", "FILE", "write them as Google Benchmark JSON", TEXT(gbench)},
    {OPT_QUIET, "quiet", NULL, "print failures and the last line only", FLAG(quiet)},
};
_Static_assert(sizeof table / sizeof *table <= OPTION_ROWS_MAX, "OPTION_ROWS_MAX holds every option");

const struct option_row *option_row_at(int i) {
    return i < (int)(sizeof table / sizeof *table) ? &table[i] : NULL;
}
