#include "progress.h"

#include "device/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WIDTH = 30 };

struct progress {
    const char *title;
    bool terminal, shown;
    double begin, last; /* seconds */
};

struct progress *progress_new(const char *title, bool quiet) {
    struct progress *const p = quiet ? NULL : malloc(sizeof *p);
    if (p) *p = (struct progress){title, isatty(STDERR_FILENO), false, clock_seconds(), clock_seconds()};
    return p;
}

static void left_print(double seconds) {
    if (seconds >= 90)
        fprintf(stderr, "%.0f min left", seconds / 60);
    else
        fprintf(stderr, "%.0f s left", seconds);
}

void progress_set(struct progress *p, double done, const char *what) {
    if (!p) return;
    const double time = clock_seconds(), spent = time - p->begin;
    if (time - p->last < (p->terminal ? 0.1 : 15)) return;
    p->last = time;
    if (p->terminal) {
        const int filled = (int)(done * WIDTH);
        fprintf(stderr, "\r%s [", p->title);
        for (int i = 0; i < WIDTH; i++) fputc(i < filled ? '#' : '.', stderr);
        fprintf(stderr, "] %3.0f%% ", 100 * done);
    } else {
        fprintf(stderr, "%s: %.0f%%, ", p->title, 100 * done);
    }
    if (done > 0.02) left_print(spent / done * (1 - done));
    fprintf(stderr, " %s%s", what, p->terminal ? "\x1b[K" : "\n");
    p->shown = p->terminal;
}

void progress_clear(struct progress *p) {
    if (!p || !p->shown) return;
    fputs("\r\x1b[K", stderr);
    p->shown = false;
}

void progress_free(struct progress *p) {
    progress_clear(p);
    free(p);
}
