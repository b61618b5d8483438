#!/bin/sh
# Every C source is formatted as .clang-format says.
set -eu
cd "$1"
command -v clang-format >/dev/null || { echo "clang-format is not installed: skipped"; exit 77; }
find kernels reference tuner bench tests \( -name '*.c' -o -name '*.h' \) -print0 |
    xargs -0 clang-format --dry-run --Werror
