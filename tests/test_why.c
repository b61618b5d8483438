/* The sentences of why a candidate won, from made-up evidence whose cause is known. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "op.h"
#include "why.h"

/* An H100: a microsecond at a ceiling is 3.35 MB, 966 thousand instructions, 1830 atomics on a slice of L2.
 */
static const struct device_info gpu = {
    .backend = "cuda", .isa = 1u << CUDA, .sm = 90, .units = 132, .warps = 64, .clock = 1.83e9};
static const struct ceilings gpu_ceilings = {.bandwidth = 3.35e12, .flops = 6e13, .launch = 2.5e-6};
static const struct ceilings cpu_ceilings = {.bandwidth = 40e9, .flops = 400e9, .launch = 2e-6};

static struct problem p;
static struct why w;
static struct counter counters[WHY_ROLES][COUNTERS_MAX];
static char sentence[WHY_SENTENCE_MAX];
static struct ceilings ceilings[WHY_ROLES];

static void role_set(int role, const char *variant, double time_us) {
    w.role[role] =
        (struct evidence){.variant = variant_find(variant), .time_us = time_us, .counters = counters[role]};
    cr_assert(w.role[role].variant, "%s", variant);
}

static void count(int role, const char *name, double value) {
    struct evidence *const e = &w.role[role];
    struct counter *const c = &counters[role][e->counter_count++];
    snprintf(c->name, sizeof c->name, "%s", name);
    c->value = value;
}

/* What every kernel has: bytes and instructions in microseconds at their ceilings, blocks and warps that fill
   the device once. */
static void usual(int role, double memory_us, double issue_us) {
    count(role, "dram_bytes", memory_us * 3.35e6);
    count(role, "instructions", issue_us * 4 * 132 * 1830);
    count(role, "blocks", 528);
    count(role, "warps", 4224);
    count(role, "occupancy", 0.5);
    count(role, "launches", 1);
}

static void begin(enum op op, const struct ceilings *c) {
    p = problem_default(op, F32);
    p.rows = 12608, p.channels = 3072;
    w = (struct why){.sentence = "stale"};
    for (int i = 0; i < WHY_ROLES; i++) ceilings[i] = *c;
}

static void expect(const struct device_info *d, const char *expected) {
    why_explain(&w, &p, d, ceilings, sentence);
    cr_expect_str_eq(w.sentence, expected, "%s\n", w.sentence);
}

static void bwd_pair(double winner_us, double other_us) {
    begin(RATIONAL_BWD, &gpu_ceilings);
    role_set(WHY_WINNER, "rational_bwd_cuda_twopass", winner_us);
    role_set(WHY_RUNNER_UP, "rational_bwd_cuda_tilesum", other_us);
}

Test(why, more_instructions) {
    bwd_pair(150, 210);
    usual(WHY_WINNER, 135, 140 / 1.4);
    usual(WHY_RUNNER_UP, 135, 196);
    expect(&gpu,
           "Moves 11.7 bytes an element and is bound by memory (90% of the time at the ceiling); runner-up "
           "rational_bwd_cuda_tilesum takes 1.40x as long: the issue of instructions is what bounds it most, "
           "and it executes 1.96x the instructions.");
    cr_expect_str_eq(w.role[WHY_WINNER].bound, "memory");
    cr_expect_float_eq(w.role[WHY_WINNER].busy, 0.9, 1e-9);
    cr_expect_str_eq(w.role[WHY_RUNNER_UP].bound, "issue");
    cr_expect_float_eq(w.role[WHY_RUNNER_UP].busy, 196.0 / 210, 1e-9);
}

Test(why, fewest_bytes) {
    bwd_pair(150, 210);
    usual(WHY_WINNER, 138.7, 30);
    usual(WHY_RUNNER_UP, 196, 30);
    expect(&gpu,
           "Moves 12 bytes an element, the least, and is bound by memory (92% of the time at the ceiling); "
           "runner-up rational_bwd_cuda_tilesum takes 1.40x as long: memory is what bounds it most, and it "
           "moves 1.41x the bytes.");
}

Test(why, atomics_the_winner_has_not) {
    bwd_pair(150, 1500);
    usual(WHY_WINNER, 138.7, 30);
    usual(WHY_RUNNER_UP, 138.7, 30);
    count(WHY_RUNNER_UP, "atomic_part", 1400 * 1830.0);
    expect(&gpu,
           "Moves 12 bytes an element and is bound by memory (92% of the time at the ceiling); runner-up "
           "rational_bwd_cuda_tilesum takes 10.00x as long: atomics on one slice of L2 bounds it most, of "
           "which the "
           "winner has none.");
}

Test(why, more_launches) {
    bwd_pair(8, 10.4);
    usual(WHY_WINNER, 1, 1);
    usual(WHY_RUNNER_UP, 1, 1);
    count(WHY_WINNER, "seconds", 8e-6);
    count(WHY_RUNNER_UP, "fills", 1);
    count(WHY_RUNNER_UP, "seconds", 7.9e-6); /* of its kernel: the rest is the fill's */
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(
        strstr(
            w.sentence,
            "takes 1.30x as long: launches and fills (1 and 1) take it 5.0 us, the winner (1 and 0) 2.5 us."),
        "%s", w.sentence);
}

Test(why, launches_take_what_activity_records_leave) {
    bwd_pair(8, 10.4);
    usual(WHY_WINNER, 1, 1);
    usual(WHY_RUNNER_UP, 1, 1);
    count(WHY_WINNER, "seconds", 90e-6); /* with the profiler on */
    count(WHY_WINNER, "kernel_seconds", 6e-6);
    count(WHY_RUNNER_UP, "kernel_seconds", 6.4e-6);
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "launches and fills (1 and 0) take it 4.0 us, the winner (1 and 0) 2.0 us."),
              "%s", w.sentence);
}

Test(why, longer_stalls) {
    bwd_pair(20, 30);
    usual(WHY_WINNER, 5, 2);
    usual(WHY_RUNNER_UP, 5, 2);
    count(WHY_WINNER, "stall_memory", 4);
    count(WHY_WINNER, "stall_barrier", 1);
    count(WHY_RUNNER_UP, "stall_memory", 5);
    count(WHY_RUNNER_UP, "stall_barrier", 3.5);
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "takes 1.50x as long: its warps wait 3.5x as long for barriers."), "%s",
              w.sentence);
}

Test(why, launches_are_told_where_they_count) {
    bwd_pair(8, 8.01);
    usual(WHY_WINNER, 4.5, 1);
    usual(WHY_RUNNER_UP, 4.5, 1);
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(
        strstr(w.sentence, "is bound by memory (56% of the time at the ceiling, beside 31% for launches);"),
        "%s", w.sentence);
}

Test(why, idle_multiprocessors) {
    bwd_pair(20, 40);
    usual(WHY_WINNER, 5, 2);
    usual(WHY_RUNNER_UP, 5, 2);
    counters[WHY_RUNNER_UP][2].value = 40; /* blocks */
    counters[WHY_RUNNER_UP][3].value = 4224;
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect_str_eq(w.role[WHY_RUNNER_UP].bound, "latency");
    cr_expect(strstr(w.sentence,
                     "takes 2.00x as long: it launches 40 blocks for 132 multiprocessors, the winner 528."),
              "%s", w.sentence);
}

Test(why, fewer_warps_resident) {
    bwd_pair(20, 36);
    usual(WHY_WINNER, 5, 2);
    usual(WHY_RUNNER_UP, 5, 2);
    counters[WHY_RUNNER_UP][3].value = 2112; /* warps */
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence,
                     "takes 1.80x as long: it keeps 2112 warps resident to hide latency, the winner 4224."),
              "%s", w.sentence);
}

/* Equal figures, or figures whose difference is too small for the times', explain nothing. */
Test(why, says_when_it_does_not_know) {
    static const double more_us[] = {0, 5}; /* of instructions, where 60 us are to be explained */
    for (int i = 0; i < 2; i++) {
        bwd_pair(150, 210);
        usual(WHY_WINNER, 138.7, 30);
        usual(WHY_RUNNER_UP, 138.7, 30 + more_us[i]);
        expect(
            &gpu,
            "Moves 12 bytes an element and is bound by memory (92% of the time at the ceiling); runner-up "
            "rational_bwd_cuda_tilesum takes 1.40x as long and is nearest to its ceiling in memory (66% of "
            "the time at the ceiling); these figures do not explain why.");
    }
}

Test(why, more_of_what_does_not_bind_explains_nothing) {
    bwd_pair(150, 210);
    usual(WHY_WINNER, 138.7, 10);
    usual(WHY_RUNNER_UP, 190, 160); /* the instructions hide behind memory */
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "memory is what bounds it most, and it moves 1.37x the bytes"), "%s",
              w.sentence);
    cr_expect_null(strstr(w.sentence, "instructions"), "%s", w.sentence);
}

Test(why, a_tie_needs_no_cause) {
    bwd_pair(150, 151);
    usual(WHY_WINNER, 138.7, 30);
    usual(WHY_RUNNER_UP, 138.7, 60);
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "; runner-up rational_bwd_cuda_tilesum takes as long."), "%s", w.sentence);
}

Test(why, runner_up_and_default_are_one_or_two) {
    bwd_pair(150, 210);
    usual(WHY_WINNER, 138.7, 30);
    usual(WHY_RUNNER_UP, 196, 30);
    w.role[WHY_DEFAULT] = w.role[WHY_RUNNER_UP];
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "; runner-up and default rational_bwd_cuda_tilesum takes 1.40x"), "%s",
              w.sentence);
    w.role[WHY_DEFAULT] = w.role[WHY_WINNER];
    w.role[WHY_DEFAULT].point.value[0] = 512;
    w.role[WHY_DEFAULT].time_us = 151;
    why_explain(&w, &p, &gpu, ceilings, sentence);
    cr_expect(strstr(w.sentence, "the bytes; default with BLOCK=512 takes as long."), "%s", w.sentence);
}

Test(why, alone) {
    begin(RATIONAL_BWD, &gpu_ceilings);
    role_set(WHY_WINNER, "rational_bwd_cuda_twopass", 150);
    usual(WHY_WINNER, 138.7, 30);
    expect(
        &gpu,
        "Moves 12 bytes an element and is bound by memory (92% of the time at the ceiling); there is nothing "
        "to compare it with.");
}

/* A CPU without counters: the problem's own bytes and FLOPs against what its threads can do. */
Test(why, cpu_by_formulas) {
    const struct device_info cpu = {.backend = "cpu", .isa = 1u << SCALAR | 1u << AVX2, .units = 2};
    begin(RATIONAL_FWD, &cpu_ceilings);
    const double memory_us = 1e6 * problem_bytes(&p) / 40e9;
    role_set(WHY_WINNER, "rational_fwd_avx2", memory_us / 0.95);
    role_set(WHY_RUNNER_UP, "rational_fwd_scalar", 1.5 * memory_us / 0.95);
    role_set(WHY_DEFAULT, "rational_fwd_avx2", 2 * memory_us / 0.95);
    w.role[WHY_DEFAULT].point.value[0] = 1; /* THREADS */
    ceilings[WHY_DEFAULT].bandwidth /= 2, ceilings[WHY_DEFAULT].flops /= 2;
    expect(
        &cpu,
        "Is bound by memory (95% of the time at the ceiling); runner-up rational_fwd_scalar takes 1.50x as "
        "long and is nearest to its ceiling in memory (63% of the time at the ceiling); these figures do not "
        "explain why; default with THREADS=1 takes 2.00x as long: it is bound by memory and runs with 1 "
        "thread, the winner with 2.");
    cr_expect_eq(w.role[WHY_WINNER].counter_count, 0);
}

Test(why, cpu_executes_more) {
    const struct device_info cpu = {.backend = "cpu", .isa = 1u << SCALAR | 1u << AVX2, .units = 2};
    begin(RATIONAL_FWD, &cpu_ceilings);
    const double memory_us = 1e6 * problem_bytes(&p) / 40e9;
    role_set(WHY_WINNER, "rational_fwd_avx2", memory_us / 0.95);
    role_set(WHY_RUNNER_UP, "rational_fwd_scalar", 3 * memory_us / 0.95);
    count(WHY_WINNER, "instructions", 1e9);
    count(WHY_RUNNER_UP, "instructions", 4e9);
    why_explain(&w, &p, &cpu, ceilings, sentence);
    cr_expect_str_eq(w.role[WHY_RUNNER_UP].bound, "");
    cr_expect(strstr(w.sentence,
                     "runner-up rational_fwd_scalar takes 3.00x as long: it executes 4x the instructions."),
              "%s", w.sentence);
}
