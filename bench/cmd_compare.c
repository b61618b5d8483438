/* katune compare: says which cases became slower between two files or two builds. Builds are launched in
   turns, so that what drifts on the machine hits both alike. */
#include <stdio.h>

#include "commands.h"
#include "compare_end.h"
#include "launch.h"
#include "progress.h"

enum { LAUNCH_LIMIT = 900 }; /* seconds */

static int files_compare(const struct compare_args *args, struct error *err) {
    const struct compare_labels labels = {args->files[0], args->files[1]};
    struct timings a, b;
    if (!timings_read(&a, args->files[0], err)) return EXIT_USAGE;
    if (!timings_read(&b, args->files[1], err)) {
        timings_free(&a);
        return EXIT_USAGE;
    }
    const int code = compare_conclude(args, &labels, &a, &b, false, err);
    timings_free(&a);
    timings_free(&b);
    return code;
}

static void step(void *context, int done, int all) {
    char what[32];
    snprintf(what, sizeof what, "launch %d of %d", done + 1, all);
    progress_set(context, (double)done / all, what);
}

static int binaries_compare(const struct compare_args *args, struct error *err) {
    const struct compare_labels labels = {args->binary_a, args->binary_b};
    struct timings a, b;
    struct launch_turns turns = {.rounds = args->rounds,
                                 .seed = args->seed,
                                 .step = step,
                                 .context = progress_new("compare", args->quiet)};
    turns.side[0] = (struct build_launch){args->binary_a, args->bench, args->bench_count, LAUNCH_LIMIT};
    turns.side[1] = (struct build_launch){args->binary_b, args->bench, args->bench_count, LAUNCH_LIMIT};
    const bool ok = launch_in_turns(&turns, &a, &b, err);
    progress_clear(turns.context);
    progress_free(turns.context);
    if (!ok) return EXIT_USAGE;
    const int code = compare_conclude(args, &labels, &a, &b, true, err);
    timings_free(&a);
    timings_free(&b);
    return code;
}

static int compare(const struct compare_args *args, struct error *err) {
    const bool binaries = args->binary_a || args->binary_b;
    if (binaries && (!args->binary_a || !args->binary_b || args->file_count)) {
        error_set(err, "give --binary-a and --binary-b, or two files");
        return EXIT_USAGE;
    }
    if (binaries) return binaries_compare(args, err);
    if (args->file_count == 2) return files_compare(args, err);
    error_set(err, "say what to compare: two files, or --binary-a and --binary-b: see --help");
    return EXIT_USAGE;
}

int cmd_compare(int argc, char **argv) {
    struct compare_args args;
    struct error err = {""};
    const int leave = compare_args_parse(&args, COMMAND_COMPARE, argc, argv);
    if (leave >= 0) return leave;
    const int code = compare(&args, &err);
    if (code == EXIT_USAGE) fprintf(stderr, "katune compare: %s\n", err.text);
    return code;
}
