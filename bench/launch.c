#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "file.h"

enum { ARGUMENTS_MAX = 96 };

/* The files of one launch, in a folder of their own. */
struct scratch {
    char folder[32], json[48], said[48];
};

static bool scratch_make(struct scratch *s, struct error *err) {
    strcpy(s->folder, "/tmp/katune-launch-XXXXXX");
    if (!mkdtemp(s->folder)) return error_set(err, "/tmp: no folder for a launch: %s", strerror(errno));
    snprintf(s->json, sizeof s->json, "%s/json", s->folder);
    snprintf(s->said, sizeof s->said, "%s/said", s->folder);
    return true;
}

static void scratch_remove(const struct scratch *s) {
    unlink(s->json);
    unlink(s->said);
    rmdir(s->folder);
}

static _Noreturn void launch_become(const struct build_launch *l, const struct scratch *s,
                                    char *const *argv) {
    const int nothing = open("/dev/null", O_RDWR), said = open(s->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (nothing < 0 || said < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(said, 2) < 0)
        _exit(127);
    alarm((unsigned)l->limit); /* survives exec; nothing catches it */
    execv(l->program, argv);
    dprintf(2, "%s\n", strerror(errno));
    _exit(127);
}

/* The first line of what it said on stderr. */
static void launch_said(const struct scratch *s, char *line, int size) {
    FILE *const f = fopen(s->said, "r");
    *line = 0;
    if (!f) return;
    if (!fgets(line, size, f)) *line = 0;
    line[strcspn(line, "\n")] = 0;
    fclose(f);
}

static bool launch_ended(const struct build_launch *l, const struct scratch *s, int status,
                         struct error *err) {
    char line[256];
    launch_said(s, line, sizeof line);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return error_set(err, "%s bench: no end within %d s: killed", l->program, l->limit);
    if (WIFSIGNALED(status))
        return error_set(err, "%s bench: crashed: %s", l->program, strsignal(WTERMSIG(status)));
    const int code = WEXITSTATUS(status);
    if (code == EXIT_OK || code == EXIT_FAILED || code == EXIT_MISSING) return true;
    return error_set(err, "%s bench: %s", l->program, *line ? line : "ended without a word");
}

static bool launch_run(const struct build_launch *l, const struct scratch *s, struct error *err) {
    char *argv[ARGUMENTS_MAX + 8];
    int n = 0, status = 0;
    if (l->count > ARGUMENTS_MAX) return error_set(err, "more than %d arguments for bench", ARGUMENTS_MAX);
    argv[n++] = (char *)l->program;
    argv[n++] = (char *)"bench";
    for (int i = 0; i < l->count; i++) argv[n++] = l->arguments[i];
    argv[n++] = (char *)"--no-ceilings";
    argv[n++] = (char *)"--quiet";
    argv[n++] = (char *)"--json";
    argv[n++] = (char *)s->json;
    argv[n] = NULL;
    const pid_t child = fork();
    if (child == 0) launch_become(l, s, argv);
    if (child < 0) return error_set(err, "no process for %s: %s", l->program, strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return launch_ended(l, s, status, err);
}

static cJSON *launch_read(const struct scratch *s, struct error *err) {
    size_t size;
    char *const text = file_read(s->json, &size, err);
    cJSON *const document = text ? cJSON_ParseWithOpts(text, NULL, true) : NULL;
    if (!document) error_set(err, text ? "wrote no JSON" : "wrote no results");
    free(text);
    return document;
}

/* Runs `PROGRAM bench ARGUMENTS`, without ceilings, and reads what it measured. The document, if asked for,
   is what bench wrote: the caller deletes it. False and one line if it could not be run, crashed, did not
   end, or refused its arguments; a case that failed its check is among the timings. */
static bool launch_bench(const struct build_launch *l, struct timings *t, cJSON **document,
                         struct error *err) {
    struct scratch s;
    *t = (struct timings){.count = 0};
    if (!scratch_make(&s, err)) return false;
    bool ok = launch_run(l, &s, err);
    cJSON *const o = ok ? launch_read(&s, err) : NULL;
    if (ok) ok = (o && timings_parse(t, o, err)) || error_prefix(err, "%s bench", l->program);
    scratch_remove(&s);
    if (ok && document)
        *document = o;
    else
        cJSON_Delete(o);
    return ok;
}

static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* One more launch; the first one's head is the whole's. */
static bool launch_add(const struct build_launch *l, struct timings *all, int number, cJSON **document,
                       struct error *err) {
    struct timings t;
    if (!launch_bench(l, &t, document, err)) return false;
    if (number == 1) {
        *all = t;
        return true;
    }
    const bool same = strcmp(t.sources_hash, all->sources_hash) == 0;
    const bool ok = !same ? error_set(err, "%s changed while it was measured", l->program)
                          : timings_add_launch(all, &t, number) || error_set(err, "out of memory");
    timings_free(&t);
    return ok;
}

bool launch_in_turns(const struct launch_turns *turns, struct timings *a, struct timings *b,
                     struct error *err) {
    struct timings *const sides[2] = {a, b};
    int launched[2] = {0, 0};
    uint64_t state = turns->seed;
    bool abba = true;
    *a = *b = (struct timings){.count = 0};
    for (int i = 0; i < 4 * turns->rounds; i++) {
        if (i % 4 == 0) abba = random_next(&state) >> 63;
        const bool inner = i % 4 == 1 || i % 4 == 2;
        const int side = inner == abba;
        if (turns->step) turns->step(turns->context, i, 4 * turns->rounds);
        if (launch_add(&turns->side[side], sides[side], ++launched[side], NULL, err)) continue;
        timings_free(a);
        timings_free(b);
        return false;
    }
    return true;
}

bool launch_repeat(const struct build_launch *l, int times, void (*step)(void *context, int done, int all),
                   void *context, struct timings *t, cJSON **document, struct error *err) {
    *t = (struct timings){.count = 0};
    if (document) *document = NULL;
    for (int i = 0; i < times; i++) {
        if (step) step(context, i, times);
        if (launch_add(l, t, i + 1, i ? NULL : document, err)) continue;
        timings_free(t);
        if (document) cJSON_Delete(*document);
        return false;
    }
    return true;
}
