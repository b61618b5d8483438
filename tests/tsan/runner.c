/* Runs every test of a program in a process of its own and prints how each ended. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static struct criterion_test *first, **last = &first;
static int failures; /* of this process's test */

void criterion_add(struct criterion_test *test) {
    *last = test;
    last = &test->next;
}

void criterion_fail(bool fatal, const char *file, int line, const char *what, const char *format, ...) {
    va_list list;
    va_start(list, format);
    printf("%s:%d: %s:", file, line, what);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    failures++;
    if (fatal) exit(1);
}

void cr_skip_test(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
    exit(SKIPPED);
}

static int test_run(const char *number) {
    const struct criterion_test *test = first;
    for (int i = atoi(number); i; i--) test = test->next;
    if (test->options.init) test->options.init();
    test->run();
    if (test->options.fini) test->options.fini();
    return failures != 0;
}

/* This program once more, with the test's number: a fork alone would take over the state of the OpenMP
 * runtime. */
static int test_start(const char *program, int number) {
    char text[16];
    int status = -1;
    snprintf(text, sizeof text, "%d", number);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        execl(program, program, text, (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

int main(int argc, char **argv) {
    if (argc == 2) return test_run(argv[1]);
    int run = 0, failed = 0, skipped = 0;
    for (const struct criterion_test *test = first; test; test = test->next, run++) {
        const int status = test_start(argv[0], run);
        const bool skip = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED, ok = skip || status == 0;
        printf("%s %s::%s\n", skip ? "skipped" : ok ? "passed" : "FAILED", test->suite, test->name);
        failed += !ok;
        skipped += skip;
    }
    printf("%d tests, %d failed, %d skipped\n", run, failed, skipped);
    return failed || !run;
}
