/* lop3: every function of three bits, with and without a predicate made of whether the result is zero; and
 * that all other forms are refused. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "conform.h"
#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);

/* How often the predicate had to be false and true. */
static unsigned outcomes[2];

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    family_bits(op)(op, in, carry, want);
    outcomes[op->second ? want->carry : want->bits & 1]++;
}

Test(lop3, plain) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (unsigned table = 0; table < 256; table++) {
        struct opcode op;
        opcode_split(&op, "lop3.b32", "w:www");
        op.table = (uint8_t)table;
        conform_check(&op, family_bits(&op));
    }
}

static void try_predicate(const char *text, bool to_sink, unsigned step) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (unsigned table = 0; table < 256; table += step) {
        struct opcode op;
        opcode_split(&op, text, to_sink ? "p:wwwp" : "w:wwwp");
        op.second = !to_sink;
        op.to_sink = to_sink;
        op.table = (uint8_t)table;
        conform_check(&op, evaluate);
    }
    printf("%s: %u false, %u true\n", text, outcomes[0], outcomes[1]);
    cr_assert(outcomes[0] > 1000 && outcomes[1] > 1000);
}

Test(lop3, and_predicate) {
    try_predicate("lop3.and.b32", false, 3);
}
Test(lop3, or_predicate) {
    try_predicate("lop3.or.b32", false, 5);
}
Test(lop3, and_predicate_alone) {
    try_predicate("lop3.and.b32", true, 15);
}
Test(lop3, or_predicate_alone) {
    try_predicate("lop3.or.b32", true, 17);
}

static const struct {
    const char *text;
    bool loads;
} forms[] = {
    {"lop3.b32 %r0, %r1, %r2, %r3, 0", true},
    {"lop3.b32 %r0, %r1, %r2, 7, 255", true},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, 255, %p1", true},
    {"lop3.or.b32 _|%p0, %r1, %r2, %r3, 1, %p0", true},
    {"lop3.b32 %r0, %r1, %r2, %r3, 256", false},
    {"lop3.b32 %r0, %r1, %r2, %r3, -1", false},
    {"lop3.b32 %r0, %r1, %r2, %r3, %r1", false},
    {"lop3.b32 %r0, %r1, %r2, 1", false},
    {"lop3.b32 %r0, %r1, %r2, %r3, 1, %p0", false},
    {"lop3.b32 _, %r1, %r2, %r3, 1", false},
    {"lop3.b32 %r0|%p0, %r1, %r2, %r3, 1", false},
    {"lop3.b64 %d0, %d1, %d2, %d3, 1", false},
    {"lop3.u32 %r0, %r1, %r2, %r3, 1", false},
    {"lop3 %r0, %r1, %r2, %r3, 1", false},
    {"lop3.b32", false},
    {"lop3.and.b32", false},
    {"lop3.xor.b32 %r0|%p0, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.b32.and %r0|%p0, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.or.b32 %r0|%p0, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.b64 %d0|%p0, %d1, %d2, %d3, 1, %p1", false},
    {"lop3.and.b32 %r0, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.b32 _, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.b32 %r0|_, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.b32 %r0|%r4, %r1, %r2, %r3, 1, %p1", false},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, 1", false},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, 1, !%p1", false},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, 1, %r1", false},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, 256, %p1", false},
    {"lop3.and.b32 %r0|%p0, %r1, %r2, %r3, %r1, %p1", false},
    {"lop3.and.b32 %p0|%r0, %r1, %r2, %r3, 1, %p1", false},
    /* a predicate after the target is for the few instructions that have one */
    {"and.b32 %r0|%p0, %r1, %r2", false},
    {"mov.b32 %r0|_, %r1", false},
    {"add.u32 %r0, %r1|%p0, %r2", false},
    {"cvt.u32.s32 %r0|%p0, %r1", false},
    {"set.lt.u32.s32 %r0|%p0, %r1, %r2", false},
    {"setp.lt.s32 %p0|_, %r1, %r2", true},
};

Test(lop3, other_forms_are_refused) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 ".version 8.8\n.target sm_100\n.address_size 64\n.visible .entry k()\n{\n"
                 ".reg .pred %%p<4>; .reg .b32 %%r<8>; .reg .b64 %%d<4>;\n%s;\nret;\n}\n",
                 forms[i].text);
        CUmodule module = NULL;
        const bool loads = cuModuleLoadData(&module, text) == 0;
        cr_assert_eq(loads, forms[i].loads, "%s %s: %s", forms[i].text, loads ? "loads" : "does not load",
                     vgpu_last_error());
    }
}
