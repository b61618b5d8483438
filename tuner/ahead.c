#define _GNU_SOURCE /* CPU_COUNT */
#include "ahead.h"

#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "device/clock.h"
#include "device/cuda_cache.h"
#include "device/cuda_jit.h"
#include "registry.h"

enum { HELPERS_MAX = 8, JOBS_MAX = 64, DEATHS_MAX = 4, NICENESS = 5 };

/* The slowest kernels take about two seconds. */
static const double usual_patience = 10;
/* So long a compilation under way is waited for: where cores are scarce, the worker is through sooner. */
static const double wait_most = 1;

/* A job's state; RUNNING + n: the n-th helper compiles it. */
enum { EMPTY, WAITING, DONE, RUNNING };

struct job {
    _Atomic int
        state; /* the other members are written by the parent alone, and not while it is WAITING or RUNNING */
    struct problem problem;
    struct table_choice choice;
};

/* What parent and helpers share. Parent and helpers are one program: pointers to variants mean the same. */
struct board {
    sem_t news;
    struct job jobs[JOBS_MAX]; /* in the order in which they are to be done */
    _Atomic double began[HELPERS_MAX];
};

struct ahead {
    struct board *board;
    struct ahead_options o;
    int sm;
    int helper_count;
    double waited;
    struct {
        pid_t pid; /* 0: given up */
        int deaths;
    } helpers[HELPERS_MAX];
};

/* The first job that waits becomes the helper's; NULL if none does. */
static struct job *job_claim(struct board *b, int helper) {
    for (int i = 0; i < JOBS_MAX; i++) {
        int waiting = WAITING;
        if (atomic_load(&b->jobs[i].state) != WAITING) continue;
        atomic_store(&b->began[helper], clock_seconds());
        if (atomic_compare_exchange_strong(&b->jobs[i].state, &waiting, RUNNING + helper)) return &b->jobs[i];
    }
    return NULL;
}

static _Noreturn void helper_run(struct board *b, int number, int sm) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) _exit(0);
    for (;;) {
        if (sem_wait(&b->news)) continue;
        for (struct job *j; (j = job_claim(b, number)); atomic_store(&j->state, DONE)) {
            struct cuda_binary binary;
            if (cuda_compile(&n, j->choice.variant, &j->problem, &j->choice.point, sm, &binary, &err))
                cuda_binary_free(&binary);
        }
    }
}

/* Where they meet on a core, checking and timing go first: it is idle cores that are to be used. */
static void helper_start(struct ahead *a, int number) {
    const pid_t pid = child_fork();
    if (pid == 0) {
        nice(NICENESS);
        helper_run(a->board, number, a->sm);
    }
    a->helpers[number].pid = pid > 0 ? pid : 0;
}

static void helper_end(struct ahead *a, int number) {
    const pid_t pid = a->helpers[number].pid;
    a->helpers[number].pid = 0;
    if (!pid) return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int cores_to_spare(void) {
    cpu_set_t set;
    const int cores = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return cores < 2 ? 1 : cores - 1 < HELPERS_MAX ? cores - 1 : HELPERS_MAX;
}

struct ahead *ahead_open(const struct device_info *d, const struct ahead_options *o) {
    char folder[512];
    if (!device_is_gpu(d) || !cuda_cache_folder(folder, sizeof folder) || access(folder, W_OK)) return NULL;
    struct ahead *const a = calloc(1, sizeof *a);
    if (!a) return NULL;
    *a = (struct ahead){.o = *o, .sm = d->sm, .helper_count = cores_to_spare()};
    if (!(a->o.patience > 0)) a->o.patience = usual_patience;
    a->board = mmap(NULL, sizeof *a->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (a->board == MAP_FAILED || sem_init(&a->board->news, 1, 0)) {
        a->board = NULL;
        ahead_close(a);
        return NULL;
    }
    for (int i = 0; i < a->helper_count; i++) helper_start(a, i);
    return a;
}

void ahead_close(struct ahead *a) {
    if (!a) return;
    for (int i = 0; i < a->helper_count; i++) helper_end(a, i);
    if (a->board) munmap(a->board, sizeof *a->board);
    free(a);
}

static struct job *job_of(const struct ahead *a, int helper) {
    for (int i = 0; i < JOBS_MAX; i++)
        if (atomic_load(&a->board->jobs[i].state) == RUNNING + helper) return &a->board->jobs[i];
    return NULL;
}

/* One that crashed or hung is replaced, a few times; what it died of counts as done. */
static void helpers_tend(struct ahead *a) {
    for (int i = 0; i < a->helper_count; i++) {
        const pid_t pid = a->helpers[i].pid;
        const bool late = job_of(a, i) && clock_seconds() - atomic_load(&a->board->began[i]) > a->o.patience;
        if (!pid || (!late && waitpid(pid, NULL, WNOHANG) != pid)) continue;
        if (late) helper_end(a, i);
        a->helpers[i].pid = 0;
        struct job *const j = job_of(a, i);
        if (j) atomic_store(&j->state, DONE);
        if (++a->helpers[i].deaths > DEATHS_MAX) continue;
        helper_start(a, i);
        sem_post(&a->board->news);
    }
}

static bool job_is(const struct job *j, const struct problem *p, const struct table_choice *c) {
    return variant_point_equal(j->choice.variant, &j->choice.point, c->variant, &c->point) &&
           problem_equal(&j->problem, p);
}

static struct job *job_find(const struct ahead *a, const struct problem *p, const struct table_choice *c) {
    for (int i = 0; i < JOBS_MAX; i++) {
        struct job *const j = &a->board->jobs[i];
        if (j->choice.variant && atomic_load(&j->state) != EMPTY && job_is(j, p, c)) return j;
    }
    return NULL;
}

void ahead_plan(struct ahead *a, const struct problem *p, const struct table_choice *list, int count) {
    if (!a) return;
    helpers_tend(a);
    for (int i = 0; i < JOBS_MAX; i++) {
        int waiting = WAITING;
        atomic_compare_exchange_strong(&a->board->jobs[i].state, &waiting, EMPTY);
    }
    for (int i = 0, next = 0; i < count; i++) {
        if (job_find(a, p, &list[i])) continue; /* done, or under way */
        while (next < JOBS_MAX && atomic_load(&a->board->jobs[next].state) >= RUNNING) next++;
        if (next == JOBS_MAX) return;
        struct job *const j = &a->board->jobs[next++];
        j->problem = *p, j->choice = list[i];
        atomic_store(&j->state, WAITING);
        sem_post(&a->board->news);
    }
}

void ahead_take(struct ahead *a, const struct problem *p, const struct table_choice *choice) {
    struct job *const j = a ? job_find(a, p, choice) : NULL;
    int waiting = WAITING;
    if (!j || atomic_compare_exchange_strong(&j->state, &waiting, EMPTY)) return;
    const double begin = clock_seconds();
    while (atomic_load(&j->state) >= RUNNING && clock_seconds() - begin < wait_most &&
           !(a->o.stop && *a->o.stop)) {
        helpers_tend(a);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    a->waited += clock_seconds() - begin;
}

double ahead_waited(const struct ahead *a) {
    return a ? a->waited : 0;
}
