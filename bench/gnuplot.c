#include "gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A file that has no name any more. */
static FILE *scratch_file(const char *text) {
    FILE *const f = tmpfile();
    if (f && (fputs(text, f) < 0 || fflush(f) != 0 || fseek(f, 0, SEEK_SET) != 0)) {
        fclose(f);
        return NULL;
    }
    return f;
}

/* Files stand for pipes: neither side ever waits for the other. */
static int process_run(FILE *in, FILE *out, FILE *complaints) {
    static char *const arguments[] = {(char *)"gnuplot", NULL};
    FILE *const files[] = {in, out, complaints};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0, failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    for (int i = 0; !failed && i < 3; i++)
        failed = posix_spawn_file_actions_adddup2(&actions, fileno(files[i]), i);
    if (!failed) failed = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed) return failed;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static char *contents_of(FILE *f, size_t *size) {
    if (fseek(f, 0, SEEK_END) != 0) return NULL;
    const long length = ftell(f);
    char *const text = length >= 0 ? calloc((size_t)length + 1, 1) : NULL;
    rewind(f);
    if (text && fread(text, 1, (size_t)length, f) == (size_t)length) {
        *size = (size_t)length;
        return text;
    }
    free(text);
    return NULL;
}

static void complaint_set(int failed, FILE *complaints, struct error *err) {
    size_t size;
    char *const text = failed < 0 ? contents_of(complaints, &size) : NULL;
    const char *const line = text ? text + strspn(text, "\n \"") : "";
    if (failed == ENOENT)
        error_set(err, "gnuplot was not found: install gnuplot-nox");
    else
        error_set(err, "gnuplot: %.*s", failed > 0 ? 100 : (int)strcspn(line, "\n"),
                  failed > 0 ? strerror(failed) : line);
    free(text);
}

char *gnuplot_run(const char *script, size_t *size, struct error *err) {
    FILE *const files[] = {scratch_file(script), tmpfile(), tmpfile()};
    char *drawn = NULL;
    if (files[0] && files[1] && files[2]) {
        const int failed = process_run(files[0], files[1], files[2]);
        if (failed)
            complaint_set(failed, files[2], err);
        else if (!(drawn = contents_of(files[1], size)))
            error_set(err, "gnuplot: what it drew cannot be read");
    } else {
        error_set(err, "gnuplot: no temporary file: %s", strerror(errno));
    }
    for (int i = 0; i < 3; i++)
        if (files[i]) fclose(files[i]);
    return drawn;
}
