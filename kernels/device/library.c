#include "library.h"

#include <dlfcn.h>
#include <string.h>

const char *library_bind(void *library, void *structure, const struct library_function *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void *const found = dlsym(library, list[i].name);
        if (!found) return list[i].name;
        memcpy((char *)structure + list[i].offset, &found, sizeof found);
    }
    return NULL;
}
