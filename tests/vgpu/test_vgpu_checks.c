/* Each check of the virtual GPU has a kernel that commits the fault and one, nearly the same, that does not.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "driver.h"

/* A kernel k(u64 p, u64 q) for 64 threads around a body; %r0 = tid.x, %rd0 = p + 4 tid, %rd1 = q + 4 tid. */
static char *kernel(const char *body) {
    static const char head[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
                               ".file 1 \"faulty.cu\"\n"
                               ".visible .entry k(.param .u64 k_p, .param .u64 k_q)\n{\n"
                               ".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>;\n"
                               ".shared .align 16 .b8 tile[256];\n"
                               "ld.param.u64 %rd2, [k_p]; ld.param.u64 %rd3, [k_q];\n"
                               "mov.u32 %r0, %tid.x; mul.wide.u32 %rd4, %r0, 4;\n"
                               "add.s64 %rd0, %rd2, %rd4; add.s64 %rd1, %rd3, %rd4;\n"
                               "mov.u32 %r1, tile; shl.b32 %r2, %r0, 2; add.s32 %r2, %r1, %r2;\n"
                               ".loc 1 77 3\n";
    char *text = malloc(sizeof head + strlen(body) + 16);
    sprintf(text, "%s%s\nret;\n}\n", head, body);
    return text;
}

enum { THREADS = 64, BYTES = 4 * THREADS };

/* Runs the body with p of BYTES that were written and q that was not. */
static CUresult run_body(const char *body) {
    char *text = kernel(body);
    CUmodule module = device_module(text);
    free(text);
    uint32_t values[THREADS] = {0};
    CUdeviceptr p = device_array(values, BYTES), q = device_array(NULL, BYTES);
    return device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){THREADS, 1, 1}, 0,
                      (void *[]){&p, &q});
}

static void expect_clean(const char *body) {
    device_open(NULL);
    const CUresult code = run_body(body);
    cr_assert_eq(code, 0, "%d: %s", (int)code, vgpu_last_finding());
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

static void expect_finding(const char *body, enum vgpu_finding_kind kind, CUresult code) {
    device_open(NULL);
    const CUresult got = run_body(body);
    cr_assert_eq(got, code, "%d: %s", (int)got, vgpu_last_finding());
    cr_assert_geq(vgpu_findings(kind), 1, "nothing of the kind was found; last: '%s'", vgpu_last_finding());
    cr_assert_eq(vgpu_findings(kind), vgpu_findings(VGPU_FINDING_KINDS), "%s", vgpu_last_finding());
    const char *text = vgpu_last_finding();
    cr_assert(strstr(text, "kernel k") && strstr(text, "block (0,0,0)") && strstr(text, "thread (") &&
                  strstr(text, "PTX line"),
              "%s", text);
    cr_assert(strstr(text, "faulty.cu:77"), "the source line is missing: %s", text);
}

#define PAIR(name, faulty, clean, kind, code)                                                                \
    Test(checks, name##_found) {                                                                             \
        expect_finding(faulty, kind, code);                                                                  \
    }                                                                                                        \
    Test(checks, name##_clean) {                                                                             \
        expect_clean(clean);                                                                                 \
    }

PAIR(out_of_bounds, "ld.global.u32 %r3, [%rd0+4];", "ld.global.u32 %r3, [%rd0];", VGPU_OUT_OF_BOUNDS, 700)
PAIR(out_of_bounds_store, "st.global.u32 [%rd0+256], %r0;", "st.global.u32 [%rd0], %r0;", VGPU_OUT_OF_BOUNDS,
     700)
PAIR(null_pointer, "mov.u64 %rd5, 0; st.global.u32 [%rd5], %r0;",
     "mov.u64 %rd5, %rd0; st.global.u32 [%rd5], %r0;", VGPU_OUT_OF_BOUNDS, 700)
PAIR(shared_out_of_bounds, "st.shared.u32 [%r2+4], %r0;", "st.shared.u32 [%r2], %r0;", VGPU_OUT_OF_BOUNDS,
     700)
PAIR(misaligned, "ld.global.u32 %r3, [%rd2+2];", "ld.global.u32 %r3, [%rd2+4];", VGPU_MISALIGNED, 716)
PAIR(misaligned_vector, "ld.global.v2.u32 {%r3, %r4}, [%rd2+4];", "ld.global.v2.u32 {%r3, %r4}, [%rd2+8];",
     VGPU_MISALIGNED, 716)
PAIR(uninitialised, "ld.global.u32 %r3, [%rd1];", "st.global.u32 [%rd1], %r0; ld.global.u32 %r3, [%rd1];",
     VGPU_UNINITIALISED, 0)
PAIR(uninitialised_byte, "st.global.u8 [%rd1], %r0; ld.global.u16 %r3, [%rd1];",
     "st.global.u16 [%rd1], %r0; ld.global.u16 %r3, [%rd1];", VGPU_UNINITIALISED, 0)
PAIR(uninitialised_shared, "ld.shared.u32 %r3, [%r2];", "st.shared.u32 [%r2], %r0; ld.shared.u32 %r3, [%r2];",
     VGPU_UNINITIALISED, 0)
PAIR(race_read_after_write,
     "st.shared.u32 [%r2], %r0; bar.sync 0; st.shared.u32 [%r2], %r0; xor.b32 %r4, %r2, 128; and.b32 %r4, "
     "%r4, 255; add.s32 %r4, %r1, %r4; "
     "ld.shared.u32 %r3, [%r4];",
     "st.shared.u32 [%r2], %r0; bar.sync 0; xor.b32 %r4, %r2, 128; and.b32 %r4, %r4, 255; add.s32 %r4, %r1, "
     "%r4; ld.shared.u32 %r3, [%r4];",
     VGPU_RACE, 0)
PAIR(race_write_after_read,
     "st.shared.u32 [%r2], %r0; bar.sync 0; ld.shared.u32 %r3, [tile]; setp.eq.u32 %p1, %r0, 40; @%p1 "
     "st.shared.u32 [tile], %r0;",
     "st.shared.u32 [%r2], %r0; bar.sync 0; ld.shared.u32 %r3, [tile]; bar.sync 0; setp.eq.u32 %p1, %r0, 40; "
     "@%p1 st.shared.u32 [tile], %r0;",
     VGPU_RACE, 0)
PAIR(race_within_warp, "st.shared.u32 [%r2], %r0; xor.b32 %r4, %r2, 4; ld.shared.u32 %r3, [%r4];",
     "st.shared.u32 [%r2], %r0; bar.warp.sync -1; xor.b32 %r4, %r2, 4; ld.shared.u32 %r3, [%r4];", VGPU_RACE,
     0)
PAIR(race_of_writes, "st.shared.u32 [tile], %r0;",
     "setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.u32 [tile], %r0; bar.sync 0; atom.shared.exch.b32 %r3, [tile], "
     "%r0;",
     VGPU_RACE, 0)
PAIR(race_of_bytes,
     "st.shared.u32 [%r2], %r0; bar.sync 0; add.s32 %r4, %r1, %r0; st.shared.u8 [%r4], %r0; "
     "ld.shared.u32 %r3, [tile];",
     "st.shared.u32 [%r2], %r0; bar.sync 0; add.s32 %r4, %r1, %r0; st.shared.u8 [%r4], %r0; bar.sync 0; "
     "ld.shared.u32 %r3, [tile];",
     VGPU_RACE, 0)
PAIR(barrier_in_part_of_block, "setp.lt.u32 %p1, %r0, 32; @%p1 bra $out; bar.sync 0; $out:",
     "setp.lt.u32 %p1, %r0, 32; @%p1 bra $out; bar.sync 1, 32; $out:", VGPU_SYNC, 0)
PAIR(barrier_with_divergence,
     "and.b32 %r3, %r0, 1; setp.eq.u32 %p1, %r3, 0; @%p1 bar.sync 0; @!%p1 bar.sync 0;",
     "and.b32 %r3, %r0, 1; setp.eq.u32 %p1, %r3, 0; @%p1 add.s32 %r3, %r3, 1; bar.sync 0; bar.sync 0;",
     VGPU_SYNC, 0)
PAIR(barrier_after_exit, "setp.eq.u32 %p1, %r0, 5; @%p1 exit; bar.sync 0;",
     "bar.sync 0; setp.eq.u32 %p1, %r0, 5; @%p1 exit;", VGPU_SYNC, 0)
PAIR(barrier_never_complete, "setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 2, 64; ", "bar.sync 2, 64;", VGPU_SYNC,
     702)
PAIR(trap, "setp.eq.u32 %p1, %r0, 3; @%p1 trap;", "setp.eq.u32 %p1, %r0, 300; @%p1 trap;", VGPU_TRAP, 719)

/* Of a word that two threads write and a third one reads a half of, each byte is a finding. */
Test(checks, races_are_counted_by_bytes) {
    device_open(NULL);
    cr_assert_eq(run_body("setp.eq.u32 %p1, %r0, 0; @%p1 st.shared.u32 [tile], %r0; "
                          "setp.eq.u32 %p2, %r0, 1; @%p2 st.shared.u32 [tile], %r0; "
                          "setp.eq.u32 %p3, %r0, 40; @%p3 ld.shared.u16 %r3, [tile+2];"),
                 0);
    cr_assert_eq(vgpu_findings(VGPU_RACE), 4 + 2, "%s", vgpu_last_finding());
}

Test(checks, shared_race_is_not_seen_between_named_barriers) {
    /* producer and consumer halves meet at barrier 1 only */
    expect_clean("setp.lt.u32 %p1, %r0, 32; @%p1 st.shared.u32 [%r2], %r0; @%p1 bar.arrive 1, 64; @%p1 bra "
                 "$done; bar.sync 1, 64; "
                 "ld.shared.u32 %r3, [%r2+-128]; $done:");
}

Test(checks, use_after_free_found) {
    device_open(NULL);
    char *text = kernel("ld.global.u32 %r3, [%rd0];");
    CUmodule module = device_module(text);
    free(text);
    uint32_t values[THREADS] = {0};
    CUdeviceptr p = device_array(values, BYTES), q = device_array(NULL, BYTES);
    cr_assert_eq(device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){THREADS, 1, 1}, 0,
                            (void *[]){&p, &q}),
                 0);
    cr_assert_eq(cuMemFree_v2(p), 0);
    cr_assert_eq(device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){THREADS, 1, 1}, 0,
                            (void *[]){&p, &q}),
                 700);
    cr_assert_eq(vgpu_findings(VGPU_USE_AFTER_FREE), 1, "%s", vgpu_last_finding());
    cr_assert_eq(cuCtxSynchronize(), 700, "the context stays poisoned");
    cr_assert_eq(cuMemFree_v2(q), 700);
}

Test(checks, endless_loop_ends) {
    device_open((const char *const[]){"VGPU_LIMIT=200000", NULL});
    cr_assert_eq(run_body("$again: add.s32 %r3, %r3, 1; bra $again;"), 702);
    cr_assert_eq(vgpu_findings(VGPU_RUNAWAY), 1);
}

Test(checks, limits_of_the_launch) {
    device_open(NULL);
    char *text = kernel("");
    CUmodule module = device_module(text);
    free(text);
    CUdeviceptr p = device_array(NULL, BYTES);
    void *params[] = {&p, &p};
    static const struct {
        unsigned grid[3], block[3], shared;
        CUresult code;
    } cases[] = {
        {{1, 1, 1}, {1024, 1, 1}, 0, 0},      {{1, 1, 1}, {1025, 1, 1}, 0, 1},
        {{1, 1, 1}, {1, 1, 65}, 0, 1},        {{0, 1, 1}, {32, 1, 1}, 0, 1},
        {{1, 65536, 1}, {32, 1, 1}, 0, 1},    {{1, 1, 1}, {32, 1, 1}, 49152 - 256, 0},
        {{1, 1, 1}, {32, 1, 1}, 50 << 10, 1}, {{1, 1, 1}, {32, 1, 1}, 1 << 20, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(device_run(module, "k", cases[i].grid, cases[i].block, cases[i].shared, params),
                     cases[i].code, "case %zu", i);
    }
}

Test(checks, off_means_off) {
    device_open((const char *const[]){"VGPU_CHECK=none", NULL});
    cr_assert_eq(run_body("ld.global.u32 %r3, [%rd1]; st.shared.u32 [tile], %r0;"), 0);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0);
}

/* A branch to the instruction that follows it parts nobody. */
Test(checks, branch_to_the_next_instruction) {
    expect_clean("setp.lt.u32 %p1, %r0, 5; @%p1 bra $next; $next: activemask.b32 %r3; bar.sync 0;");
}

static uint64_t leaks_at_exit(bool free_it) {
    int ends[2];
    char text[512] = "";
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        char path[64];
        snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
        setenv("VGPU_REPORT", path, 1);
        setenv("VGPU_ERROR_EXITCODE", "77", 1);
        device_open(NULL);
        const CUdeviceptr p = device_array(NULL, 1000);
        if (free_it) {
            cuMemFree_v2(p);
        }
        exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    close(ends[1]);
    const ssize_t bytes = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    if (!free_it) {
        cr_assert(bytes > 0 && strstr(text, "allocation of 1000 bytes"), "%s", text);
    }
    return (uint64_t)WEXITSTATUS(status);
}

Test(checks, leak_at_exit_found) {
    cr_assert_eq(leaks_at_exit(false), 77);
}

Test(checks, leak_at_exit_clean) {
    cr_assert_eq(leaks_at_exit(true), 0);
}
