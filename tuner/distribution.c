#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs.h"

static const char *const names[] = {"normal", "uniform", "onebin", "oob", "special"};
enum { NAME_COUNT = sizeof names / sizeof *names };

bool distribution_parse(const char *text, struct distribution *d, struct error *err) {
    const size_t length = strcspn(text, ":");
    for (int i = 0; i < NAME_COUNT; i++) {
        if (strlen(names[i]) != length || strncmp(names[i], text, length) != 0) continue;
        *d = (struct distribution){(enum distribution_kind)i, i == DIST_OOB ? 25 : 0};
        if (!text[length]) return true;
        char *end;
        const long percent = strtol(text + length + 1, &end, 10);
        if (i != DIST_OOB || end == text + length + 1 || *end || percent < 0 || percent > 100) break;
        d->percent = (int)percent;
        return true;
    }
    return error_set(
        err, "\"%s\" is no distribution: use normal, uniform, onebin, oob:PERCENT (0 to 100) or special",
        text);
}

void distribution_print(struct distribution d, char text[16]) {
    if (d.kind == DIST_OOB)
        snprintf(text, 16, "oob:%d", d.percent);
    else
        snprintf(text, 16, "%s", names[d.kind]);
}
