/* A progress bar with the time left on a terminal; a line now and then elsewhere. All on stderr. */
#ifndef KATUNE_PROGRESS_H
#define KATUNE_PROGRESS_H

#include <stdbool.h>

struct progress;

/* `quiet`: says nothing at all. NULL is a progress that says nothing, too. */
struct progress *progress_new(const char *title, bool quiet);
/* Done so far, 0 .. 1, and what is going on. */
void progress_set(struct progress *p, double done, const char *what);
/* Takes the bar off its line, before something else is printed. */
void progress_clear(struct progress *p);
void progress_free(struct progress *p);

#endif
