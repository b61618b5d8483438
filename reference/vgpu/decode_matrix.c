/* decode_matrix: mma.sync and the wmma instructions. */
#include <string.h>

#include "lower.h"
#include "matrix.h"

static unsigned fragment(struct lowering *l, const struct ptx_operand *o, unsigned count, bool destination,
                         uint32_t *list) {
    if ((o->kind == PTX_OP_LIST ? o->count : 1) != count) {
        lower_fail(l, "fragment has the wrong number of registers");
    }
    for (unsigned i = 0; i < count; i++) {
        const struct ptx_operand *item = o->kind == PTX_OP_LIST ? &o->list[i] : o;
        list[i] = destination ? lower_target(l, item, 32) : lower_source(l, item, 32, 'b');
    }
    return count;
}

static bool decode_mma(struct lowering *l, const struct ptx_instruction *p, const struct words *words) {
    const struct words w = *words;
    /* mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype */
    static const char *const types[] = {"f16", "bf16", "tf32", "f32"};
    if (w.count != 10 || strcmp(w.word[1], "sync") != 0 || strcmp(w.word[2], "aligned") != 0 ||
        strcmp(w.word[4], "row") != 0 || strcmp(w.word[5], "col") != 0 || strcmp(w.word[7], w.word[8]) != 0 ||
        p->count != 4) {
        return false;
    }
    int type = -1, shape = -1;
    for (int i = 0; i < 3; i++) {
        type = strcmp(types[i], w.word[7]) == 0 ? i : type;
    }
    for (int i = 0; i < 4; i++) {
        shape =
            strcmp(matrix_shapes[i].name, w.word[3]) == 0 && matrix_shapes[i].is_tf32 == (type == MATRIX_TF32)
                ? i
                : shape;
    }
    const bool half_d = strcmp(w.word[6], "f16") == 0, half_c = strcmp(w.word[9], "f16") == 0;
    if (type < 0 || shape < 0 || (!half_d && strcmp(w.word[6], "f32") != 0) ||
        (!half_c && strcmp(w.word[9], "f32") != 0) || ((half_d || half_c) && type != MATRIX_F16)) {
        return false;
    }
    const struct matrix_shape *s = &matrix_shapes[shape];
    uint32_t *list = lower_alloc(l, 20 * sizeof *list);
    const unsigned d = fragment(l, &p->operands[0], half_d ? 2 : 4, true, list);
    unsigned at = d;
    at += fragment(l, &p->operands[1], s->a_registers, false, list + at);
    at += fragment(l, &p->operands[2], s->b_registers, false, list + at);
    at += fragment(l, &p->operands[3], half_c ? 2 : 4, false, list + at);
    struct inst *in = decode_emit_warp(l, "mma", 0, 0, list, UINT8_MAX);
    in->pipe = PIPE_TENSOR;
    in->list = list;
    in->count = (uint8_t)at;
    in->list_defs = in->bytes = (uint8_t)d;
    in->lists_registers = true;
    in->sub = (uint8_t)shape;
    in->flags = (half_c ? MATRIX_HALF_C : 0) | (half_d ? MATRIX_HALF_D : 0);
    in->type = (uint8_t)type;
    return true;
}

/* ---- wmma ---- */

static int find_name(const char *const *names, int count, const char *name) {
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int wmma_type(const char *name) {
    static const char *const types[] = {"f16", "bf16", "tf32", "f32", "s8", "u8", "s32"};
    return find_name(types, 7, name);
}

static int wmma_shape(const char *name) {
    for (int i = 0; i < WMMA_SHAPES; i++) {
        if (strcmp(wmma_shapes[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* tf32 has a shape of its own, which the others do not have. */
static bool shape_fits(int shape, int type) {
    return (wmma_shapes[shape].k == 8) == (type == MATRIX_TF32);
}

/* wmma.load.role.sync.aligned.layout.shape{.space}.type r, [p]{, stride}; wmma.store.d likewise. */
static bool decode_wmma_move(struct lowering *l, const struct ptx_instruction *p, const struct words *w,
                             bool load) {
    static const char *const roles[] = {"a", "b", "c", "d"}, *const layouts[] = {"row", "col"};
    static const char *const spaces[] = {"global", "shared", "shared::cta"};
    const bool spaced = w->count == 9;
    if (w->count < 8 || w->count > 9 || strcmp(w->word[3], "sync") != 0 ||
        strcmp(w->word[4], "aligned") != 0) {
        return false;
    }
    const int role = find_name(roles, 4, w->word[2]), layout = find_name(layouts, 2, w->word[5]);
    const int shape = wmma_shape(w->word[6]), type = wmma_type(w->word[w->count - 1]);
    const int space = spaced ? find_name(spaces, 3, w->word[7]) : 0;
    if (role < 0 || load != (role < WMMA_D) || layout < 0 || shape < 0 || type < 0 || space < 0 ||
        p->count < 2 || p->count > 3) {
        return false;
    }
    const bool is_factor = role < WMMA_C;
    const bool accumulates = type == MATRIX_F32 || type == MATRIX_S32 || type == MATRIX_F16;
    if (is_factor ? type == MATRIX_F32 || type == MATRIX_S32 || !shape_fits(shape, type)
                  : !accumulates || (wmma_shapes[shape].k == 8 && type != MATRIX_F32)) {
        return false;
    }
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[load ? 1 : 0],
                   !spaced ? PTX_GENERIC
                   : space ? PTX_SHARED
                           : PTX_GLOBAL);
    in->op[1] = p->count == 3 ? lower_source(l, &p->operands[2], 32, 'u') : UINT32_MAX;
    in->used = 2;
    const unsigned count = wmma_registers(&wmma_shapes[shape], (enum wmma_role)role, (enum matrix_type)type);
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    fragment(l, &p->operands[load ? 0 : 1], count, load, list);
    in->list = list;
    in->count = (uint8_t)count;
    in->list_defs = load ? (uint8_t)count : 0;
    in->lists_registers = true;
    in->run = exec_find(load ? "wmma.load" : "wmma.store");
    in->kind = INST_WARP;
    in->pipe = PIPE_LSU;
    in->aux = UINT8_MAX;
    in->type = (uint8_t)type;
    in->sub = (uint8_t)shape;
    in->bytes = matrix_bytes((enum matrix_type)type);
    in->target = (uint32_t)role | (layout ? WMMA_COLUMNS : 0);
    return true;
}

/* wmma.mma.sync.aligned.alayout.blayout.shape.dtype{.atype.btype}.ctype{.satfinite} d, a, b, c */
static bool decode_wmma_mma(struct lowering *l, const struct ptx_instruction *p, const struct words *w) {
    static const char *const layouts[] = {"row", "col"};
    unsigned count = w->count;
    const bool saturate = strcmp(w->word[count - 1], "satfinite") == 0;
    count -= saturate;
    if ((count != 9 && count != 11) || p->count != 4 || strcmp(w->word[2], "sync") != 0 ||
        strcmp(w->word[3], "aligned") != 0 || find_name(layouts, 2, w->word[4]) < 0 ||
        find_name(layouts, 2, w->word[5]) < 0) {
        return false;
    }
    const int shape = wmma_shape(w->word[6]), d = wmma_type(w->word[7]), c = wmma_type(w->word[count - 1]);
    const int a = count == 11 ? wmma_type(w->word[8]) : MATRIX_F16,
              b = count == 11 ? wmma_type(w->word[9]) : MATRIX_F16;
    if (shape < 0 || a != b || a < 0 || a == MATRIX_F32 || a == MATRIX_S32 || !shape_fits(shape, a)) {
        return false;
    }
    const bool whole = a == MATRIX_S8 || a == MATRIX_U8;
    const bool half = a == MATRIX_F16 && count == 9;
    if (whole ? d != MATRIX_S32 || c != MATRIX_S32
              : (d != MATRIX_F32 && !(half && d == MATRIX_F16)) ||
                    (c != MATRIX_F32 && !(half && c == MATRIX_F16))) {
        return false;
    }
    if ((a == MATRIX_F16 && !half) || (saturate && !whole)) {
        return false; /* .satfinite of f16 is not supported */
    }
    const struct wmma_shape *s = &wmma_shapes[shape];
    uint32_t *list = lower_alloc(l, 40 * sizeof *list);
    unsigned at = fragment(l, &p->operands[0], wmma_registers(s, WMMA_D, (enum matrix_type)d), true, list);
    const unsigned defs = at;
    at += fragment(l, &p->operands[1], wmma_registers(s, WMMA_A, (enum matrix_type)a), false, list + at);
    at += fragment(l, &p->operands[2], wmma_registers(s, WMMA_B, (enum matrix_type)a), false, list + at);
    at += fragment(l, &p->operands[3], wmma_registers(s, WMMA_C, (enum matrix_type)c), false, list + at);
    struct inst *in = decode_emit_warp(l, "wmma.mma", 0, 0, list, UINT8_MAX);
    in->pipe = PIPE_TENSOR;
    in->list = list;
    in->count = (uint8_t)at;
    in->list_defs = (uint8_t)defs;
    in->lists_registers = true;
    in->sub = (uint8_t)shape;
    in->type = (uint8_t)a;
    in->flags = (c == MATRIX_F16 ? MATRIX_HALF_C : 0) | (d == MATRIX_F16 ? MATRIX_HALF_D : 0) |
                (saturate ? MATRIX_SATURATE : 0);
    return true;
}

bool decode_matrix(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(w.word[0], "mma") == 0) {
        return decode_mma(l, p, &w);
    }
    if (strcmp(w.word[0], "wmma") != 0 || w.count < 3) {
        return false;
    }
    return strcmp(w.word[1], "mma") == 0 ? decode_wmma_mma(l, p, &w)
           : strcmp(w.word[1], "load") == 0
               ? decode_wmma_move(l, p, &w, true)
               : strcmp(w.word[1], "store") == 0 && decode_wmma_move(l, p, &w, false);
}
