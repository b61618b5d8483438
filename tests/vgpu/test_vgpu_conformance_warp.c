/* Instructions in which the lanes of a warp meet: shfl in all modes with every kind of width and clamp, vote,
 * match, redux, activemask and elect, for whole warps and for parts of them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

CUresult cuModuleUnload(CUmodule module);
CUresult cuMemFree_v2(CUdeviceptr pointer);

enum { LANES = 32, WARPS = 24, THREADS = LANES * WARPS };

/* One warp's operands and results. */
struct warp_data {
    uint64_t a[LANES];
    uint32_t b[LANES], c[LANES], mask[LANES];
};

struct results {
    uint32_t d[THREADS], p[THREADS];
};

/* Lanes of the mask run the instruction; %a (32 bits), %A (64), %b, %c, %m, predicate %p (bit 0 of %a);
 * result %d, %q. */
static struct results run(const char *instruction, const struct warp_data *data) {
    char text[4096];
    snprintf(
        text, sizeof text,
        ".version 8.8\n.target sm_100\n.address_size 64\n.visible .entry k(.param .u64 i, .param .u64 o)\n{\n"
        ".reg .b32 %%t,%%w,%%l,%%a,%%b,%%c,%%m,%%d,%%e,%%x; .reg .b64 %%i,%%o,%%A,%%s; .reg .pred "
        "%%p,%%q,%%in;\n"
        "ld.param.u64 %%i,[i]; ld.param.u64 %%o,[o]; mov.u32 %%t,%%tid.x; shr.u32 %%w,%%t,5; mov.u32 "
        "%%l,%%laneid;\n"
        "mul.wide.u32 %%s,%%w,%u; add.u64 %%i,%%i,%%s; mul.wide.u32 %%s,%%l,8; add.u64 %%s,%%i,%%s; "
        "ld.global.b64 %%A,[%%s];\n"
        "cvt.u32.u64 %%a,%%A; and.b32 %%x,%%a,1; setp.ne.u32 %%p,%%x,0; mul.wide.u32 %%s,%%l,4; add.u64 "
        "%%s,%%i,%%s;\n"
        "ld.global.b32 %%b,[%%s+256]; ld.global.b32 %%c,[%%s+384]; ld.global.b32 %%m,[%%s+512];\n"
        "mov.b32 %%d,0x5a5a5a5a; setp.ne.u32 %%q,%%d,%%d; shr.u32 %%x,%%m,%%l; and.b32 %%x,%%x,1; "
        "setp.ne.u32 %%in,%%x,0;\n"
        "@!%%in bra over;\n%s\nover: selp.b32 %%e,1,0,%%q; mul.wide.u32 %%s,%%t,4; add.u64 %%o,%%o,%%s;\n"
        "st.global.b32 [%%o],%%d; st.global.b32 [%%o+%d],%%e; ret;\n}\n",
        (unsigned)sizeof(struct warp_data), instruction, THREADS * 4);
    CUmodule module = device_module(text);
    struct results r;
    CUdeviceptr in = device_array(data, WARPS * sizeof *data), out = device_array(NULL, sizeof r);
    const CUresult code = device_run(module, "k", (const unsigned[]){1, 1, 1},
                                     (const unsigned[]){THREADS, 1, 1}, 0, (void *[]){&in, &out});
    cr_assert_eq(code, 0, "%s: %s", instruction, vgpu_last_finding());
    device_read(&r, out, sizeof r);
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s: %s", instruction, vgpu_last_finding());
    cuMemFree_v2(in);
    cuMemFree_v2(out);
    cuModuleUnload(module);
    return r;
}

/* Half the warps whole, half in parts; values repeat, so that some match. */
static struct warp_data *make(uint64_t seed) {
    struct warp_data *data = calloc(WARPS, sizeof *data);
    cr_assert_not_null(data);
    for (unsigned w = 0; w < WARPS; w++) {
        const uint32_t mask = w % 2 ? (uint32_t)device_random(&seed) | 1u << w % 32 : UINT32_MAX;
        const unsigned variety = w % 3 ? 3 : w % 4 ? 1 : 1000000;
        const uint64_t base = device_random(&seed);
        for (unsigned l = 0; l < LANES; l++) {
            data[w].a[l] = base + device_random(&seed) % variety * 0x100000001u;
            data[w].b[l] = (uint32_t)device_random(&seed) % (w % 5 ? 32 : 64);
            const unsigned width = 1u << device_random(&seed) % 6;
            data[w].c[l] = (32 - width) << 8 | (w % 4 ? 31 : (uint32_t)device_random(&seed) % 32);
            data[w].mask[l] = mask;
        }
    }
    return data;
}

typedef void expect_fn(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p);

static void check(const char *instruction, expect_fn *expect, unsigned mode, bool second) {
    struct warp_data *data = make(strlen(instruction) + mode);
    const struct results r = run(instruction, data);
    for (unsigned t = 0; t < THREADS; t++) {
        const struct warp_data *w = &data[t / LANES];
        uint32_t d = 0x5a5a5a5a, p = 0;
        if (w->mask[0] >> (t % LANES) & 1) {
            expect(w, t % LANES, mode, &d, &p);
        }
        cr_assert_eq(r.d[t], d, "%s: warp %u lane %u: %x for %x", instruction, t / LANES, t % LANES, r.d[t],
                     d);
        cr_assert(!second || r.p[t] == p, "%s: warp %u lane %u: predicate %u", instruction, t / LANES,
                  t % LANES, r.p[t]);
    }
    free(data);
}

/* PTX ISA, section 9.7.9.6, line by line. From lanes that do not take part the value is undefined: not
 * compared. */
static void expect_shfl(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p) {
    const unsigned bval = w->b[lane] & 31, cval = w->c[lane] & 31, segmask = w->c[lane] >> 8 & 31;
    const unsigned max_lane = (lane & segmask) | (cval & ~segmask & 31), min_lane = lane & segmask;
    int j;
    bool valid;
    switch (mode) {
    case 0:
        j = (int)lane - (int)bval;
        valid = j >= (int)max_lane;
        break;
    case 1:
        j = (int)(lane + bval);
        valid = j <= (int)max_lane;
        break;
    case 2:
        j = (int)(lane ^ bval);
        valid = j <= (int)max_lane;
        break;
    default: j = (int)(min_lane | (bval & ~segmask & 31)); valid = j <= (int)max_lane;
    }
    j = valid ? j : (int)lane;
    *d = (uint32_t)w->a[j];
    *p = valid;
}

Test(warp, shfl) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    static const char *const modes[] = {"up", "down", "bfly", "idx"};
    for (unsigned m = 0; m < 4; m++) {
        char text[96];
        snprintf(text, sizeof text, "shfl.sync.%s.b32 %%d|%%q, %%a, %%b, %%c, %%m;", modes[m]);
        check(text, expect_shfl, m, true);
        snprintf(text, sizeof text, "shfl.sync.%s.b32 %%d, %%a, %%b, %%c, %%m;", modes[m]);
        check(text, expect_shfl, m, false);
    }
}

static uint32_t votes(const struct warp_data *w) {
    uint32_t r = 0;
    for (unsigned l = 0; l < LANES; l++) {
        r |= (uint32_t)(w->a[l] & 1) << l;
    }
    return r & w->mask[0];
}

static void expect_vote(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p) {
    (void)lane;
    (void)p;
    const uint32_t yes = mode & 4 ? w->mask[0] & ~votes(w) : votes(w), all = w->mask[0];
    const bool outcome[] = {yes == all, yes != 0, yes == all || yes == 0};
    *d = (mode & 3) == 3 ? yes : outcome[mode & 3];
}

Test(warp, vote) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    static const char *const modes[] = {"all", "any", "uni"};
    for (unsigned m = 0; m < 8; m++) {
        const char *negated = m & 4 ? "!" : "";
        char text[128];
        if ((m & 3) == 3) {
            snprintf(text, sizeof text, "vote.sync.ballot.b32 %%d, %s%%p, %%m;", negated);
        } else {
            snprintf(text, sizeof text, "vote.sync.%s.pred %%q, %s%%p, %%m; selp.b32 %%d, 1, 0, %%q;",
                     modes[m & 3], negated);
        }
        check(text, expect_vote, m, false);
    }
}

static void expect_match(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p) {
    uint32_t same = 0;
    for (unsigned l = 0; l < LANES; l++) {
        const bool equal = mode & 2 ? w->a[l] == w->a[lane] : (uint32_t)w->a[l] == (uint32_t)w->a[lane];
        same |= (uint32_t)(equal && w->mask[0] >> l & 1) << l;
    }
    *d = mode & 1 ? (same == w->mask[0] ? same : 0) : same;
    *p = mode & 1 && same == w->mask[0];
}

Test(warp, match) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    check("match.any.sync.b32 %d, %a, %m;", expect_match, 0, false);
    check("match.all.sync.b32 %d|%q, %a, %m;", expect_match, 1, true);
    check("match.any.sync.b64 %d, %A, %m;", expect_match, 2, false);
    check("match.all.sync.b64 %d|%q, %A, %m;", expect_match, 3, true);
    check("match.all.sync.b64 %d, %A, %m;", expect_match, 3, false);
}

static const char *const reductions[] = {"add.u32", "add.s32", "min.u32", "min.s32", "max.u32",
                                         "max.s32", "and.b32", "or.b32",  "xor.b32"};

static void expect_redux(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p) {
    (void)lane;
    (void)p;
    bool first = true;
    uint32_t r = 0;
    for (unsigned l = 0; l < LANES; l++) {
        if (!(w->mask[0] >> l & 1)) {
            continue;
        }
        const uint32_t x = (uint32_t)w->a[l];
        const bool less = mode % 2 ? (int32_t)x < (int32_t)r : x < r;
        const uint32_t next[] = {r + x,        r + x, less ? x : r, less ? x : r, less ? r : x,
                                 less ? r : x, r & x, r | x,        r ^ x};
        r = first ? x : next[mode];
        first = false;
    }
    *d = r;
}

Test(warp, redux) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    for (unsigned m = 0; m < 9; m++) {
        char text[64];
        snprintf(text, sizeof text, "redux.sync.%s %%d, %%a, %%m;", reductions[m]);
        check(text, expect_redux, m, false);
    }
}

static void expect_mask(const struct warp_data *w, unsigned lane, unsigned mode, uint32_t *d, uint32_t *p) {
    const uint32_t mask = w->mask[0];
    *d = mode ? (uint32_t)__builtin_ctz(mask) : mask;
    *p = mode && lane == (unsigned)__builtin_ctz(mask);
}

Test(warp, active_lanes) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    check("activemask.b32 %d;", expect_mask, 0, false);
    check("elect.sync %d|%q, %m;", expect_mask, 1, true);
}
