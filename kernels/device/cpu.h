/* The CPU as a device: kernels run on a team of OpenMP threads, one a core. */
#ifndef KATUNE_CPU_H
#define KATUNE_CPU_H

#include "device.h"

struct device *cpu_open(bool bind, struct error *err);

#endif
