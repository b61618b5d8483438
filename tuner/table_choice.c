#include "table_choice.h"

#include "json.h"

cJSON *table_choice_json(const struct table_choice *choice) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "variant", choice->variant->name);
    cJSON_AddItemToObject(o, "params", json_point(choice->variant, &choice->point));
    return o;
}

bool table_choice_read(const cJSON *o, const struct problem *p, struct table_choice *choice,
                       struct error *err) {
    char name[64];
    if (!json_string(o, "variant", name, sizeof name, err)) return false;
    choice->variant = variant_find(name);
    if (!choice->variant) return error_set(err, "variant \"%s\" is unknown to this build", name);
    if (choice->variant->op != p->op || !(choice->variant->dtypes & p->dtype))
        return error_set(err, "variant %s does not compute %s in %s", name, op_name(p->op),
                         dtype_name(p->dtype));
    const cJSON *const params = json_object(o, "params", err);
    return params &&
           json_within(json_point_read(params, choice->variant, &choice->point, err), "params", err);
}
