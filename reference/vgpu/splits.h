/* splits: a warp as a set of splits, lanes that run together. A branch that its lanes disagree on turns their
 * split into a join, which waits at the branch's reconvergence point, and two children. The child made last
 * runs first. */
#ifndef VGPU_SPLITS_H
#define VGPU_SPLITS_H

#include "machine.h"

/* Makes a ready split the current one; false if there is none. */
bool splits_schedule(struct warp *w);
/* The current split has come to its reconvergence point. */
void splits_arrive(struct warp *w);
/* The current split's lanes branch: those in taken to the instruction's target (of a table: each to its own),
 * the others of active go on behind it, at pc + 1. False when the warp has too many paths. */
bool splits_branch(struct warp *w, const struct inst *in, uint32_t active, uint32_t taken, uint32_t pc);
bool splits_branch_table(struct warp *w, const struct inst *in, uint32_t active, uint32_t taken, uint32_t pc);
/* Lanes of the current split leave the kernel. */
void splits_exit(struct warp *w, uint32_t mask, uint32_t pc);

#endif
