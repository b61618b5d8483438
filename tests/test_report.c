/* katune report: what it says of tables, what it draws, and what it refuses. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "table.h"

struct row {
    const char *key, *variant;
    double us;
};

static const struct row rows[] = {{"rational_fwd f32 rows=10 channels=64", "rational_fwd_scalar", 4},
                                  {"rational_fwd f32 rows=1000 channels=64", "rational_fwd_scalar", 80},
                                  {"bspline_fwd f32 rows=10 channels=64", "bspline_fwd_scalar", 10},
                                  {"gelu_fwd bf16 rows=10 channels=64", "gelu_fwd_scalar", 2}};
enum { ROWS = sizeof rows / sizeof *rows };

/* A table of some of the rows, of which the first has a reason. */
static const char *table_of(const char *name, const char *device, int first, int count,
                            enum table_source source) {
    struct table t;
    struct error err = {""};
    const char *const path = scratch_place(name);
    table_init(&t);
    t.device = (struct device_info){.backend = "cpu", .arch = "scalar", .units = 2};
    snprintf(t.device.name, sizeof t.device.name, "%s", device);
    snprintf(t.device.fingerprint, sizeof t.device.fingerprint, "%s/2", device);
    snprintf(t.environment.date, sizeof t.environment.date, "2026-01-02T03:04:05Z");
    t.bandwidth_gbs = 25;
    for (int i = first; i < first + count; i++) {
        struct table_entry e = {.source = source,
                                .time_us = {rows[i].us, rows[i].us, rows[i].us, 20},
                                .roofline = {"memory", 0.5}};
        struct why why = {.sentence = "It moves | less."};
        cr_assert(problem_parse(rows[i].key, &e.problem, &err), "%s", err.text);
        e.choice.variant = variant_find(rows[i].variant);
        e.choice.point = point_at(e.choice.variant, 0);
        e.fallback.time_us = 3 * rows[i].us;
        snprintf(e.fallback.variant, sizeof e.fallback.variant, "%s", rows[i].variant);
        why.role[WHY_WINNER] = (struct evidence){.variant = e.choice.variant, .bound = "memory", .busy = 1};
        if (i == first) e.why = &why;
        cr_assert(table_put(&t, &e));
    }
    cr_assert(table_write(&t, path, &err), "%s", err.text);
    table_free(&t);
    return path;
}

static bool has_gnuplot(void) {
    return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

static char *text_of(const char *path) {
    size_t size;
    struct error err;
    char *const text = file_read(path, &size, &err);
    cr_assert_not_null(text, "%s", err.text);
    return text;
}

static struct outcome report_run(const char *prefix, const char *a, const char *b, const char *out) {
    char arguments[900];
    snprintf(arguments, sizeof arguments, "report %s %s -o %s", a, b, out);
    return program_run_with(prefix, arguments);
}

Test(report, says_what_tables_hold) {
    const char *const a = table_of("a.json", "One `CPU`", 0, ROWS, SOURCE_MEASURED),
                      *const b = table_of("b.json", "Another", 1, 2, SOURCE_MODELED),
                      *const out = scratch_place("r.md");
    const struct outcome o = report_run("", a, b, out);
    cr_assert_eq(o.code, 0, "%s", o.err);
    char *const text = text_of(out);
    static const char *const lines[] = {
        "\n## One \\`CPU\\`\n\nscalar, copy 25.0 GB/s, 4 problems, measured, tuned 2026-01-02T03:04:05Z",
        "\n## Another\n\nscalar, copy 25.0 GB/s, 2 problems, modeled, ",
        "\n| rational_fwd | f32 | 10x64 | 4.0 us | 50% memory | 3.00 | `rational_fwd_scalar",
        "\n| forward | f32 | 10x64 | 4.0 us | 10.0 us | 2.50 |\n",
        "\n| rational_fwd | f32 | 10x64 | It moves \\| less. |\n",
        "\n## Side by side\n\n| operation | | shape | One \\`CPU\\` | Another |\n|---|---|---|---:|---:|\n"
        "| rational_fwd | f32 | 1000x64 | 80.0 us | 80.0 us modeled |\n"
        "| bspline_fwd | f32 | 10x64 | 10.0 us | 10.0 us modeled |\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(strstr(text, lines[i]), "%s\n  is not in\n%s", lines[i], text);
    free(text);
}

/* Nothing of a device's name is run or ends a text: gnuplot replaces backquotes between double quotes. */
Test(report, draws_a_chart) {
    if (!has_gnuplot()) cr_skip_test("gnuplot is not here");
    const char *const a = table_of("a.json", "It's `touch /x` \"here\"", 0, ROWS, SOURCE_MEASURED),
                      *const b = table_of("b.json", "Another", 1, 2, SOURCE_MODELED),
                      *const out = scratch_place("r.md");
    const struct outcome o = report_run("", a, b, out);
    cr_assert(o.code == 0 && !*o.err, "%s", o.err);
    char *const text = text_of(out), *const svg = text_of(scratch_place("r.svg"));
    cr_expect(strstr(text, "](r.svg)\n"), "%s", text);
    cr_expect(strstr(svg, "<svg") && strstr(svg, "</svg>"), "%s", svg);
    static const char *const words[] = {"It&#39;s `touch /x` &quot;here&quot;", "It's `touch /x` \"here\""};
    cr_expect(strstr(svg, words[0]) || strstr(svg, words[1]), "%s", svg);
    cr_expect(strstr(svg, "rational_fwd f32") && strstr(svg, "gelu_fwd bf16") && strstr(svg, "Another") &&
                  strstr(svg, ">copy<"),
              "%s", svg);
    free(text);
    free(svg);
}

Test(report, goes_on_without_gnuplot) {
    const char *const a = table_of("a.json", "A CPU", 0, ROWS, SOURCE_MEASURED), *const out =
                                                                                     scratch_place("r.md");
    struct outcome o = report_run("env PATH=/nowhere", a, "", out);
    cr_assert_eq(o.code, 0);
    cr_expect_str_eq(o.err, "katune report: no chart: gnuplot was not found: install gnuplot-nox\n");
    char *text = text_of(out);
    cr_expect(!strstr(text, "!["), "%s", text);
    cr_expect_neq(access(scratch_place("r.svg"), F_OK), 0);
    free(text);
    /* one that only complains */
    char command[600];
    snprintf(command, sizeof command,
             "mkdir %s/bin && printf '#!/bin/sh\\necho no terminal >&2\\nexit 1\\n' >%s/bin/gnuplot && "
             "chmod +x %s/bin/gnuplot",
             scratch_folder(), scratch_folder(), scratch_folder());
    cr_assert_eq(system(command), 0);
    snprintf(command, sizeof command, "env PATH=%s/bin", scratch_folder());
    o = report_run(command, a, "", out);
    cr_assert_eq(o.code, 0);
    cr_expect_str_eq(o.err, "katune report: no chart: gnuplot: no terminal\n");
}

Test(report, refuses) {
    const char *const a = table_of("a.json", "A CPU", 0, ROWS, SOURCE_MEASURED);
    char arguments[600];
    program_refused("report", "say which tables");
    program_refused("report -o", "-o needs a value");
    program_refused("report --deep", "--deep: unknown option");
    snprintf(arguments, sizeof arguments, "report %s", a);
    program_refused(arguments, "-o is missing: say where to, a name that ends in .md");
    snprintf(arguments, sizeof arguments, "report %s -o %s/r.txt", a, scratch_folder());
    program_refused(arguments, "r.txt: say where to, a name that ends in .md");
    snprintf(arguments, sizeof arguments, "report %s -o /nowhere/r.md", a);
    program_refused(arguments, "/nowhere");
    snprintf(arguments, sizeof arguments, "report %s %s/none.json -o %s/r.md", a, scratch_folder(),
             scratch_folder());
    program_refused(arguments, "none.json");
    snprintf(arguments, sizeof arguments, "%s/r.md", scratch_folder());
    cr_expect_neq(access(arguments, F_OK), 0);
}
