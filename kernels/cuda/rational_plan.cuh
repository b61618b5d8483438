/* How a block's threads lie on one group's columns: `rows` rows of `columns` vectors of VEC elements. Every block has
   a single group, so coefficients are the same in all its threads and each thread keeps its sums in registers.

   Read by host and device: what one computes with constants the other computes at run time. */
#pragma once

#ifdef __CUDACC__
#define PLAN constexpr __device__
#else
#define PLAN static inline
#endif

/* Tiles that a group's vectors are cut into, so that a tile's row fits a block. */
PLAN int plan_tiles(int vectors, int block) {
    return (vectors + block - 1) / block;
}

PLAN int plan_columns(int vectors, int block) {
    return (vectors + plan_tiles(vectors, block) - 1) / plan_tiles(vectors, block);
}

PLAN int plan_threads(int columns, int rows) {
    return (columns * rows + 31) / 32 * 32;
}

/* The number of rows that leaves the fewest lanes of the block's warps idle, the largest of them. */
PLAN int plan_rows(int vectors, int block) {
    const int columns = plan_columns(vectors, block);
    int best = 1;
    for (int rows = 2; rows * columns <= block; rows++)
        if (rows * plan_threads(columns, best) >= best * plan_threads(columns, rows)) best = rows;
    return best;
}

/* Passes of a chunk, whose reduction then costs nothing (under 1% of the instructions) and whose sums in float32 stay
   short, and blocks enough for any device. At 12608x3072 more turns leave one wave of blocks on an H100,
   and no short one after it. */
enum { PLAN_TURNS = 128, PLAN_BLOCKS = 1024 };

/* Chunks that `passes` passes of a block's rows are cut into: of PLAN_TURNS passes, fewer where that would leave less
   than PLAN_BLOCKS blocks, `parts` to a chunk. None is empty. It depends on nothing else, least of all on the
   device, so sums over chunks have the same bits everywhere. */
PLAN long long plan_chunks(long long passes, long long parts) {
    const long long most = 0x7fffffff / parts;
    long long chunks = (passes + PLAN_TURNS - 1) / PLAN_TURNS;
    if (chunks * parts < PLAN_BLOCKS) chunks = (PLAN_BLOCKS + parts - 1) / parts;
    if (chunks > passes) chunks = passes;
    if (chunks > most) chunks = most;
    if (chunks < 1) return 0;
    const long long length = (passes + chunks - 1) / chunks;
    return (passes + length - 1) / length;
}
