/* Whole files: read at once, and replaced at once or not at all. */
#ifndef KATUNE_FILE_H
#define KATUNE_FILE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

/* The contents with a 0 byte after them, owned by the caller; NULL and "file: reason" if it cannot be read.
 */
char *file_read(const char *path, size_t *size, struct error *err);

/* A file being written under a temporary name in the folder of `path`. */
struct file_pending {
    char *temporary, *path;
};

/* Writes the parts one after the other and syncs. On failure nothing is left behind: false, and one line. */
struct file_part {
    const void *data;
    size_t size;
};
bool file_stage(const char *path, const struct file_part *parts, int count, struct file_pending *pending,
                struct error *err);
/* Renames it into place. Frees `pending` either way. */
bool file_commit(struct file_pending *pending, struct error *err);
/* Removes it. */
void file_discard(struct file_pending *pending);

/* Stage and commit in one: the file holds `size` bytes of `data` afterwards, or what it held before. */
bool file_write(const char *path, const void *data, size_t size, struct error *err);

/* Whether a file can be made or replaced there, as far as that can be told before: false and "file: reason".
 */
bool file_writable(const char *path, struct error *err);

/* Removes what writers of `path` that were killed left beside it. Only for who knows that nobody writes
 * there. */
void file_sweep(const char *path);

/* Makes a folder and those above it. */
bool folder_make(const char *path, struct error *err);

#endif
