/* What the device's compiler sees of a CUDA source. */
#ifndef KATUNE_CUDA_TEXT_H
#define KATUNE_CUDA_TEXT_H

#include <stdbool.h>

/* Whether a name is there: outside of comments, of texts in quotes, and of what is for the host alone, which
   lies between "#ifndef __CUDACC__" and its #else or #endif. */
bool cuda_text_mentions(const char *text, const char *name);

#endif
