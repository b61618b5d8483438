/* device: what the tests of the virtual GPU share. Failures of the driver end the test with its code and
 * message. */
#ifndef TEST_VGPU_DEVICE_H
#define TEST_VGPU_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "cuda_abi.h"
#include "vgpu.h"

/* cuInit with the environment given as NAME=value strings (NULL-terminated, may be NULL), then a primary
 * context. Each Criterion test is a process of its own, so each may choose. */
void device_open(const char *const *environment);

/* A module from PTX text; fails the test if it does not load. */
CUmodule device_module(const char *ptx);
/* The same from a file in the tests' folder. */
CUmodule device_module_from(const char *name);

/* Device memory with a copy of bytes from host (NULL: not written at all). */
CUdeviceptr device_array(const void *host, size_t bytes);
void device_read(void *host, CUdeviceptr device, size_t bytes);

/* Launches kernel and waits. Returns the code of cuCtxSynchronize, or of the launch if that failed. */
CUresult device_run(CUmodule module, const char *kernel, const unsigned grid[3], const unsigned block[3],
                    unsigned shared_bytes, void **params);

/* The whole of a file in the tests' folder, NUL-terminated, to be freed. */
char *device_text(const char *name);

/* A small counter-based generator: the same numbers everywhere. */
uint64_t device_random(uint64_t *state);

#endif
