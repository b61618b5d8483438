#include "device.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cpu.h"
#include "cuda.h"

static struct device *open_cpu(const char *rest, bool bind, struct error *err) {
    if (*rest) {
        error_set(err, "unknown device \"cpu:%s\": there is one, cpu", rest);
        return NULL;
    }
    return cpu_open(bind, err);
}

/* One that no kernel can be compiled for is of no use: it is refused here, once, and not with every kernel.
 */
static struct device *gpu_take(struct device *d, struct error *err) {
    if (!d || cuda_can_compile(d, err)) return d;
    error_prefix(err, "no kernel can be compiled for %s", d->info(d)->name);
    d->close(d);
    return NULL;
}

static struct device *open_cuda(const char *rest, bool bind, struct error *err) {
    (void)bind;
    return gpu_take(cuda_open(rest, err), err);
}

static struct device *open_vgpu(const char *rest, bool bind, struct error *err) {
    (void)bind;
    return gpu_take(vgpu_open(rest, err), err);
}

struct device_kind {
    const char *name; /* what comes before the colon of a device's name */
    struct device *(*open)(const char *rest, bool bind, struct error *err);
    bool is_gpu;
};

/* NULL if there is none of this name. */
static const struct device_kind *kind_of(const char *name) {
    static const struct device_kind kinds[] = {
        {"cpu", open_cpu, false}, {"cuda", open_cuda, true}, {"vgpu", open_vgpu, true}};
    const size_t length = strcspn(name, ":");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0) return &kinds[i];
    return NULL;
}

bool device_names_gpu(const char *name) {
    const struct device_kind *const kind = kind_of(name);
    return kind && kind->is_gpu;
}

struct device *device_open(const char *name, bool bind, struct error *err) {
    const struct device_kind *const kind = kind_of(name);
    const char *const rest = strchr(name, ':');
    if (kind) return kind->open(rest ? rest + 1 : "", bind, err);
    error_set(err,
              "unknown device \"%s\": there are cpu, cuda:N and vgpu:PROFILE (\"katune devices\" lists them)",
              name);
    return NULL;
}

void device_slug(const char *text, char *slug, size_t size) {
    size_t used = 0;
    for (const char *c = text; *c && used + 1 < size; c++) {
        if (strncmp(c, "(R)", 3) == 0 || strncmp(c, "(TM)", 4) == 0) {
            c = strchr(c, ')');
        } else if (isalnum((unsigned char)*c)) {
            slug[used++] = (char)tolower((unsigned char)*c);
        } else if (used && slug[used - 1] != '-') {
            slug[used++] = '-';
        }
    }
    if (used && slug[used - 1] == '-') used--;
    slug[used] = 0;
}

bool device_failure(struct device *d, struct error *err) {
    return d->failure && d->failure(d, err);
}

bool device_usable(struct device *d) {
    return !d->usable || d->usable(d);
}

bool device_recover(struct device *d, struct error *err) {
    return !d->recover || d->recover(d, err);
}

struct device_clock device_clock(struct device *d) {
    return d->clock ? d->clock(d) : (struct device_clock){.ghz = 0};
}

const char *throttle_name(int i) {
    static const char *const names[] = {"power", "thermal", "hardware"};
    return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : NULL;
}

void throttle_print(unsigned set, char *text, size_t size) {
    size_t used = 0;
    *text = 0;
    for (int i = 0; throttle_name(i); i++)
        if (set >> i & 1 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", throttle_name(i));
}

int device_counters(struct device *d, const struct kernel *k, struct counter *list, int max) {
    return d->counters ? d->counters(d, k, list, max) : 0;
}

const struct counter *counter_find(const struct counter *list, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}

void counter_add(struct counter *list, int max, int *count, const char *name, double value) {
    if (*count >= max) return;
    struct counter *const one = &list[(*count)++];
    snprintf(one->name, sizeof one->name, "%s", name);
    one->value = value;
}

double counter_value(const struct counter *list, int count, const char *name) {
    const struct counter *const found = counter_find(list, count, name);
    return found ? found->value : 0;
}

size_t device_last_level_bytes(const struct device_info *info) {
    return info->cache_count ? info->caches[info->cache_count - 1].bytes : (size_t)32 << 20;
}
