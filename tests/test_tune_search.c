/* katune tune with search strategies on devices: what each tries, resuming, priors, recordings. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "record.h"
#include "table.h"

/* Modeled times do not change from run to run. */
static const char modeled[] = "--device vgpu:h100-sxm --op rational_fwd --shape 4x64 --time-budget 60";

static struct outcome tune(const char *results, const char *arguments) {
    char line[1536];
    snprintf(line, sizeof line, "tune --quiet --results %s %s", results, arguments);
    return program_run(line);
}

/* The candidates of a journal's lines of one event, in order: of times only those of the trials. */
struct sequence {
    char *list[128];
    int count;
};

static struct sequence sequence_of(const char *results, const char *event) {
    struct sequence s = {.count = 0};
    char *const text = device_file(results, "journal.jsonl");
    for (char *line = text, *end; line && (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        cJSON *const o = cJSON_Parse(line);
        cr_assert(o, "%s", line);
        const cJSON *const round = cJSON_GetObjectItem(o, "round");
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(o, "event")), event) == 0 &&
            (!round || round->valueint == 0) && s.count < 128) {
            const char *const variant = cJSON_GetStringValue(cJSON_GetObjectItem(o, "variant"));
            char *const params = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "params"));
            char one[512];
            snprintf(one, sizeof one, "%s %s", variant ? variant : "", params ? params : "");
            s.list[s.count++] = strdup(one);
            free(params);
        }
        cJSON_Delete(o);
    }
    free(text);
    return s;
}

static void sequence_free(struct sequence *s) {
    for (int i = 0; i < s->count; i++) free(s->list[i]);
}

static void expect_same(const struct sequence *a, const struct sequence *b) {
    cr_expect_eq(a->count, b->count, "%d, %d", a->count, b->count);
    for (int i = 0; i < a->count && i < b->count; i++)
        cr_expect_str_eq(a->list[i], b->list[i], "place %d", i);
}

static struct table table_of(const char *results) {
    char pattern[512];
    glob_t found;
    struct table t;
    struct error err = {""};
    snprintf(pattern, sizeof pattern, "%s/*/table.json", results);
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0);
    cr_assert(table_read(&t, found.gl_pathv[0], &err), "%s", err.text);
    globfree(&found);
    return t;
}

static struct record record_of(const char *path) {
    struct record r;
    struct error err = {""};
    cr_assert(record_read(&r, path, &err), "%s", err.text);
    return r;
}

/* On a CPU, where times differ from run to run, and on a virtual GPU. */
Test(tune_search, every_strategy_keeps_to_its_number_of_evaluations) {
    static const char *const strategies[] = {"exhaustive", "random", "local", "anneal",
                                             "evolve",     "bayes",  "guided"};
    static const char *const where[] = {modeled, "--op silu_fwd --shape 20x48 --time-budget 30"};
    for (size_t w = 0; w < 2; w++)
        for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i += 1 + 2 * w) {
            char name[32], arguments[512];
            snprintf(name, sizeof name, "%s%zu", strategies[i], w);
            const char *const results = scratch_place(name);
            snprintf(arguments, sizeof arguments, "%s --strategy %s --budget-evals 6", where[w],
                     strategies[i]);
            const struct outcome o = tune(results, arguments);
            cr_assert_eq(o.code, 0, "%s: %s", strategies[i], o.err);
            struct sequence checked = sequence_of(results, "checked"), timed = sequence_of(results, "timed");
            cr_expect_eq(checked.count, 6, "%s checked %d", strategies[i], checked.count);
            expect_same(&checked, &timed);
            sequence_free(&checked);
            sequence_free(&timed);
            struct table t = table_of(results);
            cr_expect_eq(t.count, 1);
            table_free(&t);
        }
}

Test(tune_search, a_seed_and_equal_times_repeat_a_run) {
    char arguments[512];
    snprintf(arguments, sizeof arguments, "%s --budget-evals 14", modeled);
    const char *const one = scratch_place("one"), *const two = scratch_place("two"),
                      *const other = scratch_place("other");
    cr_assert_eq(tune(one, arguments).code, 0);
    cr_assert_eq(tune(two, arguments).code, 0);
    strcat(arguments, " --seed 2");
    cr_assert_eq(tune(other, arguments).code, 0);
    struct sequence a = sequence_of(one, "timed"), b = sequence_of(two, "timed"),
                    c = sequence_of(other, "timed");
    cr_assert_eq(a.count, 14);
    expect_same(&a, &b);
    bool differs = a.count != c.count;
    for (int i = 0; i < a.count && i < c.count; i++) differs = differs || strcmp(a.list[i], c.list[i]) != 0;
    cr_expect(differs, "another seed asks for other candidates");
    sequence_free(&a);
    sequence_free(&b);
    sequence_free(&c);
}

/* Interrupted in the middle, it goes on with the same decisions, and judges nothing twice. */
Test(tune_search, a_resumed_run_makes_the_decisions_of_one_that_was_not_interrupted) {
    char arguments[512], line[2048];
    snprintf(arguments, sizeof arguments, "%s --budget-evals 40", modeled);
    const char *const whole = scratch_place("whole"), *const parts = scratch_place("parts");
    cr_assert_eq(tune(whole, arguments).code, 0);
    snprintf(line, sizeof line,
             "%s tune --quiet --results %s %s & pid=$!; "
             "while kill -0 $pid && test $(cat %s/*/journal.jsonl 2>/dev/null | grep -c timed) -lt 5; "
             "do sleep 0.02; done; kill -INT $pid; wait $pid",
             KATUNE_PROGRAM, parts, arguments, parts);
    const int code = WEXITSTATUS(system(line));
    cr_assert(code == 130 || code == 0, "%d", code);
    struct sequence before = sequence_of(parts, "timed");
    cr_assert(before.count >= 5);
    strcat(arguments, " --resume");
    cr_assert_eq(tune(parts, arguments).code, 0);
    struct sequence a = sequence_of(whole, "timed"), b = sequence_of(parts, "timed"),
                    checked = sequence_of(parts, "checked");
    printf("interrupted after %d of %d trials\n", before.count, a.count);
    expect_same(&a, &b);
    expect_same(&checked, &b);
    sequence_free(&before);
    sequence_free(&a);
    sequence_free(&b);
    sequence_free(&checked);
}

/* The larger problem is tuned first; what won it is the other's second candidate, after the default. */
Test(tune_search, what_won_the_nearest_problem_is_tried_early) {
    const char *const results = scratch_place("near");
    cr_assert_eq(tune(results, "--device vgpu:h100-sxm --op rational_bwd --shape 64x192 --shape 197x192 "
                               "--time-budget 60 --budget-evals 8")
                     .code,
                 0);
    struct table t = table_of(results);
    cr_assert(t.count == 2 && t.entries[0].problem.rows == 64 && t.entries[1].problem.rows == 197);
    const struct table_choice *const won = &t.entries[1].choice;
    cr_assert_str_neq(won->variant->name, t.entries[1].fallback.variant);
    struct sequence timed = sequence_of(results, "timed");
    cr_assert_eq(timed.count, 16);
    cr_expect_eq(strncmp(timed.list[8], t.entries[0].fallback.variant, strlen(t.entries[0].fallback.variant)),
                 0, "%s", timed.list[8]);
    cJSON *const params = cJSON_Parse(strchr(timed.list[9], ' '));
    cr_expect_eq(strncmp(timed.list[9], won->variant->name, strlen(won->variant->name)), 0, "%s",
                 timed.list[9]);
    for (int i = 0; i < param_count(won->variant); i++)
        cr_expect_eq(cJSON_GetObjectItem(params, won->variant->params[i].name)->valueint, won->point.value[i],
                     "%s", timed.list[9]);
    cJSON_Delete(params);
    sequence_free(&timed);
    table_free(&t);
}

/* Modeled times are exact: each candidate has one, and none is run again to be compared or counted. */
Test(tune_search, a_model_is_asked_once_for_each_candidate) {
    const char *const results = scratch_place("once");
    char arguments[512];
    snprintf(arguments, sizeof arguments, "%s --budget-evals 20", modeled);
    cr_assert_eq(tune(results, arguments).code, 0);
    char *const text = device_file(results, "journal.jsonl");
    int timed = 0, again = 0;
    for (const char *at = text; (at = strstr(at, "\"event\":\"timed\"")); at++) {
        const char *const round = strstr(at, "\"round\":");
        timed++;
        again += !round || round[strlen("\"round\":")] != '0';
    }
    free(text);
    cr_expect(timed == 20 && again == 0, "%d, %d", timed, again);
    struct table t = table_of(results);
    cr_assert_eq(t.count, 1);
    cr_expect_gt(t.entries[0].why->role[WHY_WINNER].counter_count, 0);
    cr_expect_gt(t.entries[0].why->role[WHY_DEFAULT].counter_count, 0);
    table_free(&t);
}

/* A problem that is done is left alone, unless more candidates are asked for than it had: then it becomes
   what a run with so many makes of it. */
Test(tune_search, a_larger_number_of_evaluations_goes_on_from_what_is_done) {
    static const int evaluations[] = {10, 10, 25, 9};
    const char *const whole = scratch_place("all"), *const grown = scratch_place("grown");
    char arguments[512];
    snprintf(arguments, sizeof arguments, "%s --budget-evals 25", modeled);
    cr_assert_eq(tune(whole, arguments).code, 0);
    struct sequence expected = sequence_of(whole, "timed");
    cr_assert_eq(expected.count, 25);
    for (int i = 0; i < 4; i++) {
        snprintf(arguments, sizeof arguments, "%s --budget-evals %d%s", modeled, evaluations[i],
                 i ? " --resume" : "");
        cr_assert_eq(tune(grown, arguments).code, 0);
        struct sequence timed = sequence_of(grown, "timed"), done = sequence_of(grown, "done");
        cr_expect_eq(timed.count, i < 2 ? 10 : 25, "run %d: %d", i, timed.count);
        cr_expect_eq(done.count, i < 2 ? 1 : 2, "run %d: %d", i, done.count);
        for (int k = 0; k < timed.count; k++) cr_expect_str_eq(timed.list[k], expected.list[k]);
        sequence_free(&timed);
        sequence_free(&done);
    }
    struct table a = table_of(whole), b = table_of(grown);
    cr_expect(a.count == 1 && b.count == 1 && a.entries[0].time_us.median == b.entries[0].time_us.median);
    sequence_free(&expected);
    table_free(&a);
    table_free(&b);
}

Test(tune_search, what_is_recorded_can_be_searched_and_is_a_prior) {
    char arguments[1024], line[1024];
    const char *const results = scratch_place("recorded");
    const char *const file = scratch_place("recorded.json");
    snprintf(arguments, sizeof arguments,
             "%s --strategy exhaustive --param BLOCK=256 --param LOAD=3 --record %s", modeled, file);
    cr_assert_eq(tune(results, arguments).code, 0);
    struct record r = record_of(file);
    struct sequence timed = sequence_of(results, "timed");
    cr_expect_eq(r.count, timed.count);
    cr_expect_str_eq(r.kernel, "rational_fwd");
    struct table t = table_of(results);
    const double best = r.rows[record_best(&r)].seconds;
    cr_expect(fabs(1e-6 * t.entries[0].time_us.median - best) <= 0.0101 * best, "%g us, %g s",
              t.entries[0].time_us.median, best);
    cr_expect(r.rows[0].pressure[RESOURCE_MEMORY] > 0 && r.rows[0].pressure[RESOURCE_ISSUE] > 0);
    /* Of a run that is done, too, from its journal. */
    const char *const later = scratch_place("later.json");
    snprintf(arguments, sizeof arguments,
             "%s --strategy exhaustive --param BLOCK=256 --param LOAD=3 --resume --record %s", modeled,
             later);
    cr_assert_eq(tune(results, arguments).code, 0);
    struct record same = record_of(later);
    cr_assert_eq(same.count, r.count);
    for (int64_t i = 0; i < r.count; i++) cr_expect_eq(same.rows[i].seconds, r.rows[i].seconds);
    record_free(&same);
    snprintf(line, sizeof line, "tune --replay %s --strategy exhaustive --budget-evals 100000", file);
    const struct outcome o = program_run(line);
    char said[96];
    snprintf(said, sizeof said, "exhaustive: %d of %d configurations tried, 0 of them failed", timed.count,
             timed.count);
    cr_expect(o.code == 0 && strstr(o.out, said), "%s%s", o.out, o.err);
    /* The best of the recording is the first that is tried after the variants' default points. */
    const char *const again = scratch_place("again");
    snprintf(arguments, sizeof arguments, "%s --prior %s --budget-evals 4 --param BLOCK=256 --param LOAD=3",
             modeled, file);
    cr_assert_eq(tune(again, arguments).code, 0);
    struct table found = table_of(again);
    cr_expect_float_eq(found.entries[0].time_us.median, t.entries[0].time_us.median,
                       0.0101 * t.entries[0].time_us.median);
    table_free(&found);
    table_free(&t);
    sequence_free(&timed);
    record_free(&r);
}

/* Failures are recorded, too: of the variants that only the tests' program has. */
Test(tune_search, failures_are_recorded) {
    char line[1024];
    const char *const results = scratch_place("faulty"), *const file = scratch_place("faulty.json");
    snprintf(line, sizeof line,
             "'%s' tune --quiet --results %s --op silu_fwd --shape 20x48 --only "
             "'silu_fwd_scalar,silu_fwd_scalar_[cw]*' --time-budget 2 --record %s",
             KATUNE_FAULTY, results, file);
    cr_assert_eq(system(line), 0);
    struct record r = record_of(file);
    int failed = 0;
    for (int i = 0; i < r.count; i++) {
        cr_expect_eq(r.rows[i].status == RECORD_CORRECT, isfinite(r.rows[i].seconds) != 0);
        failed += r.rows[i].status != RECORD_CORRECT;
    }
    cr_expect_eq(failed, 2);
    record_free(&r);
}

Test(tune_search, a_virtual_gpu_orders_the_candidates_of_another) {
    char arguments[512];
    const char *const results = scratch_place("prior");
    snprintf(arguments, sizeof arguments,
             "--device vgpu:a100-sxm --prior vgpu:h100-sxm --op rational_fwd --shape 4x64 --budget-evals 8 "
             "--time-budget 60 "
             "--param BLOCK=256 --param LOAD=3 --param STORE=0");
    const struct outcome o = tune(results, arguments);
    cr_assert_eq(o.code, 0, "%s", o.err);
    struct sequence timed = sequence_of(results, "timed");
    cr_expect_eq(timed.count, 8);
    sequence_free(&timed);
}

Test(tune_search, bad_input) {
    const char *const file = scratch_place("empty.json"), *const other = scratch_place("other.csv");
    char line[1024];
    struct error err;
    cr_assert(file_write(file, "{}", 2, &err) && file_write(other, "P,time_ms\n1,2\n", 14, &err));
    const char *const bad[][2] = {
        {"--strategy clever", "--strategy clever: unknown: use exhaustive, random"},
        {"--strategy model", "--strategy model: give --prior, a recording or vgpu:NAME"},
        {"--budget-evals none", "--budget-evals none: give a whole number"},
        {"--prior /nonexistent.json", "--prior: /nonexistent.json: No such file"},
        {"--prior vgpu:none", "--prior: "},
        {"--record /proc/katune/x.json --op copy --shape 2x8", "--record: /proc/katune/x.json"},
        {"--record x.json --op copy,silu_fwd --shape 2x8",
         "--record: it is of one problem, and 2 are selected"},
        {"--record x.json --replay y.json", "--record: nothing is measured with --replay"},
    };
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const bool last = i == sizeof bad / sizeof *bad;
        if (last)
            snprintf(line, sizeof line, "tune --results %s --prior %s", scratch_place("bad"), file);
        else
            snprintf(line, sizeof line, "tune --results %s %s", scratch_place("bad"), bad[i][0]);
        const struct outcome o = program_run(line);
        cr_expect_eq(o.code, 2, "%s: %d", line, o.code);
        cr_expect(strstr(o.err, last ? "neither a Kernel Tuner cache" : bad[i][1]), "%s: %s", line, o.err);
        cr_expect(strchr(o.err, '\n') == o.err + strlen(o.err) - 1, "more than a line: %s", o.err);
    }
    cr_expect(access("x.json", F_OK) != 0);
    /* A recording of something else knows nothing of these candidates. */
    snprintf(line, sizeof line, "tune --quiet --results %s --op copy --shape 2x8 --time-budget 1 --prior %s",
             scratch_place("bad"), other);
    const struct outcome o = program_run(line);
    cr_expect_eq(o.code, 3);
    cr_expect(strstr(o.err, "knows none of the candidates"), "%s", o.err);
}

/* The recorded spaces in the tree, and the default strategy's bar on them. */
Test(tune_search, the_default_strategy_meets_its_bar_on_the_recorded_spaces) {
    const struct outcome o = program_run("bench --search " KATUNE_SOURCE_DIR "/results/spaces");
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_expect(strstr(o.out, "(bar: median 0.95: met); worse than random on 0 (bar: none: met)"), "%s", o.out);
}
