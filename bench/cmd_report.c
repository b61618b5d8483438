/* katune report: writes tuning tables as a report in Markdown, with a chart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "file.h"
#include "gnuplot.h"
#include "table_report.h"

static const char help[] =
    "usage: katune report FILE ... -o REPORT.md\n"
    "\n"
    "Writes what tuning tables hold: winners, why they won, rational against spline, and, of several "
    "tables,\n"
    "the times of the problems that more than one has side by side. gnuplot, if it is there, draws the\n"
    "winners' bytes per second into REPORT.svg. A table that is not valid is refused whole, with the file,\n"
    "the path inside it and the reason (exit code 2), and nothing is written.\n";

struct arguments {
    char **files; /* argv's own, moved to its front */
    int file_count;
    const char *out;
};

static bool arguments_parse(struct arguments *a, int argc, char **argv, struct error *err) {
    *a = (struct arguments){.files = argv};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0) {
            if (i + 1 == argc) return error_set(err, "-o needs a value");
            if (a->out) return error_set(err, "-o is there twice");
            a->out = argv[++i];
        } else if (argv[i][0] == '-') {
            return error_set(err, "%s: unknown option: see katune report --help", argv[i]);
        } else {
            a->files[a->file_count++] = argv[i];
        }
    }
    if (!a->file_count) return error_set(err, "say which tables: see katune report --help");
    const size_t length = a->out ? strlen(a->out) : 0;
    return (length > 3 && strcmp(a->out + length - 3, ".md") == 0) ||
           error_set(err, "-o is %s: say where to, a name that ends in .md", a->out ? a->out : "missing");
}

/* REPORT.svg of REPORT.md; the caller frees it. */
static char *chart_path(const char *out) {
    const size_t length = strlen(out) - strlen("md");
    char *const path = malloc(length + sizeof "svg");
    if (path) sprintf(path, "%.*ssvg", (int)length, out);
    return path;
}

/* What a function writes, as a text that the caller frees. */
static char *chart_script(const struct table *tables, int count) {
    char *text = NULL;
    size_t size;
    FILE *const to = open_memstream(&text, &size);
    if (!to) return NULL;
    table_report_chart(to, tables, count);
    return fclose(to) == 0 ? text : NULL;
}

/* 1: it is there; 0: gnuplot could not, which is said; -1: it cannot be written. */
static int chart_write(const struct table *tables, int count, const char *path, struct error *err) {
    struct error why;
    size_t size = 0;
    char *const script = chart_script(tables, count);
    char *const svg = script ? gnuplot_run(script, &size, &why) : NULL;
    if (!script) error_set(&why, "out of memory");
    if (!svg) fprintf(stderr, "katune report: no chart: %s\n", why.text);
    const int result = !svg ? 0 : file_write(path, svg, size, err) ? 1 : -1;
    free(script);
    free(svg);
    return result;
}

static bool report_write(const struct table *tables, int count, const char *out, struct error *err) {
    char *const svg = chart_path(out), *text = NULL;
    size_t size;
    if (!svg) return error_set(err, "out of memory");
    const int drawn = file_writable(out, err) ? chart_write(tables, count, svg, err) : -1;
    const char *const slash = strrchr(svg, '/');
    FILE *const to = drawn < 0 ? NULL : open_memstream(&text, &size);
    bool ok = to;
    if (to) {
        table_report_markdown(to, tables, count, drawn ? (slash ? slash + 1 : svg) : NULL);
        ok = fclose(to) == 0 ? file_write(out, text, size, err) : error_set(err, "out of memory");
    }
    if (ok)
        printf("%s%s%s: %d table%s\n", out, drawn ? " and " : "", drawn ? svg : "", count,
               count == 1 ? "" : "s");
    free(text);
    free(svg);
    return ok;
}

int cmd_report(int argc, char **argv) {
    struct arguments a;
    struct error err = {"out of memory"};
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    int count = 0;
    struct table *tables = NULL;
    bool ok = arguments_parse(&a, argc - 1, argv + 1, &err);
    if (ok) {
        tables = malloc((size_t)a.file_count * sizeof *tables);
        while (tables && count < a.file_count && table_read(&tables[count], a.files[count], &err)) count++;
        ok = count == a.file_count && report_write(tables, count, a.out, &err);
    }
    for (int i = 0; i < count; i++) table_free(&tables[i]);
    free(tables);
    if (!ok) fprintf(stderr, "katune report: %s\n", err.text);
    return ok ? EXIT_OK : EXIT_USAGE;
}
