/* Compiling ahead: into the cache, by processes that may be killed or hang. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "device/clock.h"
#include "device/cuda_arch.h"
#include "device/cuda_jit.h"
#include "program.h"
#include "registry.h"

enum { SM = 90, POINTS_MAX = 8 };

static struct nvrtc nvrtc;

static struct device_info gpu(void) {
    int i = 0;
    while (cuda_arch_at(i)->sm != SM) i++;
    return cuda_arch_device(cuda_arch_at(i));
}

/* A cache that is empty, and a compiler. */
static struct ahead *ahead_make(double patience) {
    struct error err;
    if (!nvrtc_open(&nvrtc, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", scratch_folder(), 1);
    const struct device_info info = gpu();
    struct ahead *const a = ahead_open(&info, &(struct ahead_options){.patience = patience});
    cr_assert_not_null(a);
    return a;
}

static const struct variant *copy(void) {
    return variant_find("copy_cuda");
}

/* The first accepted points of the copy, each a kernel of its own: PER_UNIT is the launch's. */
static int points_list(const struct problem *p, struct table_choice list[POINTS_MAX]) {
    const struct device_info info = gpu();
    const int launch = param_find(copy(), "PER_UNIT"), usual = copy()->params[launch].values[0];
    int count = 0;
    for (int64_t i = 0; i < point_count(copy()) && count < POINTS_MAX; i++) {
        list[count] = (struct table_choice){copy(), point_at(copy(), i)};
        count +=
            list[count].point.value[launch] == usual && !variant_reject(copy(), p, &list[count].point, &info);
    }
    return count;
}

/* Whether the cache has it; if not, it does now. */
static bool was_compiled(const struct problem *p, const struct table_choice *c) {
    struct cuda_binary b;
    struct error err;
    cr_assert(cuda_compile(&nvrtc, c->variant, p, &c->point, SM, &b, &err), "%s", err.text);
    const bool cached = b.cached;
    cuda_binary_free(&b);
    return cached;
}

static int files_kept(void) {
    DIR *const dir = opendir(getenv("KATUNE_CACHE"));
    int count = 0;
    for (const struct dirent *d; (d = readdir(dir));) count += strstr(d->d_name, ".bin") != NULL;
    closedir(dir);
    return count;
}

static bool files_become(int count) {
    for (const double end = clock_seconds() + 60; clock_seconds() < end; usleep(5000))
        if (files_kept() >= count) return true;
    return false;
}

/* The processes that this one started. */
static int children_signal(int number) {
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *const f = fopen(path, "r");
    if (!f) return 0;
    for (long pid; fscanf(f, "%ld", &pid) == 1; count++) kill((pid_t)pid, number);
    fclose(f);
    return count;
}

Test(ahead, compiles_what_is_planned) {
    struct ahead *const a = ahead_make(0);
    const struct problem p = problem_default(COPY, F32);
    struct table_choice list[POINTS_MAX];
    const int count = points_list(&p, list);
    cr_assert_gt(count, 2);
    ahead_plan(a, &p, list, count);
    cr_assert(files_become(count), "%d of %d", files_kept(), count);
    for (int i = 0; i < count; i++) {
        ahead_take(a, &p, &list[i]);
        cr_expect(was_compiled(&p, &list[i]), "%d", i);
    }
    ahead_close(a);
}

/* What is being compiled is waited for; what was not begun is not compiled any more. */
Test(ahead, leaves_what_is_taken) {
    struct ahead *const a = ahead_make(0);
    const struct problem p = problem_default(COPY, F32);
    struct table_choice list[POINTS_MAX];
    const int count = points_list(&p, list);
    ahead_plan(a, &p, list, 1);
    usleep(20000); /* it begins, most likely: then it is waited for */
    ahead_take(a, &p, &list[0]);
    const int kept = files_kept();
    cr_expect_eq(was_compiled(&p, &list[0]), kept == 1);
    if (!children_signal(SIGSTOP)) cr_skip_test("this system does not list a process's children");
    ahead_plan(a, &p, list, count);
    for (int i = 0; i < count; i++) ahead_take(a, &p, &list[i]);
    children_signal(SIGCONT);
    usleep(300000);
    cr_expect_eq(files_kept(), 1, "%d", files_kept());
    ahead_close(a);
}

/* A process that was killed or hangs is replaced, and nobody waits for it for long. */
Test(ahead, survives_its_processes) {
    const double patience = 1;
    struct ahead *const a = ahead_make(patience);
    const struct problem p = problem_default(COPY, F32);
    struct table_choice list[POINTS_MAX];
    const int count = points_list(&p, list);
    if (!children_signal(SIGKILL)) cr_skip_test("this system does not list a process's children");
    usleep(100000);
    ahead_plan(a, &p, list, 2);
    cr_assert(files_become(2), "after a kill: %d", files_kept());
    ahead_plan(a, &p, &list[2], count - 2);
    usleep(20000);
    children_signal(SIGSTOP);
    const double begin = clock_seconds();
    for (int i = 2; i < count; i++) ahead_take(a, &p, &list[i]);
    cr_expect_lt(clock_seconds() - begin, 4 * patience);
    usleep((useconds_t)(1e6 * patience));
    struct problem other = p;
    other.channels = 96;
    ahead_plan(a, &other, list, count);
    ahead_plan(a, &other, list, count);
    const int before = files_kept();
    cr_expect(files_become(before + 1) || !children_signal(SIGCONT), "after a hang: %d", files_kept());
    ahead_close(a);
}

/* Nothing is compiled for a CPU. */
Test(ahead, none_where_there_is_nothing_to_compile) {
    const struct device_info cpu = {.backend = "cpu"};
    const struct problem p = problem_default(COPY, F32);
    struct table_choice list[POINTS_MAX];
    cr_assert_null(ahead_open(&cpu, &(struct ahead_options){.patience = 0}));
    ahead_plan(NULL, &p, list, points_list(&p, list));
    ahead_take(NULL, &p, list);
    ahead_close(NULL);
}
