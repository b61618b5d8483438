/* The program `katune`: finds the command and hands over. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "error.h"

static const struct {
    const char *name, *about;
    int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, about) {#name, about, cmd_##name},
#include "commands.inc"
#undef COMMAND
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void help_print(FILE *to) {
    fputs("usage: katune COMMAND [OPTIONS]\n\n"
          "Measures, checks and tunes the kernels of Kolmogorov-Arnold networks.\n\n",
          to);
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].about);
    fputs("\n`katune COMMAND --help` tells a command's options. Exit codes: 0 ok, 1 a check failed or a\n"
          "regression was found, 2 usage or environment, 3 inconclusive or missing.\n",
          to);
}

static int command_run(int argc, char **argv) {
    if (argc < 2) {
        help_print(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help_print(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("katune " KATUNE_VERSION);
        return EXIT_OK;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, argv[1]) == 0) return commands[i].run(argc - 1, argv + 1);
    struct error err;
    error_set(&err, "unknown command \"%s\": `katune --help` lists them", argv[1]);
    fprintf(stderr, "katune: %s\n", err.text);
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit is a failed write, with its one line */
    const int code = command_run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fputs("katune: standard output was not written whole: is there room where it goes?\n", stderr);
    return code == EXIT_OK ? EXIT_USAGE : code;
}
