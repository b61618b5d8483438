/* ldmatrix and stmatrix: rows of 8x8 matrices of 16 bits in shared memory and the registers that hold them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "device.h"

enum { LANES = 32 };

static void run_lanes(CUmodule module, void **params) {
    const CUresult code =
        device_run(module, "k", (const unsigned[]){1, 1, 1}, (const unsigned[]){LANES, 1, 1}, 0, params);
    cr_assert_eq(code, 0, "%d: %s", (int)code, vgpu_last_finding());
}

enum { PITCH = 48, TILE = PITCH * 32 }; /* bytes; rows are 16 bytes at multiples of 16 */

static void check_move(unsigned count, bool transposed, bool load, const char *space) {
    char text[4096];
    uint8_t tile[TILE];
    uint32_t rows[LANES], registers[4][LANES];
    uint64_t seed = count * 4 + transposed * 2 + load;
    for (unsigned i = 0; i < TILE; i++) {
        tile[i] = (uint8_t)device_random(&seed);
    }
    for (unsigned l = 0; l < LANES; l++) {
        rows[l] = (l * 7 % 32) * PITCH + 16; /* each its own row, out of order */
        for (unsigned r = 0; r < 4; r++) {
            registers[r][l] = (uint32_t)device_random(&seed);
        }
    }
    const char *list = count == 1 ? "{%a0}" : count == 2 ? "{%a0,%a1}" : "{%a0,%a1,%a2,%a3}";
    const bool generic = !*space;
    char operation[256];
    const char *address = generic ? "%x" : "%v", *trans = transposed ? ".trans" : "";
    if (load) {
        snprintf(operation, sizeof operation, "ldmatrix.sync.aligned.m8n8.x%u%s%s.b16 %s,[%s];", count, trans,
                 space, list, address);
    } else {
        snprintf(operation, sizeof operation, "stmatrix.sync.aligned.m8n8.x%u%s%s.b16 [%s],%s;", count, trans,
                 space, address, list);
    }
    snprintf(
        text, sizeof text,
        ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p, .param .u64 q, "
        ".param .u64 r)\n{\n"
        ".reg .b32 %%a<4>,%%t,%%v,%%b,%%n; .reg .b64 %%p,%%q,%%r,%%o,%%x; .reg .pred %%z;\n"
        ".shared .align 16 .b8 tile[%d];\n"
        "ld.param.u64 %%p,[p]; ld.param.u64 %%q,[q]; ld.param.u64 %%r,[r]; mov.u32 %%t,%%tid.x; mul.wide.u32 "
        "%%o,%%t,4;\n"
        "mov.u32 %%b,tile; mov.u32 %%n,%%t;\n"
        "in: mul.wide.u32 %%x,%%n,4; add.u64 %%x,%%x,%%p; ld.global.b32 %%v,[%%x]; shl.b32 %%a0,%%n,2; "
        "add.u32 %%a0,%%a0,%%b;"
        " st.shared.b32 [%%a0],%%v; add.u32 %%n,%%n,32; setp.lt.u32 %%z,%%n,%d; @%%z bra in;\nbar.sync 0;\n"
        "add.u64 %%r,%%r,%%o;\nld.global.b32 %%a0,[%%r+128]; ld.global.b32 %%a1,[%%r+256]; ld.global.b32 "
        "%%a2,[%%r+384]; "
        "ld.global.b32 %%a3,[%%r+512];\nld.global.b32 %%v,[%%r]; add.u32 %%v,%%v,%%b; cvt.u64.u32 %%x,%%v; "
        "cvta.shared.u64 %%x,%%x;\n%s\n"
        "st.global.b32 [%%r+128],%%a0; st.global.b32 [%%r+256],%%a1; st.global.b32 [%%r+384],%%a2; "
        "st.global.b32 [%%r+512],%%a3;\nbar.sync 0; mov.u32 %%n,%%t;\n"
        "out: mul.wide.u32 %%x,%%n,4; add.u64 %%x,%%x,%%q; shl.b32 %%a0,%%n,2; add.u32 %%a0,%%a0,%%b; "
        "ld.shared.b32 %%v,[%%a0];"
        " st.global.b32 [%%x],%%v; add.u32 %%n,%%n,32; setp.lt.u32 %%z,%%n,%d; @%%z bra out;\nret;\n}\n",
        TILE, TILE / 4, operation, TILE / 4);
    uint32_t lanes[5][LANES];
    memcpy(lanes[0], rows, sizeof rows);
    memcpy(lanes[1], registers, sizeof registers);
    CUmodule module = device_module(text);
    CUdeviceptr p = device_array(tile, sizeof tile), q = device_array(NULL, sizeof tile),
                r = device_array(lanes, sizeof lanes);
    run_lanes(module, (void *[]){&p, &q, &r});
    uint8_t after[TILE];
    device_read(after, q, sizeof after);
    device_read(lanes, r, sizeof lanes);
    for (unsigned k = 0; k < count; k++) {
        for (unsigned l = 0; l < LANES; l++) {
            for (unsigned h = 0; h < 2; h++) {
                const unsigned row = transposed ? 2 * (l % 4) + h : l / 4,
                               column = transposed ? l / 4 : 2 * (l % 4) + h;
                uint8_t *in_tile = (load ? tile : after) + rows[8 * k + row] + 2 * column;
                uint16_t v;
                memcpy(&v, in_tile, 2);
                const uint32_t held = load ? lanes[1 + k][l] : registers[k][l];
                cr_assert_eq(v, (uint16_t)(held >> 16 * h), "%s: matrix %u lane %u half %u", operation, k, l,
                             h);
                memcpy(after + rows[8 * k + row] + 2 * column, tile + rows[8 * k + row] + 2 * column, 2);
            }
        }
    }
    cr_assert_arr_eq(after, tile, sizeof tile, "%s writes where it should not", operation);
}

Test(matrix, moves) {
    device_open(NULL);
    for (unsigned n = 0; n < 24; n++) {
        check_move(1u << n % 3, n / 3 % 2, n / 6 % 2, n < 12 ? ".shared" : "");
    }
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}
