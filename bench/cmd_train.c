/* katune train: trains a Kolmogorov-Arnold Transformer on the variants that the tuning tables choose.
   Complete forward and backward passes, AdamW, safetensors in and out. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "file.h"
#include "kat/train.h"

static const char help[] =
    "usage: katune train [--model NAME | --config FILE] [OPTION ...]\n"
    "\n"
    "Trains a Kolmogorov-Arnold Transformer on images in IDX files. Every activation runs on the variant "
    "that the\n"
    "tuning tables choose; which one, and how it was found, is printed first.\n"
    "\n"
    "  --model NAME          kat-digits (default), kat-mnist, kat-tiny, kat-small, kat-base\n"
    "  --config FILE         a model as JSON: image, channels, patch, dim, depth, heads, mlp_ratio, groups, "
    "classes,\n"
    "                        act_init, pixel_max\n"
    "  --basis NAME          rational (default), bspline or gelu\n"
    "  --data PREFIX         PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte; default: the digits of "
    "the project\n"
    "  --test PREFIX         images to report the accuracy on; default: those that belong to --data\n"
    "  --init FILE           start from these weights (safetensors)\n"
    "  --save FILE           write the trained weights (safetensors)\n"
    "  --save-grad FILE      write the first step's gradients (safetensors)\n"
    "  --steps N | --epochs N   how long; default 200 epochs\n"
    "  --batch N             images a step; default 16\n"
    "  --lr X                AdamW's rate; default 1e-3\n"
    "  --weight-decay X      default 0.5\n"
    "  --schedule NAME       cosine (default) or constant\n"
    "  --warmup N            steps until a cosine schedule reaches --lr; default a twentieth of the steps\n"
    "  --order NAME          shuffled (default) or sequential\n"
    "  --augment on|off      turn, scale, shear, move, darken or lighten the images a little, anew every "
    "time;\n"
    "                        default on with shuffled order, off with sequential\n"
    "  --label-smoothing X   default 0.1 with augmentation, else 0\n"
    "  --seed N              of the initial weights and the order; default 1\n"
    "  --log FILE            JSON lines: step, loss, grad_norm, images_per_s\n"
    "  --results DIR         the folder of tuning tables; default results\n"
    "  --quiet               print the result only\n"
    "  --help\n";

enum option_id {
    OPT_MODEL = 256,
    OPT_CONFIG,
    OPT_BASIS,
    OPT_DATA,
    OPT_TEST,
    OPT_INIT,
    OPT_SAVE,
    OPT_SAVE_GRAD,
    OPT_STEPS,
    OPT_EPOCHS,
    OPT_BATCH,
    OPT_LR,
    OPT_WEIGHT_DECAY,
    OPT_SCHEDULE,
    OPT_WARMUP,
    OPT_ORDER,
    OPT_AUGMENT,
    OPT_SMOOTHING,
    OPT_SEED,
    OPT_LOG,
    OPT_RESULTS,
    OPT_QUIET,
    OPT_HELP
};

static const struct option long_options[] = {
    {"model", 1, NULL, OPT_MODEL},
    {"config", 1, NULL, OPT_CONFIG},
    {"basis", 1, NULL, OPT_BASIS},
    {"data", 1, NULL, OPT_DATA},
    {"test", 1, NULL, OPT_TEST},
    {"init", 1, NULL, OPT_INIT},
    {"save", 1, NULL, OPT_SAVE},
    {"save-grad", 1, NULL, OPT_SAVE_GRAD},
    {"steps", 1, NULL, OPT_STEPS},
    {"epochs", 1, NULL, OPT_EPOCHS},
    {"batch", 1, NULL, OPT_BATCH},
    {"lr", 1, NULL, OPT_LR},
    {"weight-decay", 1, NULL, OPT_WEIGHT_DECAY},
    {"schedule", 1, NULL, OPT_SCHEDULE},
    {"warmup", 1, NULL, OPT_WARMUP},
    {"order", 1, NULL, OPT_ORDER},
    {"augment", 1, NULL, OPT_AUGMENT},
    {"label-smoothing", 1, NULL, OPT_SMOOTHING},
    {"seed", 1, NULL, OPT_SEED},
    {"log", 1, NULL, OPT_LOG},
    {"results", 1, NULL, OPT_RESULTS},
    {"quiet", 0, NULL, OPT_QUIET},
    {"help", 0, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

struct arguments {
    struct train_options train;
    const char *model, *config, *basis, *data, *test;
    int64_t epochs;
    bool help, augment_given;
};

static bool whole_number(const char *name, int64_t least, int64_t most, int64_t *value, struct error *err) {
    char *end;
    errno = 0;
    *value = strtoll(optarg, &end, 10);
    if (end != optarg && !*end && !errno && *value >= least && *value <= most) return true;
    return error_set(err, "--%s %s: give a whole number from %lld to %lld", name, optarg, (long long)least,
                     (long long)most);
}

static bool real_number(const char *name, double *value, struct error *err) {
    char *end;
    *value = strtod(optarg, &end);
    if (end != optarg && !*end && isfinite(*value) && *value >= 0) return true;
    return error_set(err, "--%s %s: give a number, not negative", name, optarg);
}

/* One of two words. */
static bool word(const char *name, const char *first, const char *second, bool *is_second,
                 struct error *err) {
    *is_second = strcmp(optarg, second) == 0;
    if (*is_second || strcmp(optarg, first) == 0) return true;
    return error_set(err, "--%s %s: use %s or %s", name, optarg, first, second);
}

static bool number_take(struct arguments *a, int id, struct error *err) {
    struct train_options *const o = &a->train;
    int64_t value = 0;
    bool second = false, ok = true;
    switch (id) {
    case OPT_STEPS: return whole_number("steps", 1, 1LL << 40, &o->steps, err);
    case OPT_EPOCHS: return whole_number("epochs", 1, 1 << 20, &a->epochs, err);
    case OPT_WARMUP: return whole_number("warmup", 0, 1LL << 40, &o->warmup, err);
    case OPT_LR: return real_number("lr", &o->rate, err);
    case OPT_WEIGHT_DECAY: return real_number("weight-decay", &o->decay, err);
    case OPT_BATCH:
        ok = whole_number("batch", 1, 1 << 16, &value, err);
        o->batch = (int)value;
        return ok;
    case OPT_SMOOTHING:
        if (!real_number("label-smoothing", &o->smoothing, err)) return false;
        return o->smoothing < 1 || error_set(err, "--label-smoothing %s: give less than 1", optarg);
    case OPT_AUGMENT:
        ok = word("augment", "off", "on", &o->augment, err);
        a->augment_given = true;
        return ok;
    case OPT_SEED:
        ok = whole_number("seed", 0, INT64_MAX, &value, err);
        o->seed = (uint64_t)value;
        return ok;
    case OPT_SCHEDULE:
        ok = word("schedule", "constant", "cosine", &second, err);
        o->schedule = second ? SCHEDULE_COSINE : SCHEDULE_CONSTANT;
        return ok;
    default: return word("order", "sequential", "shuffled", &o->shuffled, err);
    }
}

static bool arguments_read(struct arguments *a, int argc, char **argv, struct error *err) {
    const struct {
        int id;
        const char **place;
    } texts[] = {{OPT_MODEL, &a->model},
                 {OPT_CONFIG, &a->config},
                 {OPT_BASIS, &a->basis},
                 {OPT_DATA, &a->data},
                 {OPT_TEST, &a->test},
                 {OPT_INIT, &a->train.init},
                 {OPT_SAVE, &a->train.save},
                 {OPT_LOG, &a->train.log},
                 {OPT_SAVE_GRAD, &a->train.save_grad},
                 {OPT_RESULTS, &a->train.results}};
    opterr = 0;
    optind = 1;
    for (int id; (id = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        const char **place = NULL;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (texts[i].id == id) place = texts[i].place;
        if (id == '?') return error_set(err, "unknown option %s: see katune train --help", argv[optind - 1]);
        if (id == ':') return error_set(err, "%s needs a value", argv[optind - 1]);
        if (place)
            *place = optarg;
        else if (id == OPT_QUIET)
            a->train.quiet = true;
        else if (id == OPT_HELP)
            a->help = true;
        else if (!number_take(a, id, err))
            return false;
    }
    return optind == argc || error_set(err, "\"%s\" is no option: see katune train --help", argv[optind]);
}

static bool model_choose(struct arguments *a, struct error *err) {
    struct kat_config *const c = &a->train.config;
    if (a->model && a->config) return error_set(err, "--model and --config exclude each other");
    const char *const model = a->model ? a->model : "kat-digits";
    if (a->config ? !config_read(a->config, c, err) : !config_named(model, c))
        return a->config ? false
                         : error_set(err, "--model %s is unknown: there are %s", model, config_names());
    if (a->basis && !basis_parse(a->basis, &c->basis))
        return error_set(err, "--basis %s is unknown: use rational, bspline or gelu", a->basis);
    if (c->channels != 1)
        return error_set(err, "IDX images are grey, and this model wants %d channels", c->channels);
    return true;
}

/* "digits-train" of the source tree, or of where it was installed. */
static const char *data_default(void) {
    return access(KATUNE_DATA_SOURCE "/digits-train-images-idx3-ubyte", R_OK) == 0
               ? KATUNE_DATA_SOURCE "/digits-train"
               : KATUNE_DATA_INSTALLED "/digits-train";
}

/* The test images that belong to PREFIX-train are PREFIX-test, if they are there. */
static const char *test_default(const char *data, char prefix[4096]) {
    char path[4200];
    const size_t length = strlen(data);
    if (length < 6 || length > 4000 || strcmp(data + length - 6, "-train") != 0) return NULL;
    snprintf(prefix, 4096, "%.*s-test", (int)(length - 6), data);
    snprintf(path, sizeof path, "%s-images-idx3-ubyte", prefix);
    return access(path, R_OK) == 0 ? prefix : NULL;
}

static bool images_read(const char *prefix, const struct kat_config *c, struct images *images,
                        struct error *err) {
    if (!idx_read(prefix, c->classes, images, err)) return false;
    if (images->side == c->image) return true;
    return error_set(err, "%s: images of %d x %d, but the model takes %d x %d", prefix, images->side,
                     images->side, c->image, c->image);
}

/* What is to be written at the end must be writable now. */
static bool outputs_check(const struct train_options *o, struct error *err) {
    const char *const paths[] = {o->save, o->save_grad, o->log};
    for (int i = 0; i < 3; i++)
        if (paths[i] && !file_writable(paths[i], err)) return false;
    return true;
}

static bool run(struct arguments *a, struct error *err) {
    struct train_options *const o = &a->train;
    struct images images = {.count = 0}, test = {.count = 0};
    char prefix[4096];
    if (!model_choose(a, err) || !outputs_check(o, err)) return false;
    const char *const data = a->data ? a->data : data_default();
    const char *const test_prefix = a->test ? a->test : test_default(data, prefix);
    bool ok = images_read(data, &o->config, &images, err) &&
              (!test_prefix || images_read(test_prefix, &o->config, &test, err));
    if (ok) {
        if (!o->steps) o->steps = (a->epochs * images.count + o->batch - 1) / o->batch;
        if (!a->augment_given) o->augment = o->shuffled;
        if (o->smoothing < 0) o->smoothing = o->augment ? 0.1 : 0;
        if (o->warmup < 0) o->warmup = o->steps / 20;
        if (o->warmup >= o->steps)
            ok = error_set(err, "--warmup %lld: less than the %lld steps, please", (long long)o->warmup,
                           (long long)o->steps);
    }
    ok = ok && train(o, &images, test_prefix ? &test : NULL, err);
    images_free(&images);
    images_free(&test);
    return ok;
}

int cmd_train(int argc, char **argv) {
    struct arguments a = {.train = {.results = "results",
                                    .batch = 16,
                                    .rate = 1e-3,
                                    .decay = 0.5,
                                    .schedule = SCHEDULE_COSINE,
                                    .warmup = -1,
                                    .smoothing = -1,
                                    .shuffled = true,
                                    .seed = 1},
                          .epochs = 200};
    struct error err = {""};
    const bool ok = arguments_read(&a, argc, argv, &err);
    if (ok && a.help) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (ok && run(&a, &err)) return EXIT_OK;
    fprintf(stderr, "katune train: %s\n", err.text);
    return EXIT_USAGE;
}
