/* katune table export and merge: what they write, what goes before what, and what they refuse. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "record.h"
#include "table.h"

struct row {
    const char *key;
    int block;
    enum table_source source;
    double us;
};

/* A table of rational_bwd_scalar entries; the first says why it won. */
static const char *table_of(const char *name, const char *fingerprint, const char *date,
                            const struct row *rows, int count) {
    struct table t;
    struct error err = {""};
    const char *const path = scratch_place(name);
    table_init(&t);
    t.device = (struct device_info){
        .name = "A CPU, with \"quotes\"", .backend = "cpu", .arch = "scalar", .units = 2};
    snprintf(t.device.fingerprint, sizeof t.device.fingerprint, "%s", fingerprint);
    snprintf(t.environment.date, sizeof t.environment.date, "%s", date);
    snprintf(t.environment.compiler, sizeof t.environment.compiler, "of %s", name);
    for (int i = 0; i < count; i++) {
        struct table_entry e = {.source = rows[i].source,
                                .time_us = {rows[i].us, rows[i].us / 2, rows[i].us * 2, 20}};
        cr_assert(problem_parse(rows[i].key, &e.problem, &err), "%s", err.text);
        e.choice.variant = variant_find("rational_bwd_scalar");
        e.choice.point = point_at(e.choice.variant, 0);
        e.choice.point.value[param_find(e.choice.variant, "BLOCK")] = rows[i].block;
        const struct variant *const second = variant_find("rational_bwd_avx2");
        struct why why = {.sentence = "So it is."};
        why.role[WHY_WINNER] = (struct evidence){.variant = e.choice.variant, .bound = "memory", .busy = 1};
        why.role[WHY_RUNNER_UP] = (struct evidence){
            .variant = second, .point = point_at(second, 0), .time_us = 3 * rows[i].us, .bound = "issue"};
        if (i == 0) e.why = &why;
        cr_assert(table_put(&t, &e));
    }
    cr_assert(table_write(&t, path, &err), "%s", err.text);
    table_free(&t);
    return path;
}

static const struct row two[] = {{"rational_bwd f32 rows=10 channels=64", 8, SOURCE_MEASURED, 4},
                                 {"rational_bwd bf16 rows=20 channels=64 form=B", 32, SOURCE_MODELED, 2}};

static struct outcome run(const char *format, const char *a, const char *b, const char *c) {
    char arguments[2048];
    snprintf(arguments, sizeof arguments, format, a, b, c);
    return program_run(arguments);
}

static char *text_of(const char *path) {
    struct error err = {""};
    size_t size;
    char *const text = file_read(path, &size, &err);
    cr_assert(text, "%s", err.text);
    return text;
}

static const struct space_value *value_of(const struct record *r, int64_t row, const char *name) {
    const int p = space_param_find(r->space, name);
    cr_assert(p >= 0, "%s", name);
    return &space_param_at(r->space, p)->values[r->rows[row].config.at[p]];
}

/* Winners and the runner-up come back from every format with their times, problems and points. */
Test(table_export, every_format_holds_the_table) {
    static const char *const formats[] = {"kernel-tuner", "t4", "gbench", "csv"};
    const char *const table = table_of("t.json", "a/2", "2026-01-02T03:04:05Z", two, 2);
    for (int i = 0; i < 4; i++) {
        struct record r;
        struct error err = {""};
        const char *const path = scratch_place(formats[i]);
        const struct outcome o = run("table export %s --format %s -o %s", table, formats[i], path);
        cr_assert_eq(o.code, 0, "%s", o.err);
        cr_assert_str_eq(o.out, "");
        char *const text = text_of(path);
        const struct outcome shown = run("table export --format %s %s%s", formats[i], table, "");
        cr_assert_eq(shown.code, 0, "%s", shown.err);
        cr_assert_str_eq(shown.out, text);
        free(text);
        cr_assert(record_read(&r, path, &err), "%s: %s", formats[i], err.text);
        cr_assert_eq(r.count, 3, "%s", formats[i]);
        const int64_t best = record_best(&r);
        cr_assert_float_eq(r.rows[best].seconds, 2e-6, 1e-12);
        cr_assert_str_eq(r.device, "A CPU, with \"quotes\"");
        cr_assert_eq(value_of(&r, best, "rows")->number, 20);
        cr_assert_eq(value_of(&r, best, "BLOCK")->number, 32);
        cr_assert_str_eq(value_of(&r, best, "dtype")->text, "bf16");
        cr_assert_str_eq(value_of(&r, best, "form")->text, "B");
        cr_assert_str_eq(value_of(&r, best, "source")->text, "modeled");
        int others = 0;
        for (int j = 0; j < 3; j++)
            others += strcmp(value_of(&r, j, "variant")->text, "rational_bwd_avx2") == 0 &&
                      r.rows[j].seconds > 11.9e-6;
        cr_assert_eq(others, 1, "%s", formats[i]);
        record_free(&r);
    }
}

static void refused(const char *text, const char *format, const char *a, const char *b, const char *c) {
    char arguments[2048];
    snprintf(arguments, sizeof arguments, format, a, b, c);
    program_refused(arguments, text);
}

Test(table_export, refusals) {
    const char *const table = table_of("t.json", "a/2", "2026", two, 2),
                      *const empty = table_of("e.json", "a/2", "2026", two, 0),
                      *const out = scratch_place("exported");
    struct error err;
    const char *const bad = scratch_place("bad.json");
    cr_assert(file_write(bad, "{}", 2, &err));
    refused("--format is missing: use kernel-tuner, t4, gbench or csv", "table export %s%s%s", table, "", "");
    refused("--format is xml: use", "table export %s --format xml%s%s", table, "", "");
    refused("--format needs a value", "table export %s --format%s%s", table, "", "");
    refused("--format is there twice", "table export %s --format csv --format t4%s%s", table, "", "");
    refused("-o is there twice", "table export %s --format csv -o %s -o %s", table, out, out);
    refused("-o needs a value", "table export %s --format csv -o%s%s", table, "", "");
    refused("--out: unknown option", "table export %s --format csv --out %s%s", table, out, "");
    refused("export takes one file, not 2", "table export %s %s --format csv -o %s", table, table, out);
    refused("export takes one file, not 0", "table export --format csv -o %s%s%s", out, "", "");
    refused("e.json: the table has no entries", "table export %s --format csv -o %s%s", empty, out, "");
    refused("bad.json: schema is missing", "table export %s --format csv -o %s%s", bad, out, "");
    refused("nothing.json: No such file", "table export %s --format csv -o %s%s",
            scratch_place("nothing.json"), out, "");
    refused("cannot write in its folder", "table export %s --format csv -o %s/no/such%s", table,
            scratch_folder(), "");
    refused("no regular file", "table export %s --format csv -o %s%s", table, scratch_folder(), "");
    cr_assert_neq(access(out, F_OK), 0, "something was written");
}

/* What standard output does not take is an error. */
Test(table_export, a_full_disk_is_told) {
    char command[1024];
    snprintf(command, sizeof command, "'%s' table export %s --format csv >/dev/full 2>%s", KATUNE_PROGRAM,
             table_of("t.json", "a/2", "2026", two, 2), scratch_place("told"));
    const int status = system(command);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    char *const text = text_of(scratch_place("told"));
    cr_assert_str_eq(text, "katune: standard output was not written whole: is there room where it goes?\n");
    free(text);
}

static const struct table_entry *entry_of(const struct table *t, const char *key) {
    struct problem p;
    struct error err = {""};
    cr_assert(problem_parse(key, &p, &err), "%s", err.text);
    return table_find(t, &p);
}

static int block_of(const struct table_entry *e) {
    cr_assert(e);
    return e->choice.point.value[param_find(e->choice.variant, "BLOCK")];
}

static void read_into(struct table *t, const char *path) {
    struct error err = {""};
    cr_assert(table_read(t, path, &err), "%s", err.text);
}

#define A "rational_bwd f32 rows=10 channels=64"
#define B "rational_bwd f32 rows=20 channels=64"
#define C "rational_bwd f32 rows=30 channels=64"
#define D "rational_bwd f32 rows=40 channels=64"

/* The same result whichever comes first. */
Test(table_merge, measured_goes_before_modeled_then_the_later_date) {
    static const struct row older[] = {{A, 8, SOURCE_MEASURED, 1},
                                       {B, 8, SOURCE_MEASURED, 1},
                                       {C, 8, SOURCE_MODELED, 1}},
                            later[] = {{A, 32, SOURCE_MODELED, 9},
                                       {B, 32, SOURCE_MEASURED, 9},
                                       {C, 32, SOURCE_MODELED, 9},
                                       {D, 32, SOURCE_MODELED, 9}};
    const char *const a = table_of("a.json", "a/2", "2026-01-02T00:00:00Z", older, 3),
                      *const b = table_of("b.json", "a/2", "2026-01-03T00:00:00Z", later, 4),
                      *const out = scratch_place("out.json");
    for (int order = 0; order < 2; order++) {
        struct table t;
        const struct outcome o = run("table merge %s %s -o %s", order ? b : a, order ? a : b, out);
        cr_assert_eq(o.code, 0, "%s", o.err);
        read_into(&t, out);
        cr_assert_eq(t.count, 4);
        cr_assert_eq(block_of(entry_of(&t, A)), 8);
        cr_assert_not_null(entry_of(&t, A)->why);
        cr_assert_eq(block_of(entry_of(&t, B)), 32);
        cr_assert_eq(block_of(entry_of(&t, C)), 32);
        cr_assert_eq(block_of(entry_of(&t, D)), 32);
        cr_assert_str_eq(t.environment.compiler, "of b.json");
        cr_assert(strstr(o.out, "rows=10 channels=64 groups=8 form=A m=5 n=4 num_groups=1 den_groups=8: "
                                "rational_bwd_scalar "),
                  "%s", o.out);
        char line[600];
        snprintf(line, sizeof line,
                 " of %s (measured, 2026-01-02T00:00:00Z) goes before rational_bwd_scalar ", a);
        cr_assert(strstr(o.out, line), "%s", o.out);
        snprintf(line, sizeof line, "\n%s: 4 entries of 2 tables, 3 conflicts\n", out);
        cr_assert(strstr(o.out, line), "%s", o.out);
        table_free(&t);
    }
}

/* Of tables of one date the first given counts; the same choice is no conflict; the output may be an input.
 */
Test(table_merge, equal_dates_and_equal_choices) {
    static const struct row one[] = {{A, 8, SOURCE_MEASURED, 1}, {B, 8, SOURCE_MEASURED, 1}},
                            other[] = {{A, 32, SOURCE_MEASURED, 2}, {B, 8, SOURCE_MEASURED, 2}};
    const char *const a = table_of("a.json", "a/2", "2026", one, 2), *const b = table_of("b.json", "a/2",
                                                                                         "2026", other, 2);
    struct table t;
    const struct outcome o = run("table merge %s %s -o %s", b, a, a);
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_assert(strstr(o.out, "2 entries of 2 tables, 1 conflicts\n"), "%s", o.out);
    read_into(&t, a);
    cr_assert_eq(block_of(entry_of(&t, A)), 32);
    cr_assert_eq(entry_of(&t, B)->time_us.median, 2);
    table_free(&t);
}

Test(table_merge, refusals) {
    const char *const a = table_of("a.json", "a/2", "2026", two, 2),
                      *const other = table_of("b.json", "b/2", "2026", two, 2),
                      *const out = scratch_place("out.json"), *const bad = scratch_place("bad.json");
    struct error err;
    cr_assert(file_write(bad, "[", 1, &err));
    refused("tables of different devices cannot be merged: A CPU, with \"quotes\" (a/2) and A CPU, with "
            "\"quotes\" (b/2)",
            "table merge %s %s -o %s", a, other, out);
    refused("merge needs -o OUT", "table merge %s %s%s", a, a, "");
    refused("merge needs tables", "table merge -o %s%s%s", out, "", "");
    refused("--format goes with export", "table merge %s --format csv -o %s%s", a, out, "");
    refused("bad.json: line 1: not JSON", "table merge %s %s -o %s", a, bad, out);
    refused("nothing.json: No such file", "table merge %s %s -o %s", scratch_place("nothing.json"), a, out);
    refused("--force: unknown option", "table merge %s --force -o %s%s", a, out, "");
    cr_assert_neq(access(out, F_OK), 0, "something was written");
    refused("cannot write in its folder", "table merge %s -o %s/no/such%s", a, scratch_folder(), "");
    refused("say show, check, export or merge", "table join %s%s%s", a, "", "");
    refused("say show, check, export or merge", "table merge%s%s%s", "", "", "");
}
