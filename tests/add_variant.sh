#!/bin/sh
# A file added to kernels/scalar in a copy of the tree is a variant: in the listing, the checks, the benchmark and the
# tuner, with no other edit.   add_variant.sh SOURCE
set -eu
source=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tree"
(cd "$source" && tar cf - --exclude=./build --exclude=./.git --exclude=./tests/golden .) | (cd "$scratch/tree" && tar xf -)

cat > "$scratch/tree/kernels/scalar/silu_fwd_scalar_double.c" <<'END'
/* silu_fwd_scalar_double: one element at a time, in double.
   Wins nowhere: it is here to be found. */
#include <math.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    const float *const x = call->in[T_X];
    float *const y = call->out[T_Y];
    for (int64_t i = 0; i < problem_elements(p); i++) y[i] = (float)((double)x[i] / (1 + exp(-(double)x[i])));
}

VARIANT(silu_fwd_scalar_double, .op = SILU_FWD, .dtypes = F32, .run = run);
END
cd "$scratch/tree"
cmake -S . -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF > "$scratch/log" 2>&1 &&
    cmake --build "$scratch/build" --target katune_program >> "$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; exit 1; }
katune=$scratch/build/bench/katune
name=silu_fwd_scalar_double
"$katune" variants | grep -A2 "^$name\$" | grep -q 'one element at a time, in double'
"$katune" check --only "$name" --quiet
"$katune" bench --only "$name" --shape 64x64 --warm --time-budget 0.05 --quiet | grep "$name"
"$katune" tune --only "$name" --op silu_fwd --shape 64x64 --time-budget 1 --quiet --results "$scratch/results"
grep -rq "\"variant\":.*$name" "$scratch/results"
echo "$name was found, checked, timed and tuned"
