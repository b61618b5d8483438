/* Libraries that are loaded at run time: their functions by name. */
#ifndef KATUNE_LIBRARY_H
#define KATUNE_LIBRARY_H

#include <stddef.h>

/* A function and where its pointer lies in the structure of the library's functions. */
struct library_function {
    const char *name;
    size_t offset;
};

/* Fills in the pointers of a structure from a library that dlopen() returned. Returns the name of the first
   function that the library lacks, whose pointer and those after it stay as they are, or NULL. */
const char *library_bind(void *library, void *structure, const struct library_function *list, size_t count);

/* The file that it was loaded from, where the dynamic linker tells; else the path stays as it is. */
void library_path(void *library, char *path, size_t size);

#endif
