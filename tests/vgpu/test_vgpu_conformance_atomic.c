/* atom and red: every operation of every type that PTX has, scalar and vector, in global, shared and generic
 * space, of addresses of their own and of one address for a whole warp; and that all other combinations are
 * refused. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleUnload(CUmodule module);
CUresult cuMemFree_v2(CUdeviceptr pointer);

static const char *const operations[] = {"add", "min", "max", "exch", "cas",
                                         "and", "or",  "xor", "inc",  "dec"};
static const char *const types[] = {"b16", "b32", "b64",  "u16",   "s16",    "u32", "s32", "u64",
                                    "s64", "f16", "bf16", "f16x2", "bf16x2", "f32", "f64"};
enum { OPERATIONS = 10, TYPES = 15, THREADS = 256, SLOT = 16 };

struct atomic {
    const char *operation, *type;
    unsigned vector, bytes;
    bool returns, noftz, shared, generic, together; /* together: a warp's lanes on one slot */
    char text[80];
};

static bool one_of(const char *word, const char *list) {
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at++) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) {
            return true;
        }
    }
    return false;
}

static bool is_legal(const struct atomic *a) {
    const bool half = one_of(a->type, "f16 bf16 f16x2 bf16x2");
    if (a->noftz != half || (!a->returns && one_of(a->operation, "exch cas"))) {
        return false;
    }
    if (a->vector > 1) {
        const bool fits = a->vector * a->bytes <= 16;
        return !a->shared && fits &&
               (half ? one_of(a->operation, "add min max")
                     : strcmp(a->type, "f32") == 0 && strcmp(a->operation, "add") == 0);
    }
    switch (a->operation[0]) {
    case 'm': return one_of(a->type, "u32 s32 u64 s64");
    case 'e': return one_of(a->type, "b32 b64");
    case 'c': return one_of(a->type, "b16 b32 b64");
    case 'i':
    case 'd': return one_of(a->type, "u32");
    case 'a':
        if (a->operation[1] == 'd') {
            return half || one_of(a->type, "u32 s32 u64 f32 f64");
        }
        break;
    default: break;
    }
    return one_of(a->type, "b32 b64");
}

/* ---- what one lane does ---- */

static uint64_t half_result(const struct atomic *a, uint64_t old, uint64_t x) {
    struct opcode op;
    char text[32];
    snprintf(text, sizeof text, "%s.%s", a->operation, a->type);
    opcode_split(&op, text, "w:ww");
    struct expected want = {0};
    const uint64_t in[4] = {old, x};
    family_half (&op)(&op, in, 0, &want); /* the same arithmetic as the instruction's */
    return want.bits;
}

static uint64_t float_result(const struct atomic *a, uint64_t old, uint64_t x) {
    if (strcmp(a->type, "f64") == 0) {
        return f64_bits(f64_value(old) + f64_value(x));
    }
    float p = f32_value(old), q = f32_value(x);
    p = a->shared ? p : f32_flush(p);
    q = a->shared ? q : f32_flush(q);
    const float r = a->shared ? p + q : f32_flush(p + q);
    return isnan(r) ? 0x7fffffff : f32_bits(r);
}

static uint64_t result_of(const struct atomic *a, uint64_t old, uint64_t x, uint64_t y) {
    const unsigned shift = 64 - 8 * a->bytes;
    if (one_of(a->type, "f16 bf16 f16x2 bf16x2")) {
        return half_result(a, old, x);
    }
    if (one_of(a->type, "f32 f64")) {
        return float_result(a, old, x);
    }
    const bool less = type_is_signed(a->type) ? (int64_t)(old << shift) < (int64_t)(x << shift) : old < x;
    const uint64_t mask = UINT64_MAX >> shift;
    switch (a->operation[0]) {
    case 'm': return less == (a->operation[1] == 'i') ? old : x;
    case 'e': return x;
    case 'c': return old == x ? y : old;
    case 'o': return old | x;
    case 'x': return old ^ x;
    case 'i': return old >= x ? 0 : old + 1;
    case 'd': return old == 0 || old > x ? x : old - 1;
    default: return a->operation[1] == 'd' ? (old + x) & mask : old & x;
    }
}

/* ---- the kernel ---- */

static void say_list(char *t, const struct atomic *a, const char *name) {
    strcat(t, a->vector > 1 ? "{" : "");
    for (unsigned k = 0; k < a->vector; k++) {
        sprintf(t + strlen(t), "%s%s%u", k ? "," : "", name, k);
    }
    strcat(t, a->vector > 1 ? "}" : "");
}

static char *kernel(const struct atomic *a) {
    char *t = calloc(1, 8192);
    const unsigned bits = 8 * a->bytes;
    sprintf(t,
            ".version 8.8\n.target sm_100\n.address_size 64\n.visible .entry k(.param .u64 s, .param .u64 x, "
            ".param .u64 o)\n{\n"
            ".reg .b%u %%a<8>,%%b<8>,%%o<8>; .reg .b32 %%t,%%n; .reg .b64 %%s,%%x,%%q,%%d,%%e,%%m; .reg .b32 "
            "%%w<4>;\n"
            ".shared .align 16 .b8 tile[%d];\n"
            "ld.param.u64 %%s,[s]; ld.param.u64 %%x,[x]; ld.param.u64 %%q,[o]; mov.u32 %%t,%%tid.x; "
            "mul.wide.u32 %%d,%%t,%d;\n"
            "mov.u32 %%n,%%t; %s mul.wide.u32 %%e,%%n,%d;\nadd.u64 %%x,%%x,%%d; add.u64 %%x,%%x,%%d; add.u64 "
            "%%q,%%q,%%d;\n",
            bits, THREADS * SLOT, SLOT, a->together ? "and.b32 %n,%n,-32;" : "", SLOT);
    for (unsigned k = 0; k < a->vector; k++) {
        sprintf(t + strlen(t), "ld.global.b%u %%a%u,[%%x+%u]; ld.global.b%u %%b%u,[%%x+%u];\n", bits, k,
                k * a->bytes, bits, k, SLOT + k * a->bytes);
    }
    if (a->shared) {
        strcat(
            t,
            "add.u64 %m,%s,%d; ld.global.v4.b32 {%w0,%w1,%w2,%w3},[%m]; mov.u64 %m,tile; add.u64 %m,%m,%d;\n"
            "st.shared.v4.b32 [%m],{%w0,%w1,%w2,%w3}; bar.sync 0; mov.u64 %m,tile;\n");
        strcat(t, a->generic ? "cvta.shared.u64 %m,%m; add.u64 %m,%m,%e;\n" : "add.u64 %m,%m,%e;\n");
    } else {
        strcat(t, "add.u64 %m,%s,%e;\n");
    }
    sprintf(t + strlen(t), "%s ", a->text);
    if (a->returns) {
        say_list(t, a, "%o");
        strcat(t, ",");
    }
    strcat(t, "[%m],");
    say_list(t, a, "%a");
    if (strcmp(a->operation, "cas") == 0) {
        strcat(t, ",");
        say_list(t, a, "%b");
    }
    strcat(t, ";\n");
    for (unsigned k = 0; a->returns && k < a->vector; k++) {
        sprintf(t + strlen(t), "st.global.b%u [%%q+%u],%%o%u;\n", bits, k * a->bytes, k);
    }
    if (a->shared) {
        strcat(t, "bar.sync 0; mov.u64 %m,tile; add.u64 %m,%m,%d; ld.shared.v4.b32 {%w0,%w1,%w2,%w3},[%m]; "
                  "add.u64 %m,%s,%d;\n"
                  "st.global.v4.b32 [%m],{%w0,%w1,%w2,%w3};\n");
    }
    strcat(t, "ret;\n}\n");
    return t;
}

static uint64_t get(const uint8_t *slot, const struct atomic *a, unsigned k) {
    uint64_t v = 0;
    memcpy(&v, slot + k * a->bytes, a->bytes);
    return v;
}

static bool same(const struct atomic *a, uint64_t got, uint64_t want) {
    return got == want || (strcmp(a->type, "f64") == 0 && isnan(f64_value(got)) && isnan(f64_value(want)));
}

static void check(const struct atomic *a) {
    uint8_t slots[THREADS][SLOT], x[THREADS][2][SLOT], out[THREADS][SLOT], after[THREADS][SLOT];
    uint64_t seed = strlen(a->text) * 31 + a->together;
    for (unsigned t = 0; t < THREADS; t++) {
        for (unsigned k = 0; k < a->vector; k++) {
            uint64_t v = operand_sample(a->type, &seed), u = operand_sample(a->type, &seed);
            memcpy(slots[t] + k * a->bytes, &v, a->bytes);
            /* every other compare-and-swap finds what it compares with; all lanes on one slot bring the same
             * bound */
            v = a->operation[0] == 'c' && t % 2 ? v : operand_sample(a->type, &seed);
            v = a->together && one_of(a->operation, "inc dec") ? 40 : v;
            memcpy(x[t][0] + k * a->bytes, &v, a->bytes);
            memcpy(x[t][1] + k * a->bytes, &u, a->bytes);
        }
        for (unsigned b = a->vector * a->bytes; b < SLOT; b++) {
            slots[t][b] = x[t][0][b] = x[t][1][b] = (uint8_t)device_random(&seed);
        }
    }
    char *text = kernel(a);
    CUmodule module = device_module(text);
    CUdeviceptr ds = device_array(slots, sizeof slots), dx = device_array(x, sizeof x),
                dout = device_array(slots, sizeof out);
    const CUresult code = device_run(module, "k", (const unsigned[]){1, 1, 1},
                                     (const unsigned[]){THREADS, 1, 1}, 0, (void *[]){&ds, &dx, &dout});
    cr_assert_eq(code, 0, "%s: %s", a->text, vgpu_last_finding());
    device_read(after, ds, sizeof after);
    device_read(out, dout, sizeof out);
    for (unsigned k = 0; k < a->vector; k++) {
        uint64_t now = 0;
        for (unsigned t = 0; t < THREADS; t++) {
            const bool fresh = !a->together || t % 32 == 0;
            const uint64_t before = fresh ? get(slots[t], a, k) : now;
            now = result_of(a, before, get(x[t][0], a, k), get(x[t][1], a, k));
            if (a->returns && !a->together) {
                cr_assert_eq(get(out[t], a, k), before, "%s gives back %llx for %llx", a->text,
                             (unsigned long long)get(out[t], a, k), (unsigned long long)before);
            }
            if (!a->together || t % 32 == 31) {
                const uint64_t got = get(after[a->together ? t - 31 : t], a, k);
                cr_assert(same(a, got, now), "%s of %llx and %llx leaves %llx for %llx", a->text,
                          (unsigned long long)before, (unsigned long long)get(x[t][0], a, k),
                          (unsigned long long)got, (unsigned long long)now);
            }
        }
    }
    cuMemFree_v2(ds);
    cuMemFree_v2(dx);
    cuMemFree_v2(dout);
    cuModuleUnload(module);
    free(text);
}

static void try_one(struct atomic *a, unsigned space, unsigned *executed) {
    static const char *const spaces[] = {".global", ".shared", "", ""}, *const vectors[] = {"", ".v2", ".v4",
                                                                                            ".v8"};
    a->shared = space == 1 || space == 3; /* 2: generic to global, 3: generic to shared */
    a->generic = space >= 2;
    snprintf(a->text, sizeof a->text, "%s%s.%s%s%s.%s", a->returns ? "atom" : "red", spaces[space],
             a->operation, a->noftz ? ".noftz" : "", vectors[a->vector == 8 ? 3 : a->vector / 2], a->type);
    struct atomic asked = *a;
    asked.shared = space == 1;
    if (!is_legal(&asked)) {
        char *text = kernel(a);
        CUmodule module;
        cr_assert_neq(cuModuleLoadData(&module, text), 0, "%s loads", a->text);
        free(text);
        return;
    }
    if (a->shared && a->vector > 1) {
        return; /* vectors exist in global memory only */
    }
    check(a);
    ++*executed;
    a->together = !one_of(a->operation, "exch cas") && !strchr(a->type, 'f');
    if (a->together) {
        check(a);
    }
    a->together = false;
}

static void try_operation(unsigned o) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    unsigned executed = 0;
    for (unsigned n = 0; n < TYPES * 4 * 4 * 2 * 2; n++) {
        struct atomic a = {
            .operation = operations[o], .type = types[n % TYPES], .vector = 1u << n / TYPES % 4};
        a.bytes = type_bits(a.type) / 8;
        a.returns = n / (TYPES * 16) % 2;
        a.noftz = n / (TYPES * 32) % 2;
        try_one(&a, n / (TYPES * 4) % 4, &executed);
    }
    printf("%s: %u forms executed\n", operations[o], executed);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

#define OPERATION(name, number)                                                                              \
    Test(atomic, name) {                                                                                     \
        cr_assert_str_eq(#name, operations[number]);                                                         \
        try_operation(number);                                                                               \
    }
OPERATION(add, 0)
OPERATION(min, 1)
OPERATION(max, 2)
OPERATION(exch, 3)
OPERATION(cas, 4)
OPERATION(and, 5)
OPERATION(or, 6)
OPERATION(xor, 7)
OPERATION(inc, 8)
OPERATION(dec, 9)
