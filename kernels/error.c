#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a file or a command line holds may be quoted: the text stays one line all the same. */
static void line_keep(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
}

bool error_set(struct error *err, const char *format, ...) {
    if (!err) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    line_keep(err->text);
    return false;
}

bool error_prefix(struct error *err, const char *format, ...) {
    if (!err) return false;
    char rest[sizeof err->text];
    memcpy(rest, err->text, sizeof rest);
    va_list args;
    va_start(args, format);
    const int used = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    line_keep(err->text);
    if (used < 0 || (size_t)used >= sizeof err->text) return false;
    const int room = (int)sizeof err->text - used - (int)sizeof ": ";
    if (room > 0) sprintf(err->text + used, ": %.*s", room, rest);
    return false;
}
