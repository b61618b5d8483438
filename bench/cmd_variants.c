/* katune variants: lists the variants, their operation, backend, dtypes, parameters and what they do. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "options.h"

static void values_print(const struct param *param) {
    printf(" %s=", param->name);
    for (int i = 0; i < param_value_count(param); i++) printf("%s%d", i ? "," : "", param->values[i]);
}

static void variant_print(const struct variant *v) {
    printf("%s\n    %s, %s,", v->name, op_name(v->op), backend_name(v->backend));
    const char *separator = " ";
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (!(v->dtypes & dtype_at(i))) continue;
        printf("%s%s", separator, dtype_name(dtype_at(i)));
        separator = "/";
    }
    if (*variant_label(v)) printf(", %s", variant_label(v));
    if (v->flags & BASELINE) printf(", baseline");
    if (param_count(v)) printf(";");
    for (int i = 0; i < param_count(v); i++) values_print(&v->params[i]);
    printf("\n    %s\n", variant_about(v));
}

static cJSON *variant_json(const struct variant *v) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", v->name);
    cJSON_AddStringToObject(o, "op", op_name(v->op));
    cJSON_AddStringToObject(o, "backend", backend_name(v->backend));
    cJSON *const dtypes = cJSON_AddArrayToObject(o, "dtypes");
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (v->dtypes & dtype_at(i))
            cJSON_AddItemToArray(dtypes, cJSON_CreateString(dtype_name(dtype_at(i))));
    cJSON *const params = cJSON_AddObjectToObject(o, "params");
    for (int i = 0; i < param_count(v); i++)
        cJSON_AddItemToObject(params, v->params[i].name,
                              cJSON_CreateIntArray(v->params[i].values, param_value_count(&v->params[i])));
    cJSON_AddStringToObject(o, "about", variant_about(v));
    return o;
}

int cmd_variants(int argc, char **argv) {
    static const struct command_usage usage = {
        "variants",
        "Lists the variants: name; operation, backend, dtypes and parameters with their values; what it "
        "does.\n"
        "The last bits of an order-dependent one vary from run to run (atomics), of a thread-dependent one "
        "with "
        "the\nnumber of threads; a baseline is there to compare with and no default.\n"
        "With --json: an array of {name, op, backend, dtypes, params: {NAME: [values]}, about}.",
        OPT_ONLY | OPT_OP | OPT_JSON_FLAG, NULL};
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    cJSON *const all = o.json_flag ? cJSON_CreateArray() : NULL;
    int count = 0;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (!options_variant(&o, v)) continue;
        count++;
        if (all)
            cJSON_AddItemToArray(all, variant_json(v));
        else
            variant_print(v);
    }
    if (all) {
        char *const text = cJSON_Print(all);
        puts(text ? text : "[]");
        free(text);
        cJSON_Delete(all);
    } else if (!count) {
        fprintf(stderr, "katune variants: none matches\n");
    }
    return count || o.json_flag ? EXIT_OK : EXIT_MISSING;
}
