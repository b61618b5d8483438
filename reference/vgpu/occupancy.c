/* occupancy: how many blocks a multiprocessor holds (CUDA C++ Programming Guide, "Hardware Multithreading").
 */
#include "launch.h"

uint32_t launch_registers(const struct kernel *kernel) {
    /* live values plus what addresses and the ABI usually take; ptxas keeps at least 16 */
    uint32_t r = kernel->registers >= 0 ? (uint32_t)kernel->registers : kernel->live_registers + 4;
    r = r < 16 ? 16 : r > 255 ? 255 : r;
    return kernel->max_registers && r > kernel->max_registers ? kernel->max_registers : r;
}

uint32_t launch_occupancy(const struct kernel *kernel, const struct profile *profile, uint32_t threads,
                          uint32_t shared_bytes) {
    const uint32_t warps = (threads + WARP_SIZE - 1) / WARP_SIZE;
    if (!warps || warps > profile->warps) {
        return 0;
    }
    const uint32_t per_warp = (launch_registers(kernel) * WARP_SIZE + 255) / 256 * 256;
    const uint32_t by_registers =
        profile->registers / per_warp / 4 * 4 / warps;        /* warps are placed in fours */
    const uint32_t reserved = profile->major >= 8 ? 1024 : 0; /* of each block, for the system */
    const uint32_t unit = profile->major >= 8 ? 128 : 256;
    const uint32_t block_shared = (shared_bytes + reserved + unit - 1) / unit * unit;
    const uint32_t by_shared = block_shared ? profile->shared_bytes / block_shared : profile->blocks;
    uint32_t blocks = profile->warps / warps;
    blocks = blocks < profile->blocks ? blocks : profile->blocks;
    blocks = blocks < by_registers ? blocks : by_registers;
    return blocks < by_shared ? blocks : by_shared;
}
