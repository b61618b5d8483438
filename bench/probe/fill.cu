/* What memory holds before a measurement. */

/* x[1] times 16 bytes of zeros, from 16 bytes times x[2] on */
PROBE(fill_zero) {
    uint4 *const first = (uint4 *)WORK + x[2];
    for (int i = THREAD; i < x[1]; i += gridDim.x * blockDim.x) first[i] = make_uint4(0, 0, 0, 0);
}

/* A cycle through 2^x[1] places, x[2] bytes apart: each holds the address of the next. A linear congruence modulo a
   power of two goes through all of them once, in an order that no prefetcher follows. */
PROBE(fill_cycle) {
    const unsigned count = 1u << x[1];
    const u64 stride = x[2];
    for (unsigned i = THREAD; i < count; i += gridDim.x * blockDim.x)
        *(u64 *)(WORK + i * stride) = (u64)(WORK + ((i * 1664525u + 1013904223u) & (count - 1)) * stride);
    if (THREAD == 0) ((report *)y)->next = (u64)WORK;
}
