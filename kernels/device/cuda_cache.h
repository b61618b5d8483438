/* Compiled kernels on disk, so that the same source is compiled once: a file for each, named by a hash of all
   that the result depends on. Files are written under another name and renamed, so processes may share the
   folder; each carries a checksum, and one that does not agree counts as missing and is written anew. */
#ifndef KATUNE_CUDA_CACHE_H
#define KATUNE_CUDA_CACHE_H

#include <stdint.h>

#include "cuda_jit.h"

enum { CUDA_KEY_LENGTH = 33, CUDA_CACHE_MIB = 512 };

/* FNV-1a of 128 bits over texts, each with its end. */
struct cuda_hash {
    unsigned __int128 state;
};
struct cuda_hash cuda_hash_new(void);
void cuda_hash_add(struct cuda_hash *h, const void *data, size_t size);
void cuda_hash_key(const struct cuda_hash *h, char key[CUDA_KEY_LENGTH]);

/* The folder, made if need be: KATUNE_CACHE if it is set, else katune/cuda in XDG_CACHE_HOME or ~/.cache.
   False if there is none: then nothing is kept. */
bool cuda_cache_folder(char *folder, size_t size);
/* False, too, where the entry is not whole: then it is removed and b->spoilt says so. */
bool cuda_cache_load(const char *folder, const char *key, struct cuda_binary *b);
/* Keeps a result; that it cannot be kept is no failure. Now and then what was not used for longest is
   removed, as far as all files together exceed KATUNE_CACHE_MIB (CUDA_CACHE_MIB). */
void cuda_cache_store(const char *folder, const char *key, const struct cuda_binary *b);
/* KATUNE_CACHE_MIB in bytes, CUDA_CACHE_MIB if it is not set. False if it is no number. */
bool cuda_cache_limit(uint64_t *bytes, struct error *err);
/* Removes the files used least recently until the others take at most `limit` bytes. */
void cuda_cache_trim(const char *folder, uint64_t limit);

#endif
