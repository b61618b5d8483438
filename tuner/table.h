/* Tuning tables, schema katune-table/1: docs/table.md. */
#ifndef KATUNE_TABLE_H
#define KATUNE_TABLE_H

#include "device/device.h"
#include "problem.h"
#include "registry.h"
#include "table_index.h"

enum table_source { SOURCE_MEASURED, SOURCE_MODELED };
#include "why.h"

enum { TIES_MAX = 8 };

struct table_choice {
    const struct variant *variant;
    struct point point;
};

/* The best variant for a problem, and the evidence. Times in microseconds. What a look-up reads comes first:
   in one cache line, but for what attributes the problem has besides its sizes. */
struct table_entry {
    _Alignas(64) struct table_choice choice;
    enum table_source source;
    bool throttled; /* the device was held back while the winner was timed */
    struct problem problem;
    unsigned throttle; /* by what, if that is known: set of enum throttle */
    struct {
        double median, lo, hi; /* lo and hi: a 95% interval of the median */
        int n;
    } time_us;
    struct {
        char bound[16]; /* "memory" or "compute" */
        double fraction;
    } roofline;
    struct {
        double worst, allowed; /* of the element whose error was the largest share of what is allowed */
    } error;
    struct {
        char variant[64]; /* what would have run without a table */
        double time_us;   /* 0: not measured */
    } fallback;
    struct table_choice
        ties[TIES_MAX]; /* within 1% of the best; the fixed rule preferred the entry's choice */
    int tie_count;
    struct why *why; /* NULL: the table does not say */
};

_Static_assert(offsetof(struct table_entry, problem.channels) + sizeof(int64_t) <= 64, "in the first line");

/* Where the time of a run that tuned went, seconds. */
struct tuning {
    double seconds;   /* all of it */
    double running;   /* of it: kernels ran and were timed */
    double checking;  /* inputs, the oracle, comparing with it */
    double preparing; /* buffers and kernels that are about to be timed */
    double passing;   /* workers were started, messages passed */
    double parent;    /* the tuner's own: strategy, journal, table, and a prior's model */
    int candidates;   /* that were tried; 0: nothing is known of the run */
};

struct table {
    struct device_info device; /* of which name, backend, arch, fingerprint, units and caches are kept */
    double bandwidth_gbs;      /* of a copy with all cores */
    struct {
        char date[32], katune[32], compiler[96], sources_hash[32];
        char driver[48], nvrtc[32], cupti[32]; /* versions; "": not used */
    } environment;
    struct tuning tuning; /* the last run */
    struct table_entry *entries;
    int count, room;
    struct table_index index; /* of the entries; table_put keeps it */
};

void table_init(struct table *t);
void table_free(struct table *t);

/* Replaces the entry of the same problem, or appends; the evidence is copied. False if there is no memory. */
bool table_put(struct table *t, const struct table_entry *entry);
/* The same, but the evidence becomes the table's unless it fails; and who takes many at once has
   table_near_build() called, which table_put() does now and then, so that looking up stays quick. */
bool table_take(struct table *t, const struct table_entry *entry);
/* Puts the entries of these problems first, in the order of the list. False, and nothing changed, if there is
   no memory. */
bool table_order(struct table *t, const struct problem *list, int count);
const struct table_entry *table_find(const struct table *t, const struct problem *p);

/* Reads and validates the whole file. Refused: what is not JSON, another schema, a missing or malformed
   field, a problem that is not valid, an unknown variant or one of another operation or dtype, a point
   outside its space, two entries of one problem. The error names the file and the path inside it. The table
   is empty on failure. */
bool table_read(struct table *t, const char *path, struct error *err);
/* The same from `size` bytes of text, which a 0 follows and which are changed. */
bool table_parse(struct table *t, char *text, size_t size, struct error *err);

/* Writes the whole file, or leaves what was there. */
bool table_write(const struct table *t, const char *path, struct error *err);

#endif
