/* katune table: shows tuning tables, and checks that they are valid. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "summary.h"

static const char help[] =
    "Usage: katune table show FILE ...\n"
    "       katune table check FILE ...\n"
    "\n"
    "show prints what each table holds and why each winner won; check only says whether it is\n"
    "valid. A table that is not valid is refused whole, with the file, the path inside it and the\n"
    "reason (exit code 2).\n";

int cmd_table(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    const bool show = argc >= 2 && strcmp(argv[1], "show") == 0;
    if (argc < 3 || (!show && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "katune table: say show or check, and which file: see katune table --help\n");
        return EXIT_USAGE;
    }
    int exit_code = EXIT_OK;
    for (int i = 2; i < argc; i++) {
        struct table t;
        struct error err;
        if (!table_read(&t, argv[i], &err)) {
            fprintf(stderr, "katune table: %s\n", err.text);
            exit_code = EXIT_USAGE;
            continue;
        }
        if (show)
            summary_print(&t, true);
        else
            printf("%s: valid, %d entries\n", argv[i], t.count);
        table_free(&t);
    }
    return exit_code;
}
