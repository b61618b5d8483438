/* The tuner's journal: JSON lines. It remembers what failed, so that it is not tried again, and in an
   interrupted run what was checked and timed and which problems are done, so that it goes on where it was.

   Every line is written at once, so a killed process loses none. Failures and finished problems are on disk
   before the next step; the others within a second. The first line names the kernels' sources: facts about
   other sources are dropped. One process at a time holds a journal. */
#ifndef KATUNE_JOURNAL_H
#define KATUNE_JOURNAL_H

#include "case.h"
#include "registry.h"
#include "sample.h"
#include "strategy.h"

struct journal;

struct journal_options {
    bool resume; /* keep what was checked, timed and done; else only failures are kept */
    bool retry;  /* forget failures */
};

/* Opens <path>. A last line cut short by a crash is dropped; any other malformed line is an error. NULL and
   the reason on failure. */
struct journal *journal_open(const char *path, const struct journal_options *o, struct error *err);
/* The facts in a text, which is changed. It has no file: nothing can be added. */
struct journal *journal_parse(char *text, const struct journal_options *o, struct error *err);
void journal_close(struct journal *j);

enum journal_cause {
    CAUSE_WRONG,   /* its answer, or what it wrote beyond its output */
    CAUSE_CRASHED, /* the worker died of it, or its call failed */
    CAUSE_HUNG,    /* no answer in time */
    CAUSE_MEMORY,  /* it took more than the limit */
    CAUSE_REFUSED, /* it does not compile, or cannot be launched or timed */
};

/* What a fact is about. */
struct candidate {
    const struct problem *problem;
    const struct variant *variant;
    const struct point *point;
};

bool journal_failed(struct journal *j, const struct candidate *c, enum journal_cause cause,
                    const char *reason, struct error *err);
/* It passed its check with this verdict, whose worst element's errors are kept. */
bool journal_checked(struct journal *j, const struct candidate *c, const struct verdict *v,
                     struct error *err);
/* Its time in one round of a search. */
struct journal_time {
    struct summary seconds;
    double pressure[RESOURCE_COUNT]; /* what it used of each resource; NAN: not known */
    bool throttled;                  /* the device was held back, */
    unsigned throttle;               /* by these: set of enum throttle */
};
bool journal_timed(struct journal *j, const struct candidate *c, int round, const struct journal_time *t,
                   struct error *err);
/* How far a problem was searched. */
struct effort {
    int64_t points;      /* of its space; 0: not known */
    int64_t evaluations; /* candidates that it might try at most */
};
bool journal_done(struct journal *j, const struct problem *p, const struct effort *e, struct error *err);

bool journal_has_failed(const struct journal *j, const struct candidate *c);
bool journal_has_checked(const struct journal *j, const struct candidate *c, struct verdict *v);
bool journal_has_timed(const struct journal *j, const struct candidate *c, int round, struct journal_time *t);
bool journal_has_done(const struct journal *j, const struct problem *p, struct effort *e);
int journal_failures(const struct journal *j);

#endif
