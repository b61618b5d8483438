/* load: what the programs that run kernels of the tests share. They are no tests: a
 * failure of the driver ends them with exit code 2 and one line. */
#ifndef TEST_VGPU_LOAD_H
#define TEST_VGPU_LOAD_H

#include "driver.h"
#include "vgpu.h"

/* Ends the program unless the code is success. */
void require(CUresult code, const char *what);

/* Opens the first device, of which the environment tells, and loads a file of the folder ptx. */
CUmodule module_from(const char *name);

#endif
