/* katune gate: measures now and compares with a stored baseline. With --record it writes one. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "compare_end.h"
#include "file.h"
#include "json.h"
#include "launch.h"
#include "progress.h"

enum {
    LAUNCH_LIMIT = 900, /* seconds */
    LAUNCHES_RECORD = 12,
    LAUNCHES_NOW = 8,
};

static void step(void *context, int done, int all) {
    char what[32];
    snprintf(what, sizeof what, "launch %d of %d", done + 1, all);
    progress_set(context, (double)done / all, what);
}

/* Launches this very program. */
static bool measure_here(const struct compare_args *args, char *const *arguments, int count, int launches,
                         struct timings *t, cJSON **document, struct error *err) {
    char self[4096];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return error_set(err, "/proc/self/exe cannot be read: the program cannot launch itself");
    self[length] = 0;
    struct progress *const progress = progress_new("gate", args->quiet);
    const struct build_launch l = {self, arguments, count, LAUNCH_LIMIT};
    const bool ok = launch_repeat(&l, launches, step, progress, t, document, err);
    progress_clear(progress);
    progress_free(progress);
    return ok;
}

/* Puts what all launches say into the first one's document: medians of launches in place of its own, and the
   arguments that make the same selection again. */
static void document_complete(cJSON *document, const struct timings *t, const struct compare_args *args) {
    cJSON *o = cJSON_GetObjectItemCaseSensitive(document, "results")->child;
    cJSON_AddItemToObject(document, "bench",
                          cJSON_CreateStringArray((const char *const *)args->bench, args->bench_count));
    for (int i = 0; o; o = o->next, i++) {
        const struct timing *const one = &t->list[i];
        cJSON *const time = cJSON_GetObjectItemCaseSensitive(o, "time_us");
        if (!time) continue;
        cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(time, "median"), one->median);
        cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(time, "lo"), one->lo);
        cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(time, "hi"), one->hi);
        cJSON_DeleteItemFromObjectCaseSensitive(o, "throttled");
        cJSON_DeleteItemFromObjectCaseSensitive(o, "throttle");
        json_throttle(o, one->throttled, one->throttle);
        cJSON_AddItemToObject(o, "launches_us", cJSON_CreateDoubleArray(one->launches, one->launch_count));
    }
}

/* A baseline holds cases that work: what fails is said, and nothing is written. */
static bool baseline_sound(const struct timings *t, struct error *err) {
    if (!t->count) return error_set(err, "the selection has nothing to time");
    for (int i = 0; i < t->count; i++)
        if (*t->list[i].failure)
            return error_set(err, "not recorded: %.180s: %s: %.180s", t->list[i].problem, t->list[i].what,
                             t->list[i].failure);
    return true;
}

static int record(const struct compare_args *args, struct error *err) {
    struct timings t;
    cJSON *document;
    const int launches = args->launches ? args->launches : LAUNCHES_RECORD;
    if (!measure_here(args, args->bench, args->bench_count, launches, &t, &document, err)) return EXIT_USAGE;
    int code = EXIT_OK;
    if (!baseline_sound(&t, err)) {
        fprintf(stderr, "katune gate: %s\n", err->text);
        code = t.count ? EXIT_FAILED : EXIT_MISSING;
    } else {
        document_complete(document, &t, args);
        if (!json_write(document, args->record, err)) code = EXIT_USAGE;
    }
    if (code == EXIT_OK && !args->quiet)
        printf("%s: %d cases, medians of %d launches\n", args->record, t.count, launches);
    cJSON_Delete(document);
    timings_free(&t);
    return code;
}

/* A baseline, and the arguments of bench it was made with. */
struct baseline {
    struct timings timings;
    cJSON *document; /* owns the arguments' text */
    char *arguments[BENCH_ARGUMENTS_MAX];
    int count;
};

static bool arguments_read(struct baseline *b, struct error *err) {
    const cJSON *const list = cJSON_GetObjectItemCaseSensitive(b->document, "bench");
    if (!cJSON_IsArray(list)) return error_set(err, "is no baseline: write one with katune gate --record");
    for (const cJSON *word = list->child; word; word = word->next) {
        if (!cJSON_IsString(word) || b->count == BENCH_ARGUMENTS_MAX)
            return error_set(err, "bench[%d] is no argument", b->count);
        b->arguments[b->count++] = word->valuestring;
    }
    if (!bench_arguments_valid(b->arguments, b->count, err)) return error_prefix(err, "bench");
    for (int i = 0; i < b->timings.count; i++)
        if (b->timings.list[i].launch_count < LAUNCHES_MIN)
            return error_set(err, "results[%d] has fewer than %d launches", i, LAUNCHES_MIN);
    return true;
}

static void baseline_free(struct baseline *b) {
    timings_free(&b->timings);
    cJSON_Delete(b->document);
}

static bool baseline_read(struct baseline *b, const char *path, struct error *err) {
    size_t size;
    *b = (struct baseline){.count = 0};
    char *const text = file_read(path, &size, err);
    if (!text) return false;
    b->document = cJSON_ParseWithOpts(text, NULL, true);
    free(text);
    const bool ok =
        (b->document || error_set(err, "is not JSON")) && timings_parse(&b->timings, b->document, err);
    if (ok && arguments_read(b, err)) return true;
    baseline_free(b);
    return error_prefix(err, "%s", path);
}

static int gate(const struct compare_args *args, struct error *err) {
    const struct compare_labels labels = {args->baseline, "this build"};
    struct baseline before;
    struct timings now;
    const int launches = args->launches ? args->launches : LAUNCHES_NOW;
    if (!baseline_read(&before, args->baseline, err)) return EXIT_USAGE;
    int code = EXIT_USAGE;
    if (measure_here(args, before.arguments, before.count, launches, &now, NULL, err)) {
        if (now.count && strcmp(now.fingerprint, before.timings.fingerprint) != 0)
            error_set(err, "%s: is of another device (%s; here: %s): record one here", args->baseline,
                      before.timings.fingerprint, now.fingerprint);
        else
            code = compare_conclude(args, &labels, &before.timings, &now, false, err);
        timings_free(&now);
    }
    baseline_free(&before);
    return code;
}

int cmd_gate(int argc, char **argv) {
    struct compare_args args;
    struct error err = {""};
    const int leave = compare_args_parse(&args, COMMAND_GATE, argc, argv);
    if (leave >= 0) return leave;
    int code = EXIT_USAGE;
    if (!args.baseline == !args.record)
        error_set(&err, "give --record FILE or --baseline FILE: see --help");
    else
        code = args.record ? record(&args, &err) : gate(&args, &err);
    if (code == EXIT_USAGE) fprintf(stderr, "katune gate: %s\n", err.text);
    return code;
}
