#include "cuda_gate.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { OPERATIONS_MAX = 400 }; /* drivers queue about a thousand */

/* Under these every launch waits until the kernel is done. */
static bool launches_block(void) {
    static const char *const names[] = {"CUDA_LAUNCH_BLOCKING", "CUDA_INJECTION64_PATH",
                                        "NVTX_INJECTION64_PATH", "CUDA_DEBUGGER_SOFTWARE_PREEMPTION"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const value = getenv(names[i]);
        if (value && *value && strcmp(value, "0") != 0) return true;
    }
    return false;
}

/* The word that the stream waits for: of the host's memory, at the same address on the device. */
static bool gate_make(struct cuda *c) {
    struct cuda_gate *const g = &c->gate;
    void *word = NULL;
    if (g->word) return true;
    if (launches_block() || c->api.cuMemHostAlloc(&word, sizeof *g->word, 0) != CUDA_OK) return false;
    g->word = word;
    g->turn = 0;
    atomic_store(g->word, 0);
    return true;
}

bool gate_shut(struct cuda *c, const struct kernel *k, int calls) {
    struct cuda_gate *const g = &c->gate;
    const int operations = calls * (k->launch.steps + __builtin_popcount(k->launch.zero));
    if (g->unusable || g->off || !k->ran || operations > OPERATIONS_MAX) return false;
    g->unusable = c->virtual.present || !gate_make(c) ||
                  c->api.cuStreamWaitValue32_v2(c->stream, cuda_address((const void *)g->word), g->turn + 1,
                                                CUDA_WAIT_AT_LEAST) != CUDA_OK;
    if (!g->unusable) g->turn++;
    return !g->unusable;
}

void gate_open(struct cuda *c) {
    atomic_store(c->gate.word, c->gate.turn);
}

void gate_free(struct cuda *c) {
    if (c->gate.word) c->api.cuMemFreeHost((void *)c->gate.word);
    c->gate.word = NULL;
}
