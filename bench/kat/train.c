#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/clock.h"
#include "file.h"
#include "init.h"
#include "safetensors.h"
#include "shards.h"

enum { LOG_EVERY = 200 }; /* steps between two writings of the log */

struct trainer {
    const struct train_options *o;
    const struct images *images, *test; /* test: NULL without */
    struct shards shards;
    int *order;             /* a permutation of the images */
    int *index;             /* of a batch */
    struct image_map *maps; /* of a batch; NULL without augmentation */
    uint64_t random;
    FILE *log; /* in memory, written whole */
    char *log_text;
    size_t log_size;
};

double schedule_rate(const struct train_options *o, int64_t step) {
    if (o->schedule == SCHEDULE_CONSTANT) return o->rate;
    if (step < o->warmup) return o->rate * (double)(step + 1) / (double)o->warmup;
    const double done = (double)(step - o->warmup) / (double)(o->steps - o->warmup);
    return o->rate * 0.5 * (1 + cos(3.14159265358979323846 * done));
}

static void shuffle(struct trainer *t) {
    for (int i = t->images->count - 1; i > 0; i--) {
        const int j = (int)random_below(&t->random, (uint64_t)i + 1), kept = t->order[i];
        t->order[i] = t->order[j];
        t->order[j] = kept;
    }
}

/* Evenly distributed over -width .. width. */
static double random_around(struct trainer *t, double width) {
    return width * ((double)random_below(&t->random, 2000001) / 1e6 - 1);
}

/* Turned by up to 23 degrees, sheared by up to 0.3, scaled by up to a fifth, moved by up to a tenth of its
   side, its greys raised to a power between 1/2 and 2. */
static struct image_map map_random(struct trainer *t) {
    const double angle = random_around(t, 0.4), shear = random_around(t, 0.3), move = 0.1 * t->images->side;
    const double width = 1 + random_around(t, 0.2), height = 1 + random_around(t, 0.2);
    return (struct image_map){.a = (float)(width * cos(angle)),
                              .b = (float)(shear - sin(angle)),
                              .c = (float)sin(angle),
                              .d = (float)(height * cos(angle)),
                              .e = (float)random_around(t, move),
                              .f = (float)random_around(t, move),
                              .gamma = (float)exp(random_around(t, 0.7))};
}

static void batch_choose(struct trainer *t, int64_t step) {
    for (int i = 0; i < t->o->batch; i++) {
        const int64_t at = (step * t->o->batch + i) % t->images->count;
        if (at == 0 && t->o->shuffled) shuffle(t);
        t->index[i] = t->order[at];
        if (t->maps) t->maps[i] = map_random(t);
    }
}

static bool log_write(struct trainer *t, struct error *err) {
    if (!t->log) return true;
    if (fflush(t->log) || ferror(t->log)) return error_set(err, "%s: out of memory", t->o->log);
    return file_write(t->o->log, t->log_text, t->log_size, err);
}

static struct params *trainer_params(const struct trainer *t) {
    return model_params(t->shards.list[0].model);
}

static void shard_train(struct shard *s, void *context) {
    const struct trainer *const t = context;
    s->loss = model_forward(s->model, t->images, t->index + s->first, t->maps ? t->maps + s->first : NULL,
                            &s->right);
    model_backward(s->model);
}

/* Loss and gradients of the batch: means over the shards' images. */
static double batch_run(struct trainer *t, int *right) {
    double loss = 0;
    *right = 0;
    shards_do(&t->shards, shard_train, t);
    for (int i = 0; i < t->shards.count; i++) {
        const struct shard *const s = &t->shards.list[i];
        const double weight = (double)s->count / (s->first + s->count); /* among the images so far */
        if (i) params_grad_mix(trainer_params(t), model_params(s->model), weight);
        loss += weight * (s->loss - loss);
        *right += s->right;
    }
    return loss;
}

static bool step_run(struct trainer *t, int64_t step, struct error *err) {
    const struct train_options *const o = t->o;
    struct params *const p = trainer_params(t);
    const double start = clock_seconds();
    int right;
    batch_choose(t, step);
    const double loss = batch_run(t, &right);
    const double norm = params_grad_norm(p);
    if (!isfinite(loss) || !isfinite(norm))
        return error_set(err, "step %lld: the loss is %g, the gradient's norm %g: take a smaller --lr",
                         (long long)step, loss, norm);
    if (step == 0 && o->save_grad && !safetensors_write(o->save_grad, p, true, err)) return false;
    params_adamw(p, step + 1, schedule_rate(o, step), o->decay);
    const double speed = o->batch / (clock_seconds() - start);
    if (t->log)
        fprintf(t->log, "{\"step\": %lld, \"loss\": %.9g, \"grad_norm\": %.9g, \"images_per_s\": %.1f}\n",
                (long long)step, loss, norm, speed);
    const int64_t every = o->steps / 20 > 0 ? o->steps / 20 : 1;
    if (!o->quiet && (step % every == 0 || step + 1 == o->steps))
        printf("step %5lld  loss %.5f  grad %.4f  batch %5.1f%% right  %.0f images/s\n", (long long)step,
               loss, norm, 100.0 * right / o->batch, speed);
    fflush(stdout);
    return (step + 1) % LOG_EVERY || log_write(t, err);
}

/* The test images that are the shard's part of a batch, filled up with the first image where they end. */
static void shard_test(struct shard *s, void *context) {
    const struct trainer *const t = context;
    const struct images *const test = t->test;
    const int classes = t->o->config.classes;
    int *const index = t->index + s->first;
    int ignored;
    s->right = 0;
    for (int first = s->first; first < test->count; first += t->o->batch) {
        const int n = test->count - first < s->count ? test->count - first : s->count;
        for (int i = 0; i < s->count; i++) index[i] = i < n ? first + i : 0;
        model_forward(s->model, test, index, NULL, &ignored);
        for (int i = 0; i < n; i++) {
            const float *const row = model_logits(s->model) + (int64_t)i * classes;
            int best = 0;
            for (int c = 1; c < classes; c++)
                if (row[c] > row[best]) best = c;
            s->right += best == test->labels[first + i];
        }
    }
}

static void test_print(struct trainer *t) {
    int right = 0;
    shards_do(&t->shards, shard_test, t);
    for (int i = 0; i < t->shards.count; i++) right += t->shards.list[i].right;
    printf("test accuracy %.2f%% (%d of %d)\n", 100.0 * right / t->test->count, right, t->test->count);
}

static bool trainer_run(void *context, struct error *err) {
    struct trainer *const t = context;
    const struct train_options *const o = t->o;
    if (o->init && !safetensors_read(o->init, trainer_params(t), err)) return false;
    if (!o->quiet) {
        printf("%lld parameters, basis %s; activations run on\n", (long long)trainer_params(t)->total,
               basis_name(o->config.basis));
        model_print_activations(t->shards.list[0].model);
    }
    const double start = clock_seconds();
    for (int64_t step = 0; step < o->steps; step++)
        if (!step_run(t, step, err)) return false;
    printf("trained %lld steps of %d images in %.1f s\n", (long long)o->steps, o->batch,
           clock_seconds() - start);
    if (!log_write(t, err)) return false;
    if (o->save && !safetensors_write(o->save, trainer_params(t), false, err)) return false;
    if (t->test) test_print(t);
    return true;
}

bool train(const struct train_options *o, const struct images *images, const struct images *test,
           struct error *err) {
    struct trainer t = {.o = o, .images = images, .test = test, .random = o->seed + 1};
    struct katune *const k = katune_open(o->results, false, err);
    bool ok = k != NULL;
    ok = ok && shards_make(&t.shards, &o->config, k, o->batch, o->seed, err);
    t.order = malloc((size_t)images->count * sizeof *t.order);
    t.index = malloc((size_t)o->batch * sizeof *t.index);
    if (o->augment) t.maps = malloc((size_t)o->batch * sizeof *t.maps);
    if (ok && (!t.order || !t.index || (o->augment && !t.maps))) ok = error_set(err, "out of memory");
    if (ok && o->log && !(t.log = open_memstream(&t.log_text, &t.log_size)))
        ok = error_set(err, "out of memory");
    for (int i = 0; ok && i < images->count; i++) t.order[i] = i;
    for (int i = 0; ok && i < t.shards.count; i++) model_smooth(t.shards.list[i].model, o->smoothing);
    ok = ok && shards_lead(&t.shards, trainer_run, &t, err);
    if (t.log) fclose(t.log);
    free(t.log_text);
    free(t.order);
    free(t.index);
    free(t.maps);
    shards_free(&t.shards);
    katune_close(k);
    return ok;
}
