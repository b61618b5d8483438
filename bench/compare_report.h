/* Comparisons, for people and for machines. */
#ifndef KATUNE_COMPARE_REPORT_H
#define KATUNE_COMPARE_REPORT_H

#include "compare_sets.h"

struct compare_labels {
    const char *a, *b; /* files or programs */
};

/* `quiet`: only what is not the same, and the last line. */
void compare_print(const struct comparison *c, const struct compare_labels *labels, bool quiet);

/* Each writes a whole file, or leaves what was there. */
bool compare_write_markdown(const struct comparison *c, const struct compare_labels *labels, const char *path,
                            struct error *err);
/* katune-comparison/1: docs/results.md. */
bool compare_write_json(const struct comparison *c, const struct compare_labels *labels, const char *path,
                        struct error *err);
/* One test case for each case: slower and failing anew are failures, other failures and missing cases errors,
   inconclusive and added ones skipped. */
bool compare_write_junit(const struct comparison *c, const struct compare_labels *labels, const char *path,
                         struct error *err);

/* "2 compared: 1 slower, 0 faster, 1 same, 0 inconclusive; 0 failed, 0 missing, 0 added". */
enum { COMPARE_TEXT_MAX = 640 };
void compare_summary(const struct comparison *c, char text[COMPARE_TEXT_MAX]);
/* What a verdict is to be taken with: "B throttled (thermal)"; "" if there is nothing. */
void compared_note(const struct compared *one, char text[COMPARE_TEXT_MAX]);
/* "+2.13% [+1.80, +2.51]", "instructions 512 -> 520", or why it was not compared. */
void compared_evidence(const struct compared *one, char text[COMPARE_TEXT_MAX]);
/* What ran: "rational_fwd_avx512 THREADS=1", or "x -> y" where a table's winner changed. */
void compared_what(const struct compared *one, char text[COMPARE_TEXT_MAX]);
/* The side that has the case: for its problem and setting. */
const struct timing *compared_side(const struct compared *one);

#endif
