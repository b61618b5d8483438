/* A KAT's activations, on the kernels that the tuning tables choose. */
#ifndef KATUNE_KAT_ACTIVATION_H
#define KATUNE_KAT_ACTIVATION_H

#include "config.h"
#include "katune.h"
#include "params.h"

enum activation_role { ACT_IDENTITY, ACT_SWISH }; /* what it starts as: act1 and act2 */

struct activation {
    enum basis basis;
    bool none; /* act1 of the gelu network, which has but one activation */
    struct problem forward, backward;
    struct katune_kernel *run_forward, *run_backward;
    int first; /* the index of its first parameter tensor */
};

/* Adds its parameters under "<prefix>.weight_...": those of a rational as released KATs name them. */
bool activation_declare(struct activation *a, struct params *p, enum basis basis, enum activation_role role,
                        int channels, int groups, const char *prefix);
/* Sets its parameters to what it starts as. */
void activation_init(const struct activation *a, struct params *p, enum activation_role role);
/* Looks its kernels up for so many rows. */
bool activation_prepare(struct activation *a, struct katune *k, int64_t rows, struct error *err);
void activation_release(struct activation *a);

void activation_forward(const struct activation *a, const struct params *p, const float *x, float *y);
void activation_backward(const struct activation *a, const struct params *p, const float *x, const float *dy,
                         float *dx);

/* E[F(x)^2] for x ~ N(0, 1) by Gauss-Hermite quadrature of the activation as it is now: the
   variance-preserving initialisation of the layer behind it divides by it. Negative if its kernel cannot be
   had. */
double activation_energy(const struct activation *a, struct katune *k, const struct params *p,
                         struct error *err);

#endif
