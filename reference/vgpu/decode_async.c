/* decode_async: cp.async, ldmatrix and stmatrix. */
#include <string.h>

#include "decode_memory.h"

static void decode_copy(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    bool bypass;
    words_take(w, "async");
    const bool hint = memory_take_hints(l, w, 'c', &bypass);
    const bool to =
        words_take(w, "shared") || words_take(w, "shared::cta") || words_take(w, "shared::cluster");
    const bool from = words_take(w, "global");
    words_done(l, w);
    if (!to || !from || p->count < 3u + hint || p->count > 4u + hint ||
        p->operands[2].kind != PTX_OP_IMMEDIATE) {
        lower_fail(l, "instruction is not supported");
    }
    const int64_t bytes = p->operands[2].value;
    if (bytes != 16 && (bypass || (bytes != 4 && bytes != 8))) {
        lower_fail(l, bypass ? "cp.async.cg copies 16 bytes" : "cp.async copies 4, 8 or 16 bytes");
    }
    memory_check_policy(l, p, hint);
    const bool sized = p->count - hint == 4;
    const uint32_t size = sized ? lower_source(l, &p->operands[3], 32, 'u') : UINT32_MAX;
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[0], PTX_SHARED);
    const int64_t to_offset = in->imm;
    in->flags = in->flags & FLAG_WIDE_ADDRESS ? FLAG_NEGATED : 0;
    decode_address(l, in, 1, &p->operands[1], PTX_GLOBAL);
    if (in->op[1] == UINT32_MAX || !(in->flags & FLAG_WIDE_ADDRESS)) {
        lower_fail(l, "source of cp.async must be a 64-bit register");
    }
    in->flags &= (uint8_t)~FLAG_WIDE_ADDRESS;
    in->imm = (int64_t)((uint64_t)in->imm << 32 | (uint32_t)to_offset);
    in->space = PTX_SHARED;
    in->op[2] = size;
    in->bytes = (uint8_t)bytes;
    memory_finish(in, "copy.async");
    in->used = 3;
}

static void decode_copy_wait(struct lowering *l, const struct ptx_instruction *p, bool all) {
    if (all ? p->count
            : p->count != 1 || p->operands[0].kind != PTX_OP_IMMEDIATE || p->operands[0].value < 0) {
        lower_fail(l, all ? "wrong number of operands" : "a number of groups is expected");
    }
    struct inst *in = lower_emit(l);
    memory_finish(in, "copy.wait");
    in->used = 0;
    in->imm = all ? -1 : p->operands[0].value;
}

static bool decode_matrix_move(struct lowering *l, struct words *w, const struct ptx_instruction *p,
                               bool load) {
    bool found;
    const bool shape = words_take(w, "sync") && words_take(w, "aligned") && words_take(w, "m8n8");
    const unsigned count = words_take(w, "x1") ? 1 : words_take(w, "x2") ? 2 : words_take(w, "x4") ? 4 : 0;
    const bool transposed = words_take(w, "trans");
    enum ptx_space space = memory_take_space(w, &found);
    const bool fits = words_take(w, "b16") && (!found || space == PTX_SHARED);
    words_done(l, w);
    if (!shape || !count || !fits || p->count != 2) {
        lower_fail(l, "instruction is not supported");
    }
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[load ? 1 : 0], found ? space : PTX_GENERIC);
    memory_registers(l, in, &p->operands[load ? 0 : 1], count, 32, load);
    in->sub = transposed;
    in->bytes = 16;
    memory_finish(in, load ? "load.matrix" : "store.matrix");
    in->kind = INST_WARP;
    in->aux = UINT8_MAX;
    return true;
}

bool decode_async(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(w.word[0], "ldmatrix") == 0 || strcmp(w.word[0], "stmatrix") == 0) {
        return decode_matrix_move(l, &w, p, w.word[0][0] == 'l');
    }
    if (strcmp(p->opcode, "cp.async.commit_group") == 0 && p->count == 0) {
        struct inst *in = lower_emit(l);
        in->run = exec_find("copy.commit");
        in->pipe = PIPE_LSU;
        return true;
    }
    if (strcmp(p->opcode, "cp.async.wait_all") == 0 || strcmp(p->opcode, "cp.async.wait_group") == 0) {
        decode_copy_wait(l, p, strcmp(p->opcode, "cp.async.wait_all") == 0);
        return true;
    }
    if (strncmp(p->opcode, "cp.async.ca.", 12) == 0 || strncmp(p->opcode, "cp.async.cg.", 12) == 0) {
        decode_copy(l, &w, p);
        return true;
    }
    return false;
}
