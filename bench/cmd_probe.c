/* katune probe: measures a GPU's figures that the virtual GPU's times are made of. Small kernels, one idea
   each: latencies, rates, atomics, bandwidth and launches, beside a profile's figures. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "device/clock.h"
#include "device/cuda.h"
#include "options.h"
#include "probe/report.h"
#include "progress.h"

static const double usual_budget = 120;

/* The number of a profile; negative and the reason if there is none of that name. */
static int profile_find(const char *name, struct error *err) {
    char list[400] = "";
    const char *about, *found;
    for (unsigned i = 0; (found = vgpu_profile(i, &about)); i++) {
        if (strcmp(found, name) == 0) return (int)i;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", found);
    }
    error_set(err, "--beside %.40s: there is no such profile: there are %s", name,
              *list ? list : "none, for libvgpu.so is not to be found");
    return -1;
}

/* What to compare with: what was asked for, else what the virtual GPU is. */
static bool profile_choose(const struct options *o, int *profile, struct error *err) {
    static const char virtual[] = "vgpu:";
    struct error ignored;
    if (o->beside) return (*profile = profile_find(o->beside, err)) >= 0;
    *profile = -1;
    if (strncmp(o->device, virtual, strlen(virtual)) == 0)
        *profile = profile_find(o->device + strlen(virtual), &ignored);
    return true;
}

static bool probe_run(struct probe *p, const struct options *o, int profile, struct error *err) {
    struct progress *const progress = progress_new("probe", o->quiet);
    bool ok = true;
    if (!o->quiet) probe_report_head(p, o->device, profile);
    for (int i = 0; ok && i < p->count; i++) {
        progress_set(progress, (double)i / p->count, p->cases[i].name);
        probe_measure(p, &p->cases[i]);
        progress_clear(progress);
        if (!o->quiet || !p->cases[i].done) probe_report_case(&p->cases[i], profile);
        const bool group_ends =
            i + 1 == p->count || strcmp(probe_group(&p->cases[i]), probe_group(&p->cases[i + 1])) != 0;
        if (o->json && group_ends) ok = probe_report_write(p, profile, o->json, err);
    }
    progress_free(progress);
    return ok;
}

static int failures_count(const struct probe *p) {
    int failures = 0;
    for (int i = 0; i < p->count; i++) failures += !p->cases[i].done;
    return failures;
}

/* Leaves the cases whose name or group is wanted. */
static bool cases_choose(struct probe *p, const char *only, struct error *err) {
    int count = 0;
    for (int i = 0; i < p->count; i++)
        if (name_matches(p->cases[i].name, only) || name_matches(probe_group(&p->cases[i]), only))
            p->cases[count++] = p->cases[i];
    p->count = count;
    return count || error_set(err, "--only %.80s: no group and no case is called that", only);
}

static bool probe_begin(struct probe *p, const struct options *o, struct error *err) {
    p->deadline = clock_seconds() + (o->budget > 0 ? o->budget : usual_budget);
    p->device = device_open(o->device, false, err);
    if (!p->device) return false;
    p->info = p->device->info(p->device);
    if (!device_is_gpu(p->info))
        return error_set(err, "--device %s is no GPU: give cuda:0, or vgpu:h100-sxm", o->device);
    if (!probe_open(p, err)) return false;
    probe_latency(p);
    probe_atomics(p);
    probe_shared(p);
    probe_bandwidth(p);
    probe_launch(p);
    probe_throughput(p);
    return cases_choose(p, o->only, err);
}

int cmd_probe(int argc, char **argv) {
    static const struct command_usage usage = {
        "probe",
        "Measures, with small kernels, what the virtual GPU's model of time needs to know of a GPU: "
        "latencies "
        "in\n"
        "cycles, what a multiprocessor does in a clock, atomics on few and many words, bandwidth by what is "
        "in\n"
        "flight, launches and fences. Beside it the figures of a profile; on the virtual GPU its own.",
        OPT_DEVICE | OPT_PROBE | OPT_BUDGET | OPT_JSON | OPT_QUIET,
        "The budget is for the whole run: 120 s. The JSON file is written anew after each group of cases. "
        "Exit\n"
        "code 1: a case failed, or no time was left for it."};
    static struct probe p;
    struct options o;
    struct error err = {""};
    int profile = -1;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    const bool ok =
        profile_choose(&o, &profile, &err) && probe_begin(&p, &o, &err) && probe_run(&p, &o, profile, &err);
    const int failures = failures_count(&p);
    if (ok) printf("%s%d cases, %d failed\n", o.quiet ? "" : "\n", p.count, failures);
    if (p.device) {
        probe_close(&p);
        p.device->close(p.device);
    }
    if (ok) return failures ? EXIT_FAILED : EXIT_OK;
    fprintf(stderr, "katune probe: %s\n", err.text);
    return EXIT_USAGE;
}
