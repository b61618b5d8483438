#include "options.h"

#include <getopt.h>
#include <string.h>

#include "commands.h"
#include "file.h"
#include "option_table.h"

static void usage_print(const struct command_usage *usage) {
    printf("usage: katune %s [OPTIONS]\n\n%s\n\n", usage->name, usage->about);
    const struct option_row *row;
    for (int i = 0; (row = option_row_at(i)); i++) {
        if (!(usage->options & row->bit)) continue;
        char left[40];
        snprintf(left, sizeof left, "--%s %s", row->name, row->arg ? row->arg : "");
        printf("  %-24s %s\n", left, row->help);
    }
    printf("  %-24s %s\n", "--help", "this text");
    if (usage->epilog) printf("\n%s\n", usage->epilog);
}

static int usage_error(const struct command_usage *usage, const char *text) {
    fprintf(stderr, "katune %s: %s\n", usage->name, text);
    return EXIT_USAGE;
}

int options_parse(struct options *o, const struct command_usage *usage, int argc, char **argv) {
    enum { FIRST = 256, HELP = FIRST + OPTION_ROWS_MAX };
    const struct option_row *row;
    struct option list[OPTION_ROWS_MAX + 2];
    int count = 0;
    for (int i = 0; (row = option_row_at(i)); i++)
        if (usage->options & row->bit)
            list[count++] =
                (struct option){row->name, row->arg ? required_argument : no_argument, NULL, FIRST + i};
    list[count++] = (struct option){"help", no_argument, NULL, HELP};
    list[count] = (struct option){NULL, 0, NULL, 0};
    *o = (struct options){.device = "cpu", .results = "results", .ops = (1u << OP_COUNT) - 1, .seed = 1};
    struct error err;
    optind = 1;
    opterr = 0;
    for (int at; (at = optind, true);) {
        const int found = getopt_long(argc, argv, ":h", list, NULL);
        if (found == -1) break;
        if (found == 'h' || found == HELP) {
            usage_print(usage);
            return EXIT_OK;
        }
        if (found == ':' || found == '?') {
            error_set(&err,
                      found == ':' ? "%s needs a value: see --help"
                                   : "%s: unknown option, or one that takes no value: see --help",
                      argv[at < argc ? at : argc - 1]);
            return usage_error(usage, err.text);
        }
        row = option_row_at(found - FIRST);
        if (!row->set(o, row, optarg, &err)) return usage_error(usage, err.text);
    }
    if (optind < argc) {
        error_set(&err, "\"%s\" is no option: see --help", argv[optind]);
        return usage_error(usage, err.text);
    }
    /* What cannot be written is said before anything is measured. */
    if ((o->json && !file_writable(o->json, &err)) || (o->gbench && !file_writable(o->gbench, &err)))
        return usage_error(usage, err.text);
    return -1;
}

/* Whether a "name=value" is of an attribute that the operation has. An unknown name counts as had, so that it
   is refused where it is set. */
static bool attr_applies(const char *assignment, enum op op) {
    const size_t length = strcspn(assignment, "=");
    bool known = false;
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const attr = attr_at(i);
        if (strlen(attr->name) != length || strncmp(attr->name, assignment, length) != 0) continue;
        if (attr_of(attr, op)) return true;
        known = true;
    }
    return !known;
}

bool options_attr_given(const struct options *o, const char *name) {
    const size_t length = strlen(name);
    for (int i = 0; i < o->attrs.count; i++)
        for (const char *word = o->attrs.item[i]; *word; word += strcspn(word, ", \t")) {
            word += strspn(word, ", \t");
            if (strncmp(word, name, length) == 0 && word[length] == '=') return true;
        }
    return false;
}

bool options_problem(const struct options *o, enum op op, enum dtype dtype, int64_t rows, int64_t channels,
                     struct problem *p, struct error *err) {
    *p = problem_default(op, dtype);
    p->rows = rows;
    p->channels = channels;
    for (int i = 0; i < o->attrs.count; i++) {
        char list[1024], kept[1024] = "";
        if (strlen(o->attrs.item[i]) >= sizeof list) return error_set(err, "--attr: the list is too long");
        strcpy(list, o->attrs.item[i]);
        char *rest = list;
        for (char *word; (word = strtok_r(rest, ", ", &rest));) {
            if (!attr_applies(word, op)) continue;
            if (*kept) strcat(kept, ",");
            strcat(kept, word);
        }
        if (!problem_set_attrs(p, kept, err)) return error_prefix(err, "--attr");
    }
    return problem_valid(p, err) || error_prefix(err, "%s", op_name(op));
}

bool options_point(const struct options *o, const struct variant *v, const struct point *pt) {
    for (int i = 0; i < o->param_count; i++) {
        const int at = param_find(v, o->params[i].name);
        if (at >= 0 && pt->value[at] != o->params[i].value) return false;
    }
    return true;
}

bool options_variant(const struct options *o, const struct variant *v) {
    if (!variant_matches(v, o->only) || !(o->ops >> v->op & 1)) return false;
    for (int i = 0; i < o->param_count; i++)
        if (param_find(v, o->params[i].name) < 0) return false;
    return true;
}
