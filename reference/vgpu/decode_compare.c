/* decode_compare: setp and set. */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "lower.h"

static const char *take_comparison(struct lowering *l, struct words *w) {
    static const char *const comparisons[] = {"eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
                                              "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (words_take(w, comparisons[i])) {
            return comparisons[i];
        }
    }
    lower_fail(l, "instruction is not supported");
}

/* What set writes where the comparison holds: exec_compare.c. */
static int result_of(const char *to_name, const char *type) {
    static const struct {
        const char *to, *type; /* NULL: any that is not a pair */
        int result;
    } results[] = {
        {"u32", NULL, COMPARE_ONES},          {"s32", NULL, COMPARE_ONES},
        {"f32", NULL, COMPARE_F32},           {"f16", NULL, COMPARE_F16},
        {"bf16", NULL, COMPARE_BF16},         {"u16", "f16", COMPARE_ONES_16},
        {"s16", "f16", COMPARE_ONES_16},      {"u16", "bf16", COMPARE_ONES_16},
        {"s16", "bf16", COMPARE_ONES_16},     {"u32", "f16x2", COMPARE_ONES_X2},
        {"s32", "f16x2", COMPARE_ONES_X2},    {"f16x2", "f16x2", COMPARE_F16X2},
        {"u32", "bf16x2", COMPARE_ONES_X2},   {"s32", "bf16x2", COMPARE_ONES_X2},
        {"bf16x2", "bf16x2", COMPARE_BF16X2},
    };
    const bool pair = strstr(type, "x2");
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        const bool fits = results[i].type ? strcmp(results[i].type, type) == 0 : !pair;
        if (fits && strcmp(results[i].to, to_name) == 0) {
            return results[i].result;
        }
    }
    return -1;
}

bool decode_compare(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    const bool is_set = strcmp(w.word[0], "set") == 0;
    if (!is_set && strcmp(w.word[0], "setp") != 0) {
        return false;
    }
    const char *comparison = take_comparison(l, &w);
    const unsigned combine = words_take(&w, "and")   ? 1
                             : words_take(&w, "or")  ? 2
                             : words_take(&w, "xor") ? 3
                                                     : 0;
    const bool ftz = words_take(&w, "ftz");
    const char *to_name = "", *type_name = "";
    const struct ptx_type to = is_set ? words_take_type(&w, &to_name) : (struct ptx_type){'p', 1};
    const struct ptx_type type = words_take_type(&w, &type_name);
    words_done(l, &w);
    const int result = is_set ? result_of(to_name, type_name) : COMPARE_PREDICATES;
    char name[24];
    snprintf(name, sizeof name, "%s.%s%s", comparison, ftz ? "ftz." : "", type_name);
    if (p->count != 3u + (combine != 0) || !type.kind || result < 0 || !exec_find(name)) {
        lower_fail(l, "instruction is not supported");
    }
    uint32_t op[INST_OPERANDS];
    if (is_set) {
        op[0] = lower_target(l, &p->operands[0], to.bits);
        op[1] = lower_register(l, REG_PREDICATE);
    } else {
        lower_targets(l, &p->operands[0], 1, op);
    }
    op[2] = lower_source(l, &p->operands[1], type.bits, type.kind);
    op[3] = lower_source(l, &p->operands[2], type.bits, type.kind);
    bool negated = false;
    if (combine) {
        op[4] = lower_predicate(l, &p->operands[3], &negated);
    }
    struct inst *in = decode_emit(l, name, 2, combine ? 5 : 4, op);
    in->aux = (uint8_t)combine;
    in->flags = negated ? FLAG_NEGATED : 0;
    in->space = (uint8_t)result;
    return true;
}
