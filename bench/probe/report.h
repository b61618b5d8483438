/* What the cases measured, as lines and as JSON (schema katune-probe/1, docs/results.md). */
#ifndef KATUNE_PROBE_REPORT_H
#define KATUNE_PROBE_REPORT_H

#include "probe.h"

/* `profile`: the virtual GPU's, to compare with; negative: none. */
void probe_report_head(const struct probe *p, const char *device, int profile);
void probe_report_case(const struct probe_case *c, int profile);
bool probe_report_write(const struct probe *p, int profile, const char *path, struct error *err);

#endif
