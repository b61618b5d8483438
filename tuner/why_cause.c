#include "why_cause.h"

#include <math.h>
#include <string.h>

#include "ceiling.h"
#include "device/cuda_arch.h"
#include "op.h"

enum { SCHEDULERS = 4, ALU_LANES = 64, SFU_LANES = 16, WARP = 32, MMA_FMAS = 2048 };

static const double near_share = 0.5;  /* of the time, to be called the bound */
static const double saturation = 0.8;  /* of the time: so busy, a resource is the bound for certain */
static const double cause_share = 0.5; /* of the difference, to be called its cause */

static const struct {
    const char *name, *counter;
} resources[RES_COUNT] = {
    [RES_MEMORY] = {"memory", "dram_bytes"},        [RES_ISSUE] = {"issue", "instructions"},
    [RES_FMA] = {"fma", "instructions_fma"},        [RES_HALF] = {"half", "instructions_half"},
    [RES_ALU] = {"alu", "instructions_alu"},        [RES_SFU] = {"sfu", "instructions_sfu"},
    [RES_LSU] = {"lsu", "instructions_lsu"},        [RES_TENSOR] = {"tensor", "instructions_tensor"},
    [RES_SHARED] = {"shared", "shared_wavefronts"}, [RES_ATOMICS] = {"atomics", "atomic_part"},
    [RES_LAUNCH] = {"launch", "launches"},
};

const char *why_resource_name(enum why_resource r) {
    return resources[r].name;
}

double evidence_counter(const struct evidence *e, const char *name) {
    return counter_value(e->counters, e->counter_count, name);
}

/* What a GPU does a second of what the counter counts: instructions of warps, by the lanes of each pipe (CUDA
   C++ Programming Guide, arithmetic throughput); shared memory serves a wavefront a clock on each
   multiprocessor, a slice of L2 one pass of atomics a clock (reference/vgpu/timing.c has the sources). */
static void gpu_rates(const struct device_info *d, double bandwidth, double rate[RES_COUNT]) {
    const struct cuda_arch *const a = cuda_arch_near(d->sm);
    const double clocks = d->clock * d->units;
    rate[RES_MEMORY] = bandwidth;
    rate[RES_ISSUE] = SCHEDULERS * clocks;
    rate[RES_ALU] = clocks * ALU_LANES / WARP;
    rate[RES_SFU] = clocks * SFU_LANES / WARP;
    rate[RES_FMA] = clocks * a->fma / WARP;
    rate[RES_HALF] = clocks * a->half / WARP;
    rate[RES_LSU] = clocks * a->lsu / WARP;
    rate[RES_TENSOR] = clocks * a->tensor / MMA_FMAS;
    rate[RES_SHARED] = clocks;
    rate[RES_ATOMICS] = d->clock;
}

void work_seconds(const struct counter *counters, int count, const struct device_info *d, double bandwidth,
                  double seconds[RES_COUNT]) {
    double rate[RES_COUNT] = {0};
    if (device_is_gpu(d)) gpu_rates(d, bandwidth, rate);
    for (int r = 0; r < RES_COUNT; r++)
        seconds[r] = rate[r] > 0 ? counter_value(counters, count, resources[r].counter) / rate[r] : 0;
}

static double work_of(const struct evidence *e, enum why_resource r) {
    return evidence_counter(e, resources[r].counter);
}

/* Launches, fills and gaps: the time outside the kernels by their activity records; without these, launches
   at what the least call takes, and what a model has outside its kernels. */
static double launch_seconds(const struct evidence *e, const struct ceilings *c) {
    const double time = 1e-6 * e->time_us, recorded = evidence_counter(e, "kernel_seconds");
    if (recorded > 0) return fmax(0, time - recorded);
    const double modeled = evidence_counter(e, "seconds"),
                 outside = modeled > 0 ? fmax(0, time - modeled) : 0;
    return c->launch * fmax(1, work_of(e, RES_LAUNCH)) + outside;
}

struct demand demand_of(const struct evidence *e, const struct problem *p, const struct device_info *d,
                        const struct ceilings *c) {
    struct demand out = {.e = e, .time = 1e-6 * e->time_us, .bound = -1};
    const bool gpu = device_is_gpu(d);
    out.counted = gpu && work_of(e, RES_ISSUE) > 0;
    out.threads = gpu ? 0 : point_threads(e->variant, &e->point, d);
    work_seconds(e->counters, e->counter_count, d, c->bandwidth, out.seconds);
    if (!(out.seconds[RES_MEMORY] > 0) && c->bandwidth > 0)
        out.seconds[RES_MEMORY] = problem_bytes(p) / c->bandwidth;
    if (!out.counted && c->flops > 0) out.seconds[RES_FMA] = problem_flops(p) / c->flops;
    out.seconds[RES_LAUNCH] = launch_seconds(e, c);
    for (int r = 0; r < RES_LAUNCH; r++)
        if (out.seconds[r] > out.seconds[out.busiest]) out.busiest = r;
    const double busiest = out.seconds[out.busiest], launch = out.seconds[RES_LAUNCH];
    if (busiest + launch >= near_share * out.time) out.bound = launch > busiest ? RES_LAUNCH : out.busiest;
    return out;
}

/* Takes more of a resource, by enough. */
static bool takes_more(const struct demand *w, const struct demand *o, int r, double slower) {
    return o->seconds[r] - w->seconds[r] >= cause_share * slower;
}

static struct cause resource_cause(const struct demand *w, const struct demand *o, int r) {
    struct cause cause = {.kind = DUE_RESOURCE,
                          .resource = (enum why_resource)r,
                          .of = work_of(o->e, (enum why_resource)r),
                          .against = work_of(w->e, (enum why_resource)r)};
    if (r == RES_LAUNCH) cause.of = 1e6 * o->seconds[r], cause.against = 1e6 * w->seconds[r];
    if (w->threads != o->threads) cause.kind = DUE_THREADS, cause.of = o->threads, cause.against = w->threads;
    return cause;
}

bool demand_saturated(const struct demand *d) {
    return d->seconds[d->busiest] >= saturation * (d->time - d->seconds[RES_LAUNCH]);
}

static double over(double a, double b) {
    return a > 0 && b > 0 ? a / b : 0;
}

/* How the work is spread over the device; 0 where it was not counted. */
struct spread {
    double blocks;
    double imbalance; /* blocks of the busiest multiprocessor over their mean */
    double resident;  /* warps, together */
    double serial;    /* instructions over resident warps */
};

static struct spread spread_of(const struct demand *o, const struct device_info *d) {
    struct spread s = {.blocks = evidence_counter(o->e, "blocks")};
    const double room = evidence_counter(o->e, "occupancy") * d->warps * d->units;
    if (s.blocks > 0) s.imbalance = ceil(s.blocks / d->units) / (s.blocks / d->units);
    s.resident = fmin(evidence_counter(o->e, "warps"), room);
    s.serial = over(work_of(o->e, RES_ISSUE), s.resident);
    return s;
}

/* Ratios above 1 speak against the other. */
struct suspicion {
    enum cause_kind kind;
    bool applies;
    double of, against, ratio;
};

/* The largest of these ratios, if it is large enough for the times'. */
static struct cause spread_cause(const struct demand *w, const struct demand *o,
                                 const struct device_info *d) {
    const struct spread so = spread_of(o, d), sw = spread_of(w, d);
    const bool once = work_of(o->e, RES_LAUNCH) <= 1 && work_of(w->e, RES_LAUNCH) <= 1;
    const bool slack = o->counted && !demand_saturated(o);
    const bool shared = o->busiest == RES_MEMORY || o->busiest == RES_ATOMICS; /* by all multiprocessors */
    const struct suspicion list[] = {
        {DUE_IDLE, once && so.blocks < d->units, so.blocks, sw.blocks,
         over(fmin(sw.blocks, d->units), so.blocks)},
        {DUE_IMBALANCE, once && so.blocks >= d->units && (slack || !shared), so.imbalance, sw.imbalance,
         over(so.imbalance, sw.imbalance)},
        {DUE_RESIDENT, slack, so.resident, sw.resident, over(sw.resident, so.resident)},
        {DUE_SERIAL, slack, so.serial, sw.serial, over(so.serial, sw.serial)},
    };
    const double times = over(o->time - o->seconds[RES_LAUNCH], w->time - w->seconds[RES_LAUNCH]);
    struct cause found = {.kind = DUE_NONE};
    double best = fmax(1 + cause_share * (times - 1), 1.02);
    for (size_t i = 0; times > 1 && i < sizeof list / sizeof *list; i++) {
        if (!list[i].applies || list[i].ratio <= best) continue;
        best = list[i].ratio;
        found = (struct cause){.kind = list[i].kind, .of = list[i].of, .against = list[i].against};
    }
    return found;
}

static const struct {
    const char *counter, *text;
} stalls[] = {
    {"stall_memory", "global memory"},
    {"stall_shared", "shared memory and special functions"},
    {"stall_barrier", "barriers"},
    {"stall_math", "a busy arithmetic pipe"},
    {"stall_lsu", "the queue of global memory"},
    {"stall_mio", "the queue of shared memory and special functions"},
    {"stall_dependency", "results of arithmetic"},
    {"stall_not_selected", "their turn"},
};

/* Cycles of all warps; stalls are counted in warps an issued instruction. */
static double stalled(const struct demand *d, size_t stall) {
    return evidence_counter(d->e, stalls[stall].counter) * work_of(d->e, RES_ISSUE);
}

/* What the other's warps wait for longer, if that is at least half of what they wait more. */
static struct cause stall_cause(const struct demand *w, const struct demand *o) {
    struct cause found = {.kind = DUE_NONE};
    double sum = 0, most = 0;
    for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++) {
        const double more = stalled(o, i) - stalled(w, i);
        sum += more;
        if (more <= most) continue;
        most = more;
        found = (struct cause){
            .kind = DUE_STALL, .of = stalled(o, i), .against = stalled(w, i), .stall = stalls[i].text};
    }
    return most > 0 && most >= cause_share * sum ? found : (struct cause){.kind = DUE_NONE};
}

struct cause cause_find(const struct demand *w, const struct demand *o, const struct device_info *d) {
    const double slower = o->time - w->time;
    if (o->bound >= 0 && takes_more(w, o, o->bound, slower)) return resource_cause(w, o, o->bound);
    if (takes_more(w, o, RES_LAUNCH, slower)) return resource_cause(w, o, RES_LAUNCH);
    if (device_is_gpu(d)) {
        const struct cause spread = spread_cause(w, o, d);
        return spread.kind == DUE_NONE ? stall_cause(w, o) : spread;
    }
    const double io = work_of(o->e, RES_ISSUE), iw = work_of(w->e, RES_ISSUE);
    if (iw > 0 && o->bound != RES_MEMORY && io / iw - 1 >= cause_share * (o->time / w->time - 1))
        return (struct cause){.kind = DUE_INSTRUCTIONS, .resource = RES_ISSUE, .of = io, .against = iw};
    return (struct cause){.kind = DUE_NONE};
}
