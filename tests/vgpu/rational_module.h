/* rational_module: what the programs that run the kernels of ptx/rational.ptx share. They are no tests: a
 * failure of the driver ends them with exit code 2 and one line. */
#ifndef TEST_VGPU_RATIONAL_MODULE_H
#define TEST_VGPU_RATIONAL_MODULE_H

#include "driver.h"
#include "vgpu.h"

/* Ends the program unless the code is success. */
void require(CUresult code, const char *what);

/* Opens the first device, of which the environment tells, and loads the kernels. */
CUmodule rational_module(void);

#endif
