/* Sets of timings: reading them, pairing cases up, verdicts, exit codes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare_sets.h"

/* A document of results whose cases are the given texts of JSON. */
static struct timings parsed(const char *cases) {
    static const char form[] =
        "{\"schema\":\"katune-results/"
        "1\",\"command\":\"bench\",\"device\":{\"name\":\"d\",\"fingerprint\":\"f\"},"
        "\"environment\":{\"katune\":\"1\",\"date\":\"now\",\"sources_hash\":\"h\"},\"results\":[%s]}";
    char text[8192];
    struct timings t;
    struct error err = {""};
    cr_assert(snprintf(text, sizeof text, form, cases) < (int)sizeof text);
    cJSON *const o = cJSON_Parse(text);
    cr_assert(o && timings_parse(&t, o, &err), "%s: %s", err.text, text);
    cJSON_Delete(o);
    return t;
}

/* One case: rows tell cases apart, `rest` holds what follows the check. */
static const char *case_text(int rows, const char *status, const char *rest) {
    static char texts[8][1600];
    static int next;
    char *const text = texts[next++ % 8];
    snprintf(text, sizeof texts[0],
             "{\"problem\":{\"op\":\"copy\",\"dtype\":\"f32\",\"rows\":%d,\"channels\":4},\"variant\":\"copy_"
             "scalar\","
             "\"params\":{\"THREADS\":1},\"distribution\":\"normal\",\"check\":{\"status\":\"%s\"}%s}",
             rows, status, rest);
    return text;
}

/* Launches around `middle`, a spread of one part in a thousand. */
static const char *launches_text(double middle, int count) {
    static char texts[4][1200];
    static int next;
    char *const text = texts[next++ % 4];
    int used = snprintf(text, 1200,
                        ",\"cold\":true,\"time_us\":{\"median\":%g,\"lo\":%g,\"hi\":%g},\"launches_us\":[",
                        middle, middle, middle);
    for (int i = 0; i < count; i++)
        used += snprintf(text + used, 1200 - (size_t)used, "%s%.9g", i ? "," : "",
                         middle * (1 + 1e-3 * ((i * 7 % count) / (double)count - 0.5)));
    snprintf(text + used, 1200 - (size_t)used, "]");
    return text;
}

static struct comparison compared(const struct timings *a, const struct timings *b, bool in_turns) {
    struct comparison c;
    struct error err = {""};
    cr_assert(comparison_make(&c, a, b, &(struct compare_options){in_turns, compare_delta}, &err), "%s",
              err.text);
    return c;
}

/* One case on both sides; the verdict's name. */
static const char *verdict(const char *a, const char *b, bool in_turns, int exit_code) {
    struct timings x = parsed(a), y = parsed(b);
    struct comparison c = compared(&x, &y, in_turns);
    cr_assert_eq(c.count, 1);
    const char *const name = compared_name(&c.list[0]);
    cr_expect_eq(comparison_exit(&c), exit_code, "%s: %d", name, comparison_exit(&c));
    comparison_free(&c);
    timings_free(&x);
    timings_free(&y);
    return name;
}

Test(compare_sets, launches_and_rounds) {
    const char *const base = case_text(1, "passed", launches_text(100, 12));
    for (int in_turns = 0; in_turns < 2; in_turns++) {
        cr_expect_str_eq(verdict(base, base, in_turns, 0), "same");
        cr_expect_str_eq(verdict(base, case_text(1, "passed", launches_text(103, 12)), in_turns, 1),
                         "slower");
        cr_expect_str_eq(verdict(base, case_text(1, "passed", launches_text(97, 12)), in_turns, 0), "faster");
    }
}

Test(compare_sets, few_launches_need_a_large_difference) {
    const char *const base = case_text(1, "passed", launches_text(100, 4));
    cr_expect_str_eq(verdict(base, case_text(1, "passed", launches_text(103, 4)), false, 0), "same");
    cr_expect_str_eq(verdict(base, case_text(1, "passed", launches_text(120, 4)), false, 1), "slower");
    cr_expect_str_eq(
        verdict(base,
                case_text(1, "passed", ",\"cold\":true,\"time_us\":{\"median\":104,\"lo\":98,\"hi\":110}"),
                false, 3),
        "inconclusive");
}

Test(compare_sets, nothing_is_dropped) {
    char both[4096];
    snprintf(both, sizeof both, "%s,%s", case_text(1, "passed", launches_text(100, 8)),
             case_text(2, "passed", launches_text(100, 8)));
    struct timings two = parsed(both), one = parsed(case_text(2, "passed", launches_text(100, 8)));
    struct comparison c = compared(&two, &one, false);
    cr_expect(c.states[CASE_MISSING] == 1 && c.states[CASE_COMPARED] == 1 && c.changes[CHANGE_SAME] == 1);
    cr_expect_eq(comparison_exit(&c), 3);
    comparison_free(&c);
    c = compared(&one, &two, false);
    cr_expect(c.states[CASE_ADDED] == 1 && comparison_exit(&c) == 0);
    comparison_free(&c);
    timings_free(&two);
    timings_free(&one);
    struct timings none = parsed("");
    c = compared(&none, &none, false);
    cr_expect_eq(comparison_exit(&c), 3, "nothing compared is not fine");
    comparison_free(&c);
    timings_free(&none);
}

Test(compare_sets, failures) {
    const char *const fine = case_text(1, "passed", launches_text(100, 8)), *const bad =
                                                                                case_text(1, "failed", "");
    cr_expect_str_eq(verdict(fine, bad, false, 1), "failed");
    cr_expect_str_eq(verdict(bad, fine, false, 3), "failed");
    cr_expect_str_eq(verdict(bad, bad, false, 3), "failed");
}

/* A case that fails, or is not there, in one launch of many has failed. */
Test(compare_sets, launches_collect) {
    const char *const time = ",\"cold\":true,\"time_us\":{\"median\":10,\"lo\":9,\"hi\":11}";
    char both[4096];
    snprintf(both, sizeof both, "%s,%s", case_text(1, "passed", time), case_text(2, "passed", time));
    struct timings all = parsed(both), second = parsed(both), third = parsed(case_text(1, "passed", time)),
                   fourth = parsed(case_text(1, "failed", ""));
    cr_assert(timings_add_launch(&all, &second, 2));
    cr_expect(all.list[0].launch_count == 2 && all.list[0].median == 10 && !*all.list[0].failure);
    cr_assert(timings_add_launch(&all, &third, 3));
    cr_expect(!*all.list[0].failure);
    cr_expect_str_eq(all.list[1].failure, "not in launch 3");
    cr_assert(timings_add_launch(&all, &fourth, 4));
    cr_expect_str_eq(all.list[0].failure, "in launch 4: failed its check: no reason");
    timings_free(&all);
    timings_free(&second);
    timings_free(&third);
    timings_free(&fourth);
}

/* Of a virtual device every counter is exact: one instruction more is a regression, whatever the times. */
Test(compare_sets, counters_are_exact) {
    static const char form[] =
        ",\"source\":\"modeled\",\"time_us\":{\"median\":10,\"lo\":10,\"hi\":10},"
        "\"counters\":{\"instructions\":%d,\"dram_bytes\":%d,\"blocks\":%d,\"bound\":\"dram\"}";
    static const struct {
        int instructions, bytes, blocks, exit_code;
        const char *verdict;
    } rows[] = {{1000, 64, 8, 0, "same"},
                {1001, 64, 8, 1, "slower"},
                {999, 64, 8, 0, "faster"},
                {999, 65, 8, 1, "slower"},
                {1000, 64, 9, 3, "inconclusive"}};
    char a[400], b[400];
    snprintf(a, sizeof a, form, 1000, 64, 8);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(b, sizeof b, form, rows[i].instructions, rows[i].bytes, rows[i].blocks);
        cr_expect_str_eq(
            verdict(case_text(1, "passed", a), case_text(1, "passed", b), false, rows[i].exit_code),
            rows[i].verdict, "row %zu", i);
    }
    struct timings x = parsed(case_text(1, "passed", a)),
                   y = parsed(case_text(1, "passed", launches_text(9, 8)));
    struct comparison c;
    struct error err = {""};
    cr_expect(!comparison_make(&c, &x, &y, &(struct compare_options){false, 0.005}, &err));
    cr_expect_str_eq(err.text, "modeled times are not compared with measured ones");
    timings_free(&x);
    timings_free(&y);
}

Test(compare_sets, damaged_documents) {
    static const char *const bad[][2] = {
        {"1", "results[0] is no object"},
        {"{}", "results[0].problem is missing"},
        {"{\"problem\":{\"op\":\"copy\"}}", "results[0].problem.dtype is missing"},
        {"{\"problem\":{\"op\":\"copy\",\"dtype\":\"f32\",\"rows\":[1]}}", "something that is no attribute"},
    };
    static const char *const rests[][2] = {
        {"", "results[0].time_us is missing"},
        {",\"time_us\":{\"median\":1,\"lo\":2,\"hi\":3}", "0 < lo <= median <= hi does not hold"},
        {",\"time_us\":{\"median\":1,\"lo\":1,\"hi\":1},\"launches_us\":[1,-1]", "launches_us[1] is no time"},
        {",\"time_us\":{\"median\":1,\"lo\":1,\"hi\":1},\"launches_us\":[]", "launches_us is empty"},
        {",\"time_us\":{\"median\":1,\"lo\":1,\"hi\":1},\"counters\":3", "counters is no object"},
    };
    static const char head[] =
        "{\"schema\":\"katune-results/"
        "1\",\"command\":\"bench\",\"device\":{\"name\":\"d\",\"fingerprint\":\"f\"},"
        "\"environment\":{\"katune\":\"1\",\"date\":\"now\",\"sources_hash\":\"h\"},\"results\":[%s]}";
    for (size_t i = 0; i < sizeof bad / sizeof *bad + sizeof rests / sizeof *rests; i++) {
        const bool rest = i >= sizeof bad / sizeof *bad;
        const size_t j = rest ? i - sizeof bad / sizeof *bad : i;
        char text[4096];
        struct timings t;
        struct error err = {""};
        snprintf(text, sizeof text, head, rest ? case_text(1, "passed", rests[j][0]) : bad[j][0]);
        cJSON *const o = cJSON_Parse(text);
        cr_assert(o, "%s", text);
        cr_expect(!timings_parse(&t, o, &err) && t.count == 0 && !t.list);
        cr_expect(strstr(err.text, rest ? rests[j][1] : bad[j][1]), "%s", err.text);
        cJSON_Delete(o);
    }
}
