/* figure: what the timing model is made of, by name. */
#include <stddef.h>
#include <string.h>

#include "api.h"
#include "path.h"
#include "timing.h"

static bool field_find(const struct profile *p, const char *name, double *value) {
    const struct {
        const char *name;
        double value;
    } fields[] = {
        {"clock_hz", p->clock_hz},
        {"dram_gigabytes_per_second", 1e-9 * p->dram_bytes_per_second},
        {"l2_bytes_per_clock", p->l2_bytes_per_clock},
        {"alu", p->alu},
        {"fma", p->fma},
        {"half", p->half},
        {"fp64", p->fp64},
        {"sfu", p->sfu},
        {"lsu", p->lsu},
        {"tensor", p->tensor},
        {"issue", p->issue},
        {"l1_cycles", p->l1_cycles},
        {"shared_cycles", p->shared_cycles},
        {"l2_cycles", p->l2_cycles},
        {"dram_cycles", p->dram_cycles},
        {"launch_nanoseconds", 1e9 * timing_launch_seconds()},
        {"alu_cycles", path_pipe_cycles(PIPE_ALU)},
        {"fma_cycles", path_pipe_cycles(PIPE_FMA)},
        {"half_cycles", path_pipe_cycles(PIPE_HALF)},
        {"fp64_cycles", path_pipe_cycles(PIPE_FP64)},
        {"sfu_cycles", path_pipe_cycles(PIPE_SFU)},
        {"shuffle_cycles", path_pipe_cycles(PIPE_LSU)},
        {"tensor_cycles", path_pipe_cycles(PIPE_TENSOR)},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            *value = fields[i].value;
            return true;
        }
    }
    return false;
}

API int vgpu_profile_figure(unsigned index, const char *figure, double *value) {
    const struct profile *p = profile_at(index);
    return p && field_find(p, figure, value) ? 0 : -1;
}
