/* The tuner among candidates that crash, hang, answer wrongly, write beyond their output and take all memory;
   and killed at random moments. The program is katune with such variants in its registry. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/nvrtc.h"
#include "file.h"
#include "program.h"

static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Starts `katune_faulty tune` with some arguments; what it says is in results/said. */
static pid_t tuner_start(const char *results, const char *arguments) {
    char line[1536];
    snprintf(line, sizeof line, "exec '%s' tune --results %s --quiet %s >%s/said 2>&1", KATUNE_FAULTY,
             results, arguments, results);
    const pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    cr_assert(child > 0);
    return child;
}

static int tuner_end(pid_t child) {
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The journal's lines about one kind of event, as text, sorted, each once: op rows variant params (and
 * cause). */
struct facts {
    char *list[256];
    int count;
};

static int text_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct facts journal_facts(const char *results, const char *event) {
    struct facts facts = {.count = 0};
    char *const text = device_file(results, "journal.jsonl");
    cr_assert(text);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        cJSON *const o = cJSON_Parse(line);
        cr_assert(o, "%s", line);
        const char *const found = cJSON_GetStringValue(cJSON_GetObjectItem(o, "event"));
        if (strcmp(found, event) == 0 && facts.count < 256) {
            const cJSON *const problem = cJSON_GetObjectItem(o, "problem"),
                               *const variant = cJSON_GetObjectItem(o, "variant"),
                               *const cause = cJSON_GetObjectItem(o, "cause");
            char *const params = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "params"));
            char fact[512];
            snprintf(fact, sizeof fact, "%s %g %s %s %s",
                     cJSON_GetStringValue(cJSON_GetObjectItem(problem, "op")),
                     cJSON_GetNumberValue(cJSON_GetObjectItem(problem, "rows")),
                     variant ? cJSON_GetStringValue(variant) : "", params ? params : "",
                     cause ? cJSON_GetStringValue(cause) : "");
            free(params);
            facts.list[facts.count++] = strdup(fact);
        }
        cJSON_Delete(o);
    }
    free(text);
    qsort(facts.list, (size_t)facts.count, sizeof *facts.list, text_compare);
    int kept = 0;
    for (int i = 0; i < facts.count; i++) {
        if (kept && strcmp(facts.list[kept - 1], facts.list[i]) == 0)
            free(facts.list[i]);
        else
            facts.list[kept++] = facts.list[i];
    }
    facts.count = kept;
    return facts;
}

static void facts_free(struct facts *f) {
    for (int i = 0; i < f->count; i++) free(f->list[i]);
}

static bool facts_have(const struct facts *f, const char *part) {
    for (int i = 0; i < f->count; i++)
        if (strstr(f->list[i], part)) return true;
    return false;
}

static const char *results_make(const char *name) {
    const char *const path = scratch_place(name);
    struct error err = {""};
    cr_assert(folder_make(path, &err), "%s", err.text);
    return path;
}

/* The problems in the table: "op rows" of each. NULL if there is no table yet; it is never half of one. */
static cJSON *table_now(const char *results) {
    char *const text = device_file(results, "table.json");
    if (!text) return NULL;
    cJSON *const table = cJSON_Parse(text);
    cr_assert(table && cJSON_IsArray(cJSON_GetObjectItem(table, "entries")), "half a table: %s", text);
    free(text);
    return table;
}

/* Seconds enough for what fails otherwise to do so on a busy machine, too. */
static const char limits[] = "--time-limit 6 --memory-limit 300";

Test(isolation, each_failure_has_its_cause_and_is_not_tried_again) {
    const char *const results = results_make("causes");
    char arguments[512];
    snprintf(arguments, sizeof arguments,
             "--op silu_fwd --shape 20x48 --only 'silu_fwd_scalar*' --time-budget 1 %s", limits);
    cr_assert_eq(tuner_end(tuner_start(results, arguments)), 0);
    static const char *const expected[] = {"silu_fwd_scalar_crash {} crashed", "silu_fwd_scalar_hang {} hung",
                                           "silu_fwd_scalar_guard {} wrong", "silu_fwd_scalar_wrong {} wrong",
                                           "silu_fwd_scalar_greedy {} memory"};
    struct facts facts = journal_facts(results, "failed");
    cr_expect_eq(facts.count, 5);
    for (size_t i = 0; i < 5; i++) cr_expect(facts_have(&facts, expected[i]), "%s", expected[i]);
    facts_free(&facts);
    cJSON *const table = table_now(results);
    const cJSON *const entry = cJSON_GetArrayItem(cJSON_GetObjectItem(table, "entries"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "variant")), "silu_fwd_scalar");
    cJSON_Delete(table);
    /* Again, without --resume: the journal has no more failures than before. */
    char *const first = device_file(results, "journal.jsonl");
    snprintf(arguments, sizeof arguments,
             "--op silu_fwd --shape 20x48 --only 'silu_fwd_scalar_*' --time-budget 1 %s", limits);
    cr_expect_eq(tuner_end(tuner_start(results, arguments)), 3, "nothing is left to try");
    char *const second = device_file(results, "journal.jsonl");
    int failures[2] = {0, 0};
    for (const char *c = first; (c = strstr(c, "\"failed\"")); c++) failures[0]++;
    for (const char *c = second; (c = strstr(c, "\"failed\"")); c++) failures[1]++;
    cr_expect(failures[0] == 5 && failures[1] == 5, "%d, %d", failures[0], failures[1]);
    free(first);
    free(second);
    /* --retry tries them again. */
    snprintf(arguments, sizeof arguments,
             "--op silu_fwd --shape 20x48 --only silu_fwd_scalar_hang --retry --time-budget 1 %s", limits);
    cr_expect_eq(tuner_end(tuner_start(results, arguments)), 3);
    facts = journal_facts(results, "failed");
    cr_expect(facts.count == 1 && facts_have(&facts, "silu_fwd_scalar_hang {} hung"), "%d", facts.count);
    facts_free(&facts);
}

/* Its worker does not outlive a tuner that is killed, not even in a candidate that hangs. */
Test(isolation, no_orphan_is_left) {
    const char *const results = results_make("orphan");
    const pid_t tuner =
        tuner_start(results, "--op silu_fwd --shape 20x48 --only silu_fwd_scalar_hang --time-limit 60");
    char path[64];
    long worker = 0;
    for (int i = 0; i < 200 && !worker; i++) {
        usleep(20000);
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)tuner, (int)tuner);
        FILE *const f = fopen(path, "r");
        if (!f) continue;
        if (fscanf(f, "%ld", &worker) != 1) worker = 0;
        fclose(f);
    }
    if (!worker) {
        kill(tuner, SIGKILL);
        tuner_end(tuner);
        cr_skip_test("this system does not list a process's children");
    }
    usleep(200000);
    kill(tuner, SIGKILL);
    tuner_end(tuner);
    int left = 100;
    while (left-- && kill((pid_t)worker, 0) == 0) {
        char state = 'Z';
        snprintf(path, sizeof path, "/proc/%ld/stat", worker);
        FILE *const f = fopen(path, "r");
        if (f && fscanf(f, "%*d %*s %c", &state) != 1) state = 'Z';
        if (f) fclose(f);
        if (state == 'Z') break; /* dead, and not yet waited for by whoever inherited it */
        usleep(20000);
    }
    cr_expect(left > 0, "worker %ld still runs", worker);
}

/* CUDA kernels that never end, write elsewhere, are wrong, do not compile and want too much memory. */
Test(isolation, cuda_kernels) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    setenv("VGPU_REPORT", "/dev/null", 1);
    const char *const results = results_make("cuda");
    cr_assert_eq(tuner_end(tuner_start(results, "--device vgpu:h100-sxm --op silu_fwd --shape 20x48 "
                                                "--only 'silu_fwd_cuda*' --param BLOCK=256 --param VEC=4 "
                                                "--param UNROLL=1 --param PER_UNIT=0 --param LOAD=0 "
                                                "--param STORE=0 --time-limit 8 --time-budget 1")),
                 0);
    char *const journal = device_file(results, "journal.jsonl");
    static const char *const expected[][3] = {
        {"silu_fwd_cuda_beyond", "\"crashed\"", "write of 4 bytes at 0x"},
        {"silu_fwd_cuda_broken", "\"refused\"",
         "does not compile for sm_90: silu_fwd_cuda_broken.cu(1): error: "},
        {"silu_fwd_cuda_greedy", "\"refused\"",
         "out of device memory: it needs 4398046511104 bytes of scratch"},
        {"silu_fwd_cuda_hang", "\"hung\"", "no answer within 8 s: killed"},
        {"silu_fwd_cuda_wrong", "\"wrong\"", "y[7] (row 0, channel 7) is "}};
    cr_assert_not_null(journal);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *line = strstr(journal, expected[i][0]);
        cr_assert(line, "%s: %s", expected[i][0], journal);
        for (int part = 1; part < 3; part++) {
            const char *const found = strstr(line, expected[i][part]);
            cr_expect(found && found < strchr(line, '\n'), "%s: %.400s", expected[i][0], line);
        }
    }
    free(journal);
    cJSON *const table = table_now(results);
    const cJSON *const entry = cJSON_GetArrayItem(cJSON_GetObjectItem(table, "entries"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "variant")), "silu_fwd_cuda");
    cJSON_Delete(table);
}

static const char many[] = "--op gelu_fwd,silu_fwd --only "
                           "'?elu_fwd_scalar,silu_fwd_scalar,silu_fwd_scalar_[cw]*,silu_fwd_scalar_guard' "
                           "--shape 20x48 --shape 21x48 --shape 22x48 --time-budget 20"; /* is never over */

/* A tuner that is killed again and again, each time at another moment, ends with the results of one that was
   not: every candidate was judged, each failure has its cause, and what was judged once was not judged again.
 */
Test(isolation, killed_at_fifty_moments) {
    const char *const whole = results_make("whole"), *const results = results_make("killed");
    char line[1024];
    cr_assert_eq(tuner_end(tuner_start(whole, many)), 0);
    uint64_t state = 50;
    int kills = 0, ends = 0;
    snprintf(line, sizeof line, "%s --resume", many);
    while (kills < 50) {
        const pid_t tuner = tuner_start(results, line);
        const long wait = 2000 + (long)(random_next(&state) % 400000); /* microseconds */
        usleep((useconds_t)wait);
        kill(tuner, SIGKILL);
        const int end = tuner_end(tuner);
        cr_assert(end == -SIGKILL || end == 0, "run %d ended with %d", kills, end);
        cJSON_Delete(table_now(results));
        kills++;
        if (end != 0) continue;
        ends++; /* it was through: start over, so that all kills hit something */
        char command[512];
        snprintf(command, sizeof command, "rm -rf %s/*", results);
        cr_assert_eq(system(command), 0);
    }
    cr_assert_eq(tuner_end(tuner_start(results, line)), 0);
    char *const left = device_file(results, "*.??????");
    cr_expect(!left, "a file that a killed tuner was writing is left");
    free(left);
    printf("%d kills, %d of them after the end\n", kills, ends);
    static const char *const events[] = {"failed", "checked", "done"};
    for (int e = 0; e < 3; e++) {
        struct facts expected = journal_facts(whole, events[e]), found = journal_facts(results, events[e]);
        cr_expect_eq(expected.count, found.count, "%s: %d, %d", events[e], expected.count, found.count);
        for (int i = 0; i < expected.count && i < found.count; i++)
            cr_expect_str_eq(expected.list[i], found.list[i]);
        facts_free(&expected);
        facts_free(&found);
    }
    cJSON *const a = table_now(whole), *const b = table_now(results);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(a, "entries")), 6);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(b, "entries")), 6);
    cJSON_Delete(a);
    cJSON_Delete(b);
}
