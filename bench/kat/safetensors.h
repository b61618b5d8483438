/* Safetensors: an 8-byte little-endian length, that many bytes of JSON, and the tensors' bytes. float32 only.
 */
#ifndef KATUNE_SAFETENSORS_H
#define KATUNE_SAFETENSORS_H

#include "params.h"

/* Fills the values of every tensor from the file, whose tensors must be those of `p` by name and shape.
   Refused: a header that is no JSON or longer than the file, another dtype, offsets that overlap, leave gaps,
   do not fit the shape or leave the file, tensors missing or too many. Nothing is changed on failure. */
bool safetensors_read(const char *path, struct params *p, struct error *err);

/* Writes the values, or with `gradients` the gradients; whole, or not at all. */
bool safetensors_write(const char *path, const struct params *p, bool gradients, struct error *err);

#endif
