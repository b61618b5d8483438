#include "worker.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ceiling.h"
#include "child.h"
#include "device/clock.h"
#include "op.h"

struct worker {
    struct worker_options o;
    pid_t pid; /* 0: none running */
    int socket;
    char cupti[16];
    struct worker_times times;
    struct error counters_absent;
};

enum kind { DESCRIBE, CHECK, MEASURE, COUNT, CEILINGS, GRADIENTS };

/* Parent and worker are one program: pointers to variants mean the same in both. */
struct request {
    enum kind kind;
    int count; /* contenders that follow */
    double budget;
    int race, threads;
    struct problem problem;
    struct distribution distribution; /* of x; CHECK */
    enum check_depth depth;
    int first_rows; /* are enough where a device is slow; CHECK */
};

struct reply {
    int ok;
    int leaving; /* the worker ends: a failure spoilt its device for good */
    struct error err, counters_absent;
    struct ceilings ceilings;
    struct gradient_error gradients[WORKER_GRADIENTS_MAX];
    char cupti[16];
    struct device_info info;
    double worked, running; /* seconds that this took; of them kernels ran or were timed */
};

static bool send_all(int socket, const void *data, size_t size) {
    for (const char *at = data; size;) {
        const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent, size -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int socket, void *data, size_t size) {
    for (char *at = data; size;) {
        const ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got, size -= (size_t)got;
    }
    return true;
}

/* The worker's side. */
struct servant {
    struct device *device;
    struct meter *meter;
    struct check_case *checked;
    struct distribution distribution; /* of its x */
    const struct worker_options *o;
};

/* A virtual GPU takes long over what a real one does at once: there the first rows are checked, so many as
   are through in 0.1 s of a core, well below the 0.26 s in which NVRTC compiles a candidate. An element takes
   up to 0.15 us (spline backward) to be run and compared. Both times are of an AMD EPYC (Zen 4). */
static struct problem problem_first_rows(const struct device *d, const struct problem *p) {
    const double seconds = 0.1, each = 0.15e-6;
    const int64_t most = (int64_t)(seconds / each);
    struct problem checked = *p;
    if (d->info(d)->modeled && problem_elements(p) > most)
        checked.rows = most / p->channels > 0 ? most / p->channels : 1;
    return checked;
}

/* The time that the model gave the check's run, which is that of any other run. */
static void time_take(struct contender *c, const struct case_run *run) {
    c->seconds = sample_summary(&run->seconds, 1);
    c->total = run->seconds;
    c->batch = 1;
    c->settled = true;
    memcpy(c->counters, run->counters, sizeof c->counters);
    c->counter_count = metrics_select(c->counters, run->counter_count, METRICS_ALL);
}

static bool serve_check(struct servant *s, const struct request *q, struct contender *c, struct error *err) {
    const struct problem p = q->first_rows ? problem_first_rows(s->device, &c->problem) : c->problem;
    if (!s->checked || !problem_equal(case_problem(s->checked), &p) ||
        s->distribution.kind != q->distribution.kind || s->distribution.percent != q->distribution.percent) {
        case_free(s->checked);
        s->distribution = q->distribution;
        s->checked = case_new(s->device, &p, s->o->measure.seed, q->distribution, err);
        if (!s->checked) return false;
    }
    case_check(s->checked, c->variant, &c->point, q->depth, &c->verdict);
    if (q->first_rows && s->device->info(s->device)->modeled && c->verdict.status == CHECK_PASSED &&
        problem_equal(&p, &c->problem))
        time_take(c, case_last_run(s->checked));
    return true;
}

/* A case is kept from check to check, but not beside buffers for timing where it takes much of the memory. */
static void case_make_room(struct servant *s) {
    const double share = 0.125;
    if (!s->checked ||
        problem_bytes(case_problem(s->checked)) < share * (double)s->device->info(s->device)->memory)
        return;
    case_free(s->checked);
    s->checked = NULL;
}

static bool serve_measure(struct servant *s, const struct request *q, struct contender *list,
                          struct reply *r) {
    case_make_room(s);
    return measure(s->meter, list, q->count, q->budget, q->race, &r->err);
}

static bool serve(struct servant *s, const struct request *q, struct contender *list, struct reply *r) {
    switch (q->kind) {
    case DESCRIBE: r->info = *s->device->info(s->device); return true;
    case CHECK: return serve_check(s, q, list, &r->err);
    case MEASURE: return serve_measure(s, q, list, r);
    case COUNT: return meter_count(s->meter, list, r->cupti, &r->err);
    case CEILINGS:
        return ceilings_measure(s->meter, &q->problem, q->threads, q->budget, &r->ceilings, &r->err);
    case GRADIENTS:
        return gradient_errors(s->device, &q->problem, s->o->measure.seed, list, q->count, r->gradients,
                               &r->err);
    }
    return false;
}

/* Serves, and says what that took. A ceiling is all timing. */
static void serve_timed(struct servant *s, const struct request *q, struct contender *list, struct reply *r) {
    const double begin = clock_seconds(), timed = meter_timed(s->meter);
    r->ok = serve(s, q, list, r);
    error_set(&r->counters_absent, "%s", meter_counters_absent(s->meter));
    r->worked = clock_seconds() - begin;
    r->running = q->kind == CHECK ? list->verdict.seconds : meter_timed(s->meter) - timed;
    if (q->kind == CEILINGS) r->running = r->worked;
}

static _Noreturn void servant_run(const struct worker_options *o, int socket) {
    struct error err = {""};
    struct servant s = {.o = o};
    s.device = device_open(o->device, !o->unbound, &err);
    s.meter = s.device ? meter_open(s.device, &o->measure, &err) : NULL;
    for (struct request q; receive_all(socket, &q, sizeof q);) {
        struct reply r = {.ok = 0, .err = err};
        struct contender *const list = calloc((size_t)q.count + 1, sizeof *list);
        if (!list || !receive_all(socket, list, (size_t)q.count * sizeof *list)) break;
        if (s.meter) serve_timed(&s, &q, list, &r);
        r.leaving = s.device && !device_usable(s.device);
        if (!send_all(socket, &r, sizeof r) || !send_all(socket, list, (size_t)q.count * sizeof *list)) break;
        free(list);
        if (r.leaving) break;
    }
    _exit(0);
}

static bool worker_start(struct worker *w, struct error *err) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return error_set(err, "no worker process: %s", strerror(errno));
    w->pid = child_fork();
    if (w->pid == 0) {
        close(pair[0]);
        servant_run(&w->o, pair[1]);
    }
    close(pair[1]);
    if (w->pid > 0) {
        w->socket = pair[0];
        return true;
    }
    close(pair[0]);
    w->pid = 0;
    return error_set(err, "no worker process: %s", strerror(errno));
}

struct worker *worker_open(const struct worker_options *o, struct error *err) {
    struct worker *const w = calloc(1, sizeof *w);
    if (!w) {
        error_set(err, "out of memory");
        return NULL;
    }
    w->o = *o;
    if (!w->o.memory) w->o.memory = (size_t)sysconf(_SC_PHYS_PAGES) / 5 * 4 * (size_t)sysconf(_SC_PAGESIZE);
    if (worker_start(w, err)) return w;
    free(w);
    return NULL;
}

/* Ends it, if it has not ended, and says how it did. Returns the signal it ended by of its own, or 0. */
static int worker_reap(struct worker *w, bool kill_it, struct error *err) {
    int status = 0;
    if (kill_it) kill(w->pid, SIGKILL);
    close(w->socket);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) continue;
    w->pid = 0;
    if (kill_it) return 0;
    if (WIFSIGNALED(status)) {
        error_set(err, "crashed: %s", strsignal(WTERMSIG(status)));
        return WTERMSIG(status);
    }
    error_set(err, "the worker ended with status %d", WEXITSTATUS(status));
    return 0;
}

void worker_close(struct worker *w) {
    if (!w) return;
    struct error ignored;
    if (w->pid) worker_reap(w, true, &ignored);
    free(w);
}

/* Bytes that the worker has in memory; 0 if that cannot be told. */
static size_t worker_resident(const struct worker *w) {
    char path[48];
    unsigned long whole, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)w->pid);
    FILE *const f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%lu %lu", &whole, &resident) != 2) resident = 0;
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Until there is something to read, or the worker is gone, or the time is, or its memory. */
static enum worker_outcome worker_wait(const struct worker *w, double limit) {
    for (const double end = clock_seconds() + limit; clock_seconds() < end;) {
        struct pollfd p = {.fd = w->socket, .events = POLLIN};
        if (w->o.stop && *w->o.stop) return WORKER_STOPPED;
        if (poll(&p, 1, 50) > 0) return WORKER_OK;
        if (worker_resident(w) > w->o.memory) return WORKER_MEMORY;
    }
    return WORKER_HUNG;
}

/* One that died while nothing was asked of it is nobody's crash. */
static void worker_bury(struct worker *w) {
    siginfo_t ended = {.si_pid = 0};
    struct error ignored;
    if (w->pid && waitid(P_PID, (id_t)w->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid)
        worker_reap(w, false, &ignored);
}

struct worker_times worker_times(const struct worker *w) {
    return w->times;
}

/* Of a candidate that took the worker with it nothing else is known than that it ran. */
static void times_add(struct worker_times *t, enum kind kind, enum worker_outcome outcome,
                      const struct reply *r, double waited) {
    const bool known = outcome == WORKER_OK;
    t->waited += waited;
    t->running += known ? r->running : waited;
    if (known && kind == CHECK) t->checking += r->worked - r->running;
    if (known && kind != CHECK) t->preparing += r->worked - r->running;
}

static enum worker_outcome worker_try(struct worker *w, const struct request *q, struct contender *list,
                                      double limit, struct reply *r, int *signal_number, struct error *err) {
    const size_t bytes = (size_t)q->count * sizeof *list;
    worker_bury(w);
    if (!w->pid && !worker_start(w, err)) return WORKER_REFUSED;
    const double begin = clock_seconds();
    enum worker_outcome outcome = WORKER_CRASHED;
    if (send_all(w->socket, q, sizeof *q) && send_all(w->socket, list, bytes)) {
        outcome = worker_wait(w, limit);
        if (outcome == WORKER_OK &&
            !(receive_all(w->socket, r, sizeof *r) && receive_all(w->socket, list, bytes)))
            outcome = WORKER_CRASHED;
    }
    times_add(&w->times, q->kind, outcome, r, clock_seconds() - begin);
    if (outcome != WORKER_OK) *signal_number = worker_reap(w, outcome != WORKER_CRASHED, err);
    if (outcome == WORKER_HUNG) error_set(err, "no answer within %.0f s: killed", limit);
    if (outcome == WORKER_MEMORY) error_set(err, "more than %zu MB of memory: killed", w->o.memory >> 20);
    if (outcome == WORKER_STOPPED) error_set(err, "interrupted");
    if (outcome == WORKER_OK && r->leaving) {
        struct error ignored;
        worker_reap(w, false, &ignored); /* the next request starts another */
    }
    if (outcome != WORKER_OK || r->ok) return outcome;
    *err = r->err;
    return WORKER_REFUSED;
}

/* Kernels do not end in SIGKILL: it came from outside, and the request is tried once more. */
static enum worker_outcome worker_ask(struct worker *w, const struct request *q, struct contender *list,
                                      double limit, struct reply *r, struct error *err) {
    int number = 0;
    const enum worker_outcome outcome = worker_try(w, q, list, limit, r, &number, err);
    if (outcome != WORKER_CRASHED || number != SIGKILL) return outcome;
    return worker_try(w, q, list, limit, r, &number, err);
}

enum worker_outcome worker_describe(struct worker *w, struct device_info *info, struct error *err) {
    struct reply r;
    const double limit = 60; /* a driver may have to wake the GPU */
    const enum worker_outcome outcome =
        worker_ask(w, &(struct request){.kind = DESCRIBE}, NULL, limit, &r, err);
    if (outcome == WORKER_OK) *info = r.info;
    return outcome;
}

enum worker_outcome worker_check_as(struct worker *w, struct contender *c, struct distribution distribution,
                                    enum check_depth depth, double limit, struct error *err) {
    struct reply r;
    const struct request q = {.kind = CHECK, .count = 1, .distribution = distribution, .depth = depth};
    return worker_ask(w, &q, c, limit, &r, err);
}

enum worker_outcome worker_check(struct worker *w, struct contender *c, double limit, struct error *err) {
    struct reply r;
    const struct request q = {.kind = CHECK,
                              .count = 1,
                              .distribution = w->o.measure.distribution,
                              .depth = CHECK_QUICK,
                              .first_rows = true};
    return worker_ask(w, &q, c, limit, &r, err);
}

enum worker_outcome worker_measure(struct worker *w, struct contender *list, int count, double budget,
                                   bool race, double limit, struct error *err) {
    struct reply r;
    const struct request q = {.kind = MEASURE, .count = count, .budget = budget, .race = race};
    const enum worker_outcome outcome = worker_ask(w, &q, list, limit, &r, err);
    if (outcome == WORKER_OK) w->counters_absent = r.counters_absent;
    return outcome;
}

void worker_measure_each(struct worker *w, struct contender *list, int count, double budget, bool race,
                         double limit, struct worker_result *results) {
    struct worker_result all = {.err = {""}};
    all.outcome = worker_measure(w, list, count, budget, race, limit, &all.err);
    for (int i = 0; i < count; i++) results[i] = all;
    if (all.outcome == WORKER_OK || count == 1) return;
    for (int i = 0; i < count && all.outcome != WORKER_STOPPED; i++)
        all.outcome = results[i].outcome =
            worker_measure(w, &list[i], 1, budget / count, false, limit, &results[i].err);
}

const char *worker_counters_absent(const struct worker *w) {
    return w->counters_absent.text;
}

enum worker_outcome worker_count(struct worker *w, struct contender *c, double limit, struct error *err) {
    struct reply r;
    const enum worker_outcome outcome =
        worker_ask(w, &(struct request){.kind = COUNT, .count = 1, .problem = c->problem}, c, limit, &r, err);
    if (outcome == WORKER_OK) w->counters_absent = r.counters_absent;
    if (outcome == WORKER_OK && *r.cupti) memcpy(w->cupti, r.cupti, sizeof w->cupti);
    return outcome;
}

const char *worker_cupti(const struct worker *w) {
    return w->cupti;
}

enum worker_outcome worker_gradients(struct worker *w, const struct problem *p, struct contender *list,
                                     int count, struct gradient_error *errors, double limit,
                                     struct error *err) {
    struct reply r;
    const struct request q = {.kind = GRADIENTS, .count = count, .problem = *p};
    assert(count <= WORKER_GRADIENTS_MAX);
    const enum worker_outcome outcome = worker_ask(w, &q, list, limit, &r, err);
    if (outcome == WORKER_OK) memcpy(errors, r.gradients, (size_t)count * sizeof *errors);
    return outcome;
}

enum worker_outcome worker_ceilings(struct worker *w, const struct problem *p, int threads, double budget,
                                    struct ceilings *ceilings, double limit, struct error *err) {
    struct reply r;
    const struct request q = {.kind = CEILINGS, .budget = budget, .threads = threads, .problem = *p};
    const enum worker_outcome outcome = worker_ask(w, &q, NULL, limit, &r, err);
    if (outcome == WORKER_OK) *ceilings = r.ceilings;
    return outcome;
}
