/* bench_table: prints what tuning tables of 100, 1000 and 10,000 entries cost. */
#include <stdio.h>

#include "table_figures.h"

int main(void) {
    printf("%8s %-6s %10s %10s %12s %13s\n", "entries", "why", "MB", "load ms", "exact ns", "near-shape ns");
    for (int explained = 0; explained < 2; explained++)
        for (int entries = 100; entries <= 10000; entries *= 10) {
            const struct table_figures f = table_figures(entries, explained);
            printf("%8d %-6s %10.2f %10.2f %12.0f %13.0f\n", entries, explained ? "yes" : "no",
                   1e-6 * f.bytes, f.load_ms, f.exact_ns, f.near_ns);
        }
    return 0;
}
