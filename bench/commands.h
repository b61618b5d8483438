/* The commands of the program: each is `int cmd_NAME(int argc, char **argv)` in cmd_NAME.c, argv[0] being its
   name, and returns the exit code. The list is made by the build from the files that are there. */
#ifndef KATUNE_COMMANDS_H
#define KATUNE_COMMANDS_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,  /* a check failed, or a regression was found */
    EXIT_USAGE = 2,   /* bad arguments, bad input, or an environment that cannot do it */
    EXIT_MISSING = 3, /* inconclusive, or something to compare is missing */
};

#define COMMAND(name, about) int cmd_##name(int argc, char **argv);
#include "commands.inc"
#undef COMMAND

#endif
