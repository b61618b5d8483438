/* A variant and its point as JSON: {"variant": ..., "params": {...}}. */
#ifndef KATUNE_TABLE_CHOICE_H
#define KATUNE_TABLE_CHOICE_H

#include <cjson/cJSON.h>

#include "table.h"

cJSON *table_choice_json(const struct table_choice *choice);

/* Refuses a variant that is unknown or does not compute the problem, and a point outside its space. */
bool table_choice_read(const cJSON *o, const struct problem *p, struct table_choice *choice,
                       struct error *err);

#endif
