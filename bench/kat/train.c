#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/clock.h"
#include "file.h"
#include "init.h"
#include "model.h"
#include "safetensors.h"

enum { LOG_EVERY = 200 }; /* steps between two writings of the log */

struct trainer {
    const struct train_options *o;
    const struct images *images;
    struct model *model;
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

/* Turned by up to 15 degrees, sheared by up to 0.15, scaled by up to 15% and moved by up to a tenth of its
 * side. */
static struct image_map map_random(struct trainer *t) {
    const double angle = random_around(t, 0.26), shear = random_around(t, 0.15), move = 0.1 * t->images->side;
    const double width = 1 + random_around(t, 0.15), height = 1 + random_around(t, 0.15);
    return (struct image_map){.a = (float)(width * cos(angle)),
                              .b = (float)(shear - sin(angle)),
                              .c = (float)sin(angle),
                              .d = (float)(height * cos(angle)),
                              .e = (float)random_around(t, move),
                              .f = (float)random_around(t, move)};
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

static bool step_run(struct trainer *t, int64_t step, struct error *err) {
    const struct train_options *const o = t->o;
    struct params *const p = model_params(t->model);
    const double start = clock_seconds();
    int right;
    batch_choose(t, step);
    const double loss = model_forward(t->model, t->images, t->index, t->maps, &right);
    model_backward(t->model);
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

/* In batches of the model's size, the last filled up with the first image. */
static int count_right(struct trainer *t, const struct images *test) {
    const int classes = t->o->config.classes, batch = t->o->batch;
    int right = 0, ignored;
    for (int first = 0; first < test->count; first += batch) {
        const int n = test->count - first < batch ? test->count - first : batch;
        for (int i = 0; i < batch; i++) t->index[i] = i < n ? first + i : 0;
        model_forward(t->model, test, t->index, NULL, &ignored);
        for (int i = 0; i < n; i++) {
            const float *const row = model_logits(t->model) + (int64_t)i * classes;
            int best = 0;
            for (int c = 1; c < classes; c++)
                if (row[c] > row[best]) best = c;
            right += best == test->labels[first + i];
        }
    }
    return right;
}

static bool trainer_run(struct trainer *t, const struct images *test, struct error *err) {
    const struct train_options *const o = t->o;
    if (o->init && !safetensors_read(o->init, model_params(t->model), err)) return false;
    if (!o->quiet) {
        printf("%lld parameters, basis %s; activations run on\n", (long long)model_params(t->model)->total,
               basis_name(o->config.basis));
        model_print_activations(t->model);
    }
    model_smooth(t->model, o->smoothing);
    const double start = clock_seconds();
    for (int64_t step = 0; step < o->steps; step++)
        if (!step_run(t, step, err)) return false;
    printf("trained %lld steps of %d images in %.1f s\n", (long long)o->steps, o->batch,
           clock_seconds() - start);
    if (!log_write(t, err)) return false;
    if (o->save && !safetensors_write(o->save, model_params(t->model), false, err)) return false;
    if (test) {
        const int right = count_right(t, test);
        printf("test accuracy %.2f%% (%d of %d)\n", 100.0 * right / test->count, right, test->count);
    }
    return true;
}

bool train(const struct train_options *o, const struct images *images, const struct images *test,
           struct error *err) {
    struct trainer t = {.o = o, .images = images, .random = o->seed + 1};
    struct katune *const k = katune_open(o->results, true, err);
    bool ok = k != NULL;
    if (ok) ok = (t.model = model_new(&o->config, k, o->batch, o->seed, err)) != NULL;
    t.order = malloc((size_t)images->count * sizeof *t.order);
    t.index = malloc((size_t)o->batch * sizeof *t.index);
    if (o->augment) t.maps = malloc((size_t)o->batch * sizeof *t.maps);
    if (ok && (!t.order || !t.index || (o->augment && !t.maps))) ok = error_set(err, "out of memory");
    if (ok && o->log && !(t.log = open_memstream(&t.log_text, &t.log_size)))
        ok = error_set(err, "out of memory");
    for (int i = 0; ok && i < images->count; i++) t.order[i] = i;
    ok = ok && trainer_run(&t, test, err);
    if (t.log) fclose(t.log);
    free(t.log_text);
    free(t.order);
    free(t.index);
    free(t.maps);
    model_free(t.model);
    katune_close(k);
    return ok;
}
