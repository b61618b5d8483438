/* IDX files of the MNIST family: PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte. */
#ifndef KATUNE_IDX_H
#define KATUNE_IDX_H

#include <stdint.h>

#include "error.h"

struct images {
    int count, side; /* side x side pixels */
    uint8_t *pixels; /* count x side x side */
    uint8_t *labels;
};

/* Refused: a wrong magic number, a file cut short or too long, images that are not square, other numbers of
   images and labels, a label that is not below `classes`. */
bool idx_read(const char *prefix, int classes, struct images *images, struct error *err);
void images_free(struct images *images);

#endif
