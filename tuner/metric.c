#include "metric.h"

#include <stdlib.h>
#include <string.h>

#define STALL(reason) "smsp__average_warps_issue_stalled_" reason "_per_issue_active.ratio"

static const struct metric metrics[] = {
    {"seconds", "s", METRICS_ALL, {"gpu__time_duration.sum"}, 1e-9, "duration, with the profiler on"},
    {"dram_bytes", "bytes", METRICS_MEMORY, {"dram__bytes.sum"}, 1, "read from and written to device memory"},
    {"dram_read_bytes",
     "bytes",
     METRICS_MEMORY,
     {"dram__bytes_read.sum", "dram__bytes_op_read.sum"},
     1,
     "read from device memory"},
    {"dram_write_bytes",
     "bytes",
     METRICS_MEMORY,
     {"dram__bytes_write.sum", "dram__bytes_op_write.sum"},
     1,
     "written to device memory"},
    {"l2_bytes", "bytes", METRICS_MEMORY, {"lts__t_bytes.sum"}, 1, "asked of the second-level cache"},
    {"l1_bytes", "bytes", METRICS_MEMORY, {"l1tex__t_bytes.sum"}, 1, "asked of the first-level caches"},
    {"global_load_requests",
     "1",
     METRICS_MEMORY,
     {"l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum"},
     1,
     "loads of warps from global memory"},
    {"global_load_sectors",
     "1",
     METRICS_MEMORY,
     {"l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"},
     1,
     "sectors of 32 bytes those touched"},
    {"global_store_requests",
     "1",
     METRICS_MEMORY,
     {"l1tex__t_requests_pipe_lsu_mem_global_op_st.sum"},
     1,
     "stores of warps to global memory"},
    {"global_store_sectors",
     "1",
     METRICS_MEMORY,
     {"l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum"},
     1,
     "sectors of 32 bytes those touched"},
    {"bank_conflicts",
     "1",
     METRICS_MEMORY,
     {"l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"},
     1,
     "wavefronts of shared memory that conflicts added"},
    {"atomic_requests",
     "1",
     METRICS_MEMORY,
     {"smsp__inst_executed_op_global_red.sum"},
     1,
     "reductions of warps in global memory"},
    {"instructions", "1", METRICS_COMPUTE, {"sm__inst_executed.sum"}, 1, "executed by warps"},
    {"thread_instructions",
     "1",
     METRICS_COMPUTE,
     {"smsp__thread_inst_executed.sum"},
     1,
     "executed by threads"},
    {"instructions_fma",
     "1",
     METRICS_COMPUTE,
     {"sm__inst_executed_pipe_fma.sum"},
     1,
     "of warps in the multiply-add pipe"},
    {"instructions_alu",
     "1",
     METRICS_COMPUTE,
     {"sm__inst_executed_pipe_alu.sum"},
     1,
     "of warps in the integer and logic pipe"},
    {"instructions_sfu",
     "1",
     METRICS_COMPUTE,
     {"sm__inst_executed_pipe_xu.sum"},
     1,
     "of warps in the special-function pipe"},
    {"instructions_lsu",
     "1",
     METRICS_COMPUTE,
     {"sm__inst_executed_pipe_lsu.sum"},
     1,
     "of warps in the load-store pipe"},
    {"instructions_tensor",
     "1",
     METRICS_COMPUTE,
     {"sm__inst_executed_pipe_tensor.sum"},
     1,
     "of warps in the tensor pipe"},
    {"issue_active",
     "fraction",
     METRICS_COMPUTE | METRICS_STALLS,
     {"smsp__issue_active.avg.pct_of_peak_sustained_active"},
     0.01,
     "of the cycles a scheduler issued in"},
    {"occupancy",
     "fraction",
     METRICS_OCCUPANCY,
     {"sm__warps_active.avg.pct_of_peak_sustained_active"},
     0.01,
     "warps resident, of those a multiprocessor holds"},
    {"active_cycles",
     "1",
     METRICS_OCCUPANCY,
     {"sm__cycles_active.avg"},
     1,
     "in which a multiprocessor had work"},
    {"stall_memory",
     "warps",
     METRICS_STALLS,
     {STALL("long_scoreboard")},
     1,
     "waiting for global or local memory, an issue"},
    {"stall_shared",
     "warps",
     METRICS_STALLS,
     {STALL("short_scoreboard")},
     1,
     "waiting for shared memory or a special function, an issue"},
    {"stall_barrier", "warps", METRICS_STALLS, {STALL("barrier")}, 1, "waiting at a barrier, an issue"},
    {"stall_math",
     "warps",
     METRICS_STALLS,
     {STALL("math_pipe_throttle")},
     1,
     "waiting for a busy arithmetic pipe, an issue"},
    {"stall_lsu",
     "warps",
     METRICS_STALLS,
     {STALL("lg_throttle")},
     1,
     "waiting for the queue of global memory, an issue"},
    {"stall_mio",
     "warps",
     METRICS_STALLS,
     {STALL("mio_throttle")},
     1,
     "waiting for the queue of shared memory and special functions, an issue"},
    {"stall_dependency",
     "warps",
     METRICS_STALLS,
     {STALL("wait")},
     1,
     "waiting for a fixed latency, an issue"},
    {"stall_not_selected",
     "warps",
     METRICS_STALLS,
     {STALL("not_selected")},
     1,
     "ready while another was issued, an issue"},
    {"shared_wavefronts",
     "1",
     METRICS_MEMORY,
     {"l1tex__data_pipe_lsu_wavefronts_mem_shared.sum"},
     1,
     "that shared memory served, conflicts included"},
    {"blocks", "1", METRICS_OCCUPANCY, {"sm__ctas_launched.sum"}, 1, "launched"},
    {"warps", "1", METRICS_OCCUPANCY, {"sm__warps_launched.sum"}, 1, "launched"},
    /* what the virtual GPU counts besides */
    {"atomics", "1", METRICS_MEMORY, {NULL}, 1, "atomic operations of threads in global memory"},
    {"atomic_chain", "1", METRICS_MEMORY, {NULL}, 1, "most of them on one address"},
    {"atomic_part",
     "1",
     METRICS_MEMORY,
     {NULL},
     1,
     "most passes of them over 256 bytes, which one slice of L2 holds"},
    {"instructions_half", "1", METRICS_COMPUTE, {NULL}, 1, "of warps in the 16-bit pipe"},
    {"shared_atomics", "1", METRICS_MEMORY, {NULL}, 1, "atomic operations of threads in shared memory"},
    {"float_atomics",
     "1",
     METRICS_MEMORY,
     {NULL},
     1,
     "of both kinds, those on floating-point numbers: sums that show the order of threads"},
    {"local_bytes", "bytes", METRICS_MEMORY, {NULL}, 1, "moved for local memory"},
    {"divergent_branches", "1", METRICS_COMPUTE, {NULL}, 1, "that parted a warp"},
    {"barriers", "1", METRICS_COMPUTE, {NULL}, 1, "warps that arrived at one"},
    {"registers", "1", METRICS_OCCUPANCY, {NULL}, 1, "of a thread"},
    {"spill_bytes", "bytes", METRICS_OCCUPANCY, {NULL}, 1, "stored and loaded for want of registers"},
    {"shared_bytes", "bytes", METRICS_OCCUPANCY, {NULL}, 1, "of a block"},
    {"launches", "1", METRICS_OCCUPANCY, {NULL}, 1, "of kernels, by one call"},
    {"fills", "1", METRICS_OCCUPANCY, {NULL}, 1, "of memory with zeros, by one call"},
    /* CPUs only */
    {"cycles", "1", METRICS_COMPUTE, {NULL}, 1, "of the cores, in user mode"},
    {"branches", "1", METRICS_COMPUTE, {NULL}, 1, "executed"},
    {"branch_misses", "1", METRICS_COMPUTE, {NULL}, 1, "branches that were mispredicted"},
    {"cache_references", "1", METRICS_MEMORY, {NULL}, 1, "accesses to the last-level cache"},
    {"cache_misses", "1", METRICS_MEMORY, {NULL}, 1, "of them, not found there"},
    {"page_faults", "1", METRICS_MEMORY, {NULL}, 1, "taken"},
    {"stall_frontend", "1", METRICS_STALLS, {NULL}, 1, "cycles without instructions to issue"},
    {"stall_backend", "1", METRICS_STALLS, {NULL}, 1, "cycles without resources to issue them"},
    {"cpu_seconds", "s", METRICS_OCCUPANCY, {NULL}, 1, "of all threads"},
    {"migrations", "1", METRICS_OCCUPANCY, {NULL}, 1, "of threads from core to core"},
    {"context_switches", "1", METRICS_OCCUPANCY, {NULL}, 1, "of threads"},
};
enum { METRIC_COUNT = sizeof metrics / sizeof *metrics };

static const char *const set_names[] = {"memory", "compute", "occupancy", "stalls"};
enum { SET_COUNT = sizeof set_names / sizeof *set_names };

int metric_count(void) {
    return METRIC_COUNT;
}

const struct metric *metric_at(int i) {
    return i >= 0 && i < METRIC_COUNT ? &metrics[i] : NULL;
}

const struct metric *metric_find(const char *name) {
    for (int i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i].name, name) == 0) return &metrics[i];
    return NULL;
}

static int order_of(const struct counter *c) {
    const struct metric *const m = metric_find(c->name);
    return m ? (int)(m - metrics) : METRIC_COUNT;
}

static int by_table(const void *a, const void *b) {
    return order_of(a) - order_of(b);
}

void metrics_sort(struct counter *list, int count) {
    qsort(list, (size_t)count, sizeof *list, by_table);
}

int metrics_select(struct counter *list, int count, unsigned sets) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        const struct metric *const m = metric_find(list[i].name);
        if (m && (m->sets & sets)) list[kept++] = list[i];
    }
    metrics_sort(list, kept);
    return kept;
}

const char *metric_set_name(int i) {
    return i >= 0 && i < SET_COUNT ? set_names[i] : NULL;
}

static unsigned set_of(const char *name, size_t length) {
    if (length == 3 && memcmp(name, "all", 3) == 0) return METRICS_ALL;
    for (int i = 0; i < SET_COUNT; i++)
        if (strlen(set_names[i]) == length && memcmp(set_names[i], name, length) == 0) return 1u << i;
    return 0;
}

bool metric_sets_parse(const char *text, unsigned *sets, struct error *err) {
    *sets = 0;
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        const unsigned set = set_of(at, length);
        if (!set)
            return error_set(
                err, "unknown set of counters \"%.*s\": there are memory, compute, occupancy, stalls and all",
                (int)length, at);
        *sets |= set;
        at += length;
        if (!*at) return true;
    }
}
