#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LENGTH_MAX = 4096 };

static bool write_all(int fd, const char *data, size_t bytes) {
    while (bytes) {
        const ssize_t written = write(fd, data, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        bytes -= (size_t)written;
    }
    return true;
}

/* A rename lasts once its folder is on disk. */
static void folder_sync(const char *path) {
    char folder[PATH_LENGTH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *const slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    const int fd = open(!slash ? "." : slash == folder ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

bool file_write(const char *path, const void *data, size_t bytes, struct error *err) {
    char temporary[PATH_LENGTH_MAX];
    const int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || length >= (int)sizeof temporary)
        return error_set(err, "%.100s...: the path is too long", path);
    struct stat at;
    if (!stat(path, &at) && S_ISDIR(at.st_mode))
        return error_set(err, "%s: is a folder: give a file's name", path);
    const int fd = mkstemp(temporary);
    if (fd < 0) return error_set(err, "%s: cannot write into its folder: %s", path, strerror(errno));
    const mode_t mask = umask(0);
    umask(mask);
    /* mkstemp makes files that only their owner may read; this one is to be as any other. */
    bool ok = write_all(fd, data, bytes) && !fchmod(fd, 0666 & ~mask) && !fsync(fd);
    int why = errno;
    if (close(fd) && ok) ok = false, why = errno;
    if (ok && rename(temporary, path)) ok = false, why = errno;
    if (!ok) {
        unlink(temporary);
        return error_set(err, "%s: cannot be written, and was left as it was: %s", path, strerror(why));
    }
    folder_sync(path);
    return true;
}

char *file_read(const char *path, size_t *bytes, struct error *err) {
    FILE *const f = fopen(path, "rb");
    if (!f) {
        error_set(err, "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    size_t used = 0, room = 1 << 16;
    char *data = malloc(room);
    while (data) {
        used += fread(data + used, 1, room - used - 1, f);
        if (used + 1 < room) break;
        char *const larger = realloc(data, room *= 2);
        if (!larger) free(data);
        data = larger;
    }
    if (!data) {
        error_set(err, "%s: out of memory", path);
    } else if (ferror(f)) {
        error_set(err, "%s: cannot be read: %s", path, strerror(errno));
        free(data);
        data = NULL;
    }
    fclose(f);
    if (!data) return NULL;
    data[used] = 0;
    *bytes = used;
    return data;
}

bool folder_make(const char *path, struct error *err) {
    char part[PATH_LENGTH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return error_set(err, "%.100s...: the path is too long", path);
    for (char *c = part + 1;; c++) {
        if (*c != '/' && *c) continue;
        const char was = *c;
        *c = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return error_set(err, "%s: the folder cannot be made: %s", part, strerror(errno));
        *c = was;
        if (!was) break;
    }
    struct stat at;
    if (stat(path, &at) || !S_ISDIR(at.st_mode))
        return error_set(err, "%s: is there, but is no folder", path);
    return true;
}
