/* The command line of `katune compare` and `katune gate`: their own options, and the selection that is handed
   on to `katune bench`. */
#ifndef KATUNE_COMPARE_ARGS_H
#define KATUNE_COMPARE_ARGS_H

#include "options.h"

enum { BENCH_ARGUMENTS_MAX = 64 };

struct compare_args {
    const char *files[2];
    int file_count;
    const char *binary_a, *binary_b;
    const char *baseline, *record;
    const char *markdown, *json, *junit;
    int rounds, launches;
    double delta; /* a ratio */
    bool quiet;
    uint64_t seed;
    char *bench[BENCH_ARGUMENTS_MAX]; /* arguments of bench, from argv */
    int bench_count;
};

/* Which of the two commands takes an option. */
enum compare_command { COMMAND_COMPARE = 1, COMMAND_GATE = 2 };

/* Returns -1 to go on, or the exit code to leave with, after help or one line on stderr. */
int compare_args_parse(struct compare_args *a, enum compare_command command, int argc, char **argv);

/* Whether every argument is part of a selection, as a stored baseline may hold: nothing that writes files.
   False and the reason if not. */
bool bench_arguments_valid(char *const *arguments, int count, struct error *err);

#endif
