/* katune compare and katune gate, run as programs, with builds that are slower, lack a case, or crash. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "program.h"

static const char tiny[] =
    "--only 'copy_*' --op copy --param THREADS=1 --shape 16x64 --warm --time-budget 0.005";

/* A script in the scratch folder that stands for another build. */
static const char *build_make(const char *name, const char *script) {
    const char *const path = scratch_place(name);
    char text[1024];
    struct error err = {""};
    snprintf(text, sizeof text, "#!/bin/sh\nkatune='%s'\n%s\n", KATUNE_PROGRAM, script);
    cr_assert(file_write(path, text, strlen(text), &err), "%s", err.text);
    cr_assert_eq(chmod(path, 0755), 0);
    return path;
}

static struct outcome builds_compare(const char *b, const char *more) {
    char line[1536];
    snprintf(line, sizeof line, "compare --binary-a '%s' --binary-b '%s' --rounds 6 --quiet %s %s",
             KATUNE_PROGRAM, b, tiny, more);
    return program_run(line);
}

static void expect_in_file(const char *name, const char *text) {
    struct error err = {""};
    size_t size;
    char *const whole = file_read(scratch_place(name), &size, &err);
    cr_expect(whole && strstr(whole, text), "%s is not in %s: %s", text, name, whole);
    free(whole);
}

/* What it says of a slower build is in all three files, and they are what their readers expect. */
Test(compare_cli, a_slower_build) {
    const char *const slower = build_make(
        "slower", "\"$katune\" \"$@\" || exit; for file; do :; done\n" /* the last argument */
                  "awk '/\"(median|lo|hi)\":/ { sub(/:.*/, \":\" $2 * 300 \",\") } { print }' \"$file\" > "
                  "\"$file.new\" &&\n"
                  "mv \"$file.new\" \"$file\"");
    char more[512];
    snprintf(more, sizeof more, "--json %s --markdown %s --junit %s", scratch_place("c.json"),
             scratch_place("c.md"), scratch_place("c.xml"));
    const struct outcome o = builds_compare(slower, more);
    cr_assert_eq(o.code, 1, "%d: %s%s", o.code, o.out, o.err);
    cr_expect(strstr(o.out, "slower") && strstr(o.out, " 0 faster, 0 same"), "%s", o.out);
    cJSON *const json = json_read(scratch_place("c.json"));
    cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "exit_code")), 1);
    const cJSON *const first = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "cases"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(first, "verdict")), "slower");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(first, "method")), "rounds");
    cr_expect(cJSON_GetNumberValue(cJSON_GetObjectItem(first, "change_percent")) > 50);
    cJSON_Delete(json);
    expect_in_file("c.md", "| **slower** |");
    expect_in_file("c.md", "|---|");
    expect_in_file("c.xml", "<failure message=\"slower: +");
    expect_in_file("c.xml", "</testsuites>");
}

/* A verdict about a time that was throttled carries a note, wherever it is written. */
Test(compare_cli, a_side_that_was_throttled) {
    const char *const to = scratch_folder();
    char line[1536];
    snprintf(line, sizeof line, "bench %s --no-ceilings --json %s/measured.json", tiny, to);
    cr_assert_eq(program_run(line).code, 0);
    /* whatever this machine does meanwhile, A was not throttled */
    snprintf(line, sizeof line,
             "awk '/\"throttle\":/ { next } /\"throttled\":/ { $0 = \"\\\"throttled\\\": false,\" } "
             "{ print }' %s/measured.json > %s/a.json && "
             "awk '/\"(median|lo|hi)\":/ { sub(/:.*/, \":\" $2 * 300 \",\") } "
             "/\"throttled\":/ { $0 = \"\\\"throttled\\\": true, \\\"throttle\\\": [\\\"power\\\"],\" } "
             "{ print }' %s/a.json > %s/b.json",
             to, to, to, to);
    cr_assert_eq(system(line), 0);
    snprintf(line, sizeof line,
             "compare %s/a.json %s/b.json --json %s/c.json --markdown %s/c.md --junit %s/c.xml", to, to, to,
             to, to);
    const struct outcome o = program_run(line);
    cr_expect_eq(o.code, 1, "%d: %s%s", o.code, o.out, o.err);
    cr_expect(strstr(o.out, "THREADS=1; B throttled (power)\n"), "%s", o.out);
    expect_in_file("c.json", "\"note\":\t\"B throttled (power)\"");
    expect_in_file("c.md", "; B throttled (power) |");
    expect_in_file("c.xml", "; B throttled (power)\"/>");
}

Test(compare_cli, a_build_that_lacks_a_case) {
    const struct outcome o =
        builds_compare(build_make("fewer", "exec \"$katune\" \"$@\" --only copy_scalar"), "");
    cr_expect_eq(o.code == 3 || o.code == 1, 1, "%d: %s%s", o.code, o.out, o.err);
    cr_expect(strstr(o.out, "missing") && strstr(o.out, "only A has it"), "%s", o.out);
}

Test(compare_cli, builds_that_do_not_work) {
    static const char *const bad[][2] = {
        {"kill -SEGV $$", "crashed: Segmentation fault"},
        {"echo 'katune bench: --no-ceilings: unknown option' >&2; exit 2", "--no-ceilings: unknown option"},
        {"exit 0", "wrote no results"},
        {"for file; do :; done; echo '{}' > \"$file\"", "schema is missing"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct outcome o = builds_compare(build_make("broken", bad[i][0]), "");
        cr_expect_eq(o.code, 2, "%d: %s", o.code, o.err);
        cr_expect(strstr(o.err, bad[i][1]) && strchr(o.err, '\n') == o.err + strlen(o.err) - 1, "%s", o.err);
    }
}

Test(compare_cli, a_baseline_is_recorded_and_measured_again) {
    const char *const path = scratch_place("base.json");
    char line[1024], text[] = "{\"schema\":\"katune-results/1\"}";
    snprintf(line, sizeof line, "gate --record %s --launches 8 %s", path, tiny);
    struct outcome o = program_run(line);
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_expect(strstr(o.out, "medians of 8 launches"), "%s", o.out);
    /* On a machine that others use the verdict is not known; with a delta beyond all drift it is, unless they
       hit one launch after the other. */
    snprintf(line, sizeof line, "gate --baseline %s --delta 900", path);
    for (int i = 0; i == 0 || (i < 3 && o.code == 3); i++) o = program_run(line);
    cr_expect_eq(o.code, 0, "%d: %s%s", o.code, o.out, o.err);
    cr_expect(strstr(o.out, "same") && strstr(o.out, " p "), "%s", o.out);
    snprintf(line, sizeof line, "compare %s %s --delta 900 --quiet", path, path);
    o = program_run(line);
    cr_expect(o.code == 0 && strstr(o.out, "0 slower, 0 faster"), "%s", o.out);
    /* What another machine measured, and what is damaged, is refused. */
    snprintf(line, sizeof line, "sed 's/\"fingerprint\":.*/\"fingerprint\": \"other\",/' %s > %s.other", path,
             path);
    cr_assert_eq(system(line), 0);
    snprintf(line, sizeof line, "gate --baseline %s.other", path);
    o = program_run(line);
    cr_expect(o.code == 2 && strstr(o.err, "is of another device (other; here: "), "%s", o.err);
    snprintf(line, sizeof line, "sed 's/\"--warm\"/\"--json\"/' %s > %s.evil", path, path);
    cr_assert_eq(system(line), 0);
    snprintf(line, sizeof line, "gate --baseline %s.evil", path);
    o = program_run(line);
    cr_expect(o.code == 2 && strstr(o.err, "bench: \"--json\" selects nothing"), "%s", o.err);
    struct error err = {""};
    cr_assert(file_write(path, text, sizeof text - 1, &err));
    snprintf(line, sizeof line, "gate --baseline %s", path);
    o = program_run(line);
    cr_expect(o.code == 2 && strstr(o.err, "command is missing"), "%s", o.err);
}

Test(compare_cli, bad_arguments) {
    static const char *const bad[][2] = {
        {"compare", "say what to compare"},
        {"compare a.json", "say what to compare"},
        {"compare a.json b.json c.json", "\"c.json\" is one file too many"},
        {"compare a.json /nonexistent.json --op copy", "--op: the files say what is compared"},
        {"compare /nonexistent.json b.json", "/nonexistent.json: No such file or directory"},
        {"compare --binary-a /bin/true", "give --binary-a and --binary-b"},
        {"compare --binary-a x --binary-b y --op nonsense", "--op nonsense: unknown operation"},
        {"compare --rounds 5 --binary-a x --binary-b y", "--rounds 5: give 6 to 32"},
        {"compare --delta -1 a b", "--delta -1: give percent"},
        {"compare --nonsense", "--nonsense: unknown option"},
        {"compare --json", "--json needs a value"},
        {"gate", "give --record FILE or --baseline FILE"},
        {"gate --record a --baseline b", "give --record FILE or --baseline FILE"},
        {"gate --record a --launches 7", "--launches 7: give 8 to 64"},
        {"gate --baseline /nonexistent", "/nonexistent: No such file or directory"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct outcome o = program_run(bad[i][0]);
        cr_expect_eq(o.code, 2, "%s: %d", bad[i][0], o.code);
        cr_expect(strstr(o.err, bad[i][1]) && strchr(o.err, '\n') == o.err + strlen(o.err) - 1, "%s: %s",
                  bad[i][0], o.err);
    }
    const struct outcome nothing =
        program_run("gate --record /tmp/unwritten --op copy --only gelu_fwd_scalar --shape 4x8");
    cr_expect(nothing.code == 3 && strstr(nothing.err, "nothing to time"), "%d: %s", nothing.code,
              nothing.err);
}
