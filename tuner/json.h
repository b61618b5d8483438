/* Problems, points and devices as JSON: the pieces that tables and results share. */
#ifndef KATUNE_JSON_H
#define KATUNE_JSON_H

#include <cjson/cJSON.h>

#include "device/device.h"
#include "registry.h"

/* op, dtype and every attribute of the operation. */
cJSON *json_problem(const struct problem *p);
/* {"THREADS": 0, ...} */
cJSON *json_point(const struct variant *v, const struct point *pt);
/* name, backend, arch, fingerprint, units */
cJSON *json_device(const struct device_info *info);

/* "throttled", and "throttle" with what held the device back, where that is known. */
void json_throttle(cJSON *o, bool throttled, unsigned throttle);

/* The readers report the path of what is wrong inside the document, such as "problem.groups is missing". */
bool json_problem_read(const cJSON *o, struct problem *p, struct error *err);
bool json_point_read(const cJSON *o, const struct variant *v, struct point *pt, struct error *err);

/* What need not be there: then the device was not held back. */
bool json_throttle_read(const cJSON *o, bool *throttled, unsigned *throttle, struct error *err);

/* A member that must be there and be a number, or a string that fits. */
bool json_number(const cJSON *o, const char *name, double *value, struct error *err);
bool json_string(const cJSON *o, const char *name, char *text, size_t size, struct error *err);
/* The string itself, which lives as long as the document; NULL and the reason if it has `size` characters or
   more. */
const char *json_text(const cJSON *o, const char *name, size_t size, struct error *err);
/* The number that a member is, once it was found. */
bool json_number_of(const cJSON *member, double *value, struct error *err);
/* A member that must be there and be an object or an array; NULL and the reason if not. */
const cJSON *json_object(const cJSON *o, const char *name, struct error *err);
const cJSON *json_array(const cJSON *o, const char *name, struct error *err);

/* Whether it is ok; if not, the error is put under the name of the member that it is about. */
bool json_within(bool ok, const char *name, struct error *err);

/* Writes the document to a file, whole or not at all. */
bool json_write(const cJSON *o, const char *path, struct error *err);

#endif
