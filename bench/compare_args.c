#include "compare_args.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "compare_sets.h"
#include "file.h"

/* Seconds of measuring for each case in a launch, unless --time-budget says otherwise. */
static char *const usual_budget[] = {(char *)"--time-budget", (char *)"0.2"};

static bool whole_number(const char *arg, int least, int most, int *value) {
    char *end;
    const long n = strtol(arg, &end, 10);
    if (end == arg || *end || n < least || n > most) return false;
    *value = (int)n;
    return true;
}

static bool set_rounds(struct compare_args *a, const char *arg, struct error *err) {
    return whole_number(arg, ROUNDS_MIN, ROUNDS_MAX, &a->rounds) ||
           error_set(err, "--rounds %s: give %d to %d", arg, ROUNDS_MIN, ROUNDS_MAX);
}

static bool set_launches(struct compare_args *a, const char *arg, struct error *err) {
    return whole_number(arg, LAUNCHES_MIN, LAUNCHES_MAX, &a->launches) ||
           error_set(err, "--launches %s: give %d to %d", arg, LAUNCHES_MIN, LAUNCHES_MAX);
}

static bool set_delta(struct compare_args *a, const char *arg, struct error *err) {
    char *end;
    const double percent = strtod(arg, &end);
    if (end == arg || *end || !(percent >= 0 && percent <= 1000))
        return error_set(err, "--delta %s: give percent, such as 1.5", arg);
    a->delta = percent / 100;
    return true;
}

static bool set_quiet(struct compare_args *a, const char *arg, struct error *err) {
    (void)arg, (void)err;
    return a->quiet = true;
}

#define SETTER(member)                                                                                       \
    static bool set_##member(struct compare_args *a, const char *arg, struct error *err) {                   \
        (void)err;                                                                                           \
        a->member = arg;                                                                                     \
        return true;                                                                                         \
    }
SETTER(binary_a)
SETTER(binary_b)
SETTER(baseline)
SETTER(record)
SETTER(markdown)
SETTER(json)
SETTER(junit)
#undef SETTER

static const struct {
    int commands;
    const char *name, *arg, *help;
    bool (*set)(struct compare_args *a, const char *arg, struct error *err);
} own[] = {
    {COMMAND_COMPARE, "binary-a", "FILE", "a build of katune: what b is compared with", set_binary_a},
    {COMMAND_COMPARE, "binary-b", "FILE", "the build in question", set_binary_b},
    {COMMAND_COMPARE, "rounds", "N", "of four launches, ABBA or BAAB (12)", set_rounds},
    {COMMAND_GATE, "baseline", "FILE", "measure what the file holds and compare", set_baseline},
    {COMMAND_GATE, "record", "FILE", "measure the selection and write it as a baseline", set_record},
    {COMMAND_GATE, "launches", "N", "of the program, 8 or more (8; 12 for --record)", set_launches},
    {COMMAND_COMPARE | COMMAND_GATE, "delta", "PERCENT", "differences up to this are none (0.5)", set_delta},
    {COMMAND_COMPARE | COMMAND_GATE, "markdown", "FILE", "write the report as Markdown", set_markdown},
    {COMMAND_COMPARE | COMMAND_GATE, "json", "FILE", "write it as JSON", set_json},
    {COMMAND_COMPARE | COMMAND_GATE, "junit", "FILE", "write it as JUnit XML", set_junit},
    {COMMAND_COMPARE | COMMAND_GATE, "quiet", NULL, "print what is not the same, and the last line",
     set_quiet},
};
enum { OWN_COUNT = sizeof own / sizeof *own };

/* Options of bench that make a selection. */
static const struct {
    const char *name;
    bool value;
    unsigned bit;
} selection[] = {
    {"--device", true, OPT_DEVICE}, {"--only", true, OPT_ONLY},
    {"--op", true, OPT_OP},         {"--dtype", true, OPT_DTYPE},
    {"--shape", true, OPT_SHAPE},   {"--attr", true, OPT_ATTR},
    {"--param", true, OPT_PARAM},   {"--seed", true, OPT_SEED},
    {"--dist", true, OPT_DIST},     {"--time-budget", true, OPT_BUDGET},
    {"--warm", false, OPT_WARM},    {"--all-points", false, OPT_ALL_POINTS},
};
enum { SELECTION_COUNT = sizeof selection / sizeof *selection };

static const struct command_usage usages[] = {
    {"compare",
     "Says which cases became slower from A to B.\n\n"
     "  katune compare A.json B.json               two files of `katune bench --json`, `katune gate "
     "--record` or\n"
     "                                             `katune tune`\n"
     "  katune compare --binary-a FILE --binary-b FILE [SELECTION]\n"
     "                                             two builds, launched in turns: the surest way\n\n"
     "The unit is the median of a launch. Verdicts: slower, faster, same (the whole interval lies within "
     "--delta),\n"
     "inconclusive; failed, missing and added cases are listed.",
     0,
     "Exit codes: 0 ok, 1 a case is slower or fails anew, 2 usage or environment, 3 inconclusive or "
     "missing.\n"
     "README.md has workflows for continuous integration, docs/ci.md the rest."},
    {"gate",
     "Compares this build with a stored baseline.\n\n"
     "  katune gate --record FILE [SELECTION]      measures the selection in launches of its own\n"
     "  katune gate --baseline FILE                measures the same again and compares\n\n"
     "Baselines hold for the machine they were recorded on. Where both builds are at hand, `katune compare "
     "--binary-a\n"
     "--binary-b` is the better judge: it does not mistake a machine that drifts for a change.",
     0,
     "Exit codes: 0 ok, 1 a case is slower or fails anew, 2 usage or environment, 3 inconclusive or "
     "missing.\n"
     "README.md has workflows for continuous integration, docs/ci.md the rest."},
};

static const struct command_usage *usage_of(enum compare_command command) {
    return &usages[command == COMMAND_GATE];
}

static unsigned selection_bits(void) {
    unsigned bits = 0;
    for (int i = 0; i < SELECTION_COUNT; i++) bits |= selection[i].bit;
    return bits;
}

static void help_print(enum compare_command command) {
    const struct command_usage *const usage = usage_of(command);
    printf("usage: katune %s\n\n%s\n\n", usage->name, usage->about);
    for (int i = 0; i < OWN_COUNT; i++) {
        char left[40];
        if (!(own[i].commands & (int)command)) continue;
        snprintf(left, sizeof left, "--%s %s", own[i].name, own[i].arg ? own[i].arg : "");
        printf("  %-24s %s\n", left, own[i].help);
    }
    printf("  %-24s %s\n\nSELECTION: options of katune bench:", "--help", "this text");
    for (int i = 0; i < SELECTION_COUNT; i++) printf(" %s", selection[i].name);
    printf(";\nwithout --time-budget %s s for each case in a launch.\n\n%s\n", usual_budget[1],
           usage->epilog);
}

static int complain(enum compare_command command, const char *text) {
    fprintf(stderr, "katune %s: %s\n", usage_of(command)->name, text);
    return EXIT_USAGE;
}

static bool bench_add(struct compare_args *a, char *argument, struct error *err) {
    if (a->bench_count == BENCH_ARGUMENTS_MAX)
        return error_set(err, "the selection has more than %d words", BENCH_ARGUMENTS_MAX);
    a->bench[a->bench_count++] = argument;
    return true;
}

static bool selection_add(struct compare_args *a, int at, char *value, struct error *err) {
    return bench_add(a, (char *)selection[at].name, err) &&
           (!selection[at].value || bench_add(a, value, err));
}

/* Says early what bench would say in its first launch, and what could not be written. */
static int selection_check(struct compare_args *a, enum compare_command command) {
    char *argv[BENCH_ARGUMENTS_MAX + 2];
    struct options o;
    const struct command_usage usage = {usage_of(command)->name, "", selection_bits(), NULL};
    argv[0] = (char *)usage.name;
    for (int i = 0; i < a->bench_count; i++) argv[i + 1] = a->bench[i];
    argv[a->bench_count + 1] = NULL;
    const int leave = options_parse(&o, &usage, a->bench_count + 1, argv);
    a->seed = o.seed;
    if (leave >= 0) return leave;
    struct error err;
    const char *const outputs[] = {a->record, a->markdown, a->json, a->junit};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        if (outputs[i] && !file_writable(outputs[i], &err)) return complain(command, err.text);
    if (o.budget > 0 || a->baseline) return -1;
    return bench_add(a, usual_budget[0], &err) && bench_add(a, usual_budget[1], &err)
               ? -1
               : complain(command, err.text);
}

int compare_args_parse(struct compare_args *a, enum compare_command command, int argc, char **argv) {
    struct option list[OWN_COUNT + SELECTION_COUNT + 2];
    int count = 0;
    struct error err;
    for (int i = 0; i < OWN_COUNT; i++)
        if (own[i].commands & (int)command)
            list[count++] =
                (struct option){own[i].name, own[i].arg ? required_argument : no_argument, NULL, 256 + i};
    for (int i = 0; i < SELECTION_COUNT; i++)
        list[count++] = (struct option){selection[i].name + 2,
                                        selection[i].value ? required_argument : no_argument, NULL, 512 + i};
    list[count++] = (struct option){"help", no_argument, NULL, 'h'};
    list[count] = (struct option){NULL, 0, NULL, 0};
    *a = (struct compare_args){.rounds = 12, .delta = compare_delta};
    optind = 1;
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, ":h", list, NULL)) != -1;) {
        if (found == 'h') {
            help_print(command);
            return EXIT_OK;
        }
        if (found == ':' || found == '?') {
            error_set(&err, found == ':' ? "%s needs a value: see --help" : "%s: unknown option: see --help",
                      argv[optind - 1]);
            return complain(command, err.text);
        }
        const bool ok = found >= 512 ? selection_add(a, found - 512, optarg, &err)
                                     : own[found - 256].set(a, optarg, &err);
        if (!ok) return complain(command, err.text);
    }
    for (; optind < argc; optind++) {
        if (a->file_count == 2 || command == COMMAND_GATE) {
            error_set(&err, "\"%s\" is one file too many: see --help", argv[optind]);
            return complain(command, err.text);
        }
        a->files[a->file_count++] = argv[optind];
    }
    if (a->bench_count && (a->baseline || a->file_count)) {
        error_set(&err, "%s: the files say what is compared", a->bench[0]);
        return complain(command, err.text);
    }
    return selection_check(a, command);
}

bool bench_arguments_valid(char *const *arguments, int count, struct error *err) {
    if (count > BENCH_ARGUMENTS_MAX) return error_set(err, "more than %d words", BENCH_ARGUMENTS_MAX);
    for (int i = 0; i < count; i++) {
        int at = 0;
        while (at < SELECTION_COUNT && strcmp(arguments[i], selection[at].name) != 0) at++;
        if (at == SELECTION_COUNT) return error_set(err, "\"%.60s\" selects nothing", arguments[i]);
        if (selection[at].value && ++i == count) return error_set(err, "%s has no value", arguments[i - 1]);
    }
    return true;
}
