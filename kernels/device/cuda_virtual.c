#include "cuda_virtual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuda.h"
#include "library.h"

static const struct library_function functions[] = {
#define ENTRY(result, name, parameters) {#name, offsetof(struct cuda_virtual, name)},
    VGPU_FUNCTIONS(ENTRY)
#undef ENTRY
};

/* Where the library lies, seen from the program's folder in the build tree and when it is installed. */
static const char *const beside[] = {"libvgpu.so", "../vgpu/libvgpu.so", "../lib/katune/libvgpu.so"};
static const char *const fixed[] = {KATUNE_VGPU_BUILT, KATUNE_VGPU_INSTALLED};

static bool program_folder(char *folder, size_t size) {
    const ssize_t length = readlink("/proc/self/exe", folder, size - 1);
    if (length <= 0) return false;
    folder[length] = 0;
    *strrchr(folder, '/') = 0;
    return true;
}

bool cuda_virtual_open(struct cuda_api *api, struct error *err) {
    char folder[400], path[512];
    const char *const named = getenv("KATUNE_LIBCUDA");
    if (named && *named) return cuda_api_open(api, NULL, err);
    const bool known = program_folder(folder, sizeof folder);
    for (size_t i = 0; known && i < sizeof beside / sizeof *beside; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, beside[i]);
        if (access(path, R_OK) == 0) return cuda_api_open(api, path, err);
    }
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (access(fixed[i], R_OK) == 0) return cuda_api_open(api, fixed[i], err);
    return error_set(err,
                     "the virtual GPU's library libvgpu.so is neither beside the program nor at %s: build or "
                     "install it, or set KATUNE_LIBCUDA to it",
                     KATUNE_VGPU_INSTALLED);
}

void cuda_virtual_bind(struct cuda_virtual *v, const struct cuda_api *api) {
    *v = (struct cuda_virtual){.present = false};
    v->present = !library_bind(api->library, v, functions, sizeof functions / sizeof *functions);
}

/* The names lie in the library, which therefore stays loaded. */
const char *vgpu_profile(unsigned i, const char **about) {
    struct cuda_api api;
    struct cuda_virtual virtual;
    struct error err;
    if (!cuda_virtual_open(&api, &err)) return NULL;
    cuda_virtual_bind(&virtual, &api);
    const char *const name = virtual.present ? virtual.vgpu_profile_name(i) : NULL;
    if (name) *about = virtual.vgpu_profile_about(i);
    return name;
}

bool vgpu_figure(unsigned profile, const char *figure, double *value) {
    struct cuda_api api;
    struct cuda_virtual virtual;
    struct error ignored;
    if (!cuda_virtual_open(&api, &ignored)) return false;
    cuda_virtual_bind(&virtual, &api);
    const bool found = virtual.present && !virtual.vgpu_profile_figure(profile, figure, value);
    cuda_api_close(&api);
    return found;
}

void cuda_tally_add(struct cuda_tally *t, const struct cuda_virtual *v) {
    struct vgpu_counters c;
    if (v->vgpu_counters_read(&c, sizeof c)) return;
    if (t->steps++ == 0) {
        t->sum = c;
        t->seconds = c.modeled_seconds;
        return;
    }
    struct vgpu_counters *const s = &t->sum;
    t->seconds += c.modeled_seconds;
    for (int i = 0; i < VGPU_PIPES; i++) {
        s->warp_instructions[i] += c.warp_instructions[i];
        s->thread_instructions[i] += c.thread_instructions[i];
    }
    s->branches += c.branches;
    s->divergent_branches += c.divergent_branches;
    s->barriers += c.barriers;
    s->global_load_requests += c.global_load_requests;
    s->global_load_sectors += c.global_load_sectors;
    s->global_store_requests += c.global_store_requests;
    s->global_store_sectors += c.global_store_sectors;
    s->l2_read_bytes += c.l2_read_bytes;
    s->l2_write_bytes += c.l2_write_bytes;
    s->dram_read_bytes += c.dram_read_bytes;
    s->dram_write_bytes += c.dram_write_bytes;
    s->shared_wavefronts += c.shared_wavefronts;
    s->shared_bank_conflicts += c.shared_bank_conflicts;
    s->local_bytes += c.local_bytes;
    s->atomics += c.atomics;
    s->atomic_requests += c.atomic_requests;
    s->shared_atomics += c.shared_atomics;
    s->float_atomics += c.float_atomics;
    if (c.atomic_longest_chain > s->atomic_longest_chain) s->atomic_longest_chain = c.atomic_longest_chain;
    if (c.atomic_slice_clocks > s->atomic_slice_clocks) s->atomic_slice_clocks = c.atomic_slice_clocks;
    if (c.registers > s->registers) s->registers = c.registers;
    if (c.spill_bytes > s->spill_bytes) s->spill_bytes = c.spill_bytes;
    if (c.shared_bytes > s->shared_bytes) s->shared_bytes = c.shared_bytes;
    if (c.occupancy < s->occupancy) s->occupancy = c.occupancy;
    s->blocks += c.blocks;
    s->warps += c.warps;
}

static double sum(const uint64_t *list) {
    uint64_t total = 0;
    for (int i = 0; i < VGPU_PIPES; i++) total += list[i];
    return (double)total;
}

int cuda_tally_list(const struct cuda_tally *t, struct counter *list, int max) {
    const struct vgpu_counters *const s = &t->sum;
    const struct counter all[] = {
        {"seconds", t->seconds},
        {"dram_bytes", (double)(s->dram_read_bytes + s->dram_write_bytes)},
        {"dram_read_bytes", (double)s->dram_read_bytes},
        {"dram_write_bytes", (double)s->dram_write_bytes},
        {"l2_bytes", (double)(s->l2_read_bytes + s->l2_write_bytes)},
        {"instructions", sum(s->warp_instructions)},
        {"instructions_fma", (double)s->warp_instructions[VGPU_FMA]},
        {"instructions_half", (double)s->warp_instructions[VGPU_HALF]},
        {"instructions_alu", (double)s->warp_instructions[VGPU_ALU]},
        {"instructions_sfu", (double)s->warp_instructions[VGPU_SFU]},
        {"instructions_lsu", (double)s->warp_instructions[VGPU_LSU]},
        {"instructions_tensor", (double)s->warp_instructions[VGPU_TENSOR]},
        {"thread_instructions", sum(s->thread_instructions)},
        {"occupancy", s->occupancy},
        {"registers", s->registers},
        {"spill_bytes", s->spill_bytes},
        {"shared_bytes", s->shared_bytes},
        {"shared_wavefronts", (double)s->shared_wavefronts},
        {"bank_conflicts", (double)s->shared_bank_conflicts},
        {"atomics", (double)s->atomics},
        {"atomic_chain", (double)s->atomic_longest_chain},
        {"atomic_part", (double)s->atomic_slice_clocks},
        {"shared_atomics", (double)s->shared_atomics},
        {"float_atomics", (double)s->float_atomics},
        {"global_load_requests", (double)s->global_load_requests},
        {"global_load_sectors", (double)s->global_load_sectors},
        {"global_store_requests", (double)s->global_store_requests},
        {"global_store_sectors", (double)s->global_store_sectors},
        {"local_bytes", (double)s->local_bytes},
        {"branches", (double)s->branches},
        {"divergent_branches", (double)s->divergent_branches},
        {"barriers", (double)s->barriers},
        {"blocks", (double)s->blocks},
        {"warps", (double)s->warps},
        {"launches", t->steps},
        {"fills", t->fills},
    };
    int count = (int)(sizeof all / sizeof *all);
    if (!t->steps) return 0;
    if (count > max) count = max;
    memcpy(list, all, sizeof *list * (size_t)count);
    return count;
}
