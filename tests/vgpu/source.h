/* source: CUDA C++ compiled by NVRTC for the tests of the virtual GPU. */
#ifndef TEST_VGPU_SOURCE_H
#define TEST_VGPU_SOURCE_H

#include <stdbool.h>

/* False, and a line that says so, where NVRTC is not installed: the test is to return. */
bool source_open(void);
/* Whether the toolkit's headers (cuda_fp16.h) were found beside NVRTC. */
bool source_has_headers(void);

/* PTX of the text, which reports call by the name, for compute_<sm>; option: one more, or NULL. To be freed.
 * NULL, and a line that says so, if this NVRTC does not know the architecture; a text that does not compile
 * fails the test. */
char *source_ptx(const char *name, const char *text, unsigned sm, const char *option);

#endif
