/* Recorded measurements of a space, which a search replays: read from other tuners' files and written for
   them. docs/search.md lists the formats. */
#ifndef KATUNE_RECORD_H
#define KATUNE_RECORD_H

#include <stdio.h>

#include "strategy.h"

/* How a configuration ended. */
enum record_status {
    RECORD_CORRECT,
    RECORD_COMPILE,    /* it does not compile */
    RECORD_RUNTIME,    /* it crashes, hangs, or refuses */
    RECORD_WRONG,      /* its answer is wrong */
    RECORD_CONSTRAINT, /* it is none of the space's after all */
    RECORD_TIMEOUT,
};
enum { RECORD_STATUS_COUNT = 6 };

struct record_row {
    struct config config;
    enum record_status status;
    double seconds; /* median; INFINITY unless correct */
    double lo, hi;  /* 95% interval; 0: not known */
    int samples;    /* behind the median; 0: not known */
    double *times;  /* each sample's seconds, where the file has them; owned */
    int time_count;
    double pressure[RESOURCE_COUNT]; /* NAN: not known */
    /* seconds that went into it besides; 0: not known */
    double compile, verify, benchmark, strategy, framework;
    char timestamp[40];
};

struct record {
    char device[128], kernel[128], problem[320];
    struct space *space;
    struct record_row *rows; /* row i is configuration i of the space */
    int64_t count;
};

/* Reads any of the formats, told by what the file holds. False, and the file, the place and the reason. */
bool record_read(struct record *r, const char *path, struct error *err);
/* The same from `size` bytes of allocated text, which a 0 follows and which are changed and may move. */
bool record_parse(struct record *r, char **text, size_t size, struct error *err);
void record_free(struct record *r);
/* The index of a format that recordings are written in, "kernel-tuner", "t4", "gbench" or "csv"; -1: none. */
int record_format_find(const char *name);
/* Writes the whole file at `path`, or leaves what was there. NULL: to standard output, of which the program
   tells at its end whether it took everything. */
bool record_write(const struct record *r, int format, const char *path, struct error *err);
/* The fastest row, or -1 if none succeeded. */
int64_t record_best(const struct record *r);
/* A trial function for strategies: `context` is the record. */
bool record_replay(void *context, struct trial *trials, int count);

/* Makes a record row by row: parameters and values are added as rows name them. A row that lacks a parameter
   that others have gets the number -1 there. */
struct record_builder {
    struct record *record;
    struct record_row row; /* the one being filled */
    int64_t room;
};
bool record_begin(struct record_builder *b, struct record *r, struct error *err);
void record_row_begin(struct record_builder *b);
bool record_row_set(struct record_builder *b, const char *param, const struct space_value *value,
                    struct error *err);
bool record_row_end(struct record_builder *b, struct error *err);
/* Seals the space. False, and the record is freed. */
bool record_end(struct record_builder *b, struct error *err);

/* The formats. Readers take a parsed or plain text; writers write to `to`, and say false if that fails. */
typedef struct cJSON cJSON;
bool kernel_tuner_is(const cJSON *root);
bool kernel_tuner_read(struct record *r, const cJSON *root, struct error *err);
void kernel_tuner_write(const struct record *r, FILE *to);
bool t4_is(const cJSON *root);
bool t4_read(struct record *r, const cJSON *root, struct error *err);
void t4_write(const struct record *const *records, int count, FILE *to);
bool csv_read(struct record *r, char *text, struct error *err);
void csv_write(const struct record *const *records, int count, FILE *to);
bool gbench_is(const cJSON *root);
bool gbench_read(struct record *r, const cJSON *root, struct error *err);
void gbench_write(const struct record *const *records, int count, FILE *to);

/* Helpers of theirs. */
struct space_value value_of_json(const cJSON *o);
struct space_value value_of_text(char *text); /* a number if it reads as one, true, false, else the text */
void value_write(const struct space_value *v, FILE *to);                      /* as JSON */
void text_write(const char *text, FILE *to);                                  /* as JSON */
void row_name(const struct record *r, int64_t row, char separator, FILE *to); /* NAME=value ... */

#endif
