/* One line of text that says what went wrong, where, and what to do about it.
   Functions that can fail return false (or NULL) and fill the error their caller gave them. */
#ifndef KATUNE_ERROR_H
#define KATUNE_ERROR_H

#include <stdbool.h>

struct error {
    char text[512];
};

/* Formats into err (which may be NULL) and returns false, so that a caller can write `return error_set(...)`.
 */
bool error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the text that is there: a file's name before a parser's complaint. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
