#include "topology.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct topology {
    hwloc_topology_t hwloc;
    hwloc_bitmap_t allowed; /* the processing units this process was given */
};

struct topology *topology_load(struct error *err) {
    struct topology *const t = calloc(1, sizeof *t);
    if (!t || hwloc_topology_init(&t->hwloc)) {
        free(t);
        error_set(err, "hwloc cannot be initialised: out of memory");
        return NULL;
    }
    t->allowed = hwloc_bitmap_alloc();
    if (hwloc_topology_load(t->hwloc) || !t->allowed) {
        error_set(err, "hwloc cannot read this machine's topology");
        topology_free(t);
        return NULL;
    }
    if (hwloc_get_cpubind(t->hwloc, t->allowed, HWLOC_CPUBIND_THREAD) || hwloc_bitmap_iszero(t->allowed))
        hwloc_bitmap_copy(t->allowed, hwloc_topology_get_allowed_cpuset(t->hwloc));
    return t;
}

void topology_free(struct topology *t) {
    if (!t) return;
    hwloc_bitmap_free(t->allowed);
    hwloc_topology_destroy(t->hwloc);
    free(t);
}

/* The index-th core that holds at least one allowed processing unit. */
static hwloc_obj_t core_at(const struct topology *t, int index) {
    const int cores = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_CORE);
    for (int i = 0; i < cores; i++) {
        const hwloc_obj_t core = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_CORE, (unsigned)i);
        if (hwloc_bitmap_intersects(core->cpuset, t->allowed) && index-- == 0) return core;
    }
    return NULL;
}

static int topology_cores(const struct topology *t) {
    int count = 0;
    while (core_at(t, count)) count++;
    return count ? count : hwloc_bitmap_weight(t->allowed);
}

bool topology_bind(const struct topology *t, int index) {
    const hwloc_obj_t core = core_at(t, index);
    if (!core) return false;
    const hwloc_bitmap_t set = hwloc_bitmap_dup(core->cpuset);
    if (!set) return false;
    hwloc_bitmap_and(set, set, t->allowed);
    hwloc_bitmap_singlify(set);
    const bool bound = !hwloc_set_cpubind(t->hwloc, set, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(set);
    return bound;
}

void topology_unbind(const struct topology *t) {
    hwloc_set_cpubind(t->hwloc, t->allowed, HWLOC_CPUBIND_THREAD);
}

static const char *cpu_model(const struct topology *t) {
    const hwloc_obj_t package = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_PACKAGE, 0);
    const char *const model = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    return model && *model ? model : "unknown CPU";
}

static void describe_caches(const struct topology *t, struct device_info *info) {
    static const hwloc_obj_type_t types[CACHE_LEVELS_MAX] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                                             HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE};
    for (int level = 0; level < CACHE_LEVELS_MAX; level++) {
        const int count = hwloc_get_nbobjs_by_type(t->hwloc, types[level]);
        if (count <= 0) continue;
        const hwloc_obj_t cache = hwloc_get_obj_by_type(t->hwloc, types[level], 0);
        info->caches[info->cache_count++] = (struct cache_info){.level = level + 1,
                                                                .bytes = cache->attr->cache.size,
                                                                .instances = count,
                                                                .line = (int)cache->attr->cache.linesize};
    }
}

void topology_describe(const struct topology *t, struct device_info *info) {
    const int cores = topology_cores(t);
    const char *const model = cpu_model(t);
    snprintf(info->name, sizeof info->name, "%.70s (%d cores)", model, cores);
    info->units = cores;
    describe_caches(t, info);
    const hwloc_obj_t machine = hwloc_get_root_obj(t->hwloc);
    info->memory = machine->total_memory;
    info->numa_nodes = hwloc_get_nbobjs_by_type(t->hwloc, HWLOC_OBJ_NUMANODE);
    int used = snprintf(info->fingerprint, sizeof info->fingerprint, "%.48s/%d", model, cores);
    for (int i = 0; i < info->cache_count && used < (int)sizeof info->fingerprint; i++)
        used += snprintf(info->fingerprint + used, sizeof info->fingerprint - (size_t)used, "/%zuK",
                         info->caches[i].bytes >> 10);
}
