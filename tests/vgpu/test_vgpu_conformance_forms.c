/* Forms of instructions that PTX does not have, each beside one that it has and that differs in just that:
 * the one is refused with its line and text, the other loads. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleUnload(CUmodule module);

struct form {
    const char *has, *has_not;
};

static CUresult load(CUmodule *module, const char *instruction) {
    char text[1024];
    snprintf(text, sizeof text,
             ".version 8.8\n.target sm_100a\n.address_size 64\n"
             ".func (.param .b32 y) twice(.param .b32 x)\n{\nret;\n}\n.func nothing()\n{\nret;\n}\n"
             ".visible .entry k(.param .b64 in)\n{\n"
             ".reg .pred %%p<4>; .reg .b16 %%h<4>; .reg .b32 %%r<12>; .reg .b64 %%d<4>;\n"
             ".shared .b32 tile[4]; .param .b32 result; .param .b32 argument;\n"
             "%s;\nthere:\nret;\ntargets: .branchtargets there;\n}\n",
             instruction);
    *module = NULL;
    return cuModuleLoadData(module, text);
}

static void check(const struct form *forms, size_t count) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (size_t i = 0; i < count; i++) {
        CUmodule module;
        cr_expect_eq(load(&module, forms[i].has), 0, "%s: %s", forms[i].has, vgpu_last_error());
        if (module) {
            cuModuleUnload(module);
        }
        char opcode[80];
        snprintf(opcode, sizeof opcode, "'%.*s'", (int)strcspn(forms[i].has_not, " "), forms[i].has_not);
        const CUresult code = load(&module, forms[i].has_not);
        cr_expect_neq(code, 0, "%s loads", forms[i].has_not);
        const char *message = code ? vgpu_last_error() : "";
        cr_expect(!code || (strstr(message, "line 16: ") && strstr(message, opcode)), "%s: %s",
                  forms[i].has_not, message);
    }
}

#define CHECK(forms) check(forms, sizeof(forms) / sizeof *(forms))

/* '!' and '|' where they mean nothing. */
static const struct form marks[] = {
    {"add.u32 %r0, %r1, %r2", "add.u32 %r0|%p0, %r1, %r2"},
    {"add.u32 %r0, %r1, 5", "add.u32 %r0, %r1, 5|%p0"},
    {"not.pred %p0, %p1", "not.pred %p0, !%p1"},
    {"selp.b32 %r0, 1, 0, %p0", "selp.b32 %r0, 1, 0, !%p0"},
    {"cvt.u32.s32 %r0, %r1", "cvt.u32.s32 %r0, !%r1"},
    {"cvt.u32.s32 %r0, %r1", "cvt.u32.s32 !%r0, %r1"},
    {"mov.b64 %d0, {%r0, %r1}", "mov.b64 %d0, !{%r0, %r1}"},
    {"mov.b64 %d0, {%r0, %r1}", "mov.b64 %d0, {%r0, !%r1}"},
    {"mov.b64 {%r0, %r1}, %d0", "mov.b64 {%r0, %r1}|%p0, %d0"},
    {"ld.global.b32 %r0, [%d0]", "ld.global.b32 %r0|%p0, [%d0]"},
    {"ld.global.b32 %r0, [%d0]", "ld.global.b32 %r0, [%d0]|%p0"},
    {"ld.global.b32 %r0, [%d0]", "ld.global.b32 %r0, ![%d0]"},
    {"st.global.b32 [%d0], %r0", "st.global.b32 [%d0], !%r0"},
    {"st.global.v2.b32 [%d0], {%r0, %r1}", "st.global.v2.b32 [%d0], {%r0, %r1|_}"},
    {"atom.global.add.u32 %r0, [%d0], %r1", "atom.global.add.u32 %r0|%p0, [%d0], %r1"},
    {"nanosleep.u32 %r0", "nanosleep.u32 !%r0"},
    {"bra there", "bra !there"},
    {"call nothing, ()", "call nothing|%p0, ()"},
    {"vote.sync.any.pred %p0, !%p1, -1", "vote.sync.any.pred !%p0, %p1, -1"},
    {"vote.sync.any.pred %p0, !%p1, -1", "vote.sync.any.pred %p0|%p2, %p1, -1"},
    {"match.all.sync.b32 %r0|%p0, %r1, -1", "match.any.sync.b32 %r0|%p0, %r1, -1"},
    {"setp.lt.and.s32 %p0|%p1, %r1, %r2, !%p2", "setp.lt.and.s32 %p0|%p1, %r1, !%r2, %p2"},
    {"setp.lt.s32 %p0|%p1, %r1, %r2", "setp.lt.s32 %p0|%r0, %r1, %r2"},
};
Test(forms, marks) {
    CHECK(marks);
}

static const struct form widths[] = {
    {"add.u16 %h0, %h1, %h2", "add.u16 %h0, %h1, %r2"},
    {"add.u32 %r0, %r1, %r2", "add.u32 %h0, %r1, %r2"},
    {"add.u32 %r0, %r1, %r2", "add.u32 %r0, %r1, %h2"},
    {"mul.wide.u16 %r0, %h1, %h2", "mul.wide.u16 %r0, %r1, %h2"},
    {"setp.lt.s16 %p0, %h0, %h1", "setp.lt.s16 %p0, %r0, %h1"},
    {"mov.b32 %r0, {%h0, %h1}", "mov.b32 %r0, {%h0, %r1}"},
    {"mov.b32 {%h0, %h1}, %r0", "mov.b16 {%r0, %r1}, %h0"},
    {"mov.b32 %r0, {%h0, %h1}", "mov.b16 %h0, {%r0, %r1}"},
    {"mov.pred %p0, %p1", "mov.pred %p0, {%r0, %r1}"},
    {"mov.u32 %r0, %clock", "mov.u64 %d0, %clock"},
    {"mov.u64 %d0, %clock64", "mov.u32 %r0, %clock64"},
    {"mov.u32 %r0, %globaltimer_lo", "mov.u32 %r0, %globaltimer_lo.x"},
    {"mov.u32 %r0, %tid.x", "mov.u32 %r0, %tid.xy"},
    {"cvt.u64.u32 %d0, %r0", "cvt.u64.u32 %r1, %r0"},
    {"cvt.u32.u64 %r0, %d0", "cvt.u32.u64 %r0, %r1"},
    {"cvt.u32.u16 %r0, %h0", "cvt.u32.u32 %r0, %h0"},
    {"cvt.u32.u16 %r0, %r1", "cvt.f32.f16 %r0, %r1"},
    {"cvt.rn.f32.f64 %r0, %d0", "cvt.rn.f32.f64 %d1, %d0"},
    {"ld.global.v2.b16 {%h0, %h1}, [%d0]", "ld.global.v2.b16 {%h0, %r1}, [%d0]"},
    {"ld.global.v4.b64 {%d0, %d1, %d2, %d3}, [%d0]",
     "ld.global.v8.b64 {%d0, %d1, %d2, %d3, %d0, %d1, %d2, %d3}, [%d0]"},
};
Test(forms, widths) {
    CHECK(widths);
}

static const struct form constants[] = {
    {"add.f32 %r0, %r1, 2.0", "add.f32 %r0, %r1, 2"},
    {"fma.rn.f64 %d0, %d1, %d2, 1.5", "fma.rn.f64 %d0, %d1, %d2, 1"},
    {"setp.lt.f32 %p0, %r1, 0f00000000", "setp.lt.f32 %p0, %r1, 0"},
    {"mov.f32 %r0, 1.0", "mov.f32 %r0, 1"},
    {"mov.b32 %r0, 0f3F800000", "mov.u32 %r0, 0f3F800000"},
    {"add.u32 %r0, %r1, 2", "add.u32 %r0, %r1, 2.0"},
    {"shl.b32 %r0, %r1, 2", "cvt.u64.u32 %d0, 2.0"},
    {"cvt.rn.f32.s32 %r0, 2", "cvt.rn.f16.f32 %h0, 2"},
    {"mov.b16 %h0, 0x3c00", "mov.b16 %h0, 1.0"},
    {"st.global.f32 [%d0], 1.0", "st.global.b16 [%d0], 1.0"},
    {"lop3.b32 %r0, %r1, %r2, %r3, 1", "lop3.b32 %r0, %r1, %r2, %r3, %r4"},
    {"cp.async.ca.shared.global [tile], [%d0], 8", "cp.async.ca.shared.global [tile], [%d0], %r0"},
    {"cp.async.wait_group 1", "cp.async.wait_group %r0"},
    {"cp.async.wait_group 0", "cp.async.wait_group -1"},
    {"discard.global.L2 [%d0], 128", "discard.global.L2 [%d0], %r0"},
    {"pmevent 1", "pmevent %r0"},
};
Test(forms, constants) {
    CHECK(constants);
}

static const struct form operands[] = {
    {"bra there", "bra there+4"},
    {"bra there", "bra [there]"},
    {"brx.idx %r0, targets", "brx.idx %r0, targets+4"},
    {"call nothing, ()", "call nothing, %r0"},
    {"call nothing", "call nothing, (), targets"},
    {"call (result), twice, (argument)", "call (result), twice, (argument+4)"},
    {"ret", "ret %r0"},
    {"exit", "exit 1"},
    {"trap", "trap 1"},
    {"membar.gl", "membar.gl 1"},
    {"nanosleep.u32 20", "nanosleep.u32"},
    {"prefetch.global.L2 [%d0]", "prefetch.global.L2 %d0"},
    {"cp.async.wait_all", "cp.async.wait_all 1"},
    {"cp.async.commit_group", "cp.async.commit_group 1"},
    {"cp.async.cg.shared.global [tile], [%d0], 16", "cp.async.cg.shared.global [tile], [%d0], 8"},
    {"ld.global.L2::cache_hint.b32 %r0, [%d0], %d1", "ld.global.L2::cache_hint.b32 %r0, [%d0], %r1"},
    {"atom.global.add.L2::cache_hint.u32 %r0, [%d0], %r1, %d1",
     "atom.global.add.L2::cache_hint.u32 %r0, [%d0], %r1, [%d1]"},
    {"red.global.v2.f32.add [%d0], {%r0, %r1}", "red.global.v2.f32.add [%d0], %r0"},
    {"red.global.v4.f32.add [%d0], {%r0, %r1, %r2, %r3}", "red.global.v4.f32.add [%d0], {%r0, %r1}"},
    {"atom.global.v2.f32.add {%r0, %r1}, [%d0], {%r2, %r3}",
     "atom.global.v2.f32.add {%r0}, [%d0], {%r2, %r3}"},
    {"createpolicy.fractional.L2::evict_last.b64 %d0, 1.0",
     "createpolicy.fractional.L2::evict_last.b64 %d0, %d1"},
    {"createpolicy.range.global.L2::evict_last.b64 %d0, [%d1], 8, 16",
     "createpolicy.range.global.L2::evict_last.b64 %d0, [%d1], 8"},
};
Test(forms, operands) {
    CHECK(operands);
}

static const struct form words[] = {
    {"prefetch.global.L2 [%d0]", "prefetch.global.L3 [%d0]"},
    {"applypriority.global.L2::evict_normal [%d0], 128", "applypriority.global.L2::evict_last [%d0], 128"},
    {"bar.red.popc.u32 %r0, 0, %p0", "bar.red.popc.pred %p1, 0, %p0"},
    {"bar.red.and.pred %p1, 0, %p0", "bar.red.and.u32 %r0, 0, %p0"},
    {"bar.red.popc.u32 %r0, 0, %p0", "bar.red.popc %r0, 0, %p0"},
    {"shfl.sync.up.b32 %r0, %r1, 1, 0, -1", "shfl.sync.up.f32 %r0, %r1, 1, 0, -1"},
    {"vote.sync.ballot.b32 %r0, %p0, -1", "vote.sync.ballot.u32 %r0, %p0, -1"},
    {"match.any.sync.b64 %r0, %d1, -1", "match.any.sync.f64 %r0, %d1, -1"},
    {"redux.sync.add.u32 %r0, %r1, -1", "redux.sync.add.b32 %r0, %r1, -1"},
    {"redux.sync.and.b32 %r0, %r1, -1", "redux.sync.and.s32 %r0, %r1, -1"},
    {"cvta.to.global.u64 %d0, %d1", "cvta.to.global.f64 %d0, %d1"},
    {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r0}, [tile]", "ldmatrix.m8n8.x1.shared.b16 {%r0}, [tile]"},
    {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r0}, [%d0]",
     "ldmatrix.sync.aligned.m8n8.x1.global.b16 {%r0}, [%d0]"},
    {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r0}, [tile]",
     "ldmatrix.sync.aligned.m8n8.x1.shared.f16 {%r0}, [tile]"},
    {"createpolicy.cvt.L2.b64 %d0, %d1", "createpolicy.cvt.L1.b64 %d0, %d1"},
    {"createpolicy.fractional.L2::evict_last.b64 %d0", "createpolicy.fractional.L2::evict_soon.b64 %d0"},
    {"ld.global.ca.b32 %r0, [%d0]", "ld.global.ca.cg.b32 %r0, [%d0]"},
    {"ld.global.cv.b32 %r0, [%d0]", "st.global.cv.b32 [%d0], %r0"},
    {"st.global.wt.b32 [%d0], %r0", "ld.global.wt.b32 %r0, [%d0]"},
    {"ld.acquire.gpu.global.b32 %r0, [%d0]", "st.acquire.gpu.global.b32 [%d0], %r0"},
    {"st.release.gpu.global.b32 [%d0], %r0", "ld.release.gpu.global.b32 %r0, [%d0]"},
    {"ld.relaxed.gpu.global.b32 %r0, [%d0]", "ld.relaxed.gpu.sys.global.b32 %r0, [%d0]"},
    {"atom.acq_rel.gpu.global.add.u32 %r0, [%d0], 1", "atom.volatile.global.add.u32 %r0, [%d0], 1"},
    {"ld.global.nc.b32 %r0, [%d0]", "atom.global.nc.add.u32 %r0, [%d0], 1"},
    {"cp.async.ca.shared.global.L2::64B [tile], [%d0], 4",
     "cp.async.ca.volatile.shared.global [tile], [%d0], 4"},
};
Test(forms, words) {
    CHECK(words);
}
