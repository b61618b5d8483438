/* Processes that work for this one. */
#ifndef KATUNE_CHILD_H
#define KATUNE_CHILD_H

#include <sys/types.h>

/* Returns as fork() does. The child dies with this process, writes no core, which takes longer than what
   comes next, and leaves Ctrl-C to this process, which decides. */
pid_t child_fork(void);

#endif
