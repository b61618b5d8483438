/* PTX as text: what the Triton compiler writes loads and runs; what is not supported is refused, with its
 * line. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);

static CUmodule triton(void) {
    device_open((const char *const[]){"VGPU_DEVICE=h100-sxm", NULL});
    char *ptx = device_text("ptx/triton.ptx");
    CUmodule module = device_module(ptx);
    free(ptx);
    return module;
}

Test(triton, softmax) {
    CUmodule module = triton();
    enum { ROWS = 5, COLUMNS = 300 };
    static float x[ROWS * COLUMNS], y[ROWS * COLUMNS];
    uint64_t seed = 1, scratch = 0;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        x[i] = (float)ldexp((double)(int64_t)device_random(&seed), -60);
    }
    CUdeviceptr from = device_array(x, sizeof x), to = device_array(NULL, sizeof y);
    int columns = COLUMNS;
    const CUresult code =
        device_run(module, "softmax_rows", (const unsigned[]){ROWS, 1, 1}, (const unsigned[]){128, 1, 1}, 16,
                   (void *[]){&from, &to, &columns, &scratch});
    cr_assert_eq(code, 0, "%s", vgpu_last_finding());
    device_read(y, to, sizeof y);
    for (int r = 0; r < ROWS; r++) {
        double most = -INFINITY, sum = 0;
        for (int c = 0; c < COLUMNS; c++) {
            most = fmax(most, (double)x[r * COLUMNS + c]);
        }
        for (int c = 0; c < COLUMNS; c++) {
            sum += exp((double)x[r * COLUMNS + c] - most);
        }
        for (int c = 0; c < COLUMNS; c++) {
            const double e = exp((double)x[r * COLUMNS + c] - most) / sum;
            cr_assert_float_eq(y[r * COLUMNS + c], e, 2e-6 * e, "(%d,%d): %g for %g", r, c,
                               (double)y[r * COLUMNS + c], e);
        }
    }
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

/* Each of a thread's four pairs is added by other instructions; all round once. */
Test(triton, add_bfloat16) {
    CUmodule module = triton();
    enum { COUNT = 1544 }; /* the second block ends inside */
    uint16_t x[COUNT], y[COUNT], z[COUNT];
    uint64_t seed = 2;
    for (int i = 0; i < COUNT; i++) {
        x[i] = (uint16_t)operand_sample("bf16", &seed);
        y[i] = (uint16_t)operand_sample("bf16", &seed);
    }
    CUdeviceptr dx = device_array(x, sizeof x), dy = device_array(y, sizeof y),
                dz = device_array(NULL, sizeof z);
    int count = COUNT;
    const CUresult code = device_run(module, "add_bf16", (const unsigned[]){2, 1, 1},
                                     (const unsigned[]){128, 1, 1}, 0, (void *[]){&dx, &dy, &dz, &count});
    cr_assert_eq(code, 0, "%s", vgpu_last_finding());
    device_read(z, dz, sizeof z);
    for (int i = 0; i < COUNT; i++) {
        const uint64_t e =
            narrow_to((double)(float)(bf16_value(x[i]) + bf16_value(y[i])), 8, 7, FE_TONEAREST);
        cr_assert_eq(z[i], e, "%d: %x + %x gives %x for %x", i, x[i], y[i], z[i], (unsigned)e);
    }
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

/* ---- refusals ---- */

/* Not supported, or not PTX. The operands do not matter: they are well formed. */
static const char *const refused[] = {
    "frobnicate.u32 %r0, %r1;",
    "add.u33 %r0, %r1, %r2;",
    "add.f32 %r0, %r1, %r2, %r3;",
    "add.rn.u32 %r0, %r1, %r2;",
    "add.f32.rn.wide %r0, %r1, %r2;",
    "mul.u32 %r0, %r1, %r2;",
    "div.rn.sat.f32 %r0, %r1, %r2;",
    "ex2.f32 %r0, %r1;",
    "ld.global.v3.b32 {%r0, %r1, %r2}, [%rd0];",
    "ld.global.noftz.b32 %r0, [%rd0];",
    "ld.texture.b32 %r0, [%rd0];",
    "st.global.b32.fast [%rd0], %r0;",
    "atom.global.mul.f32 %r0, [%rd0], %r1;",
    "red.global.exch.b32 [%rd0], %r1;",
    "shfl.bfly.b32 %r0, %r1, %r2, 31;",
    "vote.all.pred %p0, %p1;",
    "wgmma.fence.sync.aligned;",
    "mbarrier.init.shared.b64 [%rd0], 1;",
    "cp.async.bulk.commit_group;",
    "cp.async.cg.shared.global [%r0], [%rd0], 12;",
    "tcgen05.wait::ld.sync.aligned;",
    ("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%r0,%r1,%r2,%r3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, "
     "{%r0,%r1,%r2,%r3};"),
    "wmma.load.a.sync.aligned.row.m16n16k16.global.e5m2 {%r0}, [%rd0];",
    "suld.b.1d.b32.trap %r0, [%rd0];",
    "setmaxnreg.inc.sync.aligned.u32 240;",
    "cvt.rn.satfinite.e4m3x2.f32 %h0, %r0, %r1;",
    "membar.galaxy;",
    "bar.sync.all 0;",
    "createpolicy.always.b64 %rd0;",
};

Test(refused, with_line_and_text) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char text[1024], opcode[80], line[32];
        snprintf(text, sizeof text,
                 ".version 8.7\n.target sm_100a\n.address_size 64\n.visible .entry k()\n{\n"
                 ".reg .pred %%p<4>; .reg .b16 %%h<4>; .reg .b32 %%r<8>; .reg .b64 %%rd<4>;\n"
                 "mov.u32 %%r1, 0;\n/* a comment\n   of two lines */ %s\nret;\n}\n",
                 refused[i]);
        snprintf(opcode, sizeof opcode, "'%.*s'", (int)strcspn(refused[i], " ;"), refused[i]);
        snprintf(line, sizeof line, "line 9: ");
        CUmodule module = NULL;
        const CUresult code = cuModuleLoadData(&module, text);
        cr_assert_neq(code, 0, "%s loads", refused[i]);
        const char *message = vgpu_last_error();
        cr_assert(strstr(message, line) && strstr(message, opcode), "%s: %s", refused[i], message);
    }
}
