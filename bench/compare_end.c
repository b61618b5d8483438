#include "compare_end.h"

#include "commands.h"

static bool reports_write(const struct compare_args *args, const struct comparison *c,
                          const struct compare_labels *labels, struct error *err) {
    return (!args->markdown || compare_write_markdown(c, labels, args->markdown, err)) &&
           (!args->json || compare_write_json(c, labels, args->json, err)) &&
           (!args->junit || compare_write_junit(c, labels, args->junit, err));
}

int compare_conclude(const struct compare_args *args, const struct compare_labels *labels,
                     const struct timings *a, const struct timings *b, bool in_turns, struct error *err) {
    struct comparison c;
    const struct compare_options options = {.in_turns = in_turns, .delta = args->delta};
    if (!comparison_make(&c, a, b, &options, err)) return EXIT_USAGE;
    compare_print(&c, labels, args->quiet);
    const int code = reports_write(args, &c, labels, err) ? comparison_exit(&c) : EXIT_USAGE;
    comparison_free(&c);
    return code;
}
