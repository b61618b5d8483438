#include "cuda_cache.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char header_format[] = "katune-cuda/1 %zu %zu %zu %.9e %s\n";
enum { HEADER_MAX = 160, PATH_LENGTH = 700, STALE_SECONDS = 3600 };

struct cuda_hash cuda_hash_new(void) {
    return (struct cuda_hash){(unsigned __int128)0x6c62272e07bb0142u << 64 | 0x62b821756295c58du};
}

void cuda_hash_add(struct cuda_hash *h, const void *data, size_t size) {
    const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;
    const unsigned char *const byte = data;
    for (size_t i = 0; i < size; i++) h->state = (h->state ^ byte[i]) * prime;
    h->state = (h->state ^ 0x1ff) * prime; /* the end of a text */
}

void cuda_hash_key(const struct cuda_hash *h, char key[CUDA_KEY_LENGTH]) {
    snprintf(key, CUDA_KEY_LENGTH, "%016llx%016llx", (unsigned long long)(h->state >> 64),
             (unsigned long long)h->state);
}

static bool folder_make(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    return !mkdir(path, 0777) || errno == EEXIST;
}

bool cuda_cache_folder(char *folder, size_t size) {
    const char *const own = getenv("KATUNE_CACHE"), *const xdg = getenv("XDG_CACHE_HOME"),
                      *const home = getenv("HOME");
    int used;
    if (own && *own)
        used = snprintf(folder, size, "%s", own);
    else if (xdg && *xdg)
        used = snprintf(folder, size, "%s/katune/cuda", xdg);
    else if (home && *home)
        used = snprintf(folder, size, "%s/.cache/katune/cuda", home);
    else
        return false;
    return used > 0 && (size_t)used < size && folder_make(folder);
}

static void checksum_make(const struct cuda_binary *b, char key[CUDA_KEY_LENGTH]) {
    struct cuda_hash h = cuda_hash_new();
    cuda_hash_add(&h, b->ptx, b->ptx_size);
    cuda_hash_add(&h, b->cubin, b->cubin_size);
    cuda_hash_add(&h, b->log, b->log_size);
    cuda_hash_key(&h, key);
}

static void *part_read(FILE *f, size_t size) {
    char *const data = calloc(size + 1, 1);
    if (data && fread(data, 1, size, f) == size) return data;
    free(data);
    return NULL;
}

static bool entry_read(FILE *f, size_t file_size, struct cuda_binary *b) {
    char line[HEADER_MAX], wanted[CUDA_KEY_LENGTH], found[CUDA_KEY_LENGTH];
    if (!fgets(line, sizeof line, f) ||
        sscanf(line, "katune-cuda/1 %zu %zu %zu %le %32s", &b->ptx_size, &b->cubin_size, &b->log_size,
               &b->seconds, wanted) != 5 ||
        b->ptx_size > file_size || b->cubin_size > file_size || b->log_size > file_size ||
        strlen(line) + b->ptx_size + b->cubin_size + b->log_size != file_size)
        return false;
    b->ptx = part_read(f, b->ptx_size);
    b->cubin = part_read(f, b->cubin_size);
    b->log = part_read(f, b->log_size);
    if (!b->ptx || !b->cubin || !b->log) return false;
    checksum_make(b, found);
    return strcmp(wanted, found) == 0;
}

bool cuda_cache_load(const char *folder, const char *key, struct cuda_binary *b) {
    char path[PATH_LENGTH];
    struct stat status;
    *b = (struct cuda_binary){.cached = true};
    snprintf(path, sizeof path, "%s/%s.bin", folder, key);
    FILE *const f = fopen(path, "rb");
    if (!f) return false;
    const bool ok = !fstat(fileno(f), &status) && entry_read(f, (size_t)status.st_size, b);
    if (ok) futimens(fileno(f), NULL); /* used now */
    fclose(f);
    if (ok) return true;
    cuda_binary_free(b);
    unlink(path);
    b->spoilt = true;
    return false;
}

static bool entry_write(FILE *f, const struct cuda_binary *b) {
    char checksum[CUDA_KEY_LENGTH];
    checksum_make(b, checksum);
    return fprintf(f, header_format, b->ptx_size, b->cubin_size, b->log_size, b->seconds, checksum) > 0 &&
           fwrite(b->ptx, 1, b->ptx_size, f) == b->ptx_size &&
           fwrite(b->cubin, 1, b->cubin_size, f) == b->cubin_size &&
           fwrite(b->log, 1, b->log_size, f) == b->log_size;
}

bool cuda_cache_limit(uint64_t *bytes, struct error *err) {
    const char *const text = getenv("KATUNE_CACHE_MIB");
    char *end;
    *bytes = (uint64_t)CUDA_CACHE_MIB << 20;
    if (!text || !*text) return true;
    errno = 0;
    const unsigned long long mib = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || mib > 1ull << 40)
        return error_set(err, "KATUNE_CACHE_MIB=%s: give a whole number of MiB", text);
    *bytes = (uint64_t)mib << 20;
    return true;
}

void cuda_cache_store(const char *folder, const char *key, const struct cuda_binary *b) {
    char path[PATH_LENGTH], temporary[PATH_LENGTH];
    snprintf(path, sizeof path, "%s/%s.bin", folder, key);
    snprintf(temporary, sizeof temporary, "%s/new-XXXXXX", folder);
    const int fd = mkstemp(temporary);
    FILE *const f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!f) {
        if (fd >= 0) close(fd), unlink(temporary);
        return;
    }
    bool ok = entry_write(f, b);
    ok = !fclose(f) && ok;
    if (!ok || rename(temporary, path)) unlink(temporary);
    uint64_t limit;
    if (key[CUDA_KEY_LENGTH - 2] == '0' && cuda_cache_limit(&limit, NULL)) /* one store in 16 */
        cuda_cache_trim(folder, limit);
}

struct entry {
    char name[64];
    struct timespec used;
    uint64_t bytes;
};

static int entry_older(const void *a, const void *b) {
    const struct timespec x = ((const struct entry *)a)->used, y = ((const struct entry *)b)->used;
    if (x.tv_sec != y.tv_sec) return x.tv_sec < y.tv_sec ? -1 : 1;
    return (x.tv_nsec > y.tv_nsec) - (x.tv_nsec < y.tv_nsec);
}

/* The cache's files; those that a writer left behind are removed. */
static struct entry *entries_list(DIR *dir, size_t *count) {
    struct entry *list = NULL;
    size_t room = 0;
    const time_t now = time(NULL);
    *count = 0;
    for (const struct dirent *d; (d = readdir(dir));) {
        struct stat status;
        const size_t length = strlen(d->d_name);
        if (length >= sizeof list->name || fstatat(dirfd(dir), d->d_name, &status, 0)) continue;
        if (strncmp(d->d_name, "new-", 4) == 0 && now - status.st_mtime > STALE_SECONDS)
            unlinkat(dirfd(dir), d->d_name, 0);
        if (length < 4 || strcmp(d->d_name + length - 4, ".bin") != 0) continue;
        if (*count == room) {
            room = room ? 2 * room : 256;
            struct entry *const grown = realloc(list, room * sizeof *list);
            if (!grown) break;
            list = grown;
        }
        struct entry *const e = &list[(*count)++];
        *e = (struct entry){.used = status.st_mtim, .bytes = (uint64_t)status.st_size};
        memcpy(e->name, d->d_name, length + 1);
    }
    return list;
}

void cuda_cache_trim(const char *folder, uint64_t limit) {
    DIR *const dir = opendir(folder);
    size_t count = 0;
    uint64_t bytes = 0;
    if (!dir) return;
    struct entry *const list = entries_list(dir, &count);
    for (size_t i = 0; i < count; i++) bytes += list[i].bytes;
    if (bytes > limit) qsort(list, count, sizeof *list, entry_older);
    for (size_t i = 0; i < count && bytes > limit; i++) {
        bytes -= list[i].bytes;
        unlinkat(dirfd(dir), list[i].name, 0);
    }
    free(list);
    closedir(dir);
}
