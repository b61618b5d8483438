#include "op.h"

double problem_bytes(const struct problem *p) {
    double bytes = 0;
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (tensor_in(op_inputs(p->op) | op_outputs(p->op), (enum tensor)t))
            bytes += (double)tensor_bytes(p, (enum tensor)t);
    return bytes;
}
