#include "program.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "file.h"

static char folder[] = "/tmp/katune-test-XXXXXX";
static bool made;

static void folder_remove(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command)) perror(folder);
}

const char *scratch_folder(void) {
    if (!made) {
        cr_assert_not_null(mkdtemp(folder));
        made = true;
        atexit(folder_remove);
    }
    return folder;
}

const char *scratch_place(const char *name) {
    static char paths[32][256];
    static int count;
    const char *const to = scratch_folder();
    for (int i = 0; i < count; i++)
        if (strcmp(paths[i] + strlen(to) + 1, name) == 0) return paths[i];
    cr_assert(count < 32 && snprintf(paths[count], sizeof *paths, "%s/%s", to, name) < (int)sizeof *paths);
    return paths[count++];
}

static void read_whole(const char *name, char *text, size_t size) {
    const char *const path = scratch_place(name);
    FILE *const f = fopen(path, "r");
    cr_assert_not_null(f, "%s", path);
    text[fread(text, 1, size - 1, f)] = 0;
    fclose(f);
}

static struct outcome run(const char *prefix, const char *program, const char *arguments) {
    static struct outcome o;
    char command[2048];
    const char *const to = scratch_folder();
    const int used =
        snprintf(command, sizeof command, "%s '%s' %s >%s/out 2>%s/err", prefix, program, arguments, to, to);
    cr_assert(used < (int)sizeof command);
    const int status = system(command);
    o.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_whole("out", o.out, sizeof o.out);
    read_whole("err", o.err, sizeof o.err);
    return o;
}

struct outcome program_run(const char *arguments) {
    return run("", KATUNE_PROGRAM, arguments);
}

struct outcome program_run_with(const char *prefix, const char *arguments) {
    return run(prefix, KATUNE_PROGRAM, arguments);
}

struct outcome faulty_run(const char *arguments) {
    return run("", KATUNE_FAULTY, arguments);
}

void program_refused(const char *arguments, const char *text) {
    const struct outcome o = program_run(arguments);
    const char *const newline = strchr(o.err, '\n');
    cr_expect_eq(o.code, 2, "katune %s: exit code %d", arguments, o.code);
    cr_expect(newline && !newline[1], "katune %s: more than a line, or none: %s", arguments, o.err);
    cr_expect(strstr(o.err, text), "katune %s: \"%s\" is not in: %s", arguments, text, o.err);
}

cJSON *json_read(const char *path) {
    struct error err;
    size_t size;
    char *const text = file_read(path, &size, &err);
    cr_assert_not_null(text, "%s", err.text);
    cJSON *const o = cJSON_Parse(text);
    cr_assert_not_null(o, "%s: %s", path, text);
    free(text);
    return o;
}

char *device_file(const char *results, const char *name) {
    char pattern[512];
    glob_t found;
    struct error err;
    size_t size;
    char *text = NULL;
    snprintf(pattern, sizeof pattern, "%s/*/%s", results, name);
    if (glob(pattern, 0, NULL, &found) == 0) {
        text = file_read(found.gl_pathv[0], &size, &err);
        globfree(&found);
    }
    return text;
}
