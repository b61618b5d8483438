/* ld and st: every type, vector and state space, into registers as wide as the type and wider ones, with what
 * hints and orderings there are; cp.async of every size, whole, cut short and skipped, in groups. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "device.h"

CUresult cuModuleUnload(CUmodule module);
CUresult cuMemFree_v2(CUdeviceptr pointer);

enum { THREADS = 96, SLOT = 32, BYTES = THREADS * SLOT };

static const char *const types[] = {"b8",  "u8",  "s8",  "b16", "u16", "s16", "b32",
                                    "u32", "s32", "f32", "b64", "u64", "s64", "f64"};
static const char *const spaces[] = {"global", "shared", "local",          "const",
                                     "param",  "",       "generic shared", "generic local"};
enum { TYPES = 14, SPACES = 8 };

struct access {
    const char *type, *hint, *space;
    unsigned bytes, vector, width; /* width: of the registers in bits */
    bool guarded;                  /* every third lane only */
};

static unsigned bytes_of(const char *type) {
    return (unsigned)atoi(type + 1) / 8;
}

/* Copies a slot of each thread: from the space to registers, these to the output as 64-bit words. The space
 * is filled by byte before (param and const: from the host). Then registers to the space, and the slot to the
 * second output. */
static void say_kernel(char *t, const struct access *a) {
    const bool generic = !*a->space || a->space[0] == 'g', shared = strstr(a->space, "shared"),
               local = strstr(a->space, "local");
    const bool global = strcmp(a->space, "global") == 0 || !*a->space,
               is_const = strcmp(a->space, "const") == 0, is_param = strcmp(a->space, "param") == 0,
               readonly = is_const || is_param;
    const char *word = strcmp(a->space, "global") == 0 ? ".global"
                       : generic && !global            ? ""
                       : global                        ? ""
                       : shared                        ? ".shared"
                       : local                         ? ".local"
                       : is_const                      ? ".const"
                                                       : ".param";
    char list[96] = "";
    for (unsigned k = 0; k < a->vector; k++) {
        sprintf(list + strlen(list), "%s%%v%u", k ? "," : "", k);
    }
    char data[100], vector[16] = "";
    snprintf(data, sizeof data, a->vector > 1 ? "{%s}" : "%s", list);
    if (a->vector > 1) {
        snprintf(vector, sizeof vector, ".v%u", a->vector);
    }
    t += sprintf(
        t,
        ".version 8.8\n.target sm_100\n.address_size 64\n.const .align 32 .b8 table[%d];\n"
        ".visible .entry k(.param .u64 i, .param .u64 o, .param .u64 q, .param .align 32 .b8 block[%d])\n{\n"
        ".reg .b%u %%v<8>; .reg .b32 %%t,%%n,%%a; .reg .b64 %%i,%%o,%%q,%%s,%%m,%%x; .reg .pred %%p; .reg "
        ".b8 %%c; .reg .b32 %%w;\n"
        ".shared .align 32 .b8 tile[%d]; .local .align 32 .b8 mine[%d];\n"
        "ld.param.u64 %%i,[i]; ld.param.u64 %%o,[o]; ld.param.u64 %%q,[q]; mov.u32 %%t,%%tid.x;\n"
        "mul.wide.u32 %%s,%%t,%d; add.u64 %%i,%%i,%%s;\n",
        BYTES, SLOT, a->width, BYTES, SLOT, SLOT);
    t += sprintf(t, "mul.wide.u32 %%x,%%t,64; add.u64 %%o,%%o,%%x; add.u64 %%q,%%q,%%s;\n");
    t += sprintf(t, "%s",
                 global     ? "mov.u64 %m,%i;\n"
                 : shared   ? "mov.u64 %m,tile; add.u64 %m,%m,%s;\n"
                 : local    ? "mov.u64 %m,mine;\n"
                 : is_const ? "mov.u64 %m,table; add.u64 %m,%m,%s;\n"
                            : "mov.u64 %m,block;\n");
    for (unsigned b = 0; (shared || local) && b < SLOT; b += 4) {
        t += sprintf(t, "ld.global.b32 %%w,[%%i+%u]; st.%s.b32 [%%m+%u],%%w;\n", b,
                     shared ? "shared" : "local", b);
    }
    if (generic && !global) {
        t += sprintf(t, "cvta.%s.u64 %%m,%%m;\n", shared ? "shared" : "local");
    }
    for (unsigned k = 0; k < a->vector; k++) {
        t += sprintf(t,
                     a->width == 16   ? "mov.b16 %%v%u,0x5a5a;"
                     : a->width == 32 ? "mov.b32 %%v%u,0x5a5a5a5a;"
                                      : "mov.b64 %%v%u,0x5a5a5a5a5a5a5a5a;",
                     k);
    }
    t += sprintf(t, "\nrem.u32 %%n,%%t,3; setp.ne.u32 %%p,%%n,0;\n%sld%s%s%s.%s %s,[%%m];\n",
                 a->guarded ? "@!%p " : "", a->hint, word, vector, a->type, data);
    for (unsigned k = 0; k < a->vector; k++) {
        t += sprintf(t,
                     a->width == 64   ? "st.global.b64 [%%o+%u],%%v%u;\n"
                     : a->width == 32 ? "cvt.u64.u32 %%x,%%v%u; st.global.b64 [%%o+%u],%%x;\n"
                                      : "cvt.u64.u16 %%x,%%v%u; st.global.b64 [%%o+%u],%%x;\n",
                     a->width == 64 ? k * 8 : k, a->width == 64 ? k : k * 8);
    }
    if (!readonly) {
        /* back in the other order of elements, into the second output or the space */
        char back[100] = "";
        for (unsigned k = 0; k < a->vector; k++) {
            sprintf(back + strlen(back), "%s%%v%u", k ? "," : "", a->vector - 1 - k);
        }
        const char *hint = strcmp(a->hint, ".volatile") == 0      ? ".volatile"
                           : strcmp(a->hint, ".relaxed.gpu") == 0 ? ".relaxed.gpu"
                                                                  : "";
        t += sprintf(t, a->vector > 1 ? "%sst%s%s%s.%s [%%m],{%s};\n" : "%sst%s%s%s.%s [%%m],%s;\n",
                     a->guarded ? "@!%p " : "", hint, word, vector, a->type, back);
        const char *from = generic || global ? "" : shared ? ".shared" : ".local";
        for (unsigned b = 0; b < SLOT; b += 4) {
            t += sprintf(t, "ld%s.b32 %%w,[%%m+%u]; st.global.b32 [%%q+%u],%%w;\n", from, b, b);
        }
    }
    sprintf(t, "ret;\n}\n");
}

/* The register after the load. */
static uint64_t loaded(const struct access *a, const uint8_t *slot, unsigned k) {
    uint64_t v = 0;
    memcpy(&v, slot + k * a->bytes, a->bytes);
    if (a->type[0] == 's' && a->bytes < 8 && v >> (8 * a->bytes - 1)) {
        v |= UINT64_MAX << 8 * a->bytes;
    }
    return a->width == 64 ? v : v & (((uint64_t)1 << a->width) - 1);
}

static void check(const struct access *a) {
    static char text[32768];
    uint8_t in[BYTES], after[BYTES], before[BYTES];
    uint64_t out[THREADS][8], seed = a->bytes * 8 + a->vector;
    for (unsigned b = 0; b < BYTES; b++) {
        in[b] = (uint8_t)device_random(&seed);
    }
    const bool is_const = strcmp(a->space, "const") == 0, is_param = strcmp(a->space, "param") == 0;
    say_kernel(text, a);
    if (is_const) { /* with its contents */
        char *entry = strstr(text, ";\n.visible"), *rest = strdup(entry);
        entry += sprintf(entry, " = {");
        for (unsigned b = 0; b < BYTES; b++) {
            entry += sprintf(entry, "%s%u", b ? "," : "", in[b]);
        }
        sprintf(entry, "}%s", rest);
        free(rest);
    }
    memcpy(before, in, sizeof in);
    CUmodule module = device_module(text);
    CUdeviceptr di = device_array(in, sizeof in), dout = device_array(NULL, sizeof out),
                dq = device_array(in, sizeof in);
    const CUresult code = device_run(module, "k", (const unsigned[]){1, 1, 1},
                                     (const unsigned[]){THREADS, 1, 1}, 0, (void *[]){&di, &dout, &dq, in});
    cr_assert_eq(code, 0, "%s %s: %s", a->space, a->type, vgpu_last_finding());
    for (unsigned t = 0; t < THREADS; t++) {
        const uint8_t *slot = before + (is_param ? 0 : t * SLOT);
        if (t == 0) {
            for (unsigned n = 0; n < THREADS; n++) {
                uint64_t row[8];
                device_read(row, dout + n * 64, a->vector * 8);
                memcpy(out[n], row, sizeof row);
            }
            device_read(after, dq, sizeof after);
        }
        const bool runs = !a->guarded || t % 3 == 0;
        for (unsigned k = 0; k < a->vector; k++) {
            const uint64_t unset = a->width == 64 ? 0x5a5a5a5a5a5a5a5a : a->width == 32 ? 0x5a5a5a5a : 0x5a5a;
            const uint64_t want = runs ? loaded(a, slot, k) : unset;
            cr_assert_eq(out[t][k], want, "ld%s.%s.v%u.%s to %u bits, lane %u element %u: %llx for %llx",
                         a->hint, a->space, a->vector, a->type, a->width, t, k, (unsigned long long)out[t][k],
                         (unsigned long long)want);
            if (!is_const && !is_param) {
                const unsigned other = runs ? a->vector - 1 - k : k;
                cr_assert_arr_eq(after + t * SLOT + other * a->bytes, slot + k * a->bytes, a->bytes,
                                 "st.%s.v%u.%s lane %u", a->space, a->vector, a->type, t);
            }
        }
    }
    cuMemFree_v2(di);
    cuMemFree_v2(dout);
    cuMemFree_v2(dq);
    cuModuleUnload(module);
}

static void try_space(unsigned s) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    static const char *const hints[] = {"", ".volatile", ".relaxed.gpu"};
    unsigned executed = 0;
    for (unsigned n = 0; n < TYPES * 4 * 3 * 3; n++) {
        struct access a = {.type = types[n % TYPES],
                           .space = spaces[s],
                           .hint = hints[n / (TYPES * 12)],
                           .vector = 1u << n / TYPES % 4,
                           .width = 16u << n / (TYPES * 4) % 3};
        a.bytes = bytes_of(a.type);
        const bool real = a.type[0] == 'f', wide = a.vector * a.bytes == 32;
        /* 32 bytes: only in global memory, of 32 and 64 bits; floats lie in registers of their own width */
        if (a.width < 8 * a.bytes || a.vector * a.bytes > 32 || (wide && (s != 0 || a.bytes < 4)) ||
            (a.vector == 8 && a.bytes != 4) || (real && a.width != 8 * a.bytes) ||
            (*a.hint && (s == 3 || s == 4 || s == 2))) {
            continue;
        }
        check(&a);
        a.guarded = true;
        check(&a);
        executed += 2;
    }
    printf("%s: %u accesses executed\n", *spaces[s] ? spaces[s] : "generic", executed);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

#define SPACE(name, number)                                                                                  \
    Test(memory, name) {                                                                                     \
        try_space(number);                                                                                   \
    }
SPACE(global, 0)
SPACE(shared, 1)
SPACE(local, 2)
SPACE(constant, 3)
SPACE(parameter, 4)
SPACE(generic_global, 5)
SPACE(generic_shared, 6)
SPACE(generic_local, 7)

/* ---- cp.async ---- */

/* Two groups; after waiting for all but one only the first is certain to be there, and here the second is
 * not. */
static void check_copy(unsigned bytes, int source, bool guarded_out) {
    char text[4096], size[16] = "";
    if (source >= 0) {
        snprintf(size, sizeof size, ",%d", source);
    }
    const char *level = bytes == 16 ? "cg" : "ca";
    snprintf(
        text, sizeof text,
        ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 i, .param .u64 o)\n{\n"
        ".reg .b32 %%t,%%s,%%w,%%n; .reg .b64 %%i,%%o,%%x; .reg .pred %%p; .shared .align 16 .b8 "
        "tile[2048];\n"
        "ld.param.u64 %%i,[i]; ld.param.u64 %%o,[o]; mov.u32 %%t,%%tid.x; mul.wide.u32 %%x,%%t,32; add.u64 "
        "%%i,%%i,%%x;\n"
        "add.u64 %%o,%%o,%%x; mov.u32 %%s,tile; mad.lo.u32 %%s,%%t,32,%%s; setp.lt.u32 %%p,%%t,32;\n"
        "st.shared.v4.b32 [%%s],{-1,-1,-1,-1}; st.shared.v4.b32 [%%s+16],{-1,-1,-1,-1};\n"
        "%scp.async.%s.shared.global [%%s],[%%i],%u%s;\ncp.async.commit_group;\n"
        "cp.async.%s.shared.global.L2::128B "
        "[%%s+16],[%%i+16],%u;\ncp.async.commit_group;\ncp.async.wait_group 1;\n",
        guarded_out ? "@%p " : "", level, bytes, size, level, bytes);
    for (unsigned b = 0; b < 32; b += 4) {
        if (b == 16) {
            strcat(text, "cp.async.wait_all;\n");
        }
        sprintf(text + strlen(text), "ld.shared.b32 %%w,[%%s+%u]; st.global.b32 [%%o+%u],%%w;\n", b, b);
    }
    strcat(text, "ret;\n}\n");
    uint8_t in[64 * 32], out[64 * 32];
    uint64_t seed = bytes;
    for (unsigned b = 0; b < sizeof in; b++) {
        in[b] = (uint8_t)device_random(&seed);
    }
    CUmodule module = device_module(text);
    CUdeviceptr di = device_array(in, sizeof in), dout = device_array(NULL, sizeof out);
    const CUresult code = device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){64, 1, 1},
                                     0, (void *[]){&di, &dout});
    cr_assert_eq(code, 0, "%s", vgpu_last_finding());
    device_read(out, dout, sizeof out);
    for (unsigned t = 0; t < 64; t++) {
        for (unsigned b = 0; b < 32; b++) {
            const bool second = b >= 16, copies = second || !guarded_out || t < 32;
            const unsigned at = b % 16, wanted = second || source < 0 ? bytes : (unsigned)source;
            const uint8_t e = at >= bytes || !copies ? 0xff : at < wanted ? in[t * 32 + b] : 0;
            cr_assert_eq(out[t * 32 + b], e, "cp.async of %u bytes, %d read: thread %u byte %u: %x for %x",
                         bytes, source, t, b, out[t * 32 + b], e);
        }
    }
    cuMemFree_v2(di);
    cuMemFree_v2(dout);
    cuModuleUnload(module);
}

Test(memory, asynchronous_copies) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    for (unsigned bytes = 4; bytes <= 16; bytes *= 2) {
        for (int source = -1; source <= (int)bytes; source++) {
            check_copy(bytes, source, false);
            check_copy(bytes, source, true);
        }
    }
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}
