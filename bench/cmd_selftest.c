/* katune selftest: tries everything on a device and prints a report to attach to a bug. Every variant against
   the oracle, memory, compiler and cache, clocks, bandwidth, counters. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "commands.h"
#include "device/clock.h"
#include "json.h"
#include "libraries.h"
#include "options.h"
#include "progress.h"
#include "registry.h"
#include "selftest.h"

static const double usual_budget = 120;
static const double device_share = 0.1; /* of the budget, for timing copies; at most so many seconds: */
static const double device_seconds = 3;

static const char *const status_names[] = {"ok", "skipped", "unsure", "FAILED"};

struct surroundings {
    char date[CLOCK_DATE], host[400];
    struct library_status libraries[LIBRARY_COUNT];
};

static void surroundings_find(struct surroundings *s) {
    struct utsname host;
    struct error ignored;
    struct device *const cpu = device_open("cpu", false, &ignored);
    clock_date(time(NULL), s->date);
    snprintf(s->host, sizeof s->host, "%s%s%s", cpu ? cpu->info(cpu)->name : "", cpu ? ", " : "",
             uname(&host) == 0 ? host.sysname : "");
    if (uname(&host) == 0) {
        const size_t used = strlen(s->host);
        snprintf(s->host + used, sizeof s->host - used, " %s %s", host.release, host.machine);
    }
    if (cpu) cpu->close(cpu);
    libraries_find(s->libraries);
}

static enum step_status worst_of(const struct selftest *t) {
    enum step_status worst = STEP_OK;
    for (int i = 0; i < t->count; i++)
        if (t->steps[i].status > worst) worst = t->steps[i].status;
    return worst;
}

static void report_print(const struct selftest *t, const struct surroundings *s) {
    const struct device_info *const info = &t->info;
    printf("katune selftest --device %s\n\n", t->device);
    printf("%-10s %s, %s, %d %s, %.1f GiB%s\n", "device", info->name, info->arch, info->units,
           device_is_gpu(info) ? "multiprocessors" : "cores", (double)info->memory / (1 << 30),
           info->modeled ? "; times are modeled" : "");
    printf("%-10s katune %s, kernels %s, built with %s, %s\n", "program", KATUNE_VERSION,
           registry_sources_hash(), __VERSION__, s->date);
    printf("%-10s %s\n", "host", s->host);
    for (int i = 0; i < LIBRARY_COUNT; i++)
        printf("%-10s %s%s\n", s->libraries[i].name,
               s->libraries[i].found ? "" : "missing: ", s->libraries[i].text);
    putchar('\n');
    for (int i = 0; i < t->count; i++) {
        printf("%-10s %-8s %s\n", t->steps[i].name, status_names[t->steps[i].status], t->steps[i].text);
        for (int j = 0; j < t->steps[i].line_count; j++) printf("%-19s %s\n", "", t->steps[i].lines[j]);
    }
    static const char *const results[] = {"passed", "passed", "unsure", "FAILED"};
    printf("\nselftest %s\n", results[worst_of(t)]);
}

static cJSON *step_json(const struct step *s) {
    static const char *const names[] = {"ok", "skipped", "unsure", "failed"};
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "step", s->name);
    cJSON_AddStringToObject(o, "status", names[s->status]);
    cJSON_AddStringToObject(o, "text", s->text);
    cJSON *const lines = s->line_count ? cJSON_AddArrayToObject(o, "details") : NULL;
    for (int i = 0; i < s->line_count; i++) cJSON_AddItemToArray(lines, cJSON_CreateString(s->lines[i]));
    return o;
}

static bool report_write(const struct selftest *t, const struct surroundings *s, const char *path,
                         struct error *err) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "schema", "katune-selftest/1");
    cJSON_AddItemToObject(o, "device", json_device(&t->info));
    cJSON *const environment = cJSON_AddObjectToObject(o, "environment");
    cJSON_AddStringToObject(environment, "date", s->date);
    cJSON_AddStringToObject(environment, "katune", KATUNE_VERSION);
    cJSON_AddStringToObject(environment, "sources_hash", registry_sources_hash());
    cJSON_AddStringToObject(environment, "host", s->host);
    cJSON *const libraries = cJSON_AddObjectToObject(o, "libraries");
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        cJSON *const one = cJSON_AddObjectToObject(libraries, s->libraries[i].name);
        cJSON_AddBoolToObject(one, "found", s->libraries[i].found);
        cJSON_AddStringToObject(one, "text", s->libraries[i].text);
    }
    cJSON *const steps = cJSON_AddArrayToObject(o, "steps");
    for (int i = 0; i < t->count; i++) cJSON_AddItemToArray(steps, step_json(&t->steps[i]));
    const bool ok = json_write(o, path, err);
    cJSON_Delete(o);
    return ok;
}

static bool selftest_run(struct selftest *t, struct progress *progress, struct error *err) {
    const double share = device_share * t->budget,
                 for_device = share < device_seconds ? share : device_seconds;
    return selftest_check(t, t->budget - 2 * for_device, progress, err) &&
           selftest_device(t, for_device, err);
}

int cmd_selftest(int argc, char **argv) {
    static const struct command_usage usage = {
        "selftest",
        "Tries everything on a device and prints a report to attach to a bug: every variant and dtype "
        "against the\n"
        "oracle on ragged cases, each check in a process that may crash or hang; what goes to memory comes "
        "back; the\n"
        "compiler and its cache; bandwidth against the data sheet; what holds the clock back; the device's "
        "clock\n"
        "against the host's; counters and the permission for them.",
        OPT_DEVICE | OPT_ONLY | OPT_SEED | OPT_BUDGET | OPT_THOROUGH | OPT_JSON | OPT_QUIET,
        "The budget is for the whole run: 120 s; --thorough checks every case of the suite, however long it "
        "takes.\n"
        "Exit code 0: all steps passed, or cannot be done here; 1: one failed; 2: the device cannot be used; "
        "3: one "
        "is\nunsure: the budget was too short, or something else was at work on the device."};
    struct options o;
    struct error err = {""};
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    static struct selftest t;
    t = (struct selftest){.device = o.device,
                          .only = o.only,
                          .seed = o.seed,
                          .whole = o.thorough,
                          .budget = o.budget > 0 ? o.budget : usual_budget};
    struct progress *const progress = progress_new("selftest", o.quiet);
    bool ok = selftest_run(&t, progress, &err);
    progress_clear(progress);
    progress_free(progress);
    struct surroundings s;
    if (ok) {
        surroundings_find(&s);
        report_print(&t, &s);
        if (o.json) ok = report_write(&t, &s, o.json, &err);
    }
    if (!ok) {
        fprintf(stderr, "katune selftest: %s\n", err.text);
        return EXIT_USAGE;
    }
    const enum step_status worst = worst_of(&t);
    return worst == STEP_FAILED ? EXIT_FAILED : worst == STEP_UNSURE ? EXIT_MISSING : EXIT_OK;
}
