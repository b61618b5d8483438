/* decode_atomic: atom and red. */
#include <string.h>

#include "atomics.h"
#include "decode_memory.h"

static int take_atomic(struct words *w) {
    static const char *const operations[] = {"add", "min", "max", "exch", "cas",
                                             "and", "or",  "xor", "inc",  "dec"};
    for (int i = 0; i < 10; i++) {
        if (words_take(w, operations[i])) {
            return i;
        }
    }
    return -1;
}

/* Is it one of the words of the list? */
static bool is_listed(const char *word, const char *list) {
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) {
            return true;
        }
    }
    return false;
}

static int atomic_type(const char *name) {
    static const struct {
        const char *name;
        int type;
    } types[] = {
        {"u32", TYPE_U32},     {"s32", TYPE_S32},       {"u64", TYPE_U64}, {"s64", TYPE_S64},
        {"f32", TYPE_F32},     {"f64", TYPE_F64},       {"f16", TYPE_F16}, {"bf16", TYPE_BF16},
        {"f16x2", TYPE_F16X2}, {"bf16x2", TYPE_BF16X2}, {"b32", TYPE_U32}, {"b64", TYPE_U64},
        {"b16", TYPE_U16},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return -1;
}

/* PTX ISA, sections 9.7.13.5 and 9.7.13.7: types of each operation, and of its vectors in global memory. */
static bool atomic_is_allowed(int op, const char *type, unsigned vector, bool noftz, bool shared,
                              bool returns) {
    const char *const sums = "u32 s32 u64 f32 f64 f16 bf16 f16x2 bf16x2", *const order = "u32 s32 u64 s64";
    const char *const bits = "b32 b64", *const halves = "f16 bf16 f16x2 bf16x2";
    const char *const scalars[] = {
        [ATOMIC_ADD] = sums,          [ATOMIC_MIN] = order, [ATOMIC_MAX] = order, [ATOMIC_EXCH] = bits,
        [ATOMIC_CAS] = "b16 b32 b64", [ATOMIC_AND] = bits,  [ATOMIC_OR] = bits,   [ATOMIC_XOR] = bits,
        [ATOMIC_INC] = "u32",         [ATOMIC_DEC] = "u32"};
    const bool half = is_listed(type, halves), pair = half && strstr(type, "x2");
    if (noftz != half || (!returns && (op == ATOMIC_EXCH || op == ATOMIC_CAS))) {
        return false;
    }
    if (vector == 1) {
        return is_listed(type, scalars[op]);
    }
    if (shared || op > ATOMIC_MAX) {
        return false;
    }
    return half ? vector <= (pair ? 4 : 8) : op == ATOMIC_ADD && strcmp(type, "f32") == 0 && vector <= 4;
}

/* Integer sums and the like come out the same in any order; everything else shows the order of blocks. */
static bool shows_order(int op, int type, bool returns) {
    const bool integer = type <= TYPE_S64;
    return returns || !integer || op == ATOMIC_EXCH || op == ATOMIC_CAS || op == ATOMIC_INC ||
           op == ATOMIC_DEC;
}

bool decode_atomic(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    const bool returns = strcmp(w.word[0], "atom") == 0;
    if (!returns && strcmp(w.word[0], "red") != 0) {
        return false;
    }
    bool bypass, has_space;
    const bool hint = memory_take_hints(l, &w, 'a', &bypass);
    const enum ptx_space space = memory_take_space(&w, &has_space);
    const bool noftz = words_take(&w, "noftz");
    const int op = take_atomic(&w);
    const unsigned vector = memory_take_vector(&w);
    const char *type_name = "";
    const struct ptx_type type = words_take_type(&w, &type_name);
    words_done(l, &w);
    const int kind = atomic_type(type_name);
    const unsigned sources = op == ATOMIC_CAS ? 2 : 1;
    if (op < 0 || kind < 0 || p->count != 1u + returns + sources + hint ||
        !atomic_is_allowed(op, type_name, vector, noftz, space == PTX_SHARED, returns) ||
        (space != PTX_GLOBAL && space != PTX_SHARED && space != PTX_GENERIC)) {
        lower_fail(l, "instruction is not supported");
    }
    memory_check_policy(l, p, hint);
    for (unsigned k = 0; k < returns + sources; k++) {
        memory_check_parts(l, &p->operands[returns ? k + (k > 0) : k + 1], vector);
    }
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[returns], space);
    const unsigned count = vector * (returns + sources);
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    unsigned at = 0;
    for (unsigned k = 0; returns && k < vector; k++) {
        list[at++] = lower_target(l, memory_part(&p->operands[0], k), type.bits);
    }
    for (unsigned s = 0; s < sources; s++) {
        for (unsigned k = 0; k < vector; k++) {
            list[at++] = lower_source(l, memory_part(&p->operands[1 + returns + s], k), type.bits, type.kind);
        }
    }
    in->list = list;
    in->count = (uint8_t)count;
    in->lists_registers = true;
    in->list_defs = returns ? (uint8_t)vector : 0;
    in->bytes = type.bits / 8;
    in->sub = (uint8_t)op;
    in->aux = (uint8_t)kind;
    in->flags |= (returns ? FLAG_RETURNS : 0) | (type.bits == 64 ? FLAG_WIDE_DATA : 0) | FLAG_VOLATILE;
    memory_finish(in, "atomic");
    in->order = in->space != PTX_SHARED && shows_order(op, kind, false) ? 2
                : in->space != PTX_SHARED && returns                    ? 1
                                                                        : 0;
    return true;
}
