/* katune tune and katune table, run as programs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "device/nvrtc.h"
#include "program.h"
#include "table.h"

static struct outcome tune(const char *folder, const char *arguments) {
    char line[1024];
    snprintf(line, sizeof line, "tune --results %s --time-budget 2 %s", folder, arguments);
    return program_run(line);
}

/* The one table below the folder. */
static struct table table_there(const char *folder) {
    char command[512], path[512] = "";
    struct table t;
    struct error err = {""};
    snprintf(command, sizeof command, "ls %s/*/table.json", folder);
    FILE *const list = popen(command, "r");
    cr_assert(list && fgets(path, sizeof path, list));
    pclose(list);
    path[strcspn(path, "\n")] = 0;
    cr_assert(table_read(&t, path, &err), "%s", err.text);
    return t;
}

Test(tune, writes_a_table_and_adds_to_it) {
    const char *const folder = scratch_folder();
    struct outcome o = tune(folder, "--op rational_fwd,bspline_fwd --shape 20x48");
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_assert(strstr(o.out, "the spline takes"), "%s", o.out);
    cr_assert(strstr(o.out, "2 problems tuned; 0 candidates failed"), "%s", o.out);
    struct table t = table_there(folder);
    cr_assert_eq(t.count, 2);
    cr_assert(t.bandwidth_gbs > 0);
    const struct tuning *const where = &t.tuning;
    cr_expect(strstr(o.out, "\noverhead ") && strstr(o.out, " the tuner itself "), "%s", o.out);
    cr_expect(where->candidates > 2 && where->running > 0 && where->checking > 0 && where->parent > 0);
    cr_expect_float_eq(where->running + where->checking + where->preparing + where->passing + where->parent,
                       where->seconds, 0.01);
    table_free(&t);
    o = tune(folder, "--op gelu_fwd --shape 20x48 --quiet");
    cr_assert_eq(o.code, 0, "%s", o.err);
    t = table_there(folder);
    cr_assert_eq(t.count, 3);
    table_free(&t);
}

/* However little time there is, two candidates of each problem are timed, and it is said that it was not
 * enough. */
Test(tune, says_what_the_budget_left_out) {
    char line[1024];
    snprintf(line, sizeof line,
             "tune --results %s --time-budget 0.05 --op rational_bwd,bspline_bwd --shape 64x768",
             scratch_folder());
    const struct outcome o = program_run(line);
    cr_assert_eq(o.code, 0, "%s", o.err);
    int tried;
    long long most;
    const char *const cut = strstr(o.out, "the time budget of 0.05 s ended the search of 2 problems: ");
    cr_assert(cut && sscanf(strstr(cut, ": "), ": %d of %lld candidates tried", &tried, &most) == 2, "%s",
              o.out);
    cr_expect(tried >= 4 && most > 100 && tried < most, "%d of %lld", tried, most);
    cr_expect(strstr(o.out, " s: a problem's default and one more candidate are tried whatever they take\n"),
              "%s", o.out);
    struct table t = table_there(scratch_folder());
    cr_assert_eq(t.count, 2);
    for (int i = 0; i < 2; i++)
        cr_expect(t.entries[i].fallback.time_us > 0 && t.entries[i].why->role[WHY_RUNNER_UP].variant);
    table_free(&t);
}

Test(tune, takes_only_what_is_selected) {
    const char *const folder = scratch_folder();
    const struct outcome o =
        tune(folder, "--op rational_bwd --shape 20x48 --only rational_bwd_scalar --param BLOCK=8");
    cr_assert_eq(o.code, 0, "%s", o.err);
    struct table t = table_there(folder);
    cr_assert_str_eq(t.entries[0].choice.variant->name, "rational_bwd_scalar");
    cr_assert_eq(t.entries[0].choice.point.value[param_find(t.entries[0].choice.variant, "BLOCK")], 8);
    table_free(&t);
}

Test(tune, what_nothing_runs_is_left_out_and_why) {
    static const struct {
        const char *selection, *reason;
    } cases[] = {
        {"--op copy --only copy_avx2,copy_avx512,copy_cuda",
         "copy_avx2, copy_avx512: the device does not have this instruction set"},
        {"--op rational_bwd --only '*_scalar' --param BLOCK=7",
         "rational_bwd_scalar: none of its points is selected"},
        {"--op rational_fwd --only gelu_fwd_scalar",
         "none of rational_fwd on this kind of device is selected"},
    };
    setenv("KATUNE_ISA", "scalar", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[256], expected[256];
        snprintf(line, sizeof line, "%s --shape 20x48", cases[i].selection);
        snprintf(expected, sizeof expected, "left out: no variant takes part: %s\n", cases[i].reason);
        const struct outcome o = tune(scratch_folder(), line);
        cr_expect_eq(o.code, 3);
        cr_expect(strstr(o.err, expected), "%s", o.err);
    }
}

Test(tune, an_interruption_keeps_what_was_measured_and_resume_goes_on) {
    const char *const folder = scratch_folder();
    char line[1536];
    snprintf(
        line, sizeof line,
        "%s tune --results %s --time-budget 30 --op copy,silu_fwd --shape 20x48 --shape 21x48 --shape 22x48 "
        "--shape 23x48 --shape 24x48 --shape 25x48 --quiet & pid=$!; "
        "until test -e %s/*/table.json; do sleep 0.1; done; kill -INT $pid; wait $pid",
        KATUNE_PROGRAM, folder, folder);
    const int status = system(line);
    cr_assert_eq(WEXITSTATUS(status), 130);
    struct table t = table_there(folder);
    const int kept = t.count;
    cr_assert(kept > 0 && kept < 12, "%d", kept);
    table_free(&t);
    snprintf(line, sizeof line, "table show %s/*/table.json", folder);
    const struct outcome shown = program_run(line);
    cr_expect(shown.code == 0 && !strstr(shown.out, "copy 0.0"), "no copy was measured: %s", shown.out);
    const struct outcome o =
        tune(folder, "--resume --op copy,silu_fwd --shape 20x48 --shape 21x48 --shape 22x48 "
                     "--shape 23x48 --shape 24x48 --shape 25x48");
    cr_assert_eq(o.code, 0, "%s", o.err);
    t = table_there(folder);
    cr_assert_eq(t.count, 12);
    table_free(&t);
}

static const struct evidence *role_at(const struct table *t, int role) {
    cr_assert(t->entries[0].why);
    return &t->entries[0].why->role[role];
}

Test(tune, says_why_it_won) {
    const char *const folder = scratch_folder();
    const struct outcome o =
        tune(folder, "--op rational_fwd --shape 20x48 --only rational_fwd_scalar,rational_fwd_avx2 --quiet");
    cr_assert_eq(o.code, 0, "%s", o.err);
    struct table t = table_there(folder);
    cr_assert_eq(role_at(&t, WHY_WINNER)->variant, t.entries[0].choice.variant);
    cr_assert_eq(role_at(&t, WHY_WINNER)->time_us, t.entries[0].time_us.median);
    cr_assert_gt(role_at(&t, WHY_WINNER)->busy, 0);
    cr_assert(*t.entries[0].why->sentence);
    table_free(&t);
}

/* Counters of the virtual GPU, the versions of what they came from, and the table written again as it was. */
Test(tune, counts_on_a_virtual_gpu) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    const char *const folder = scratch_folder();
    const struct outcome o = tune(folder, "--device vgpu:h100-sxm --op rational_bwd --shape 20x48 --quiet "
                                          "--only *_tilesum,*_atomics");
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    struct table t = table_there(folder);
    cr_assert(strncmp(t.environment.driver, "vgpu", 4) == 0 && *t.environment.nvrtc, "%s, %s",
              t.environment.driver, t.environment.nvrtc);
    cr_assert_float_eq(t.bandwidth_gbs, 3352, 1); /* the profile's, not a modeled copy's */
    cr_assert_leq(t.entries[0].roofline.fraction, 1);
    for (int i = WHY_WINNER; i <= WHY_RUNNER_UP; i++) {
        const struct evidence *const e = role_at(&t, i);
        cr_assert(e->variant && *e->bound);
        cr_assert_geq(counter_find(e->counters, e->counter_count, "instructions")->value, 20 * 48 / 32);
        cr_assert_geq(counter_find(e->counters, e->counter_count, "dram_read_bytes")->value, 2 * 4 * 20 * 48);
    }
    cr_assert_neq(role_at(&t, WHY_WINNER)->variant, role_at(&t, WHY_RUNNER_UP)->variant);
    cr_assert(strstr(t.entries[0].why->sentence, role_at(&t, WHY_RUNNER_UP)->variant->name));
    const char *const again = scratch_place("again.json");
    char command[1200];
    cr_assert(table_write(&t, again, &err), "%s", err.text);
    snprintf(command, sizeof command, "cmp %s/*/table.json %s", folder, again);
    cr_assert_eq(system(command), 0);
    snprintf(command, sizeof command, "table show %s", again);
    const struct outcome shown = program_run(command);
    cr_assert(strstr(shown.out, t.entries[0].why->sentence), "%s", shown.out);
    table_free(&t);
}

Test(tune, bad_input) {
    static const char *const bad[][2] = {
        {"tune --op rational --shape 2x8", "--op rational: unknown operation"},
        {"tune --shape 20x7 --op rational_fwd", "groups is 8: it must be 1 to 7"},
        {"tune --shape 0x8 --op copy", "--shape: nothing to time with 0 rows"},
        {"tune --results /proc/katune", "/proc/katune"},
        {"table show /nonexistent.json", "/nonexistent.json: No such file or directory"},
        {"table", "say show, check, export or merge"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        program_refused(bad[i][0], bad[i][1]);
    }
}
