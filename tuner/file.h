/* Files written whole: to a temporary name in the same folder, flushed to disk, then renamed. Whatever fails,
   the previous file stays as it was. */
#ifndef KATUNE_FILE_H
#define KATUNE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* False, and one line that names the file, if it cannot be written. */
bool file_write(const char *path, const void *data, size_t bytes, struct error *err);

/* The file's bytes, followed by a 0 that *bytes does not count; free() them. NULL, and one line that names
   the file, if it cannot be read. */
char *file_read(const char *path, size_t *bytes, struct error *err);

/* Makes a folder and those above it. */
bool folder_make(const char *path, struct error *err);

#endif
