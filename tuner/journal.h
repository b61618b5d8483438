/* The tuner's journal: JSON lines, each on disk before the next step. It remembers what failed, so that it is
   not tried again, and which problems are done, so that an interrupted run goes on where it was. */
#ifndef KATUNE_JOURNAL_H
#define KATUNE_JOURNAL_H

#include "registry.h"

struct journal;

/* Opens <path>, emptied unless `resume`: then what it holds is remembered. A last line cut short by a crash
   is dropped; any other malformed line is an error. NULL and the reason on failure. */
struct journal *journal_open(const char *path, bool resume, struct error *err);
void journal_close(struct journal *j);

/* A candidate that crashed, hung, was wrong or refused. */
bool journal_failed(struct journal *j, const struct problem *p, const struct variant *v,
                    const struct point *pt, const char *reason, struct error *err);
bool journal_done(struct journal *j, const struct problem *p, struct error *err);

bool journal_has_failed(const struct journal *j, const struct problem *p, const struct variant *v,
                        const struct point *pt);
bool journal_has_done(const struct journal *j, const struct problem *p);
int journal_failures(const struct journal *j);

#endif
