/* How a team of OpenMP threads shares work. */
#ifndef KATUNE_TEAM_H
#define KATUNE_TEAM_H

#include <omp.h>
#include <stdint.h>

#include "variant.h"

struct span {
    int64_t lo, hi;
};

/* The part-th of `parts` nearly equal parts of [0, n), cut at multiples of `grain`. */
static inline struct span span_part(int64_t n, int64_t grain, int64_t part, int64_t parts) {
    const int64_t grains = (n + grain - 1) / grain;
    const int64_t lo = grains * part / parts * grain, hi = grains * (part + 1) / parts * grain;
    return (struct span){lo < n ? lo : n, hi < n ? hi : n};
}

/* The calling thread's part; to be called inside a parallel region. */
static inline struct span team_span(int64_t n, int64_t grain) {
    return span_part(n, grain, omp_get_thread_num(), omp_get_num_threads());
}

/* The team calls part() for every thread's part of [0, n). The work is behind a pointer because the compiler
   makes a parallel region a function of its own before it inlines: what is constant at the call (dtype, kind
   of store, the function to map) would reach the inner loop as a variable. */
typedef void part_fn(const struct problem *p, const struct point *pt, const struct call *call, struct span s);

static inline void team_split(const struct problem *p, const struct point *pt, const struct call *call,
                              int64_t n, int64_t grain, part_fn *part) {
#pragma omp parallel num_threads(call->threads)
    part(p, pt, call, team_span(n, grain));
}

#endif
