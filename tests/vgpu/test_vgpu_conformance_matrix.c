/* Tensor-core instructions: mma.sync with its fragments laid out as the PTX ISA draws them, wmma through
 * memory, ldmatrix and stmatrix, all with random data against plain products of matrices in double. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "device.h"

CUresult cuModuleLoadData(CUmodule *module, const void *image);

enum { LANES = 32, TEXT = 16384 };

struct format {
    const char *name;
    unsigned bytes;
};

static const struct format formats[] = {{"f16", 2}, {"bf16", 2}, {"tf32", 4}, {"f32", 4},
                                        {"s8", 1},  {"u8", 1},   {"s32", 4}};

static const struct format *format_of(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    cr_assert_fail("no format %s", name);
    return NULL;
}

static double decode(const struct format *f, uint32_t bits) {
    switch (f->name[0]) {
    case 'f': return f->bytes == 2 ? half_value(bits) : (double)f32_value(bits);
    case 'b': return bf16_value(bits);
    case 't': return (double)f32_value(bits & 0xffffe000); /* the lower bits are not looked at */
    case 'u': return (uint8_t)bits;
    default: return f->bytes == 1 ? (int8_t)bits : (int32_t)bits;
    }
}

/* A random element; numbers near one. */
static uint32_t random_element(const struct format *f, uint64_t *seed) {
    const uint64_t bits = device_random(seed);
    const double x = ldexp((double)(int64_t)bits, -61);
    switch (f->name[0]) {
    case 'f': return (uint32_t)(f->bytes == 2 ? narrow_to(x, 5, 10, FE_TONEAREST) : f32_bits((float)x));
    case 'b': return (uint32_t)narrow_to(x, 8, 7, FE_TONEAREST);
    case 't': return (uint32_t)f32_bits((float)x);
    default: return f->bytes == 1 ? (uint8_t)bits : (uint32_t)(int32_t)(bits % 100000) - 50000;
    }
}

static void check_element(const char *what, const struct format *f, uint32_t got, double exact, double scale,
                          unsigned row, unsigned column) {
    if (f->name[0] == 's') {
        cr_assert_eq((int32_t)got, (int32_t)exact, "%s (%u,%u): %d for %g", what, row, column, (int32_t)got,
                     exact);
        return;
    }
    const double v = decode(f, got), ulp = f->bytes == 2 ? 0x1p-11 : 0x1p-24;
    cr_assert(fabs(v - exact) <= ulp * fabs(exact) * 1.0001 + 0x1p-40 * scale + (f->bytes == 2 ? 0x1p-25 : 0),
              "%s (%u,%u): %.9g for %.9g", what, row, column, v, exact);
}

/* ---- mma.sync ---- */

struct mma {
    const char *shape, *d, *ab, *c;
    unsigned k;
};

/* Where the elements of the fragments stand: PTX ISA, "Matrix Fragments for mma.m16n8k4/8/16". */
static void place_a(const struct mma *m, unsigned lane, unsigned i, unsigned *row, unsigned *column) {
    const unsigned group = lane >> 2, in = lane % 4;
    if (strcmp(m->ab, "tf32") == 0) {
        *row = i % 2 ? group + 8 : group;
        *column = i < 2 ? in : in + 4;
    } else {
        *row = (i / 2) % 2 ? group + 8 : group;
        *column = in * 2 + (i & 1) + (i < 4 ? 0 : 8);
    }
}

static void place_b(const struct mma *m, unsigned lane, unsigned i, unsigned *row, unsigned *column) {
    const unsigned group = lane >> 2, in = lane % 4;
    *column = group;
    *row = strcmp(m->ab, "tf32") == 0 ? (i ? in + 4 : in) : in * 2 + (i & 1) + (i < 2 ? 0 : 8);
}

static void place_c(unsigned lane, unsigned i, unsigned *row, unsigned *column) {
    *row = i < 2 ? lane >> 2 : (lane >> 2) + 8;
    *column = lane % 4 * 2 + (i & 1);
}

static void say_list(char *text, const char *name, unsigned count) {
    strcat(text, "{");
    for (unsigned r = 0; r < count; r++) {
        sprintf(text + strlen(text), "%s%s%u", r ? "," : "", name, r);
    }
    strcat(text, "}");
}

static char *mma_kernel(const struct mma *m, unsigned a, unsigned b, unsigned c, unsigned d) {
    char *t = calloc(1, TEXT);
    sprintf(
        t,
        ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 p, .param .u64 q)\n{\n"
        ".reg .b32 %%a<8>,%%b<8>,%%c<8>,%%d<8>,%%t; .reg .b64 %%p,%%q,%%o;\n"
        "ld.param.u64 %%p,[p]; ld.param.u64 %%q,[q]; mov.u32 %%t,%%tid.x; mul.wide.u32 %%o,%%t,4;\n"
        "add.u64 %%p,%%p,%%o; add.u64 %%q,%%q,%%o;\n");
    unsigned at = 0;
    const struct {
        const char *name;
        unsigned count;
    } parts[] = {{"%a", a}, {"%b", b}, {"%c", c}};
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned r = 0; r < parts[k].count; r++) {
            sprintf(t + strlen(t), "ld.global.b32 %s%u,[%%p+%u];\n", parts[k].name, r, at++ * LANES * 4);
        }
    }
    sprintf(t + strlen(t), "mma.sync.aligned.%s.row.col.%s.%s.%s.%s ", m->shape, m->d, m->ab, m->ab, m->c);
    say_list(t, "%d", d);
    strcat(t, ",");
    say_list(t, "%a", a);
    strcat(t, ",");
    say_list(t, "%b", b);
    strcat(t, ",");
    say_list(t, "%c", c);
    strcat(t, ";\n");
    for (unsigned r = 0; r < d; r++) {
        sprintf(t + strlen(t), "st.global.b32 [%%q+%u],%%d%u;\n", r * LANES * 4, r);
    }
    strcat(t, "ret;\n}\n");
    return t;
}

static void set_element(uint32_t *registers, const struct format *f, unsigned lane, unsigned i,
                        uint32_t bits) {
    const unsigned per = 4 / f->bytes;
    registers[i / per * LANES + lane] |= bits << (i % per * 8 * f->bytes);
}

static uint32_t get_element(const uint32_t *registers, const struct format *f, unsigned lane, unsigned i) {
    const unsigned per = 4 / f->bytes;
    const uint32_t v = registers[i / per * LANES + lane] >> (i % per * 8 * f->bytes);
    return f->bytes == 4 ? v : v & ((1u << 8 * f->bytes) - 1);
}

static void run_lanes(CUmodule module, void **params) {
    const CUresult code =
        device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){LANES, 1, 1}, 0, params);
    cr_assert_eq(code, 0, "%d: %s", (int)code, vgpu_last_finding());
}

static void check_mma(const struct mma *m, uint64_t seed, bool special) {
    const struct format *ab = format_of(m->ab), *cf = format_of(m->c), *df = format_of(m->d);
    const unsigned a_count = 16 * m->k / LANES, b_count = 8 * m->k / LANES;
    const unsigned a = a_count * ab->bytes / 4, b = b_count * ab->bytes / 4, c = cf->bytes, d = df->bytes;
    uint32_t in[20][LANES] = {0}, out[4][LANES];
    double A[16][16], B[16][8], C[16][8];
    unsigned row, column;
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < a_count; i++) {
            place_a(m, lane, i, &row, &column);
            uint32_t v = random_element(ab, &seed);
            if (special && row == 3 && column == 1) {
                v = ab->bytes == 4 ? 0x7f800000 : ab->name[0] == 'b' ? 0x7f80 : 0x7c00;
            }
            set_element(in[0], ab, lane, i, v);
            A[row][column] = decode(ab, v);
        }
        for (unsigned i = 0; i < b_count; i++) {
            place_b(m, lane, i, &row, &column);
            uint32_t v = random_element(ab, &seed);
            v = special && column == 2 ? 0 : v; /* infinity times 0 */
            set_element(in[a], ab, lane, i, v);
            B[row][column] = decode(ab, v);
        }
        for (unsigned i = 0; i < 4; i++) {
            place_c(lane, i, &row, &column);
            const uint32_t v = random_element(cf, &seed);
            set_element(in[a + b], cf, lane, i, v);
            C[row][column] = decode(cf, v);
        }
    }
    char *text = mma_kernel(m, a, b, c, d);
    CUmodule module = device_module(text);
    CUdeviceptr from = device_array(in, sizeof in), to = device_array(NULL, sizeof out);
    run_lanes(module, (void *[]){&from, &to});
    device_read(out, to, d * LANES * 4);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < 4; i++) {
            place_c(lane, i, &row, &column);
            double exact = C[row][column], scale = fabs(exact);
            for (unsigned k = 0; k < m->k; k++) {
                exact += A[row][k] * B[k][column];
                scale += fabs(A[row][k] * B[k][column]);
            }
            const uint32_t got = get_element(out[0], df, lane, i);
            if (isnan(exact)) {
                cr_assert_eq(got, df->bytes == 2 ? 0x7fff : 0x7fffffff);
            } else if (isinf(exact)) {
                cr_assert(decode(df, got) == exact);
            } else {
                check_element(text, df, got, exact, scale, row, column);
            }
        }
    }
    free(text);
}

static const char *const mma_types[] = {"f16", "bf16", "tf32", "f32", "s8"};

/* What is supported; everything else of these words is refused. */
static bool mma_is_legal(const struct mma *m) {
    const bool tf32 = strcmp(m->ab, "tf32") == 0, half = strcmp(m->ab, "f16") == 0;
    const bool shape = tf32 ? m->k == 4 || m->k == 8 : m->k == 8 || m->k == 16;
    const bool d = strcmp(m->d, "f32") == 0 || (half && strcmp(m->d, "f16") == 0),
               c = strcmp(m->c, "f32") == 0 || (half && strcmp(m->c, "f16") == 0);
    return shape && c && d && (half || tf32 || strcmp(m->ab, "bf16") == 0);
}

Test(matrix, mma) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    static const unsigned depths[] = {4, 8, 16};
    unsigned legal = 0;
    for (unsigned n = 0; n < 3 * 5 * 5 * 5; n++) {
        char shape[16];
        struct mma m = {shape, mma_types[n / 3 % 5], mma_types[n / 15 % 5], mma_types[n / 75], depths[n % 3]};
        snprintf(shape, sizeof shape, "m16n8k%u", m.k);
        if (mma_is_legal(&m)) {
            for (uint64_t seed = 1; seed <= 8; seed++) {
                check_mma(&m, seed * 977 + n, seed == 8);
            }
            legal++;
        } else {
            const unsigned bytes = m.ab[0] == 's' ? 1 : m.ab[0] == 't' ? 4 : 2;
            const unsigned a = 16 * m.k / LANES * bytes / 4, b = 8 * m.k / LANES * bytes / 4;
            char *text = mma_kernel(&m, a ? a : 1, b ? b : 1, 4, 4);
            CUmodule module;
            cr_assert_neq(cuModuleLoadData(&module, text), 0, "%s", text);
            free(text);
        }
    }
    cr_assert_eq(legal, 2 * 4 + 2 + 2);
}

/* ---- wmma ---- */

struct wmma {
    unsigned m, n, k;
    const char *ab, *c, *d;
    bool a_columns, b_columns, c_columns;
    bool shared;
};

enum { LEAD = 48 }; /* stride in elements: longer than any row, and rows start at multiples of 16 bytes */

static unsigned registers_of(unsigned elements, const struct format *f, bool factor) {
    return factor && strcmp(f->name, "f16") == 0 ? 8 : elements / LANES * f->bytes / 4;
}

static char *wmma_kernel(const struct wmma *w) {
    const struct format *ab = format_of(w->ab), *c = format_of(w->c), *d = format_of(w->d);
    char shape[24], *t = calloc(1, TEXT);
    snprintf(shape, sizeof shape, "m%un%uk%u", w->m, w->n, w->k);
    const char *const order[] = {"row", "col"};
    sprintf(t,
            ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 p, .param .u64 q, "
            ".param .u64 r, "
            ".param .u64 s)\n{\n.reg .b32 %%a<8>,%%b<8>,%%c<8>,%%d<8>,%%t,%%l,%%v; .reg .b64 "
            "%%p,%%q,%%r,%%s,%%o,%%x;\n"
            ".shared .align 32 .b8 tile[%d];\n"
            "ld.param.u64 %%p,[p]; ld.param.u64 %%q,[q]; ld.param.u64 %%r,[r]; ld.param.u64 %%s,[s]; mov.u32 "
            "%%l,%d;\n",
            LEAD * 32 * 4, LEAD);
    if (w->shared) { /* A goes through shared memory */
        for (unsigned at = 0; at < LEAD * 32 * 4; at += 128) {
            sprintf(t + strlen(t),
                    "mov.u32 %%t,%%tid.x; mul.wide.u32 %%o,%%t,4; add.u64 %%x,%%p,%%o; ld.global.b32 %%v,"
                    "[%%x+%u]; mov.u64 %%x,tile; add.u64 %%x,%%x,%%o; st.shared.b32 [%%x+%u],%%v;\n",
                    at, at);
        }
        strcat(t, "bar.warp.sync -1; mov.u64 %p,tile;\n");
    }
    sprintf(t + strlen(t), "wmma.load.a.sync.aligned.%s.%s%s.%s ", order[w->a_columns], shape,
            w->shared ? ".shared" : ".global", w->ab);
    say_list(t, "%a", registers_of(w->m * w->k, ab, true));
    sprintf(t + strlen(t), ",[%%p],%%l;\nwmma.load.b.sync.aligned.%s.%s.%s ", order[w->b_columns], shape,
            w->ab);
    say_list(t, "%b", registers_of(w->k * w->n, ab, true));
    sprintf(t + strlen(t), ",[%%q],%%l;\nwmma.load.c.sync.aligned.%s.%s.global.%s ", order[w->c_columns],
            shape, w->c);
    say_list(t, "%c", registers_of(w->m * w->n, c, false));
    sprintf(t + strlen(t), ",[%%r],%%l;\nwmma.mma.sync.aligned.%s.%s.%s.%s.", order[w->a_columns],
            order[w->b_columns], shape, w->d);
    if (strcmp(w->ab, "f16") != 0) {
        sprintf(t + strlen(t), "%s.%s.", w->ab, w->ab);
    }
    sprintf(t + strlen(t), "%s ", w->c);
    say_list(t, "%d", registers_of(w->m * w->n, d, false));
    strcat(t, ",");
    say_list(t, "%a", registers_of(w->m * w->k, ab, true));
    strcat(t, ",");
    say_list(t, "%b", registers_of(w->k * w->n, ab, true));
    strcat(t, ",");
    say_list(t, "%c", registers_of(w->m * w->n, c, false));
    sprintf(t + strlen(t), ";\nwmma.store.d.sync.aligned.%s.%s.global.%s [%%s],", order[w->c_columns], shape,
            w->d);
    say_list(t, "%d", registers_of(w->m * w->n, d, false));
    strcat(t, ",%l;\nret;\n}\n");
    return t;
}

/* Element (row, column) of a matrix in memory. */
static uint8_t *at(uint8_t *matrix, const struct format *f, bool columns, unsigned row, unsigned column) {
    return matrix + (columns ? column * LEAD + row : row * LEAD + column) * f->bytes;
}

static double read_at(uint8_t *matrix, const struct format *f, bool columns, unsigned row, unsigned column) {
    uint32_t v = 0;
    memcpy(&v, at(matrix, f, columns, row, column), f->bytes);
    return decode(f, v);
}

static void fill(uint8_t *matrix, const struct format *f, uint64_t *seed) {
    for (unsigned i = 0; i < LEAD * 32; i++) {
        const uint32_t v = random_element(f, seed);
        memcpy(matrix + i * f->bytes, &v, f->bytes);
    }
}

static void check_wmma(const struct wmma *w, uint64_t seed) {
    const struct format *ab = format_of(w->ab), *cf = format_of(w->c), *df = format_of(w->d);
    static uint8_t a[LEAD * 32 * 4], b[LEAD * 32 * 4], c[LEAD * 32 * 4], d[LEAD * 32 * 4];
    fill(a, ab, &seed);
    fill(b, ab, &seed);
    fill(c, cf, &seed);
    memset(d, 0xaa, sizeof d);
    char *text = wmma_kernel(w);
    CUmodule module = device_module(text);
    CUdeviceptr pa = device_array(a, sizeof a), pb = device_array(b, sizeof b),
                pc = device_array(c, sizeof c), pd = device_array(d, sizeof d);
    run_lanes(module, (void *[]){&pa, &pb, &pc, &pd});
    device_read(d, pd, sizeof d);
    for (unsigned row = 0; row < w->m; row++) {
        for (unsigned column = 0; column < w->n; column++) {
            double exact = read_at(c, cf, w->c_columns, row, column), scale = fabs(exact);
            for (unsigned k = 0; k < w->k; k++) {
                const double term =
                    read_at(a, ab, w->a_columns, row, k) * read_at(b, ab, w->b_columns, k, column);
                exact += term;
                scale += fabs(term);
            }
            uint32_t got = 0;
            memcpy(&got, at(d, df, w->c_columns, row, column), df->bytes);
            check_element(text, df, got, exact, scale, row, column);
            memset(at(d, df, w->c_columns, row, column), 0xaa, df->bytes);
        }
    }
    for (size_t i = 0; i < sizeof d; i++) {
        cr_assert_eq(d[i], 0xaa, "wmma.store writes byte %zu, which is not of the matrix", i);
    }
    free(text);
}

Test(matrix, wmma) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    static const unsigned shapes[][3] = {{16, 16, 16}, {8, 32, 16}, {32, 8, 16}, {16, 16, 8}};
    static const char *const types[][3] = {
        {"f16", "f32", "f32"},  {"f16", "f16", "f16"},  {"f16", "f16", "f32"}, {"f16", "f32", "f16"},
        {"bf16", "f32", "f32"}, {"tf32", "f32", "f32"}, {"s8", "s32", "s32"},  {"u8", "s32", "s32"}};
    unsigned checked = 0;
    for (unsigned s = 0; s < 4; s++) {
        for (unsigned t = 0; t < 8; t++) {
            for (unsigned n = 0; n < 16; n++) {
                const struct wmma w = {shapes[s][0], shapes[s][1], shapes[s][2], types[t][0], types[t][1],
                                       types[t][2],  n & 1,        n & 2,        n & 4,       n & 8};
                if ((shapes[s][2] == 8) == (strcmp(w.ab, "tf32") == 0)) {
                    check_wmma(&w, n + 16 * t + 128 * s);
                    checked++;
                }
            }
        }
    }
    cr_assert_eq(checked, (3 * 7 + 1) * 16);
}
