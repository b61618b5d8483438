#!/bin/sh
# The installed tree, at a prefix of its own: a program that finds the library through pkg-config, and one through CMake.
#   installed.sh BUILD COMPILER
set -eu
build=$1
compiler=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$build" --prefix "$folder/prefix" >"$folder/log"
cd "$folder"

cat >user.c <<'EOF'
#include <katune.h>
#include <stdio.h>

int main(void) {
    struct error err = {""};
    struct problem p;
    float x[32], y[32];
    for (int i = 0; i < 32; i++) x[i] = 1;
    struct katune *const k = katune_open("none", true, &err);
    struct katune_kernel *const f =
        k && problem_parse("gelu_fwd f32 rows=4 channels=8", &p, &err) ? katune_kernel(k, &p, &err) : NULL;
    if (!f) return fprintf(stderr, "%s\n", err.text), 2;
    katune_run(f, (const void *[TENSOR_COUNT]){[T_X] = x}, (void *[TENSOR_COUNT]){[T_Y] = y});
    katune_close(k);
    return !(y[31] > 0.841f && y[31] < 0.842f);
}
EOF
PKG_CONFIG_PATH=$(dirname "$(find prefix -name katune.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
"$compiler" user.c -o user $(pkg-config --cflags --libs katune)
./user
echo "pkg-config: it links and runs"

cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.21)
project(user C)
find_package(katune REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE katune::katune)
EOF
mkdir cmake
CC=$compiler cmake -S . -B cmake -DCMAKE_PREFIX_PATH="$folder/prefix" >log && cmake --build cmake >>log || { cat log; exit 1; }
cmake/user
echo "find_package: it links and runs"

[ "$(prefix/bin/katune variants --only copy_scalar | head -n 1)" = copy_scalar ]
echo "the program runs"
