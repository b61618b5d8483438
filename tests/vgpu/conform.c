/* conform: the kernels around an instruction, and the comparison. */
#include "conform.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleUnload(CUmodule module);
CUresult cuMemFree_v2(CUdeviceptr pointer);

enum { BLOCK = 256, BLOCKS = 6, THREADS = BLOCK * BLOCKS, IMMEDIATES = 4, TEXT = 16384 };

/* Which of the kernel's results: of a fresh register, under a guard, and with immediates. */
enum { RESULT_FRESH, RESULT_GUARDED, RESULT_IMMEDIATE, RESULTS = RESULT_IMMEDIATE + IMMEDIATES };

struct trial {
    const struct opcode *op;
    unsigned sources;
    const char *letters; /* of sources */
    char target;
    const char *types[CONFORM_OPERANDS]; /* of sources */
    bool writes_carry, reads_carry, borrows;
    bool second, has_table;
    unsigned immediates;
    uint64_t immediate[IMMEDIATES];
    uint64_t (*in)[THREADS]; /* [operand] */
    uint64_t carry_in[THREADS];
};

struct text {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(t->at, t->left, format, arguments);
    va_end(arguments);
    cr_assert(n >= 0 && (size_t)n < t->left, "the kernel's text is too long");
    t->at += n;
    t->left -= (size_t)n;
}

static const char *prefix_of(char letter) {
    return letter == 'p' ? "%p" : letter == 'h' ? "%h" : letter == 'w' ? "%r" : "%d";
}

static bool is_float_type(const char *type) {
    return type[0] == 'f';
}

/* ---- the kernel ---- */

/* Source k into register k of its kind. */
static void say_load(struct text *t, const struct trial *c, unsigned k) {
    const char letter = c->letters[k];
    const unsigned offset = k * THREADS * 8;
    if (letter == 'p') {
        say(t, "ld.global.u32 %%r9, [%%in+%u]; and.b32 %%r9, %%r9, 1; setp.ne.u32 %%p%u, %%r9, 0;\n", offset,
            k);
    } else {
        say(t, "ld.global.%s %s%u, [%%in+%u];\n",
            letter == 'h'   ? "b16"
            : letter == 'w' ? "b32"
                            : "b64",
            prefix_of(letter), k, offset);
    }
}

static void say_store(struct text *t, const struct trial *c, const char *reg, unsigned result) {
    const unsigned offset = result * 2 * THREADS * 8;
    switch (c->target) {
    case 'p': say(t, "selp.b32 %%r8, 1, 0, %s; cvt.u64.u32 %%d8, %%r8;\n", reg); break;
    case 'h': say(t, "cvt.u64.u16 %%d8, %s;\n", reg); break;
    case 'w': say(t, "cvt.u64.u32 %%d8, %s;\n", reg); break;
    default: say(t, "mov.b64 %%d8, %s;\n", reg);
    }
    say(t, "st.global.b64 [%%out+%u], %%d8;\n", offset);
}

static void say_carry_in(struct text *t, const struct trial *c) {
    if (c->reads_carry || c->writes_carry) {
        say(t, c->borrows ? "sub.cc.u32 %%r9, 0, %%r10;\n" : "add.cc.u32 %%r9, %%r10, -1;\n");
    }
}

static void say_carry_out(struct text *t, const struct trial *c, unsigned result) {
    if (c->second) {
        say(t, "selp.b32 %%r9, 1, 0, %%p6; cvt.u64.u32 %%d8, %%r9; st.global.b64 [%%out+%u], %%d8;\n",
            (result * 2 + 1) * THREADS * 8);
    }
    if (c->reads_carry || c->writes_carry) {
        say(t, "%s.u32 %%r9, 0, 0; cvt.u64.u32 %%d8, %%r9; st.global.b64 [%%out+%u], %%d8;\n",
            c->borrows ? "subc" : "addc", (result * 2 + 1) * THREADS * 8);
    }
}

/* The last source is written as text. */
static void say_instruction(struct text *t, const struct trial *c, const char *guard, const char *target,
                            const char *last) {
    say(t, "%s%s %s%s%s", guard, c->op->text, c->op->to_sink ? "_|" : "", target, c->second ? "|%p6" : "");
    for (unsigned k = 0; k < c->sources; k++) {
        if (k + 1 == c->sources && last) {
            say(t, ", %s", last);
        } else {
            say(t, ", %s%s%u", k + 1 == c->sources && c->op->negated_last ? "!" : "",
                prefix_of(c->letters[k]), k);
        }
        if (k == 2 && c->has_table) {
            say(t, ", %u", c->op->table);
        }
    }
    say(t, ";\n");
}

static void immediate_text(const struct trial *c, unsigned n, char *text, size_t bytes) {
    const char *type = c->types[c->sources - 1];
    const uint64_t v = c->immediate[n];
    if (strcmp(type, "f32") == 0) {
        snprintf(text, bytes, "0f%08X", (unsigned)v);
    } else if (strcmp(type, "f64") == 0) {
        snprintf(text, bytes, "0d%016llX", (unsigned long long)v);
    } else if (n & 1) {
        snprintf(text, bytes, "%lld", (long long)v);
    } else {
        snprintf(text, bytes, "0x%llx", (unsigned long long)v);
    }
}

static void say_kernel(struct text *t, const struct trial *c) {
    say(t,
        ".version 8.8\n.target sm_100\n.address_size 64\n.visible .entry k(.param .u64 k_in, .param .u64 "
        "k_out)\n{\n"
        ".reg .pred %%p<12>; .reg .b16 %%h<12>; .reg .b32 %%r<12>; .reg .b64 %%d<12>; .reg .b64 %%in, "
        "%%out;\n"
        "ld.param.u64 %%in, [k_in]; ld.param.u64 %%out, [k_out];\n"
        "mov.u32 %%r0, %%tid.x; mov.u32 %%r1, %%ctaid.x; mad.lo.u32 %%r11, %%r1, %d, %%r0;\n"
        "mul.wide.u32 %%d0, %%r11, 8; add.u64 %%in, %%in, %%d0; add.u64 %%out, %%out, %%d0;\n",
        BLOCK);
    for (unsigned k = 0; k < c->sources; k++) {
        say_load(t, c, k);
    }
    say(t, "ld.global.b32 %%r10, [%%in+%u];\n", CONFORM_OPERANDS * THREADS * 8);
    char last[32], fresh[8], first[8];
    snprintf(fresh, sizeof fresh, "%s7", prefix_of(c->target));
    snprintf(first, sizeof first, "%s0", prefix_of(c->target));
    for (unsigned n = 0; n < c->immediates; n++) {
        immediate_text(c, n, last, sizeof last);
        say_carry_in(t, c);
        say_instruction(t, c, "", fresh, last);
        say_carry_out(t, c, RESULT_IMMEDIATE + n);
        say_store(t, c, fresh, RESULT_IMMEDIATE + n);
    }
    say_carry_in(t, c);
    say_instruction(t, c, "", fresh, NULL);
    say_carry_out(t, c, RESULT_FRESH);
    say_store(t, c, fresh, RESULT_FRESH);
    /* a third of the lanes, in a pattern of its own for each warp */
    say(t, "mul.lo.u32 %%r9, %%r11, 11; shr.u32 %%r9, %%r9, 3; rem.u32 %%r9, %%r9, 3; setp.eq.u32 %%p11, "
           "%%r9, 0;\n");
    const bool over = c->sources && c->letters[0] == c->target;
    if (c->second) {
        say(t, "setp.eq.u32 %%p6, %%r11, %%r11;\n");
    }
    if (!over) {
        say(t, c->target == 'p'   ? "setp.eq.u32 %%p7, %%r11, %%r11;\n"
               : c->target == 'h' ? "mov.b16 %%h7, 0x5a5a;\n"
               : c->target == 'w' ? "mov.b32 %%r7, 0x5a5a5a5a;\n"
                                  : "mov.b64 %%d7, 0x5a5a5a5a5a5a5a5a;\n");
    }
    say_carry_in(t, c);
    say_instruction(t, c, "@%p11 ", over ? first : fresh, NULL);
    say_carry_out(t, c, RESULT_GUARDED);
    say_store(t, c, over ? first : fresh, RESULT_GUARDED);
    say(t, "ret;\n}\n");
}

/* ---- operands ---- */

static uint64_t letter_mask(char letter) {
    return letter == 'p' ? 1 : letter == 'h' ? 0xffff : letter == 'w' ? UINT32_MAX : UINT64_MAX;
}

/* The types of sources: the opcode's, but where an operand is an amount, a table or of another type. */
static void find_types(struct trial *c) {
    const char *type = opcode_type(c->op), *name = c->op->word[0];
    for (unsigned k = 0; k < c->sources; k++) {
        c->types[k] = type;
        if (c->letters[k] == 'p') {
            c->types[k] = "pred";
        } else if (c->letters[k] != (type_bits(type) == 64 ? 'd' : type_bits(type) == 16 ? 'h' : 'w')) {
            c->types[k] = c->letters[k] == 'd' ? "u64" : c->letters[k] == 'w' ? "u32" : "u16";
        }
    }
    if (strcmp(name, "slct") == 0) {
        c->types[0] = c->types[1] = c->op->word[1];
        c->types[2] = type;
    }
    if (strcmp(name, "add") == 0 || strcmp(name, "sub") == 0 || strcmp(name, "fma") == 0) {
        /* mixed precision: f32 += f16 */
        for (unsigned k = 0; k < c->sources; k++) {
            if (c->letters[k] == 'w' && type_bits(type) == 16) {
                c->types[k] = "f32";
            }
        }
    }
}

static void make_operands(struct trial *c) {
    uint64_t seed = 0x1234;
    for (const char *s = c->op->text; *s; s++) {
        seed = seed * 31 + (unsigned char)*s;
    }
    for (unsigned t = 0; t < THREADS; t++) {
        uint64_t at = t;
        for (unsigned k = 0; k < CONFORM_OPERANDS; k++) {
            size_t count = 0;
            const char *type = k < c->sources ? c->types[k] : "u32";
            const uint64_t *specials = operand_specials(type, &count);
            /* every pair of special values (every value for one source), then at random */
            const bool packed = strchr(type, 'x');
            c->in[k][t] = operand_sample(type, &seed);
            if (t < THREADS / 2 + 300 && k < 2) {
                const uint64_t v = specials[at % count];
                at /= count;
                c->in[k][t] = !packed                 ? v
                              : type_bits(type) == 64 ? v << 32 | (c->in[k][t] & UINT32_MAX)
                                                      : v << 16 | (c->in[k][t] & 0xffff);
            }
            c->in[k][t] &= k < c->sources ? letter_mask(c->letters[k]) : UINT64_MAX;
        }
        c->carry_in[t] = device_random(&seed) & 1;
    }
    c->immediates = 0;
    const char *type = c->sources ? c->types[c->sources - 1] : "";
    if (!c->sources || c->letters[c->sources - 1] == 'p' || strchr(type, 'x') ||
        (type_bits(type) == 16 && (is_float_type(type) || type[0] == 'b')) || strcmp(type, "tf32") == 0) {
        return;
    }
    size_t count;
    const uint64_t *specials = operand_specials(type, &count);
    c->immediates = IMMEDIATES;
    for (unsigned n = 0; n < IMMEDIATES; n++) {
        c->immediate[n] = (n < 2 ? specials[device_random(&seed) % count] : operand_sample(type, &seed)) &
                          letter_mask(c->letters[c->sources - 1]);
        if ((n & 1) && type_is_signed(type) && type_bits(type) == 32) {
            c->immediate[n] = (uint64_t)(int64_t)(int32_t)c->immediate[n];
        }
    }
}

/* ---- the comparison ---- */

static double format_value(const char *type, uint64_t bits) {
    return strncmp(type, "bf16", 4) == 0  ? bf16_value(bits)
           : strncmp(type, "f16", 3) == 0 ? half_value(bits)
           : strcmp(type, "f64") == 0     ? f64_value(bits)
                                          : (double)f32_value(bits);
}

static const char *result_type(const struct opcode *op) {
    return strcmp(op->word[0], "cvt") == 0 ? op->word[op->count - 2] : opcode_type(op);
}

static bool part_fits(const struct trial *c, const struct expected *want, unsigned part, unsigned bits,
                      uint64_t got) {
    const char *type = result_type(c->op);
    const uint64_t mask = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    got = got >> (part * bits) & mask;
    switch (want->kind[part]) {
    case EXPECT_BITS: return got == ((want->bits >> (part * bits)) & mask);
    case EXPECT_NAN: return isnan(format_value(type, got));
    case EXPECT_NEAR: return fabs(format_value(type, got) - want->near[part]) <= want->tolerance[part];
    default: return true;
    }
}

static bool fits(const struct trial *c, const struct expected *want, uint64_t got) {
    const char *type = result_type(c->op);
    const unsigned bits = c->target == 'p' ? 1 : c->target == 'h' ? 16 : c->target == 'w' ? 32 : 64;
    if (strchr(type, 'x') && c->target != 'p' && strcmp(c->op->word[0], "cvt") != 0) {
        return part_fits(c, want, 0, bits / 2, got) && part_fits(c, want, 1, bits / 2, got);
    }
    return part_fits(c, want, 0, bits, got);
}

static void compare(const struct trial *c, evaluate_fn *evaluate, unsigned result, unsigned t, uint64_t got,
                    uint64_t carry_out) {
    uint64_t in[CONFORM_OPERANDS];
    for (unsigned k = 0; k < CONFORM_OPERANDS; k++) {
        in[k] = c->in[k][t];
    }
    if (result >= RESULT_IMMEDIATE) {
        in[c->sources - 1] =
            c->immediate[result - RESULT_IMMEDIATE] & letter_mask(c->letters[c->sources - 1]);
    }
    struct expected want = {0};
    if (result == RESULT_GUARDED && (t * 11 >> 3) % 3 != 0) {
        const bool over = c->sources && c->letters[0] == c->target;
        want.bits = over ? in[0] : 0x5a5a5a5a5a5a5a5a & letter_mask(c->target);
        want.bits = c->target == 'p' && !over ? 1 : want.bits;
        want.carry = c->second ? 1 : c->carry_in[t];
    } else {
        evaluate(c->op, in, (unsigned)c->carry_in[t], &want);
        want.carry = c->writes_carry || c->second ? want.carry : c->carry_in[t];
    }
    const bool good = fits(c, &want, got);
    cr_assert(good, "%s (%s) of %llx, %llx, %llx, %llx gives %llx for %llx (near %.9g)", c->op->text,
              result == RESULT_FRESH     ? "fresh"
              : result == RESULT_GUARDED ? "guarded"
                                         : "immediate",
              (unsigned long long)in[0], (unsigned long long)in[1], (unsigned long long)in[2],
              (unsigned long long)in[3], (unsigned long long)got, (unsigned long long)want.bits,
              want.near[0]);
    if (c->second) {
        cr_assert(carry_out == want.carry, "%s of %llx, %llx: the second predicate is %u", c->op->text,
                  (unsigned long long)in[0], (unsigned long long)in[1], (unsigned)carry_out);
    }
    if (c->reads_carry || c->writes_carry) {
        const uint64_t flag = c->borrows ? (0 - carry_out) & UINT32_MAX : carry_out;
        cr_assert(flag == want.carry, "%s of %llx, %llx, %llx: the carry is %llx, %u before", c->op->text,
                  (unsigned long long)in[0], (unsigned long long)in[1], (unsigned long long)in[2],
                  (unsigned long long)flag, (unsigned)c->carry_in[t]);
    }
}

static void trial_open(struct trial *c, const struct opcode *op) {
    *c = (struct trial){.op = op, .sources = opcode_sources(op)};
    c->letters = strchr(op->signature, ':') + 1;
    c->target = op->signature[0];
    c->writes_carry = opcode_has(op, "cc");
    c->reads_carry = strcmp(op->word[0], "addc") == 0 || strcmp(op->word[0], "subc") == 0 ||
                     strcmp(op->word[0], "madc") == 0;
    c->second = op->second;
    c->has_table = strcmp(op->word[0], "lop3") == 0;
    c->borrows = strncmp(op->word[0], "sub", 3) == 0;
    find_types(c);
    c->in = calloc(CONFORM_OPERANDS, sizeof *c->in);
    cr_assert_not_null(c->in);
    make_operands(c);
}

void conform_check(const struct opcode *op, evaluate_fn *evaluate) {
    struct trial c;
    trial_open(&c, op);
    char *ptx = malloc(TEXT);
    struct text text = {ptx, TEXT};
    say_kernel(&text, &c);
    CUmodule module = device_module(ptx);
    uint64_t *in = calloc(CONFORM_OPERANDS + 1, sizeof *c.in);
    memcpy(in, c.in, CONFORM_OPERANDS * sizeof *c.in);
    memcpy(in + CONFORM_OPERANDS * THREADS, c.carry_in, sizeof c.carry_in);
    const size_t bytes = (size_t)RESULTS * 2 * THREADS * 8;
    uint64_t *out = calloc(1, bytes);
    CUdeviceptr from = device_array(in, (CONFORM_OPERANDS + 1) * sizeof *c.in), to = device_array(out, bytes);
    const CUresult code = device_run(module, "k", (const unsigned[]){BLOCKS, 1, 1},
                                     (const unsigned[]){BLOCK, 1, 1}, 0, (void *[]){&from, &to});
    cr_assert_eq(code, 0, "%s: %d, %s", op->text, (int)code, vgpu_last_finding());
    device_read(out, to, bytes);
    for (unsigned result = 0; result < RESULT_IMMEDIATE + c.immediates; result++) {
        for (unsigned t = 0; t < THREADS; t++) {
            compare(&c, evaluate, result, t, out[2 * result * THREADS + t],
                    out[(2 * result + 1) * THREADS + t]);
        }
    }
    cuMemFree_v2(from);
    cuMemFree_v2(to);
    cuModuleUnload(module);
    free(ptx);
    free(in);
    free(out);
    free(c.in);
}

bool conform_loads(const struct opcode *op) {
    struct trial c;
    trial_open(&c, op);
    c.immediates = 0;
    char *ptx = malloc(TEXT);
    struct text text = {ptx, TEXT};
    say_kernel(&text, &c);
    CUmodule module = NULL;
    const bool loads = cuModuleLoadData(&module, ptx) == 0;
    if (loads) {
        cuModuleUnload(module);
    }
    free(ptx);
    free(c.in);
    return loads;
}
