#include "init.h"

#include <math.h>
#include <string.h>

static double uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

uint64_t random_below(uint64_t *state, uint64_t n) {
    return (uint64_t)(uniform(state) * (double)n);
}

void init_normal(const struct weights *w, double std, uint64_t *state) {
    for (int64_t i = 0; i < w->count; i++) {
        double value;
        do value = sqrt(-2 * log(uniform(state))) * cos(6.283185307179586 * uniform(state));
        while (fabs(value) > 2); /* truncated */
        w->value[i] = (float)(std * value);
    }
}

void init_constant(const struct weights *w, float value) {
    for (int64_t i = 0; i < w->count; i++) w->value[i] = value;
}
