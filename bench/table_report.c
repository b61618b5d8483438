#include "table_report.h"

#include <string.h>

#include "op.h"
#include "report.h"
#include "summary.h"

/* Of a table that another program may have written: a cell of Markdown, in one line. */
static void cell_print(FILE *to, const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < ' ')
            fputc(' ', to);
        else if (strchr("|\\`*_<>[]", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void time_print(FILE *to, double us) {
    char text[16];
    seconds_print(1e-6 * us, text);
    fputs(text + strspn(text, " "), to);
}

static void problem_print(FILE *to, const struct problem *p) {
    char attrs[96];
    summary_attrs(p, attrs, sizeof attrs);
    fprintf(to, "| %s%s | %s | %lldx%lld ", op_name(p->op), attrs, dtype_name(p->dtype), (long long)p->rows,
            (long long)p->channels);
}

static void winner_print(FILE *to, const struct table_entry *e) {
    char point[POINT_TEXT_MAX], held[THROTTLE_LABEL_MAX];
    problem_print(to, &e->problem);
    fputs("| ", to);
    time_print(to, e->time_us.median);
    fprintf(to, " | %.0f%% %s | ", 100 * e->roofline.fraction, e->roofline.bound);
    if (e->fallback.time_us > 0) fprintf(to, "%.2f", e->fallback.time_us / e->time_us.median);
    point_print(e->choice.variant, &e->choice.point, point);
    throttle_label(e->throttled, e->throttle, held);
    fprintf(to, " | `%s%s%s`", e->choice.variant->name, *point ? " " : "", point);
    if (e->tie_count) fprintf(to, " (+%d tie%s)", e->tie_count, e->tie_count == 1 ? "" : "s");
    fprintf(to, "%s%s%s%s |\n", *variant_label(e->choice.variant) ? " " : "",
            variant_label(e->choice.variant), *held ? " " : "", held);
}

static void head_print(FILE *to, const struct table *t) {
    int modeled = 0;
    for (int i = 0; i < t->count; i++) modeled += t->entries[i].source == SOURCE_MODELED;
    fputs("\n## ", to);
    cell_print(to, t->device.name);
    fputs("\n\n", to);
    cell_print(to, t->device.arch);
    if (t->bandwidth_gbs > 0) fprintf(to, ", copy %.1f GB/s", t->bandwidth_gbs);
    fprintf(to, ", %d problem%s, %s", t->count, t->count == 1 ? "" : "s",
            !modeled              ? "measured"
            : modeled == t->count ? "modeled"
                                  : "some of them modeled");
    const char *const facts[][2] = {{"tuned ", t->environment.date},
                                    {"katune ", t->environment.katune},
                                    {"compiler ", t->environment.compiler},
                                    {"driver ", t->environment.driver},
                                    {"NVRTC ", t->environment.nvrtc}};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (!*facts[i][1]) continue;
        fprintf(to, ", %s", facts[i][0]);
        cell_print(to, facts[i][1]);
    }
    fputs(".\n", to);
}

static void bases_print(FILE *to, const struct table *t) {
    bool heading = false;
    for (int i = 0; i < t->count; i++) {
        const struct table_entry *const r = &t->entries[i], *const s = summary_spline(t, r);
        if (!s) continue;
        if (!heading)
            fputs("\n### Rational against spline\n\n| | | shape | rational | spline | spline / rational |\n"
                  "|---|---|---|---:|---:|---:|\n",
                  to);
        heading = true;
        fprintf(to, "| %s | %s | %lldx%lld | ", r->problem.op == RATIONAL_FWD ? "forward" : "backward",
                dtype_name(r->problem.dtype), (long long)r->problem.rows, (long long)r->problem.channels);
        time_print(to, r->time_us.median);
        fputs(" | ", to);
        time_print(to, s->time_us.median);
        fprintf(to, " | %.2f |\n", s->time_us.median / r->time_us.median);
    }
}

static void reasons_print(FILE *to, const struct table *t) {
    bool heading = false;
    for (int i = 0; i < t->count; i++) {
        const struct table_entry *const e = &t->entries[i];
        if (!e->why) continue;
        if (!heading) fputs("\n### Why they won\n\n| operation | | shape | |\n|---|---|---|---|\n", to);
        heading = true;
        problem_print(to, &e->problem);
        fputs("| ", to);
        cell_print(to, e->why->sentence);
        fputs(" |\n", to);
    }
}

static void table_print(FILE *to, const struct table *t) {
    head_print(to, t);
    fputs("\n| operation | | shape | time | of the ceiling | default / winner | winner |\n"
          "|---|---|---|---:|---|---:|---|\n",
          to);
    for (int i = 0; i < t->count; i++) winner_print(to, &t->entries[i]);
    bases_print(to, t);
    reasons_print(to, t);
}

/* The first table from `from` on that has the problem; `count` if none has. */
static int holder(const struct table *tables, int count, const struct problem *p, int from) {
    while (from < count && !table_find(&tables[from], p)) from++;
    return from;
}

static void row_print(FILE *to, const struct table *tables, int count, const struct problem *p) {
    problem_print(to, p);
    for (int i = 0; i < count; i++) {
        const struct table_entry *const e = table_find(&tables[i], p);
        fputs("| ", to);
        if (e) time_print(to, e->time_us.median);
        fputs(e && e->source == SOURCE_MODELED ? " modeled " : " ", to);
    }
    fputs("|\n", to);
}

static void sides_print(FILE *to, const struct table *tables, int count) {
    bool heading = false;
    for (int t = 0; t < count; t++)
        for (int i = 0; i < tables[t].count; i++) {
            const struct problem *const p = &tables[t].entries[i].problem;
            if (holder(tables, count, p, 0) < t || holder(tables, count, p, t + 1) == count) continue;
            if (!heading) {
                fputs("\n## Side by side\n\n| operation | | shape ", to);
                for (int k = 0; k < count; k++) {
                    fputs("| ", to);
                    cell_print(to, tables[k].device.name);
                    fputc(' ', to);
                }
                fputs("|\n|---|---|---", to);
                for (int k = 0; k < count; k++) fputs("|---:", to);
                fputs("|\n", to);
            }
            heading = true;
            row_print(to, tables, count, p);
        }
}

void table_report_markdown(FILE *to, const struct table *tables, int count, const char *chart) {
    fputs("# Tuning report\n", to);
    if (chart) fprintf(to, "\n![bytes per second of the winners by size](%s)\n", chart);
    for (int i = 0; i < count; i++) table_print(to, &tables[i]);
    if (count > 1) sides_print(to, tables, count);
}

/* ---- the chart ---- */

/* In single quotes, where gnuplot replaces nothing. */
static void quoted_print(FILE *to, const char *text) {
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', to);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
    }
    fputc('\'', to);
}

/* Whether the entry is the first of its operation and dtype, and so names a line. */
static bool begins_line(const struct table *t, int i) {
    for (int k = 0; k < i; k++)
        if (t->entries[k].problem.op == t->entries[i].problem.op &&
            t->entries[k].problem.dtype == t->entries[i].problem.dtype)
            return false;
    return true;
}

/* The points of a line as a data block, in the order that "smooth unique" makes of them. */
static void line_points(FILE *to, const struct table *t, int first) {
    const struct problem *const like = &t->entries[first].problem;
    fprintf(to, "$line%d << EOD\n", first);
    for (int i = first; i < t->count; i++) {
        const struct table_entry *const e = &t->entries[i];
        if (e->problem.op != like->op || e->problem.dtype != like->dtype || !(e->time_us.median > 0))
            continue;
        fprintf(to, "%lld %g\n", (long long)problem_elements(&e->problem),
                1e-3 * problem_bytes(&e->problem) / e->time_us.median);
    }
    fputs("EOD\n", to);
}

static void panel_print(FILE *to, const struct table *t) {
    for (int i = 0; i < t->count; i++)
        if (begins_line(t, i)) line_points(to, t, i);
    fputs("set title ", to);
    quoted_print(to, t->device.name);
    fputs("\nplot ", to);
    for (int i = 0; i < t->count; i++) {
        if (!begins_line(t, i)) continue;
        const struct problem *const p = &t->entries[i].problem;
        fprintf(to, "$line%d using 1:2 smooth unique with linespoints linewidth 2 title '%s %s', ", i,
                op_name(p->op), dtype_name(p->dtype));
    }
    if (t->bandwidth_gbs > 0)
        fprintf(to, "%g with lines linewidth 2 dashtype 2 linecolor rgb 'black' title 'copy'",
                t->bandwidth_gbs);
    fputc('\n', to);
}

void table_report_chart(FILE *to, const struct table *tables, int count) {
    fprintf(to,
            "set terminal svg noenhanced size 900,%d font 'sans,13' background rgb 'white'\n"
            "set multiplot layout %d,1\n"
            "set logscale xy\nset format x '10^%%T'\nset grid\nset key outside right top\n"
            "set xlabel 'elements'\nset ylabel 'GB/s of what must move'\n",
            360 * count, count);
    for (int i = 0; i < count; i++)
        if (tables[i].count) panel_print(to, &tables[i]);
    fputs("unset multiplot\n", to);
}
