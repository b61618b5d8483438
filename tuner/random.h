/* Pseudo-random numbers that a seed repeats everywhere: splitmix64. */
#ifndef KATUNE_RANDOM_H
#define KATUNE_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. count - 1 */
static inline int64_t random_below(uint64_t *state, int64_t count) {
    return (int64_t)(random_next(state) % (uint64_t)count);
}

/* Puts the list in a random order. */
static inline void random_shuffle(uint64_t *state, int64_t *list, int64_t count) {
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t j = random_below(state, i + 1), was = list[i];
        list[i] = list[j], list[j] = was;
    }
}

/* 0 <= x < 1 */
static inline double random_unit(uint64_t *state) {
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

#endif
