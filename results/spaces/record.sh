#!/bin/sh
# Records the spaces of this folder anew: record.sh KATUNE cpu|gpu [PART OF A NAME].
# Every point of each space is checked and timed, which wants a machine that does nothing else; gpu is cuda:0, an
# H100 in the files that lie here.
set -eu
katune=$1 what=$2 part=${3-}
folder=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# device, budget in seconds, operation, dtype, shape
record() {
    name=$1-$3-$4-$5
    case $name in *"$part"*) ;; *) return 0 ;; esac
    case $1 in cpu) device=cpu ;; *) device=cuda:0 ;; esac
    "$katune" tune --quiet --device "$device" --op "$3" --dtype "$4" --shape "$5" --strategy exhaustive \
        --budget-evals 100000 --time-budget "$2" --results "$scratch/$name" --record "$folder/$name.json"
}

case $what in
cpu)
    record cpu 60 rational_fwd f32 3152x768
    record cpu 240 rational_bwd f32 3152x768
    record cpu 240 rational_bwd bf16 3152x384
    record cpu 60 bspline_fwd f32 3152x768
    record cpu 120 bspline_bwd f32 3152x768
    record cpu 120 bspline_bwd f16 3152x384
    ;;
gpu)
    for op in rational_fwd rational_bwd bspline_fwd bspline_bwd; do record gpu 600 $op f32 3152x768; done
    record gpu 600 rational_bwd f32 197x384
    record gpu 600 rational_bwd bf16 3152x768
    record gpu 600 bspline_bwd bf16 3152x768
    ;;
*)
    echo "record.sh: say cpu or gpu" >&2
    exit 2
    ;;
esac
