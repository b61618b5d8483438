/* CUPTI without a GPU: every set of metrics on every chip that it knows. Durations and counters themselves
 * need one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "cupti.h"

/* Chips whose memory counters CUPTI does not have: integrated ones, without device memory of their own. */
static bool integrated(const char *chip) {
    static const char *const names[] = {"GA10B", "GB10B", "GB20B"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(chip, names[i]) == 0) return true;
    return false;
}

static struct cupti *open_or_skip(void) {
    struct error err;
    struct cupti *const c = cupti_open(&err);
    if (!c) cr_skip_test("%s", err.text);
    return c;
}

Test(cupti, says_its_version) {
    struct cupti *const c = open_or_skip();
    char version[16], rest;
    int major, minor;
    cupti_version(c, version);
    cr_assert_eq(sscanf(version, "%d.%d%c", &major, &minor, &rest), 2, "%s", version);
    cr_assert_geq(major, 12);
    cupti_close(c);
}

Test(cupti, every_set_on_every_chip) {
    struct cupti *const c = open_or_skip();
    int chips = 0, unknown = 0;
    for (const char *chip; (chip = cupti_chip_at(c, chips)); chips++) {
        struct cupti_plan plan;
        struct error err;
        if (strcmp(chip, "GV11B") ==
            0) { /* listed, and refused by CUPTI itself: a line, not another chip's counters */
            cr_assert(!cupti_plan_make(c, chip, METRICS_ALL, &plan, &err));
            cr_assert_not_null(strstr(err.text, chip));
            unknown++;
            continue;
        }
        printf("%-6s passes:", chip);
        for (int s = 0; metric_set_name(s); s++) {
            cr_assert(cupti_plan_make(c, chip, 1u << s, &plan, &err), "%s %s: %s", chip, metric_set_name(s),
                      err.text);
            cr_assert_gt(plan.passes, 0);
            cr_assert_leq(plan.passes, 12, "%s %s takes %d passes", chip, metric_set_name(s), plan.passes);
            printf("  %s %d", metric_set_name(s), plan.passes);
            for (int i = 0; i < plan.absent_count; i++) {
                printf(" (no %s)", plan.absent[i]->name);
                cr_assert(integrated(chip) && strncmp(plan.absent[i]->name, "dram_", 5) == 0, "%s lacks %s",
                          chip, plan.absent[i]->name);
            }
            cupti_plan_free(c, &plan);
        }
        putchar('\n');
    }
    cr_assert_geq(chips - unknown, 29);
    cupti_close(c);
}

Test(cupti, an_unknown_chip_is_an_error) {
    struct cupti *const c = open_or_skip();
    struct cupti_plan plan;
    struct error err;
    cr_assert(!cupti_plan_make(c, "GZ999", METRICS_ALL, &plan, &err));
    cr_assert_not_null(strstr(err.text, "GZ999"));
    cr_assert_not_null(strstr(err.text, "does not know the chip"));
    cupti_close(c);
}

/* The sequence on a device begins with what needs a driver: here it must end in one line, with nothing
 * counted. */
Test(cupti, no_driver_is_one_line) {
    struct cupti *const c = open_or_skip();
    struct counter list[COUNTERS_MAX];
    struct error err = {""};
    int count = 7;
    cr_assert(!cupti_count(c, NULL, 0, METRICS_MEMORY, NULL, NULL, list, COUNTERS_MAX, &count, &err),
              "counted without a context");
    cr_assert_eq(count, 0);
    cr_assert_eq(strncmp(err.text, "counters: ", 10), 0, "%s", err.text);
    cr_assert_null(strchr(err.text, '\n'));
    cupti_close(c);
}

Test(cupti, a_missing_library_says_how_to_get_it) {
    if (!cupti_built()) cr_skip_test("built without CUPTI");
#ifdef KATUNE_SANITIZED
    cr_skip_test("no CUPTI with sanitizers");
#endif
    setenv("KATUNE_CUDA_HOME", "/nonexistent", 1);
    struct error err;
    cr_assert_null(cupti_open(&err));
    cr_assert_not_null(strstr(err.text, "KATUNE_CUDA_HOME"), "%s", err.text);
}

Test(cupti, refusals_are_explained) {
    cr_assert_not_null(strstr(cupti_refusal(35), "ERR_NVGPUCTRPERM"));
    cr_assert_not_null(strstr(cupti_refusal(39), "another profiler"));
    cr_assert_not_null(strstr(cupti_refusal(43), "MIG"));
    cr_assert_not_null(strstr(cupti_refusal(45), "WSL"));
    cr_assert_str_empty(cupti_refusal(0));
}

Test(metric, names_and_sets) {
    for (int i = 0; i < metric_count(); i++) {
        const struct metric *const m = metric_at(i);
        cr_assert_eq(metric_find(m->name), m, "%s is twice in the table", m->name);
        cr_assert_lt(strlen(m->name), sizeof((struct counter *)0)->name);
        cr_assert_neq(m->sets, 0);
    }
    unsigned sets;
    struct error err;
    cr_assert(metric_sets_parse("memory,stalls", &sets, &err));
    cr_assert_eq(sets, METRICS_MEMORY | METRICS_STALLS);
    cr_assert(metric_sets_parse("all", &sets, &err));
    cr_assert_eq(sets, METRICS_ALL);
    cr_assert(!metric_sets_parse("memory,", &sets, &err));
    cr_assert(!metric_sets_parse("cache", &sets, &err));
    cr_assert_not_null(strstr(err.text, "occupancy"));
}
