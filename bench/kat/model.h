/* The Kolmogorov-Arnold Transformer: patches, class token, positions, pre-norm blocks, head. */
#ifndef KATUNE_KAT_MODEL_H
#define KATUNE_KAT_MODEL_H

#include "activation.h"
#include "config.h"
#include "idx.h"
#include "params.h"

struct model;

/* Declares the parameters and sets them from the seed. `rows` of every activation are looked up for batches
   of `batch` images. NULL and the reason if something cannot be had. */
struct model *model_new(const struct kat_config *c, struct katune *k, int batch, uint64_t seed,
                        struct error *err);
/* A model of m's weights, for a batch of its own at the same time as m's; gradients are its own, and m must
   outlive it. NULL and the reason if something cannot be had. */
struct model *model_beside(const struct model *m, struct katune *k, int batch, struct error *err);
void model_free(struct model *m);
struct params *model_params(struct model *m);
/* Of the labels, from now on; 0 at first. */
void model_smooth(struct model *m, double smoothing);

/* Prints which variant each activation runs on, and how it was found. */
void model_print_activations(const struct model *m);

/* The batch's images index[0 .. batch) of the set, each seen through its own map of places (maps[i], or all
   as they are where maps is NULL): the pixel shown at (x, y) from the centre is the image's at (a x + b y +
   e, c x + d y + f), between pixels by bilinear interpolation, 0 beyond the edges, and then, as a share of
   pixel_max, raised to the power gamma. Returns the mean loss; *right: how many are classified so. */
struct image_map {
    float a, b, c, d, e, f, gamma;
};
double model_forward(struct model *m, const struct images *images, const int *index,
                     const struct image_map *maps, int *right);
/* Gradients of that loss. */
void model_backward(struct model *m);
/* (batch, classes), of the last model_forward(). */
const float *model_logits(const struct model *m);

#endif
