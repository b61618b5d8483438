#define _GNU_SOURCE /* dlinfo() */
#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

const char *library_bind(void *library, void *structure, const struct library_function *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void *const found = dlsym(library, list[i].name);
        if (!found) return list[i].name;
        memcpy((char *)structure + list[i].offset, &found, sizeof found);
    }
    return NULL;
}

void library_path(void *library, char *path, size_t size) {
    const struct link_map *map = NULL;
    if (!dlinfo(library, RTLD_DI_LINKMAP, &map) && map && *map->l_name)
        snprintf(path, size, "%s", map->l_name);
}
