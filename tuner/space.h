/* A search space: parameters with finite lists of values, and constraints between them.

   A constraint says which parameters it looks at. Parameters that no constraint ties together form
   components; a component is enumerated with every constraint applied as soon as its last parameter has a
   value, and the whole space is the product of its components. So it is counted and indexed without visiting
   the product of all values, and nearly always without listing the space. */
#ifndef KATUNE_SPACE_H
#define KATUNE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum {
    SPACE_PARAMS_MAX = 32,
    SPACE_VALUES_MAX = 4096,
    SPACE_LIST_MAX = 1 << 22, /* configurations a component may list */
};

enum space_kind { VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL };

struct space_value {
    enum space_kind kind;
    double number; /* of a bool: 0 or 1 */
    char *text;    /* of a text, owned; else NULL */
    double rank;   /* what orders the values of a parameter: its number, unless something else is said */
};

struct space_param {
    char *name;
    struct space_value *values;
    int count;
    bool ordered;  /* whether values have an order: then place[] is 0 .. 1 in that order */
    double *place; /* of each value */
};

/* For each parameter, which of its values. */
struct config {
    uint16_t at[SPACE_PARAMS_MAX];
};

typedef bool space_accepts(const struct config *c, void *context);

struct space;

struct space *space_new(void);
void space_free(struct space *s);

/* Appends a parameter, a value to the last one, or a value to any. False if there is no room or no memory. */
bool space_param_add(struct space *s, const char *name, bool ordered, struct error *err);
bool space_value_add(struct space *s, struct space_value value, struct error *err);
bool space_value_insert(struct space *s, int param, struct space_value value, struct error *err);
/* Says that the values of a parameter have no order. */
void space_param_unorder(struct space *s, int param);
/* The index of a parameter by name, of a value of it; -1 if there is none. */
int space_param_find(const struct space *s, const char *name);
int space_value_find(const struct space *s, int param, const struct space_value *value);

/* A constraint that looks at the parameters whose bits are set in `uses`, and at no other. */
bool space_constrain(struct space *s, uint32_t uses, space_accepts *accepts, void *context,
                     struct error *err);

/* Ends the description. space_seal() enumerates the components; space_seal_list() takes the configurations
   that are in the space from a list instead, each once. False if a component lists more than SPACE_LIST_MAX,
   or there is no memory. */
bool space_seal(struct space *s, struct error *err);
bool space_seal_list(struct space *s, const struct config *list, int64_t count, struct error *err);

int space_param_count(const struct space *s);
const struct space_param *space_param_at(const struct space *s, int i);
/* Valid configurations, numbered 0 .. count - 1. INT64_MAX where there are more. */
int64_t space_count(const struct space *s);
struct config space_at(const struct space *s, int64_t index);
/* Its number, or -1 if it is not in the space. */
int64_t space_find(const struct space *s, const struct config *c);
/* How many configurations and prefixes of them enumeration looked at: what sealing cost. */
int64_t space_visited(const struct space *s);

/* The configurations that differ from one in a single parameter: any other value of it, or with `adjacent`
   only the next ones in order (any other value of one without order). Where an unordered parameter cannot
   change alone, the nearest configuration that has the other value stands in. Returns how many were written;
   no more than max. */
int space_neighbours(const struct space *s, int64_t index, bool adjacent, int64_t *out, int max);

/* The distance of two configurations: for each parameter the difference of places, or 1 for unlike values
   without order. */
double space_distance(const struct space *s, const struct config *a, const struct config *b);

#endif
