#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "metric.h"
#include "strategy.h"

typedef bool option_setter(struct options *o, const char *arg, struct error *err);

static bool set_device(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->device = arg;
    return true;
}

static bool set_only(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->only = arg;
    return true;
}

static bool set_op(struct options *o, const char *arg, struct error *err) {
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

static bool set_dtype(struct options *o, const char *arg, struct error *err) {
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

static bool set_shape(struct options *o, const char *arg, struct error *err) {
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

static bool set_attr(struct options *o, const char *arg, struct error *err) {
    if (o->attr_count == OPTION_LIST_MAX) return error_set(err, "--attr: more than %d", OPTION_LIST_MAX);
    o->attrs[o->attr_count++] = arg;
    return true;
}

static bool set_param(struct options *o, const char *arg, struct error *err) {
    const char *const equals = strchr(arg, '=');
    char *end;
    if (o->param_count == OPTION_LIST_MAX) return error_set(err, "--param: more than %d", OPTION_LIST_MAX);
    if (!equals || equals == arg || equals - arg >= (int)sizeof o->params[0].name)
        return error_set(err, "--param %s: write NAME=VALUE, such as ROWS=4", arg);
    const long value = strtol(equals + 1, &end, 10);
    if (end == equals + 1 || *end || value < 0 || value > 1 << 30)
        return error_set(err, "--param %s: the value is a whole number", arg);
    snprintf(o->params[o->param_count].name, sizeof o->params[0].name, "%.*s", (int)(equals - arg), arg);
    o->params[o->param_count++].value = (int)value;
    return true;
}

static bool set_all_points(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->all_points = true;
}

static bool set_seed(struct options *o, const char *arg, struct error *err) {
    char *end;
    errno = 0;
    o->seed = strtoull(arg, &end, 0);
    if (!isdigit((unsigned char)*arg) || *end || errno)
        return error_set(err, "--seed %s: give a whole number below 2^64", arg);
    return true;
}

static bool set_dist(struct options *o, const char *arg, struct error *err) {
    o->distribution_given = true;
    return distribution_parse(arg, &o->distribution, err) || error_prefix(err, "--dist");
}

static bool set_json(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->json = arg;
    return true;
}

static bool set_json_flag(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->json_flag = true;
}

static bool set_gbench(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->gbench = arg;
    return true;
}

static bool set_warm(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->warm = true;
}

static bool set_quiet(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->quiet = true;
}

static bool set_budget(struct options *o, const char *arg, struct error *err) {
    char *end;
    o->budget = strtod(arg, &end);
    if (end == arg || *end || !isfinite(o->budget) || o->budget <= 0 || o->budget > 86400)
        return error_set(err, "--time-budget %s: give seconds, more than 0", arg);
    return true;
}

static bool set_bars(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->bars = true;
}

static bool set_strict(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->strict = true;
}

static bool set_no_ceilings(struct options *o, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return o->no_ceilings = true;
}

static bool set_counters(struct options *o, const char *arg, struct error *err) {
    return metric_sets_parse(arg, &o->counters, err) || error_prefix(err, "--counters");
}

static bool set_variant(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->variant = arg;
    return true;
}

static bool set_in(struct options *o, const char *arg, struct error *err) {
    if (o->in_count == OPTION_LIST_MAX) return error_set(err, "--in: more than %d", OPTION_LIST_MAX);
    o->ins[o->in_count++] = arg;
    return true;
}

static bool set_out(struct options *o, const char *arg, struct error *err) {
    if (o->out_count == OPTION_LIST_MAX) return error_set(err, "--out: more than %d", OPTION_LIST_MAX);
    o->outs[o->out_count++] = arg;
    return true;
}

static bool set_thorough(struct options *o, const char *arg, struct error *err) {
    (void)arg;
    (void)err;
    o->thorough = true;
    return true;
}

static bool set_resume(struct options *o, const char *arg, struct error *err) {
    (void)arg;
    (void)err;
    o->resume = true;
    return true;
}

static bool set_retry(struct options *o, const char *arg, struct error *err) {
    (void)arg;
    (void)err;
    return o->retry = true;
}

static bool set_time_limit(struct options *o, const char *arg, struct error *err) {
    char *end;
    o->time_limit = strtod(arg, &end);
    if (end == arg || *end || !(o->time_limit > 0 && o->time_limit <= 86400))
        return error_set(err, "--time-limit %s: give seconds, more than 0", arg);
    return true;
}

static bool set_memory_limit(struct options *o, const char *arg, struct error *err) {
    char *end;
    const double megabytes = strtod(arg, &end);
    if (end == arg || *end || !(megabytes >= 64 && megabytes <= 1 << 30))
        return error_set(err, "--memory-limit %s: give megabytes, 64 or more", arg);
    o->memory_limit = (size_t)(megabytes * (1 << 20));
    return true;
}

static bool set_arch(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->arch = arg;
    return true;
}

static bool set_results(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->results = arg;
    return true;
}

static bool set_strategy(struct options *o, const char *arg, struct error *err) {
    char names[160] = "";
    for (int i = 0; strategy_at(i); i++) {
        if (i) strcat(names, ", ");
        strcat(names, strategy_at(i)->name);
    }
    o->strategy = arg;
    return strategy_find(arg) || error_set(err, "--strategy %.40s: unknown: use %s", arg, names);
}

static bool set_budget_evals(struct options *o, const char *arg, struct error *err) {
    char *end;
    errno = 0;
    o->budget_evals = strtoll(arg, &end, 10);
    if (!isdigit((unsigned char)*arg) || *end || errno || o->budget_evals < 1)
        return error_set(err, "--budget-evals %.40s: give a whole number, 1 or more", arg);
    return true;
}

static bool set_replay(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->replay = arg;
    return true;
}

static bool set_prior(struct options *o, const char *arg, struct error *err) {
    (void)err;
    o->prior = arg;
    return true;
}

static bool set_search(struct options *o, const char *arg, struct error *err) {
    if (o->search_count == OPTION_LIST_MAX) return error_set(err, "--search: more than %d", OPTION_LIST_MAX);
    o->search[o->search_count++] = arg;
    return true;
}

static const struct {
    enum option_bit bit;
    const char *name, *arg, *help;
    option_setter *set;
} table[] = {
    {OPT_VARIANT, "variant", "NAME",
     "a variant, or an operation: then the tuning table or the default chooses", set_variant},
    {OPT_IN, "in", "TENSOR=FILE", "an input, float32 .npy; once for each", set_in},
    {OPT_OUT, "out", "TENSOR=FILE", "an output to write, float32 .npy; may be repeated", set_out},
    {OPT_DEVICE, "device", "NAME", "where to run (cpu)", set_device},
    {OPT_ARCH, "arch", "sm_NN", "architectures; several with commas (all)", set_arch},
    {OPT_ONLY, "only", "GLOB", "variants by name; several with commas", set_only},
    {OPT_OP, "op", "NAME", "operations; several with commas", set_op},
    {OPT_DTYPE, "dtype", "NAME", "f32, f16, bf16; several with commas", set_dtype},
    {OPT_SHAPE, "shape", "ROWSxCHANNELS", "a shape, such as 4096x3072; may be repeated", set_shape},
    {OPT_ATTR, "attr", "NAME=V,...", "attributes, such as groups=8,form=B", set_attr},
    {OPT_PARAM, "param", "NAME=V", "only points with this value; may be repeated", set_param},
    {OPT_ALL_POINTS, "all-points", NULL, "every point a variant accepts, not only its default",
     set_all_points},
    {OPT_SEED, "seed", "N", "of the inputs (1)", set_seed},
    {OPT_DIST, "dist", "NAME", "of x: normal, uniform, onebin, oob:PERCENT, special", set_dist},
    {OPT_WARM, "warm", NULL, "leave the caches warm: one set of buffers", set_warm},
    {OPT_BUDGET, "time-budget", "SECONDS", "at most, for each measurement", set_budget},
    {OPT_BARS, "bars", NULL, "measure the performance bars and give a verdict on each", set_bars},
    {OPT_STRICT, "strict", NULL, "with --bars: exit 1 if a bar is missed", set_strict},
    {OPT_COUNTERS, "counters", "SET",
     "also count: memory, compute, occupancy, stalls, all; several with commas", set_counters},
    {OPT_NO_CEILINGS, "no-ceilings", NULL, "times only: no copy and no multiply-add beside them",
     set_no_ceilings},
    {OPT_STRATEGY, "strategy", "NAME", "how recordings are searched (bayes)", set_strategy},
    {OPT_STRATEGY, "budget-evals", "N", "try at most N candidates a problem", set_budget_evals},
    {OPT_REPLAY, "replay", "FILE", "search recorded measurements, without a device", set_replay},
    {OPT_STRATEGY, "prior", "FILE", "a recording whose times order the candidates (--strategy model)",
     set_prior},
    {OPT_SEARCH, "search", "FILE|DIR", "compare search strategies on recordings; may be repeated",
     set_search},
    {OPT_RESULTS, "results", "DIR", "the folder of tuning tables (results)", set_results},
    {OPT_THOROUGH, "thorough", NULL, "also 64 images, f16, bf16 and gelu", set_thorough},
    {OPT_RESUME, "resume", NULL, "go on where an interrupted run was", set_resume},
    {OPT_LIMITS, "retry", NULL, "try candidates again that failed in earlier runs", set_retry},
    {OPT_LIMITS, "time-limit", "SECONDS", "for the check of a candidate (30)", set_time_limit},
    {OPT_LIMITS, "memory-limit", "MB", "of a candidate's process (80% of the machine's)", set_memory_limit},
    {OPT_JSON, "json", "FILE", "write the results as JSON", set_json},
    {OPT_JSON_FLAG, "json", NULL, "print JSON", set_json_flag},
    {OPT_GBENCH, "gbench", "FILE", "write them as Google Benchmark JSON", set_gbench},
    {OPT_QUIET, "quiet", NULL, "print failures and the last line only", set_quiet},
};
enum { OPTION_COUNT = sizeof table / sizeof *table };

static void usage_print(const struct command_usage *usage) {
    printf("usage: katune %s [OPTIONS]\n\n%s\n\n", usage->name, usage->about);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!(usage->options & table[i].bit)) continue;
        char left[40];
        snprintf(left, sizeof left, "--%s %s", table[i].name, table[i].arg ? table[i].arg : "");
        printf("  %-24s %s\n", left, table[i].help);
    }
    printf("  %-24s %s\n", "--help", "this text");
    if (usage->epilog) printf("\n%s\n", usage->epilog);
}

static int usage_error(const struct command_usage *usage, const char *text) {
    fprintf(stderr, "katune %s: %s\n", usage->name, text);
    return EXIT_USAGE;
}

int options_parse(struct options *o, const struct command_usage *usage, int argc, char **argv) {
    enum { HELP = OPTION_COUNT };
    struct option list[OPTION_COUNT + 2];
    int count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (usage->options & table[i].bit)
            list[count++] =
                (struct option){table[i].name, table[i].arg ? required_argument : no_argument, NULL, 256 + i};
    list[count++] = (struct option){"help", no_argument, NULL, 256 + HELP};
    list[count] = (struct option){NULL, 0, NULL, 0};
    *o = (struct options){.device = "cpu", .results = "results", .ops = (1u << OP_COUNT) - 1, .seed = 1};
    struct error err;
    optind = 1;
    opterr = 0;
    for (int at; (at = optind, true);) {
        const int found = getopt_long(argc, argv, ":h", list, NULL);
        if (found == -1) break;
        if (found == 'h' || found == 256 + HELP) {
            usage_print(usage);
            return EXIT_OK;
        }
        if (found == ':' || found == '?') {
            error_set(&err,
                      found == ':' ? "%s needs a value: see --help"
                                   : "%s: unknown option, or one that takes no value: see --help",
                      argv[at < argc ? at : argc - 1]);
            return usage_error(usage, err.text);
        }
        if (!table[found - 256].set(o, optarg, &err)) return usage_error(usage, err.text);
    }
    if (optind < argc) {
        error_set(&err, "\"%s\" is no option: see --help", argv[optind]);
        return usage_error(usage, err.text);
    }
    return -1;
}

/* Whether a "name=value" is of an attribute that the operation has. An unknown name counts as had, so that it
   is refused where it is set. */
static bool attr_applies(const char *assignment, enum op op) {
    const size_t length = strcspn(assignment, "=");
    bool known = false;
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const attr = attr_at(i);
        if (strlen(attr->name) != length || strncmp(attr->name, assignment, length) != 0) continue;
        if (attr_of(attr, op)) return true;
        known = true;
    }
    return !known;
}

bool options_attr_given(const struct options *o, const char *name) {
    const size_t length = strlen(name);
    for (int i = 0; i < o->attr_count; i++)
        for (const char *word = o->attrs[i]; *word; word += strcspn(word, ", \t")) {
            word += strspn(word, ", \t");
            if (strncmp(word, name, length) == 0 && word[length] == '=') return true;
        }
    return false;
}

bool options_problem(const struct options *o, enum op op, enum dtype dtype, int64_t rows, int64_t channels,
                     struct problem *p, struct error *err) {
    *p = problem_default(op, dtype);
    p->rows = rows;
    p->channels = channels;
    for (int i = 0; i < o->attr_count; i++) {
        char list[1024], kept[1024] = "";
        if (strlen(o->attrs[i]) >= sizeof list) return error_set(err, "--attr: the list is too long");
        strcpy(list, o->attrs[i]);
        char *rest = list;
        for (char *word; (word = strtok_r(rest, ", ", &rest));) {
            if (!attr_applies(word, op)) continue;
            if (*kept) strcat(kept, ",");
            strcat(kept, word);
        }
        if (!problem_set_attrs(p, kept, err)) return error_prefix(err, "--attr");
    }
    return problem_valid(p, err) || error_prefix(err, "%s", op_name(op));
}

bool options_point(const struct options *o, const struct variant *v, const struct point *pt) {
    for (int i = 0; i < o->param_count; i++) {
        const int at = param_find(v, o->params[i].name);
        if (at >= 0 && pt->value[at] != o->params[i].value) return false;
    }
    return true;
}

bool options_variant(const struct options *o, const struct variant *v) {
    if (!variant_matches(v, o->only) || !(o->ops >> v->op & 1)) return false;
    for (int i = 0; i < o->param_count; i++)
        if (param_find(v, o->params[i].name) < 0) return false;
    return true;
}
