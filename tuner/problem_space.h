/* The search space of a problem on a device: a parameter VARIANT, without order, whose values are the names
   of the variants that take part, and every parameter of theirs, by name. A variant that lacks a parameter
   has the number -1 there, as recordings have it.

   In it are exactly the points that variant_reject() accepts and that the caller takes in. A variant's values
   prune the enumeration, so its own product is visited once and the product of all parameters never. */
#ifndef KATUNE_PROBLEM_SPACE_H
#define KATUNE_PROBLEM_SPACE_H

#include "registry.h"
#include "space.h"
#include "table.h"

/* Whether a variant and point take part; pt NULL: whether the variant may, at any of its points. */
typedef bool point_filter(const struct variant *v, const struct point *pt, void *context);

struct problem_space;

/* `filter` may be NULL: every accepted point takes part. An empty space is no error. NULL and the reason if
   there is no memory or no room. */
struct problem_space *problem_space_new(const struct problem *p, const struct device_info *d,
                                        point_filter *filter, void *context, struct error *err);
void problem_space_free(struct problem_space *s);

/* Why a variant does not take part: what variant_reject() says of the first point that the filter, unless
   NULL, takes in, or that it takes in none. NULL if one of its points takes part. */
const char *variant_left_out(const struct variant *v, const struct problem *p, const struct device_info *d,
                             point_filter *filter, void *context);
/* Of an empty space: says of each variant that might take part why it does not. Returns false. */
bool problem_space_say_empty(const struct problem_space *s, struct error *err);

const struct space *problem_space_space(const struct problem_space *s);
/* The variant and point of a configuration. */
struct table_choice problem_space_choice(const struct problem_space *s, int64_t index);
/* The number of a variant's point, or -1 if it is not in the space. */
int64_t problem_space_find(const struct problem_space *s, const struct variant *v, const struct point *pt);

#endif
