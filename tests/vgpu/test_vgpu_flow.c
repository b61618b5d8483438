/* Control flow: random programs of nested branches, loops with several ways out, tables of branches,
 * predicated instructions, exits and calls, against a plain evaluation of the same programs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "driver.h"
#include "program.h"

enum { BLOCKS = 2, THREADS = 80, ROWS = BLOCKS * THREADS };

struct totals {
    uint64_t branches, divergent, instructions, unfinished;
};

static void evaluate(const struct program *p, uint32_t (*in)[VALUES], uint32_t (*result)[VALUES]) {
    for (unsigned block = 0; block < BLOCKS; block++) {
        for (unsigned first = 0; first < THREADS; first += LANES) {
            const unsigned row = block * THREADS + first,
                           lanes = THREADS - first < LANES ? THREADS - first : LANES;
            if (p->warp_operations) {
                program_run_warp(p, lanes, in[row], result[row]);
                continue;
            }
            for (unsigned l = 0; l < lanes; l++) {
                program_run_thread(p, in[row + l], result[row + l]);
            }
        }
    }
}

static void keep(const char *ptx, unsigned seed) {
    char path[64];
    snprintf(path, sizeof path, "flow_%u.ptx", seed);
    FILE *const file = fopen(path, "w");
    if (file) {
        fputs(ptx, file);
        fclose(file);
    }
}

static void run_program(struct program *p, unsigned seed, bool warp_operations, struct totals *totals) {
    enum { UNTOUCHED = 0x5eed5eed };
    uint32_t in[ROWS][VALUES], got[ROWS][VALUES], expected[ROWS][VALUES];
    uint64_t state = seed;
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned k = 0; k < VALUES; k++) {
            in[i][k] = (uint32_t)device_random(&state);
            got[i][k] = expected[i][k] = UNTOUCHED;
        }
    }
    program_generate(p, seed, warp_operations);
    char *const ptx = program_ptx(p);
    CUmodule module = device_module(ptx);
    CUdeviceptr from = device_array(in, sizeof in), to = device_array(got, sizeof got);
    const CUresult code = device_run(module, "k", (const unsigned[]){BLOCKS, 1, 1},
                                     (const unsigned[]){THREADS, 1, 1}, 0, (void *[]){&from, &to});
    cr_assert_eq(code, 0, "program %u: %d, %s", seed, (int)code, vgpu_last_finding());
    device_read(got, to, sizeof got);
    evaluate(p, in, expected);
    if (memcmp(got, expected, sizeof got) != 0) {
        keep(ptx, seed);
        for (unsigned i = 0; i < ROWS * VALUES; i++) {
            cr_assert_eq((&got[0][0])[i], (&expected[0][0])[i],
                         "program %u (flow_%u.ptx), thread %u, value %u", seed, seed, i / VALUES, i % VALUES);
        }
    }
    for (unsigned i = 0; i < ROWS; i++) {
        totals->unfinished += expected[i][0] == UNTOUCHED;
    }
    struct vgpu_counters counters;
    vgpu_counters_read(&counters, sizeof counters);
    totals->branches += counters.branches;
    totals->divergent += counters.divergent_branches;
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        totals->instructions += counters.warp_instructions[i];
    }
    cr_assert_eq(cuMemFree_v2(from), 0);
    cr_assert_eq(cuMemFree_v2(to), 0);
    cr_assert_eq(cuModuleUnload(module), 0);
    free(ptx);
}

static void run_programs(unsigned first, unsigned count, bool warp_operations) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    struct program *const p = malloc(sizeof *p);
    cr_assert_not_null(p);
    struct totals totals = {0};
    for (unsigned i = 0; i < count; i++) {
        run_program(p, first + i, warp_operations, &totals);
    }
    free(p);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
    printf("%u programs: %llu warp instructions, %llu branches, %llu divergent\n", count,
           (unsigned long long)totals.instructions, (unsigned long long)totals.branches,
           (unsigned long long)totals.divergent);
    cr_assert_gt(totals.divergent, 20 * count, "the programs hardly diverge");
}

Test(flow, programs_of_single_threads) {
    run_programs(1, 600, false);
}

/* What lanes see of each other shows where they have met again. */
Test(flow, programs_of_warps) {
    run_programs(100001, 600, true);
}

/* Whatever the block before left in a register: one that not all blocks write reads as zero, and of a lane
 * that has left nobody sees what it had there. */
Test(flow, registers_do_not_last) {
    static const char text[] =
        ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 k_out)\n{\n"
        ".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<2>;\n"
        "ld.param.u64 %rd0, [k_out]; mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x;\n"
        "setp.eq.u32 %p0, %r1, 0; @%p0 mov.u32 %r2, 9;\n"
        "mad.lo.u32 %r3, %r1, 32, %r0; mul.wide.u32 %rd1, %r3, 8; add.s64 %rd1, %rd0, %rd1;\n"
        "st.global.u32 [%rd1], %r2;\n"
        "setp.eq.u32 %p1, %r1, 1; setp.eq.and.u32 %p2, %r0, 20, %p1; @%p2 exit;\n"
        "add.u32 %r4, %r0, 100; shfl.sync.idx.b32 %r5, %r4, 20, 31, -1;\n"
        "st.global.u32 [%rd1+4], %r5;\nret;\n}\n";
    device_open((const char *const[]){"VGPU_THREADS=1", NULL});
    uint32_t got[2][LANES][2] = {0};
    CUdeviceptr out = device_array(got, sizeof got);
    cr_assert_eq(device_run(device_module(text), "k", (const unsigned[]){2, 1, 1},
                            (const unsigned[]){LANES, 1, 1}, 0, (void *[]){&out}),
                 0, "%s", vgpu_last_finding());
    device_read(got, out, sizeof got);
    for (unsigned l = 0; l < LANES; l++) {
        cr_assert_eq(got[0][l][0], 9);
        cr_assert_eq(got[0][l][1], 120);
        cr_assert_eq(got[1][l][0], 0);
        cr_assert_neq(got[1][l][1], 120);
    }
}
