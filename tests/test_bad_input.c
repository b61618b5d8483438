/* Bad input and outputs that cannot be written, as a user meets them: one line that names the file, exit code
   2, and whatever was there before stays as it was. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "run_files.h"

#define DIGITS KATUNE_SOURCE_DIR "/data/digits-"

static const char train_short[] = "train --steps 1 --batch 2 --quiet";

static char *contents(const char *path, size_t *size) {
    struct error err = {""};
    char *const data = file_read(path, size, &err);
    cr_assert(data, "%s", err.text);
    return data;
}

static void store(const char *path, const void *data, size_t size) {
    struct error err = {""};
    cr_assert(file_write(path, data, size, &err), "%s", err.text);
}

/* Files that writers of `path` did not take away. */
static size_t left_behind(const char *path) {
    char pattern[300];
    glob_t found = {.gl_pathc = 0};
    snprintf(pattern, sizeof pattern, "%s.*", path);
    glob(pattern, 0, NULL, &found);
    const size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

/* Refused as program_refused() says, with OUTPUT as it was and nothing left beside it. */
static void refused_keeping(const char *arguments, const char *output, const char *text) {
    size_t size;
    store(output, "what was there", 14);
    program_refused(arguments, text);
    char *const after = contents(output, &size);
    cr_expect(size == 14 && memcmp(after, "what was there", 14) == 0, "katune %s: %s is not what it was",
              arguments, output);
    free(after);
    cr_expect_eq(left_behind(output), 0, "katune %s: left something behind", arguments);
}

/* `text` with the first `from` replaced; the caller frees it. */
static char *replaced(const char *text, const char *from, const char *to) {
    const char *const at = strstr(text, from);
    cr_assert(at, "\"%s\" is not there", from);
    char *const made = malloc(strlen(text) + strlen(to) + 1);
    sprintf(made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return made;
}

/* Every command that reads a table refuses it with the file and the place in it. */
Test(bad_input, tables) {
    static const char *const cases[][3] = {
        {"{", "{]", "not JSON from there on"},
        {"katune-table/1", "katune-table/9", "schema is \"katune-table/9\": this build reads katune-table/1"},
        {"copy_scalar", "copy_abacus", "entries[0].variant \"copy_abacus\" is unknown to this build"},
        {"\"THREADS\":\t0", "\"THREADS\":\t7",
         "entries[0].params.THREADS=7 is not among the values of copy_scalar"},
        {"\"channels\":\t12", "\"channels\":\t0", "entries[0].problem"},
    };
    char arguments[ARGUMENTS_MAX], where[300];
    size_t size;
    table_make(true);
    const char *const table = scratch_place("tables/one/table.json"), *const y = scratch_place("y.npy"),
                      *const x = array_write("x.npy", 2, 64, 12);
    char *const whole = contents(table, &size);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *const damaged = replaced(whole, cases[i][0], cases[i][1]);
        store(table, damaged, strlen(damaged));
        snprintf(arguments, sizeof arguments, "table check %s", table);
        program_refused(arguments, cases[i][2]);
        snprintf(where, sizeof where, "%s: ", table);
        program_refused(arguments, where);
        snprintf(arguments, sizeof arguments, "run --variant copy --results %s/tables --in x=%s --out y=%s",
                 scratch_folder(), x, y);
        refused_keeping(arguments, y, cases[i][2]);
        snprintf(arguments, sizeof arguments, "%s --results %s/tables --save %s", train_short,
                 scratch_folder(), y);
        refused_keeping(arguments, y, cases[i][2]);
        char *const after = contents(table, &size);
        cr_expect_str_eq(after, damaged);
        free(after);
        free(damaged);
    }
    free(whole);
}

/* tune goes on in the table that is there: a damaged one is refused, and not written over. */
Test(bad_input, the_table_to_tune_into) {
    char arguments[ARGUMENTS_MAX], path[512] = "";
    size_t size;
    const char *const results = scratch_place("tuned");
    snprintf(arguments, sizeof arguments,
             "tune --quiet --op copy --only copy_scalar --shape 20x48 --time-budget 1 --results %s", results);
    const struct outcome first = program_run(arguments);
    cr_assert_eq(first.code, 0, "%s", first.err);
    snprintf(path, sizeof path, "ls %s/*/table.json", results);
    FILE *const list = popen(path, "r");
    cr_assert(list && fgets(path, sizeof path, list));
    pclose(list);
    path[strcspn(path, "\n")] = 0;
    store(path, "{]", 2);
    program_refused(arguments, "table.json: ");
    char *const after = contents(path, &size);
    cr_expect_str_eq(after, "{]");
    free(after);
}

static void images_expect(const char *text) {
    char arguments[ARGUMENTS_MAX];
    const char *const save = scratch_place("old.safetensors");
    snprintf(arguments, sizeof arguments, "%s --data %s --save %s", train_short, scratch_place("x"), save);
    refused_keeping(arguments, save, text);
}

Test(bad_input, images) {
    const char *const pixels_at = scratch_place("x-images-idx3-ubyte");
    const char *const labels_at = scratch_place("x-labels-idx1-ubyte");
    size_t size, label_size;
    char *const pixels = contents(DIGITS "test-images-idx3-ubyte", &size), *const labels = contents(
                                                                               DIGITS
                                                                               "test-labels-idx1-ubyte",
                                                                               &label_size);
    images_expect("x-images-idx3-ubyte: No such file");
    store(pixels_at, pixels, size - 1);
    store(labels_at, labels, label_size);
    images_expect("x-images-idx3-ubyte: its header asks for");
    store(pixels_at, pixels, 10);
    images_expect("x-images-idx3-ubyte: not an IDX file");
    store(pixels_at, pixels, size);
    store(labels_at, labels, label_size - 1);
    images_expect("x-labels-idx1-ubyte: its header asks for");
    labels[7]--;
    store(labels_at, labels, label_size - 1);
    images_expect("x: 360 images but 359 labels");
    labels[7]++;
    labels[8] = 10;
    store(labels_at, labels, label_size);
    images_expect("x-labels-idx1-ubyte: label 0 is 10, but the model has 10 classes");
    free(pixels);
    free(labels);
}

/* One number of the first tensor's place changed, in a file that is else as the program wrote it. */
Test(bad_input, checkpoints) {
    static const char *const cases[][3] = {
        {"\"data_offsets\":[0,", "\"data_offsets\":[4,", ".safetensors: "},
        {"\"data_offsets\":[0,", "\"data_offsets\":[9,", "data_offsets"},
        {"\"dtype\":\"F32\"", "\"dtype\":\"F16\"", "its dtype is F16: only F32 is read"},
        {"\"shape\":[", "\"shape\":9", ".safetensors: its header is no JSON object"},
    };
    char arguments[ARGUMENTS_MAX];
    const char *const good = scratch_place("good.safetensors"), *const bad = scratch_place("bad.safetensors"),
                      *const save = scratch_place("old.safetensors");
    size_t size;
    snprintf(arguments, sizeof arguments, "%s --save %s", train_short, good);
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "%s", o.err);
    char *const whole = contents(good, &size);
    snprintf(arguments, sizeof arguments, "%s --init %s --save %s", train_short, bad, save);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *const changed = malloc(size), *const header = replaced(whole + 8, cases[i][0], cases[i][1]);
        memcpy(changed, whole, size);
        memcpy(changed + 8, header, strlen(header));
        store(bad, changed, size);
        refused_keeping(arguments, save, cases[i][2]);
        free(header);
        free(changed);
    }
    store(bad, whole, size - 4);
    refused_keeping(arguments, save, "bad.safetensors: ");
    store(bad, whole, 100);
    refused_keeping(arguments, save, "bad.safetensors: it ends inside its header");
    free(whole);
}

/* What the text of an error quotes does not break its line. */
Test(bad_input, one_line_whatever_is_quoted) {
    program_refused("'no\nsuch\tcommand'", "unknown command \"no?such?command\"");
    program_refused("run --variant 'a\nb'", "--variant a?b: there is no such variant");
    program_refused("train --model 'a\nb'", "--model a?b is unknown");
    program_refused("check --op 'a\nb'", "--op a?b: unknown operation");
}

/* /proc takes no new files, whoever asks. Training says so before it trains. */
Test(bad_input, places_that_cannot_be_written) {
    char arguments[ARGUMENTS_MAX];
    program_refused("tune --op copy --shape 2x8 --results /proc/katune",
                    "/proc/katune: the folder cannot be");
    program_refused("check --op copy --shape 2x8 --json /proc/x.json", "/proc/x.json: cannot write");
    program_refused("bench --only copy_scalar --shape 2x8 --time-budget 0.01 --gbench /proc/x.json",
                    "/proc/x.json: cannot write");
    program_refused("gate --record /proc/x.json --op copy --shape 2x8", "/proc/x.json: cannot write");
    program_refused("compare a.json b.json --junit /proc/x.xml", "/proc/x.xml: cannot write");
    /* before it is measured: nothing is printed */
    cr_expect_str_eq(program_run("bench --op copy --shape 2x8 --json /proc/x.json").out, "");
    snprintf(arguments, sizeof arguments, "run --variant copy --in x=%s --out y=/proc/y.npy",
             array_write("x.npy", 2, 2, 8));
    program_refused(arguments, "/proc/y.npy: cannot write");
    program_refused("train --steps 1 --save /proc/x", "/proc/x: cannot write in its folder");
    program_refused("train --steps 1 --save /tmp", "/tmp: is there, but is no regular file");
    program_refused("train --steps 1 --log /dev/full", "/dev/full: is there, but is no regular file");
}

/* Runs with a limit on the size of files, at which writing fails as it does on a full disk. LLVM's OpenMP
   writes a file of 1024 bytes as it starts. */
static void refused_when_full(const char *arguments, const char *output) {
    const struct rlimit limit = {1024, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    refused_keeping(arguments, output, "cannot be written: File too large; what it held before is intact");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
}

Test(bad_input, full_disk) {
    static const char *const commands[] = {
        "check --op copy --shape 2x8 --quiet --json %s",
        "bench --only copy_scalar --shape 2x8 --shape 3x8 --shape 4x8 --time-budget 0.01 --no-ceilings "
        "--quiet --json %s",
        "bench --only copy_scalar --shape 2x8 --shape 3x8 --shape 4x8 --time-budget 0.01 --no-ceilings "
        "--quiet --gbench %s",
        "train --steps 1 --batch 2 --quiet --save %s",
        "train --steps 1 --batch 2 --quiet --save-grad %s",
        "train --steps 20 --batch 2 --quiet --log %s",
    };
    char arguments[ARGUMENTS_MAX];
    const char *const output = scratch_place("output"), *const x = array_write("x.npy", 2, 64, 12);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        snprintf(arguments, sizeof arguments, commands[i], output);
        refused_when_full(arguments, output);
    }
    snprintf(arguments, sizeof arguments, "run --variant copy_scalar --in x=%s --out y=%s", x, output);
    refused_when_full(arguments, output);
}

Test(bad_input, full_standard_output) {
    char command[1024];
    size_t size;
    const char *const to = scratch_place("said");
    static const char *const commands[] = {"variants", "--help", "check --op copy --shape 2x8 --quiet"};
    for (size_t i = 0; access("/dev/full", W_OK) == 0 && i < sizeof commands / sizeof *commands; i++) {
        snprintf(command, sizeof command, "'%s' %s >/dev/full 2>%s", KATUNE_PROGRAM, commands[i], to);
        const int status = system(command);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 2, "katune %s", commands[i]);
        char *const said = contents(to, &size);
        cr_expect_str_eq(said,
                         "katune: standard output was not written whole: is there room where it goes?\n");
        free(said);
    }
}
