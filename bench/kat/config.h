/* What a KAT is made of. */
#ifndef KATUNE_KAT_CONFIG_H
#define KATUNE_KAT_CONFIG_H

#include "error.h"
#include "problem.h"

enum basis { BASIS_RATIONAL, BASIS_BSPLINE, BASIS_GELU };

struct kat_config {
    int image, channels, patch; /* pixels; the image is square */
    int dim, depth, heads, mlp_ratio, groups, classes;
    double pixel_max; /* pixels are divided by it */
    enum basis basis;
};

bool basis_parse(const char *name, enum basis *basis);
const char *basis_name(enum basis basis);

/* A named model: kat-digits, kat-mnist, kat-tiny, kat-small, kat-base. False for another name. */
bool config_named(const char *name, struct kat_config *c);
/* "kat-digits, kat-mnist, ..." */
const char *config_names(void);

/* Reads JSON with the keys image, channels, patch, dim, depth, heads, mlp_ratio, groups, classes, act_init
   ("swish") and pixel_max. Unknown keys and impossible values are refused. */
bool config_read(const char *path, struct kat_config *c, struct error *err);

static inline int config_patches(const struct kat_config *c) {
    return (c->image / c->patch) * (c->image / c->patch);
}
static inline int config_tokens(const struct kat_config *c) {
    return config_patches(c) + 1;
}
static inline int config_patch_pixels(const struct kat_config *c) {
    return c->channels * c->patch * c->patch;
}

#endif
