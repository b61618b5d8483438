/* katune table: shows tuning tables, checks that they are valid, exports and merges them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "merge.h"
#include "record_table.h"
#include "summary.h"

static const char help[] =
    "usage: katune table show FILE ...\n"
    "       katune table check FILE ...\n"
    "       katune table export FILE --format kernel-tuner|t4|gbench|csv [-o OUT]\n"
    "       katune table merge FILE ... -o OUT\n"
    "\n"
    "show prints what each table holds and why each winner won; check only says whether it is valid.\n"
    "export writes the table for other tools, to standard output without -o. merge makes one table of\n"
    "several of one device: of a problem that several have, measured goes before modeled, then the\n"
    "table with the later date; it says where they do not agree. A table that is not valid is refused\n"
    "whole, with the file, the path inside it and the reason (exit code 2), and nothing is written.\n";

static int refuse(const struct error *err) {
    fprintf(stderr, "katune table: %s\n", err->text);
    return EXIT_USAGE;
}

/* What stands behind export and merge. */
struct arguments {
    char **files; /* argv's own, moved to its front */
    int file_count;
    const char *format, *out;
};

static bool arguments_parse(struct arguments *a, int argc, char **argv, struct error *err) {
    *a = (struct arguments){.files = argv};
    for (int i = 0; i < argc; i++) {
        const bool format = strcmp(argv[i], "--format") == 0;
        if (format || strcmp(argv[i], "-o") == 0) {
            const char **const value = format ? &a->format : &a->out;
            if (i + 1 == argc) return error_set(err, "%s needs a value", argv[i]);
            if (*value) return error_set(err, "%s is there twice", argv[i]);
            *value = argv[++i];
        } else if (argv[i][0] == '-') {
            return error_set(err, "%s: unknown option: see katune table --help", argv[i]);
        } else {
            a->files[a->file_count++] = argv[i];
        }
    }
    return true;
}

static int table_show(int argc, char **argv, bool whole) {
    int exit_code = EXIT_OK;
    for (int i = 0; i < argc; i++) {
        struct table t;
        struct error err;
        if (!table_read(&t, argv[i], &err)) {
            exit_code = refuse(&err);
            continue;
        }
        if (whole)
            summary_print(&t, true);
        else
            printf("%s: valid, %d entries\n", argv[i], t.count);
        table_free(&t);
    }
    return exit_code;
}

static int table_export(int argc, char **argv) {
    struct arguments a;
    struct error err;
    struct table t;
    struct record r;
    if (!arguments_parse(&a, argc, argv, &err)) return refuse(&err);
    const int format = a.format ? record_format_find(a.format) : -1;
    if (a.file_count != 1)
        error_set(&err, "export takes one file, not %d", a.file_count);
    else if (format < 0)
        error_set(&err, "--format is %s: use kernel-tuner, t4, gbench or csv",
                  a.format ? a.format : "missing");
    if (a.file_count != 1 || format < 0 || !table_read(&t, a.files[0], &err)) return refuse(&err);
    bool ok = record_of_table(&r, &t, &err) || error_prefix(&err, "%s", a.files[0]);
    if (ok) {
        ok = record_write(&r, format, a.out, &err);
        record_free(&r);
    }
    table_free(&t);
    return ok ? EXIT_OK : refuse(&err);
}

struct conflicts {
    char **files;
    const struct table *tables;
    int count;
};

static void conflict_print(void *context, const struct merge_conflict *c) {
    struct conflicts *const conflicts = context;
    const struct table_entry *const entries[] = {c->kept, c->dropped};
    const int from[] = {c->kept_from, c->dropped_from};
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX];
    problem_key(&c->kept->problem, key);
    printf("%s: ", key);
    for (int i = 0; i < 2; i++) {
        const struct table_entry *const e = entries[i];
        point_print(e->choice.variant, &e->choice.point, point);
        printf("%s%s%s%s of %s (%s, %s)", i ? " goes before " : "", e->choice.variant->name,
               *point ? " " : "", point, conflicts->files[from[i]],
               e->source == SOURCE_MEASURED ? "measured" : "modeled",
               conflicts->tables[from[i]].environment.date);
    }
    putchar('\n');
    conflicts->count++;
}

/* Reads every table before anything is written. */
static int tables_read(struct table *tables, const struct arguments *a, struct error *err) {
    int count = 0;
    while (count < a->file_count && table_read(&tables[count], a->files[count], err)) count++;
    return count;
}

static int table_merge(int argc, char **argv) {
    struct arguments a;
    struct error err;
    if (!arguments_parse(&a, argc, argv, &err)) return refuse(&err);
    if (a.format)
        error_set(&err, "--format goes with export");
    else if (!a.file_count)
        error_set(&err, "merge needs tables");
    else if (!a.out)
        error_set(&err, "merge needs -o OUT");
    if (a.format || !a.file_count || !a.out) return refuse(&err);
    struct table merged, *const tables = malloc((size_t)a.file_count * sizeof *tables);
    const int count = tables ? tables_read(tables, &a, &err) : 0;
    if (!tables) error_set(&err, "out of memory");
    struct conflicts conflicts = {a.files, tables, 0};
    bool ok = tables && count == a.file_count &&
              tables_merge(&merged, tables, count, conflict_print, &conflicts, &err);
    if (ok) {
        ok = table_write(&merged, a.out, &err);
        if (ok)
            printf("%s: %d entries of %d tables, %d conflicts\n", a.out, merged.count, count,
                   conflicts.count);
        table_free(&merged);
    }
    for (int i = 0; i < count; i++) table_free(&tables[i]);
    free(tables);
    return ok ? EXIT_OK : refuse(&err);
}

int cmd_table(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    const char *const verb = argc >= 3 ? argv[1] : "";
    if (strcmp(verb, "show") == 0 || strcmp(verb, "check") == 0)
        return table_show(argc - 2, argv + 2, verb[0] == 's');
    if (strcmp(verb, "export") == 0) return table_export(argc - 2, argv + 2);
    if (strcmp(verb, "merge") == 0) return table_merge(argc - 2, argv + 2);
    return refuse(
        &(struct error){"say show, check, export or merge, and which file: see katune table --help"});
}
