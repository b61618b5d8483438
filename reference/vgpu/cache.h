/* cache: what L1, L2 and DRAM see of a launch's accesses.
 *
 * Set-associative caches (16 ways) of 128-byte lines in sectors of 32 bytes, least recently used line out. L1
 * is one per multiprocessor, holds loads only and is written through; L2 is shared and written back; it
 * starts empty and what is dirty at the end is written to DRAM. Block b runs on multiprocessor b modulo their
 * number, and blocks' accesses are taken in the order of blocks, whichever host threads ran them: the counts
 * repeat exactly. */
#ifndef VGPU_CACHE_H
#define VGPU_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_record;
struct profile;
struct vgpu_counters;

/* sites: how many instructions access memory. */
struct caches *caches_open(const struct profile *profile, uint32_t shared_bytes, uint32_t sites);
void caches_close(struct caches *caches);
void caches_run(struct caches *caches, uint64_t block, const struct access_record *records, size_t count);
/* What a load of this site waits on average; `otherwise` if none was seen. */
double caches_load_cycles(const struct caches *caches, const struct profile *profile, uint32_t site,
                          double otherwise);
/* Writes dirty lines back and adds the totals to the counters. */
void caches_finish(struct caches *caches, struct vgpu_counters *counters);

#endif
