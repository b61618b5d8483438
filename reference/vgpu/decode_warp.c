/* decode_warp: barriers, shfl, vote, match, redux, activemask, elect. */
#include <string.h>

#include "lower.h"

struct inst *decode_emit_warp(struct lowering *l, const char *handler, unsigned defs, unsigned used,
                              const uint32_t *op, unsigned mask_at) {
    struct inst *in = lower_emit(l);
    in->run = exec_find(handler);
    in->kind = INST_WARP;
    in->pipe = PIPE_LSU;
    in->defs = (uint8_t)defs;
    in->used = (uint8_t)used;
    memcpy(in->op, op, used * sizeof *op);
    in->aux = (uint8_t)mask_at;
    return in;
}

static int take_one(struct words *w, const char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (words_take(w, names[i])) {
            return i;
        }
    }
    return -1;
}

/* ---- barriers of the block ---- */

static bool decode_barrier(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    words_take(w, "cta");
    words_take(w, "aligned");
    static const char *const kinds[] = {"sync", "arrive", "red"};
    const int kind = take_one(w, kinds, 3);
    if (kind == 0 && words_take(w, "warp")) {
        return false;
    }
    static const char *const reductions[] = {"popc", "and", "or"};
    const int reduction = kind == 2 ? take_one(w, reductions, 3) : 0;
    const bool fits = kind != 2 || words_take(w, reduction > 0 ? "pred" : "u32");
    words_done(l, w);
    const unsigned results = kind == 2, predicates = kind == 2;
    if (kind < 0 || reduction < 0 || !fits || p->count < 1 + results + predicates ||
        p->count > 2 + results + predicates || (kind == 1 && p->count != 2)) {
        lower_fail(l, "instruction is not supported");
    }
    uint32_t op[4] = {lower_source(l, &p->operands[results], 32, 'u'), UINT32_MAX, UINT32_MAX, UINT32_MAX};
    if (p->count == 2 + results + predicates) {
        op[1] = lower_source(l, &p->operands[results + 1], 32, 'u');
    }
    bool negated = false;
    if (kind == 2) {
        op[2] = lower_predicate(l, &p->operands[p->count - 1], &negated);
        op[3] = lower_target(l, &p->operands[0], reduction > 0 ? 1 : 32);
    }
    struct inst *in = lower_emit(l);
    in->kind = INST_BARRIER;
    in->pipe = PIPE_CONTROL;
    in->sub = (uint8_t)(kind == 2 ? 2 + reduction : kind);
    in->flags = negated ? FLAG_NEGATED : 0;
    memcpy(in->op, op, sizeof op);
    in->used = 4; /* the result counts as read too: lanes elsewhere keep theirs */
    return true;
}

static bool decode_warp_barrier(struct lowering *l, const struct ptx_instruction *p) {
    if (p->count != 1) {
        lower_fail(l, "wrong number of operands");
    }
    const uint32_t op = lower_source(l, &p->operands[0], 32, 'u');
    decode_emit_warp(l, "bar.warp", 0, 1, &op, 0);
    return true;
}

/* ---- lanes ---- */

static bool decode_shfl(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    static const char *const modes[] = {"up", "down", "bfly", "idx"};
    const bool sync = words_take(w, "sync");
    const int mode = take_one(w, modes, 4);
    const bool fits = words_take(w, "b32");
    words_done(l, w);
    if (!sync || mode < 0 || !fits || p->count != 5) {
        lower_fail(l, "instruction is not supported");
    }
    uint32_t op[6];
    lower_targets(l, &p->operands[0], 32, op);
    for (unsigned i = 1; i < 5; i++) {
        op[i + 1] = lower_source(l, &p->operands[i], 32, 'u');
    }
    decode_emit_warp(l, "shfl", 2, 6, op, 5)->sub = (uint8_t)mode;
    return true;
}

static bool decode_vote(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    static const char *const modes[] = {"all", "any", "uni", "ballot"};
    const bool sync = words_take(w, "sync");
    const int mode = take_one(w, modes, 4);
    const bool fits = words_take(w, mode == 3 ? "b32" : "pred");
    words_done(l, w);
    if (!sync || mode < 0 || !fits || p->count != 3) {
        lower_fail(l, "instruction is not supported");
    }
    bool negated;
    const uint32_t predicate = lower_predicate(l, &p->operands[1], &negated);
    const uint32_t op[3] = {lower_target(l, &p->operands[0], mode == 3 ? 32 : 1), predicate,
                            lower_source(l, &p->operands[2], 32, 'u')};
    struct inst *in = decode_emit_warp(l, "vote", 1, 3, op, 2);
    in->sub = (uint8_t)mode;
    in->flags = negated ? FLAG_NEGATED : 0;
    return true;
}

static bool decode_match(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    static const char *const modes[] = {"any", "all"};
    const bool sync = words_take(w, "sync");
    const int mode = take_one(w, modes, 2);
    const bool wide = words_take(w, "b64"), fits = wide || words_take(w, "b32");
    words_done(l, w);
    if (!sync || mode < 0 || p->count != 3 || !fits) {
        lower_fail(l, "instruction is not supported");
    }
    uint32_t op[4];
    if (mode) {
        lower_targets(l, &p->operands[0], 32, op);
    } else {
        op[0] = lower_target(l, &p->operands[0], 32);
        op[1] = lower_register(l, REG_PREDICATE);
    }
    op[2] = lower_source(l, &p->operands[1], wide ? 64 : 32, 'b');
    op[3] = lower_source(l, &p->operands[2], 32, 'u');
    struct inst *in = decode_emit_warp(l, "match", 2, 4, op, 3);
    in->sub = (uint8_t)mode;
    in->flags = wide ? FLAG_WIDE_DATA : 0;
    return true;
}

static bool decode_redux(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    static const char *const modes[] = {"add", "min", "max", "and", "or", "xor"};
    const bool sync = words_take(w, "sync");
    const int mode = take_one(w, modes, 6);
    const bool is_signed = mode < 3 && words_take(w, "s32");
    const bool fits = is_signed || words_take(w, mode < 3 ? "u32" : "b32");
    words_done(l, w);
    if (!sync || mode < 0 || p->count != 3 || !fits) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[3] = {lower_target(l, &p->operands[0], 32), lower_source(l, &p->operands[1], 32, 'u'),
                            lower_source(l, &p->operands[2], 32, 'u')};
    struct inst *in = decode_emit_warp(l, "redux", 1, 3, op, 2);
    in->sub = (uint8_t)mode;
    in->flags = is_signed ? FLAG_SIGNED : 0;
    return true;
}

bool decode_warp(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(p->opcode, "bar.warp.sync") == 0) {
        return decode_warp_barrier(l, p);
    }
    if (strcmp(w.word[0], "bar") == 0 || strcmp(w.word[0], "barrier") == 0) {
        return decode_barrier(l, &w, p);
    }
    if (strcmp(w.word[0], "shfl") == 0) {
        return decode_shfl(l, &w, p);
    }
    if (strcmp(w.word[0], "vote") == 0) {
        return decode_vote(l, &w, p);
    }
    if (strcmp(w.word[0], "match") == 0) {
        return decode_match(l, &w, p);
    }
    if (strcmp(w.word[0], "redux") == 0) {
        return decode_redux(l, &w, p);
    }
    if (strcmp(p->opcode, "activemask.b32") == 0 && p->count == 1) {
        struct inst *in = lower_emit(l);
        in->run = exec_find("activemask");
        in->op[0] = lower_target(l, &p->operands[0], 32);
        in->defs = in->used = 1;
        return true;
    }
    if (strcmp(p->opcode, "elect.sync") == 0 && p->count == 2) {
        uint32_t op[3];
        lower_targets(l, &p->operands[0], 32, op);
        op[2] = lower_source(l, &p->operands[1], 32, 'u');
        decode_emit_warp(l, "elect", 2, 3, op, 2);
        return true;
    }
    return false;
}
