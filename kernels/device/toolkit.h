/* Where libraries of the CUDA toolkit are found. */
#ifndef KATUNE_TOOLKIT_H
#define KATUNE_TOOLKIT_H

#include <stdbool.h>

/* Tries to load a library; true ends the search. */
typedef bool toolkit_load_fn(void *user, const char *path);

/* Offers the paths of libraries whose file names match `pattern` (of glob, with braces) to load(), the newest
   of a folder first: below KATUNE_CUDA_HOME if it is set, and only there; else in toolkits below /usr/local
   and /opt, in the system's folders and in Python's wheels. */
bool toolkit_search(const char *pattern, toolkit_load_fn *load, void *user);

/* The same for what `katune get-nvrtc` fetched: whoever called that wants it, whatever else there is. */
bool toolkit_fetched(const char *pattern, toolkit_load_fn *load, void *user);

/* KATUNE_CUDA_HOME, or NULL if it is not set. Where it is not, the dynamic linker may know a library, too. */
const char *toolkit_home(void);

#endif
