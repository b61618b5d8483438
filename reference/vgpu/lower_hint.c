/* lower_hint: instructions that change nothing that can be observed here. Their operands are checked and go
 * unused. */
#include <string.h>

#include "lower.h"

static const struct {
    const char *opcode, *operands; /* a: an address in brackets, w: 32 bits, n: an integer constant */
} hints[] = {
    {"membar.cta", ""},
    {"membar.gl", ""},
    {"membar.sys", ""},
    {"fence.sc.cta", ""},
    {"fence.sc.gpu", ""},
    {"fence.sc.sys", ""},
    {"fence.acq_rel.cta", ""},
    {"fence.acq_rel.gpu", ""},
    {"fence.acq_rel.sys", ""},
    {"fence.sc.cluster", ""},
    {"fence.acq_rel.cluster", ""},
    {"fence.proxy.async", ""},
    {"fence.proxy.alias", ""},
    {"fence.acquire.gpu", ""},
    {"fence.release.gpu", ""},
    {"fence.acquire.cta", ""},
    {"fence.release.cta", ""},
    {"fence.acquire.sys", ""},
    {"fence.release.sys", ""},
    {"griddepcontrol.wait", ""},
    {"griddepcontrol.launch_dependents", ""},
    {"nanosleep.u32", "w"},
    {"pmevent", "n"},
    {"pmevent.mask", "n"},
    {"prefetch.L1", "a"},
    {"prefetch.L2", "a"},
    {"prefetch.global.L1", "a"},
    {"prefetch.global.L2", "a"},
    {"prefetch.local.L1", "a"},
    {"prefetch.local.L2", "a"},
    {"prefetch.global.L2::evict_last", "a"},
    {"prefetch.global.L2::evict_normal", "a"},
    {"prefetchu.L1", "a"},
    {"discard.L2", "an"},
    {"discard.global.L2", "an"},
    {"applypriority.L2::evict_normal", "an"},
    {"applypriority.global.L2::evict_normal", "an"},
};

static void check_operand(struct lowering *l, const struct ptx_operand *o, char letter) {
    if (letter == 'w') {
        lower_source(l, o, 32, 'u');
    } else if (o->kind != (letter == 'a' ? PTX_OP_ADDRESS : PTX_OP_IMMEDIATE)) {
        lower_fail(l, letter == 'a' ? "an address in brackets is expected" : "an integer is expected");
    }
}

bool lower_hint(struct lowering *l, const struct ptx_instruction *p) {
    const char *operands = NULL;
    for (size_t i = 0; !operands && i < sizeof hints / sizeof *hints; i++) {
        operands = strcmp(hints[i].opcode, p->opcode) == 0 ? hints[i].operands : NULL;
    }
    if (!operands) {
        return false;
    }
    if (p->count != strlen(operands)) {
        lower_fail(l, "wrong number of operands");
    }
    for (uint32_t i = 0; i < p->count; i++) {
        check_operand(l, &p->operands[i], operands[i]);
    }
    struct inst *in = lower_emit(l);
    in->kind = INST_PLAIN;
    in->pipe = PIPE_LSU;
    in->run = exec_find("nothing");
    return true;
}
