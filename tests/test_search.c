/* The search of a problem's best candidate, over a worker. */
#include <criterion/criterion.h>
#include <string.h>

#include "contenders.h"
#include "program.h"
#include "registry.h"
#include "search.h"

static struct device_info info_here(void) {
    struct error err = {""};
    struct device *const d = device_open("cpu", false, &err);
    cr_assert(d, "%s", err.text);
    const struct device_info info = *d->info(d);
    d->close(d);
    return info;
}

Test(search, finds_an_entry_whose_choice_is_accepted) {
    const struct device_info info = info_here();
    struct worker *const w = worker_make_on("cpu", NULL);
    const struct search s = {.worker = w, .device = &info, .seed = 1};
    const struct contender c =
        contender_of(variant_find("rational_bwd_scalar"), "rational_bwd f32 rows=20 channels=48");
    struct table_entry e;
    struct search_report report;
    struct error err = {""};
    cr_assert(search_problem(&s, &c.problem, 1, &e, &report, &err), "%s", err.text);
    cr_assert(!variant_reject(e.choice.variant, &c.problem, &e.choice.point, &info));
    cr_assert(problem_equal(&e.problem, &c.problem));
    cr_assert(e.time_us.median > 0 && e.time_us.lo <= e.time_us.median && e.time_us.median <= e.time_us.hi);
    cr_assert(e.roofline.fraction > 0 && *e.fallback.variant);
    cr_assert(report.tried > 0 && report.tried <= report.effort.points && report.failed == 0);
    worker_close(w);
}

Test(search, what_the_journal_says_failed_is_not_tried) {
    const char *const path = scratch_place("journal.jsonl");
    const struct device_info info = info_here();
    struct worker *const w = worker_make_on("cpu", NULL);
    struct error err = {""};
    struct journal *const j = journal_make(path, false, false);
    const struct contender c = contender_of(variant_find("copy_scalar"), "copy f32 rows=3 channels=50");
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t k = 0; v->op == COPY && strcmp(v->name, "copy_scalar") != 0 && k < point_count(v); k++) {
            const struct point pt = point_at(v, k);
            cr_assert(
                journal_failed(j, &(struct candidate){&c.problem, v, &pt}, CAUSE_WRONG, "said so", &err));
        }
    }
    const struct search s = {.worker = w, .journal = j, .device = &info, .seed = 1};
    struct table_entry e;
    struct search_report report;
    cr_assert(search_problem(&s, &c.problem, 0.5, &e, &report, &err), "%s", err.text);
    cr_assert_str_eq(e.choice.variant->name, "copy_scalar");
    journal_close(j);
    worker_close(w);
}

Test(search, the_fixed_rule_between_equals) {
    const struct device_info info = info_here();
    const struct variant *const v = variant_find("rational_bwd_scalar");
    const struct contender c = contender_of(v, "rational_bwd f32 rows=20 channels=48");
    struct table_choice usual = {v, {{0}}}, other;
    cr_assert(variant_default_point(v, &c.problem, &info, &usual.point, NULL));
    other = usual;
    other.point.value[param_find(v, "BLOCK")] = 8;
    cr_assert(search_prefer(&info, &c.problem, &usual, &other) < 0);
    cr_assert(search_prefer(&info, &c.problem, &other, &usual) > 0);
    cr_assert_eq(search_prefer(&info, &c.problem, &usual, &usual), 0);
}
