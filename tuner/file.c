#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LENGTH_MAX = 4096 };

char *file_read(const char *path, size_t *size, struct error *err) {
    FILE *const file = fopen(path, "rb");
    if (!file) {
        error_set(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *data = NULL;
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(err, "%s: not a regular file", path);
    } else if (!(data = malloc((size_t)status.st_size + 1))) {
        error_set(err, "%s: out of memory for %lld bytes", path, (long long)status.st_size);
    } else {
        *size = fread(data, 1, (size_t)status.st_size, file);
        data[*size] = 0;
        if (ferror(file)) {
            error_set(err, "%s: %s", path, strerror(errno));
            free(data);
            data = NULL;
        }
    }
    fclose(file);
    return data;
}

static bool write_all(int descriptor, const char *data, size_t size) {
    while (size) {
        const ssize_t written = write(descriptor, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static void pending_free(struct file_pending *pending) {
    free(pending->temporary);
    free(pending->path);
    *pending = (struct file_pending){0};
}

bool file_stage(const char *path, const struct file_part *parts, int count, struct file_pending *pending,
                struct error *err) {
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        *pending = (struct file_pending){0};
        return error_set(err, "%s: is there, but is no regular file", path);
    }
    *pending = (struct file_pending){malloc(strlen(path) + 8), strdup(path)};
    if (!pending->temporary || !pending->path) {
        pending_free(pending);
        return error_set(err, "%s: out of memory", path);
    }
    sprintf(pending->temporary, "%s.XXXXXX", path);
    const int descriptor = mkstemp(pending->temporary);
    if (descriptor < 0) {
        pending_free(pending);
        return error_set(err, "%s: cannot write in its folder: %s", path, strerror(errno));
    }
    const mode_t mask = umask(0);
    umask(mask);
    bool ok = fchmod(descriptor, 0666 & ~mask) == 0;
    for (int i = 0; ok && i < count; i++) ok = write_all(descriptor, parts[i].data, parts[i].size);
    ok = ok && fsync(descriptor) == 0;
    int why = errno;
    if (close(descriptor) != 0 && ok) {
        why = errno;
        ok = false;
    }
    if (ok) return true;
    file_discard(pending);
    return error_set(err, "%s: cannot be written: %s; what it held before is intact", path, strerror(why));
}

bool file_commit(struct file_pending *pending, struct error *err) {
    const bool ok = rename(pending->temporary, pending->path) == 0;
    if (!ok) {
        error_set(err, "%s: cannot be replaced: %s", pending->path, strerror(errno));
        unlink(pending->temporary);
    }
    pending_free(pending);
    return ok;
}

void file_discard(struct file_pending *pending) {
    if (pending->temporary) unlink(pending->temporary);
    pending_free(pending);
}

bool file_writable(const char *path, struct error *err) {
    struct file_pending pending;
    if (!file_stage(path, NULL, 0, &pending, err)) return false;
    file_discard(&pending);
    return true;
}

bool file_write(const char *path, const void *data, size_t size, struct error *err) {
    struct file_pending pending;
    return file_stage(path, &(struct file_part){data, size}, 1, &pending, err) && file_commit(&pending, err);
}

void file_sweep(const char *path) {
    char pattern[PATH_LENGTH_MAX];
    glob_t found;
    if (snprintf(pattern, sizeof pattern, "%s.??????", path) >= (int)sizeof pattern) return;
    if (glob(pattern, 0, NULL, &found)) return;
    for (size_t i = 0; i < found.gl_pathc; i++) unlink(found.gl_pathv[i]);
    globfree(&found);
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
