/* The journal of a tuner's run: what it keeps for the next one, and what it does about damage. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contenders.h"
#include "program.h"
#include "registry.h"
#include "search.h"

static const char small[] = "copy f32 rows=3 channels=50";

static bool failed(const struct journal *j, const struct problem *p, const struct variant *v,
                   const struct point *pt) {
    return journal_has_failed(j, &(struct candidate){p, v, pt});
}

Test(journal, remembers_failures_and_what_is_done) {
    const char *const path = scratch_place("journal.jsonl");
    struct error err = {""};
    const struct variant *const v = variant_find("copy_scalar");
    const struct contender c = contender_of(v, small), other = contender_of(v, "copy f32 rows=4 channels=50");
    const struct point one = point_at(v, 0), two = point_at(v, 1);
    const struct candidate bad = {&c.problem, v, &one}, good = {&c.problem, v, &two};
    const struct verdict passed = {.worst = 0.5, .error = 1e-7, .allowed = 2e-7};
    const struct journal_time time = {.seconds = {20, 2e-6, 1e-6, 3e-6},
                                      .pressure = {0.5, NAN, NAN, 0.25, NAN},
                                      .throttled = true,
                                      .throttle = THROTTLE_POWER | THROTTLE_HARDWARE};
    struct verdict verdict;
    struct journal_time found;
    struct effort effort, ignored;
    struct journal *j = journal_make(path, false, false);
    cr_assert(journal_failed(j, &bad, CAUSE_CRASHED, "crashed: Segmentation fault", &err) &&
              journal_checked(j, &good, &passed, &err) && journal_timed(j, &good, 1, &time, &err) &&
              journal_done(j, &other.problem, &(struct effort){300, 20}, &err));
    journal_close(j);
    j = journal_make(path, true, false);
    cr_assert(failed(j, &c.problem, v, &one) && !failed(j, &c.problem, v, &two));
    cr_assert(!failed(j, &other.problem, v, &one));
    cr_assert(journal_has_done(j, &other.problem, &effort) && !journal_has_done(j, &c.problem, &ignored));
    cr_assert(effort.points == 300 && effort.evaluations == 20);
    cr_assert(journal_has_checked(j, &good, &verdict) && !journal_has_checked(j, &bad, &verdict));
    cr_assert(verdict.status == CHECK_PASSED && verdict.error == 1e-7 && verdict.allowed == 2e-7);
    cr_assert(journal_has_timed(j, &good, 1, &found) && !journal_has_timed(j, &good, 0, &found));
    cr_assert(found.pressure[0] == 0.5 && found.pressure[3] == 0.25 && isnan(found.pressure[1]));
    cr_assert(found.seconds.n == 20 && found.seconds.median == 2e-6 && found.seconds.lo == 1e-6 &&
              found.seconds.hi == 3e-6);
    cr_assert(found.throttled && found.throttle == time.throttle);
    cr_assert_eq(journal_failures(j), 1);
    journal_close(j);
    /* Without resume only failures last; with retry they do not. */
    j = journal_make(path, false, false);
    cr_assert(failed(j, &c.problem, v, &one) && !journal_has_done(j, &other.problem, &ignored));
    cr_assert(!journal_has_checked(j, &good, &verdict) && !journal_has_timed(j, &good, 1, &found));
    journal_close(j);
    j = journal_make(path, true, true);
    cr_assert(!failed(j, &c.problem, v, &one) && journal_failures(j) == 0);
    journal_close(j);
}

static void journal_write(const char *path, const char *text) {
    FILE *const file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0);
    fclose(file);
}

static const char done_line[] =
    "{\"event\":\"done\",\"problem\":{\"op\":\"copy\",\"dtype\":\"f32\",\"rows\":3,\"channels\":50}}\n";

Test(journal, a_line_cut_short_is_dropped_for_good) {
    const char *const path = scratch_place("journal.jsonl");
    char text[512];
    struct error err = {""};
    const struct contender c = contender_of(variant_find("copy_scalar"), small),
                           other = contender_of(variant_find("copy_scalar"), "copy f32 rows=4 channels=50");
    snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n%s{\"eve",
             registry_sources_hash(), done_line);
    journal_write(path, text);
    struct journal *j = journal_make(path, true, false);
    struct effort effort; /* of which the line, an earlier build's, says nothing */
    cr_assert(journal_has_done(j, &c.problem, &effort) && !effort.points && !effort.evaluations);
    cr_assert(search_is_through(&effort, 1000));
    cr_assert(journal_done(j, &other.problem, &(struct effort){7, 200}, &err));
    journal_close(j);
    j = journal_make(path, true, false); /* what was written after it can be read */
    cr_assert(journal_has_done(j, &c.problem, &effort) && journal_has_done(j, &other.problem, &effort));
    cr_assert_eq(effort.points, 7);
    journal_close(j);
}

Test(journal, other_sources_are_other_kernels) {
    const char *const path = scratch_place("journal.jsonl");
    char text[512];
    snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"of before\"}\n%s", done_line);
    journal_write(path, text);
    const struct contender c = contender_of(variant_find("copy_scalar"), small);
    struct journal *const j = journal_make(path, true, false);
    cr_assert(!journal_has_done(j, &c.problem, &(struct effort){0}));
    journal_close(j);
}

Test(journal, damage_is_refused) {
    static const char *const bad[] = {"{\"event\":1}", "{\"event\":\"won\"}", "{", "[]",
                                      "{\"event\":\"done\",\"problem\":{\"op\":\"copy\"}}"};
    const char *const path = scratch_place("journal.jsonl");
    char text[512], expected[160];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {""};
        snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n%s\n",
                 registry_sources_hash(), bad[i]);
        journal_write(path, text);
        cr_assert(!journal_open(path, &(struct journal_options){.resume = true}, &err));
        snprintf(expected, sizeof expected, "%s: line 2 is damaged", path);
        cr_expect(strstr(err.text, expected) == err.text && strstr(err.text, "move the file away"), "%s",
                  err.text);
    }
}

Test(journal, one_tuner_at_a_time) {
    const char *const path = scratch_place("journal.jsonl");
    struct error err = {""};
    struct journal *const j = journal_make(path, false, false);
    cr_assert(!journal_open(path, &(struct journal_options){.resume = true}, &err));
    cr_expect(strstr(err.text, "another katune tune is writing there"), "%s", err.text);
    journal_close(j);
    journal_close(journal_make(path, true, false));
}
