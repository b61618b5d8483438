/* CUDA C functions as NVRTC compiles them for each architecture, executed and compared with the host's,
 * within the errors that the CUDA programming guide gives. Needs NVRTC (libnvrtc) at run time; without it the
 * tests say so and pass over. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "device.h"
#include "source.h"

CUresult cuMemFree_v2(CUdeviceptr pointer);

/* Of one or two numbers. */
struct function {
    const char *cuda; /* of float a, b */
    double (*one)(double);
    double (*two)(double, double);
    double ulps; /* of float, half or bfloat16 */
    char domain; /* r: any; p: positive; u: (-1, 1); g: from 1 up */
    char format; /* f, h or b: what arguments are rounded to */
};

static double exp10_of(double x) {
    return pow(10, x);
}
static double rsqrt_of(double x) {
    return 1 / sqrt(x);
}
static double reciprocal(double x) {
    return 1 / x;
}
static double quotient(double a, double b) {
    return a / b;
}
static double sum(double a, double b) {
    return a + b;
}
static double difference(double a, double b) {
    return a - b;
}
static double product(double a, double b) {
    return a * b;
}
static double fused(double a, double b) {
    return a * b + a;
}
static double normal(double x) {
    return 0.5 * erfc(-x * M_SQRT1_2);
}
static double sine_pi(double x) {
    return sin(M_PI * x);
}
static double cosine_pi(double x) {
    return cos(M_PI * x);
}
static double saturated(double x) {
    return x > 0 ? x < 1 ? x : 1 : 0;
}
static double sine_cosine(double x) {
    return sin(x) * cos(x);
}
static double negated(double x) {
    return -x;
}
static double less(double a, double b) {
    return a < b ? a : b;
}

static const struct function functions[] = {
    {"expf(a)", exp, 0, 2, 'r', 'f'},
    {"exp2f(a)", exp2, 0, 2, 'r', 'f'},
    {"exp10f(a)", exp10_of, 0, 2, 'r', 'f'},
    {"expm1f(a)", expm1, 0, 1, 'r', 'f'},
    {"logf(a)", log, 0, 1, 'p', 'f'},
    {"log2f(a)", log2, 0, 1, 'p', 'f'},
    {"log10f(a)", log10, 0, 2, 'p', 'f'},
    {"log1pf(a)", log1p, 0, 1, 'p', 'f'},
    {"tanhf(a)", tanh, 0, 2, 'r', 'f'},
    {"erff(a)", erf, 0, 2, 'r', 'f'},
    {"erfcf(a)", erfc, 0, 4, 'r', 'f'},
    {"sinf(a)", sin, 0, 2, 'r', 'f'},
    {"cosf(a)", cos, 0, 2, 'r', 'f'},
    {"tanf(a)", tan, 0, 4, 'r', 'f'},
    {"powf(a, b)", 0, pow, 4, 'p', 'f'},
    {"rsqrtf(a)", rsqrt_of, 0, 2, 'p', 'f'},
    {"sqrtf(a)", sqrt, 0, 0.5, 'p', 'f'},
    {"cbrtf(a)", cbrt, 0, 1, 'r', 'f'},
    {"__fdividef(a, b)", 0, quotient, 2, 'r', 'f'},
    {"a / b", 0, quotient, 0.5, 'r', 'f'},
    {"fmodf(a, b)", 0, fmod, 0, 'r', 'f'},
    {"remainderf(a, b)", 0, remainder, 0, 'r', 'f'},
    {"__frcp_rn(a)", reciprocal, 0, 0.5, 'r', 'f'},
    {"__fdiv_ru(a, b)", 0, quotient, 1, 'r', 'f'},
    {"__fsqrt_rz(a)", sqrt, 0, 1, 'p', 'f'},
    {"__frsqrt_rn(a)", rsqrt_of, 0, 0.5, 'p', 'f'},
    {"__fmaf_rd(a, b, a)", 0, fused, 1, 'r', 'f'},
    {"__fadd_rz(a, b)", 0, sum, 1, 'r', 'f'},
    {"__fmul_ru(a, b)", 0, product, 1, 'r', 'f'},
    {"__fsub_rd(a, b)", 0, difference, 1, 'r', 'f'},
    {"sinhf(a)", sinh, 0, 3, 'r', 'f'},
    {"coshf(a)", cosh, 0, 2, 'r', 'f'},
    {"asinf(a)", asin, 0, 2, 'u', 'f'},
    {"acosf(a)", acos, 0, 2, 'u', 'f'},
    {"atanf(a)", atan, 0, 2, 'r', 'f'},
    {"atan2f(a, b)", 0, atan2, 3, 'r', 'f'},
    {"asinhf(a)", asinh, 0, 3, 'r', 'f'},
    {"acoshf(a)", acosh, 0, 4, 'g', 'f'},
    {"atanhf(a)", atanh, 0, 3, 'u', 'f'},
    {"hypotf(a, b)", 0, hypot, 3, 'r', 'f'},
    {"floorf(a)", floor, 0, 0, 'r', 'f'},
    {"ceilf(a)", ceil, 0, 0, 'r', 'f'},
    {"truncf(a)", trunc, 0, 0, 'r', 'f'},
    {"rintf(a)", rint, 0, 0, 'r', 'f'},
    {"roundf(a)", round, 0, 0, 'r', 'f'},
    {"(float)lrintf(a)", rint, 0, 0, 'r', 'f'},
    {"(float)llroundf(a)", round, 0, 0, 'r', 'f'},
    {"copysignf(a, b)", 0, copysign, 0, 'r', 'f'},
    {"fminf(a, b)", 0, fmin, 0, 'r', 'f'},
    {"fmaxf(a, b)", 0, fmax, 0, 'r', 'f'},
    {"fdimf(a, b)", 0, fdim, 0.5, 'r', 'f'},
    {"__saturatef(a)", saturated, 0, 0, 'r', 'f'},
    {"lgammaf(a)", lgamma, 0, 6, 'g', 'f'},
    {"tgammaf(a)", tgamma, 0, 5, 'g', 'f'},
    {"normcdff(a)", normal, 0, 5, 'r', 'f'},
    {"sinpif(a)", sine_pi, 0, 2, 'u', 'f'},
    {"cospif(a)", cosine_pi, 0, 2, 'u', 'f'},
    {"[](float v) { float s, c; sincosf(v, &s, &c); return s * c; }(a)", sine_cosine, 0, 5, 'r', 'f'},
    {"(float)exp((double)a)", exp, 0, 0.6, 'r', 'f'},
    {"(float)log((double)a)", log, 0, 0.6, 'p', 'f'},
    {"(float)pow((double)a, (double)b)", 0, pow, 0.6, 'p', 'f'},
    {"(float)sin((double)a)", sin, 0, 0.6, 'r', 'f'},
    {"(float)tanh((double)a)", tanh, 0, 0.6, 'r', 'f'},
    {"(float)((double)a / b)", 0, quotient, 0.6, 'r', 'f'},
    {"(float)rsqrt((double)a)", rsqrt_of, 0, 0.6, 'p', 'f'},
    {"(float)fmod((double)a, (double)b)", 0, fmod, 0, 'r', 'f'},
    {"(float)erf((double)a)", erf, 0, 0.6, 'r', 'f'},
    {"(float)cbrt((double)a)", cbrt, 0, 0.6, 'r', 'f'},
};

/* A for __half and __nv_bfloat16: T(x) makes one, F(x) reads it. */
static const struct function halves[] = {
    {"F(__hadd(T(a), T(b)))", 0, sum, 0.5, 'r', 0},
    {"F(__hsub(T(a), T(b)))", 0, difference, 0.5, 'r', 0},
    {"F(__hmul(T(a), T(b)))", 0, product, 0.5, 'r', 0},
    {"F(__hdiv(T(a), T(b)))", 0, quotient, 1, 'r', 0},
    {"F(__hfma(T(a), T(b), T(a)))", 0, fused, 0.5, 'r', 0},
    {"F(__hneg(T(a)))", negated, 0, 0, 'r', 0},
    {"F(__habs(T(a)))", fabs, 0, 0, 'r', 0},
    {"F(__hmin(T(a), T(b)))", 0, fmin, 0, 'r', 0},
    {"F(__hmax(T(a), T(b)))", 0, fmax, 0, 'r', 0},
    {"F(hexp(T(a)))", exp, 0, 2, 'u', 0},
    {"F(hexp2(T(a)))", exp2, 0, 2, 'u', 0},
    {"F(hlog(T(a)))", log, 0, 2, 'p', 0},
    {"F(hsin(T(a)))", sin, 0, 2, 'u', 0},
    {"F(hcos(T(a)))", cos, 0, 2, 'u', 0},
    {"F(htanh(T(a)))", tanh, 0, 2, 'r', 0},
    {"F(hsqrt(T(a)))", sqrt, 0, 1, 'p', 0},
    {"F(hrsqrt(T(a)))", rsqrt_of, 0, 1, 'p', 0},
    {"F(hrcp(T(a)))", reciprocal, 0, 1, 'p', 0},
    {"F(hfloor(T(a)))", floor, 0, 0, 'r', 0},
    {"F(hceil(T(a)))", ceil, 0, 0, 'r', 0},
    {"F(hrint(T(a)))", rint, 0, 0, 'r', 0},
    {"F(htrunc(T(a)))", trunc, 0, 0, 'r', 0},
    {"F(__hlt(T(a), T(b)) ? T(a) : T(b))", 0, less, 0, 'r', 0},
    {"__low2float(__hfma2(P(a), P(b), P(a)))", 0, fused, 0.5, 'r', 0},
    {"__high2float(__hmul2(P(a), P(b)))", 0, product, 0.5, 'r', 0},
    {"__high2float(h2sqrt(P(a)))", sqrt, 0, 1, 'p', 0},
    {"__low2float(__hmax2(P(a), P(b)))", 0, fmax, 0, 'r', 0},
    {"__hblt2(P(a), P(b)) ? a : b", 0, less, 0, 'r', 0},
    {"__high2float(__hlt2(P(a), P(b))) != 0 ? a : b", 0, less, 0, 'r', 0},
};

enum { COUNT = 1024, ARCHITECTURES = 7 };
static const unsigned architectures[ARCHITECTURES] = {75, 80, 86, 89, 90, 100, 120};

static char *source_of(const struct function *list, size_t count, char format) {
    char *text = calloc(1, 256 * (count + 8));
    if (format == 'h') {
        strcat(text, "#include <cuda_fp16.h>\n#define T __float2half\n#define F __half2float\n#define P "
                     "__float2half2_rn\n");
    } else if (format == 'b') {
        strcat(text, "#include <cuda_bf16.h>\n#define T __float2bfloat16\n#define F __bfloat162float\n"
                     "#define P __float2bfloat162_rn\n");
    }
    for (size_t i = 0; i < count; i++) {
        sprintf(text + strlen(text),
                "extern \"C\" __global__ void f%zu(const float *x, const float *z, float *y)\n"
                "{ const int i = blockIdx.x * blockDim.x + threadIdx.x; const float a = x[i], b = z[i]; "
                "(void)b; y[i] "
                "= %s; }\n",
                i, list[i].cuda);
    }
    return text;
}

static float argument(char domain, char format, uint64_t *seed) {
    const double u = ldexp((double)(int64_t)device_random(seed), -63);
    double x = domain == 'u'   ? u
               : domain == 'p' ? fabs(u) * 8 + 0x1p-10
               : domain == 'g' ? 1 + fabs(u) * 9
                               : u * 8;
    x = format == 'h'   ? half_value(narrow_to(x, 5, 10, FE_TONEAREST))
        : format == 'b' ? bf16_value(narrow_to(x, 8, 7, FE_TONEAREST))
                        : x;
    return (float)x;
}

static void check_function(CUmodule module, const struct function *f, size_t number, char format, unsigned sm,
                           bool fast) {
    float x[COUNT], z[COUNT], y[COUNT];
    uint64_t seed = number + 1;
    for (unsigned i = 0; i < COUNT; i++) {
        x[i] = argument(f->domain, format, &seed);
        z[i] = argument(f->domain == 'p' || f->domain == 'u' ? f->domain : 'r', format, &seed);
    }
    CUdeviceptr dx = device_array(x, sizeof x), dz = device_array(z, sizeof z),
                dy = device_array(NULL, sizeof y);
    char name[24];
    snprintf(name, sizeof name, "f%zu", number);
    const CUresult code = device_run(module, name, (const unsigned[]){COUNT / 128, 1, 1},
                                     (const unsigned[]){128, 1, 1}, 0, (void *[]){&dx, &dz, &dy});
    cr_assert_eq(code, 0, "%s for sm_%u: %s", f->cuda, sm, vgpu_last_finding());
    device_read(y, dy, sizeof y);
    cuMemFree_v2(dx);
    cuMemFree_v2(dz);
    cuMemFree_v2(dy);
    const double unit = format == 'h' ? 0x1p-10 : format == 'b' ? 0x1p-7 : 0x1p-23;
    for (unsigned i = 0; i < COUNT; i++) {
        const double e = f->one ? f->one((double)x[i]) : f->two((double)x[i], (double)z[i]);
        int exponent;
        frexp(e, &exponent);
        /* whole ulps count from the correctly rounded result; fast: the approximations' own errors */
        const double ulp = ldexp(unit, exponent - 1) + (format == 'h' ? 0x1p-24 : 0);
        const double allowed =
            fast ? 1e-3 * fabs(e) + 1e-5 : (f->ulps + (f->ulps >= 1) * 0.5) * ulp * (1 + 0x1p-20);
        cr_assert(fabs((double)y[i] - e) <= allowed, "%s for sm_%u%s of %.9g, %.9g: %.9g for %.9g", f->cuda,
                  sm, fast ? " (fast)" : "", (double)x[i], (double)z[i], (double)y[i], e);
    }
}

static void check_all(const struct function *list, size_t count, char format, bool fast) {
    device_open((const char *const[]){"VGPU_DEVICE=rtx-5090", NULL}); /* runs PTX for all of them */
    if (!source_open() || (format != 'f' && !source_has_headers())) {
        return;
    }
    char *source = source_of(list, count, format);
    for (unsigned a = 0; a < ARCHITECTURES; a++) {
        if (format == 'b' && architectures[a] < 80) {
            continue; /* the header lacks some of the functions there */
        }
        char *ptx = source_ptx("functions.cu", source, architectures[a], fast ? "--use_fast_math" : NULL);
        if (!ptx) {
            continue;
        }
        CUmodule module = device_module(ptx);
        for (size_t i = 0; i < count; i++) {
            check_function(module, &list[i], i, format, architectures[a], fast);
        }
        free(ptx);
    }
    free(source);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

Test(nvrtc, functions) {
    check_all(functions, sizeof functions / sizeof *functions, 'f', false);
}

Test(nvrtc, fast_functions) {
    /* without remainders, whose quotients the approximations may miss by one */
    check_all(functions, 20, 'f', true);
}

Test(nvrtc, half) {
    check_all(halves, sizeof halves / sizeof *halves, 'h', false);
}

Test(nvrtc, bfloat16) {
    check_all(halves, sizeof halves / sizeof *halves, 'b', false);
}
