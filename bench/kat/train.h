/* The training loop. */
#ifndef KATUNE_KAT_TRAIN_H
#define KATUNE_KAT_TRAIN_H

#include "config.h"
#include "idx.h"

enum schedule { SCHEDULE_CONSTANT, SCHEDULE_COSINE };

struct train_options {
    struct kat_config config;
    const char *init, *save, *save_grad, *log; /* paths or NULL */
    const char *results;                       /* the folder of tuning tables */
    int64_t steps;
    int batch;
    double rate, decay;
    enum schedule schedule;
    int64_t warmup;   /* steps over which a cosine schedule's rate rises from 0 */
    bool shuffled;    /* a new order every epoch; else the file's order, wrapping round at its end */
    double smoothing; /* of the labels */
    bool augment;     /* images are turned, scaled, sheared, moved and darkened a little, anew every time */
    uint64_t seed;
    bool quiet;
};

/* The rate of step 0 .. steps - 1. */
double schedule_rate(const struct train_options *o, int64_t step);

/* Trains, prints progress and, if `test` is not NULL, the accuracy on it. False and one line on failure. */
bool train(const struct train_options *o, const struct images *images, const struct images *test,
           struct error *err);

#endif
