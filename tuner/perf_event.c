#include "perf_event.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Which event is which metric. Those of the kernel's own count everywhere, those of the hardware where the
   machine lets them through. */
static const struct {
    const char *metric;
    uint32_t type;
    uint64_t config;
} events[] = {
    {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {"branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
    {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
    {"cache_references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
    {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    {"stall_frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND},
    {"stall_backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"cpu_seconds", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
    {"migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
    {"context_switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
};
enum { EVENT_COUNT = sizeof events / sizeof *events };

struct perf_event {
    int threads;
    int *fd; /* [event][thread]; -1: not open */
    bool open[EVENT_COUNT];
};

static int thread_list(pid_t *list, int max) {
    DIR *const folder = opendir("/proc/self/task");
    if (!folder) return 0;
    int count = 0;
    for (const struct dirent *e; (e = readdir(folder));) {
        const long id = strtol(e->d_name, NULL, 10);
        if (id <= 0) continue;
        if (count < max) list[count] = (pid_t)id;
        count++;
    }
    closedir(folder);
    return count < max ? count : max;
}

static int event_open(int event, pid_t thread) {
    struct perf_event_attr a = {.type = events[event].type,
                                .size = sizeof a,
                                .config = events[event].config,
                                .disabled = 1,
                                .exclude_hv = 1,
                                .exclude_kernel = events[event].type == PERF_TYPE_HARDWARE,
                                .read_format =
                                    PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING};
    return (int)syscall(SYS_perf_event_open, &a, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void event_close(struct perf_event *p, int event) {
    for (int t = 0; t < p->threads; t++) {
        int *const fd = &p->fd[event * p->threads + t];
        if (*fd >= 0) close(*fd);
        *fd = -1;
    }
    p->open[event] = false;
}

/* On all threads, or not at all. */
static bool event_open_all(struct perf_event *p, int event, const pid_t *threads) {
    p->open[event] = true;
    for (int t = 0; t < p->threads; t++) {
        p->fd[event * p->threads + t] = event_open(event, threads[t]);
        if (p->fd[event * p->threads + t] < 0) {
            const int code = errno;
            event_close(p, event);
            errno = code;
            return false;
        }
    }
    return true;
}

static const char *why_absent(int code) {
    if (code == EACCES || code == EPERM)
        return "no permission: set /proc/sys/kernel/perf_event_paranoid to 1 or run with CAP_PERFMON";
    if (code == ENOSYS) return "this kernel has no perf_event";
    return "this machine does not give them (virtual machines often do not)";
}

static void absent_add(struct error *absent, const char *name, int code) {
    if (!absent) return;
    const size_t used = strlen(absent->text);
    if (used)
        snprintf(absent->text + used, sizeof absent->text - used, ", %s", name);
    else
        snprintf(absent->text, sizeof absent->text, "counters: %s: %s", why_absent(code), name);
}

struct perf_event *perf_event_open(unsigned sets, struct error *err, struct error *absent) {
    enum { THREADS_MAX = 1024 };
    pid_t threads[THREADS_MAX];
    struct perf_event *const p = calloc(1, sizeof *p);
    if (p) p->threads = thread_list(threads, THREADS_MAX);
    if (p) p->fd = malloc(sizeof *p->fd * EVENT_COUNT * (size_t)(p->threads ? p->threads : 1));
    if (!p || !p->fd) {
        free(p);
        return error_set(err, "counters: no memory"), NULL;
    }
    for (int i = 0; i < EVENT_COUNT * p->threads; i++) p->fd[i] = -1;
    struct error missing = {""};
    int open = 0;
    for (int e = 0; e < EVENT_COUNT; e++) {
        const struct metric *const m = metric_find(events[e].metric);
        if (!m || !(m->sets & sets)) continue;
        if (p->threads > 0 && event_open_all(p, e, threads))
            open++;
        else
            absent_add(&missing, events[e].metric, errno);
    }
    if (absent) *absent = missing;
    if (open) return p;
    if (err) *err = missing;
    perf_event_close(p);
    return NULL;
}

void perf_event_close(struct perf_event *p) {
    if (!p) return;
    for (int e = 0; e < EVENT_COUNT; e++)
        if (p->open[e]) event_close(p, e);
    free(p->fd);
    free(p);
}

static void command_all(const struct perf_event *p, unsigned long command) {
    for (int i = 0; i < EVENT_COUNT * p->threads; i++)
        if (p->fd[i] >= 0) ioctl(p->fd[i], command, 0);
}

/* A counter's sum over the threads. False if the hardware never had it, for others needing the same register.
 */
static bool event_read(const struct perf_event *p, int event, double *value) {
    *value = 0;
    bool ran = false;
    for (int t = 0; t < p->threads; t++) {
        uint64_t v[3]; /* value, time enabled, time running */
        if (read(p->fd[event * p->threads + t], v, sizeof v) != (ssize_t)sizeof v) continue;
        if (v[2] == 0) continue; /* a thread that slept all the while, or a counter that never got its turn */
        *value += (double)v[0] * ((double)v[1] / (double)v[2]);
        ran = true;
    }
    return ran;
}

bool perf_event_count(struct perf_event *p, bool (*run)(void *user), void *user, struct counter *list,
                      int max, int *count, struct error *err) {
    *count = 0;
    command_all(p, PERF_EVENT_IOC_RESET);
    command_all(p, PERF_EVENT_IOC_ENABLE);
    const bool ran = run(user);
    command_all(p, PERF_EVENT_IOC_DISABLE);
    if (!ran) return error_set(err, "counters: the kernel failed while it was counted");
    for (int e = 0; e < EVENT_COUNT; e++) {
        double value;
        if (!p->open[e] || !event_read(p, e, &value)) continue;
        if (events[e].config == PERF_COUNT_SW_TASK_CLOCK && events[e].type == PERF_TYPE_SOFTWARE)
            value *= 1e-9;
        counter_add(list, max, count, events[e].metric, value);
    }
    return true;
}
