/* Atomics on global memory. */
#include "probe.h"

enum spread { WARP_ON_ONE, LANES_SPREAD, ALL_APART };
enum { ROUND = 4, FILL_WORDS = 1 << 16 };

static struct probe_case base(const struct probe *p, enum probe_kernel kernel, double each) {
    return (struct probe_case){.kernel = kernel,
                               .unit = "lanes/clock",
                               .kind = PROBE_PER_CYCLE,
                               .work = each * PROBE_THREADS * probe_full_grid(p),
                               .fill = PROBE_FILL_ZERO,
                               .fill_argument = {FILL_WORDS}};
}

static void words(struct probe *p, const char *name, enum probe_kernel kernel, enum spread spread, int count,
                  int distance) {
    static const char *const how[] = {"a warp on one", "lanes spread"};
    struct probe_case c = base(p, kernel, ROUND);
    c.argument[0] = spread;
    c.argument[1] = count;
    c.argument[2] = distance;
    if (count == 1)
        probe_add(p, c, "%s on 1 word", name);
    else
        probe_add(p, c, "%s on %d words %d B apart, %s", name, count, distance, how[spread]);
}

static void apart(struct probe *p, const char *name, enum probe_kernel kernel, int distance) {
    struct probe_case c = base(p, kernel, ROUND);
    c.argument[0] = ALL_APART;
    c.argument[1] = 1;
    c.argument[2] = distance;
    c.fill_argument[0] = (int)(probe_full_grid(p) * PROBE_THREADS) / 16 * distance;
    probe_add(p, c, "%s, words %d B apart", name, distance);
}

static void rational(struct probe *p, int numerators, int denominators) {
    struct probe_case c = base(p, KERNEL_add_rational, 10);
    c.argument[0] = numerators;
    c.argument[1] = denominators;
    probe_add(p, c, "rational backward, %d x 6 + %d x 4 words", numerators, denominators);
}

void probe_atomics(struct probe *p) {
    static const int distances[] = {4, 8, 32, 128, 256, 4096};
    words(p, "add.f32", KERNEL_add_f32, WARP_ON_ONE, 1, 4);
    words(p, "add.u32", KERNEL_add_u32, WARP_ON_ONE, 1, 4);
    words(p, "fetch.f32", KERNEL_fetch_f32, WARP_ON_ONE, 1, 4);
    words(p, "fetch.u32", KERNEL_fetch_u32, WARP_ON_ONE, 1, 4);
    for (int i = 0; i < 6; i++)
        for (int count = 2; count <= 32; count *= 2)
            for (int spread = WARP_ON_ONE; spread <= LANES_SPREAD; spread++)
                words(p, "add.f32", KERNEL_add_f32, (enum spread)spread, count, distances[i]);
    for (int i = 0; i < 6; i++) words(p, "add.u32", KERNEL_add_u32, LANES_SPREAD, 32, distances[i]);
    for (int i = 0; i < 4; i++) apart(p, "add.f32", KERNEL_add_f32, distances[i]);
    apart(p, "add.u32", KERNEL_add_u32, 4);
    apart(p, "fetch.f32", KERNEL_fetch_f32, 4);
    rational(p, 1, 8);
    rational(p, 8, 8);
}
