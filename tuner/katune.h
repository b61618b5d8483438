/* katune: tuned kernels of Kolmogorov-Arnold networks, for use inside other programs.

     struct error err;
     struct problem p;
     struct katune *k = katune_open("results", true, &err); // tables found below the folder; NULL: none
     problem_parse("rational_fwd f32 rows=4096 channels=3072 groups=8 form=A m=5 n=4", &p, &err);
     struct katune_kernel *f = katune_kernel(k, &p, &err); // looked up and prepared, once a problem
     katune_run(f, (const void *[TENSOR_COUNT]){[T_X] = x, [T_NUM] = num, [T_DEN] = den},
                (void *[TENSOR_COUNT]){[T_Y] = y}); // as often as wanted
     katune_kernel_free(f);
     katune_close(k);

   A handle is used by one thread at a time, and so is each of its kernels; kernels may run at the same time.
   Inside a parallel region of the caller's a kernel runs on the calling thread alone. */
#ifndef KATUNE_H
#define KATUNE_H

#include "device/device.h"
#include "error.h"
#include "problem.h"
#include "registry.h"

#ifdef __cplusplus
extern "C" {
#endif

struct katune;
struct katune_kernel;

/* How a look-up found its answer, best first:
   an entry of this device's table for this very problem; the entry of this device's nearest problem (same
   operation, dtype and attributes; least distance in log rows and log channels) whose variant accepts the
   real one; the same from the nearest device of the same backend; the built-in default. */
enum select_how { SELECT_EXACT, SELECT_NEAR_SHAPE, SELECT_NEAR_DEVICE, SELECT_DEFAULT };
const char *select_how_name(enum select_how how); /* "exact", "near-shape", "near-device", "default" */

struct selection {
    const struct variant *variant;
    struct point point;
    enum select_how how;
    struct problem from;  /* the problem whose entry answered; the real one for SELECT_DEFAULT */
    char from_device[96]; /* the device of that entry's table; "" for SELECT_DEFAULT */
};

/* Opens the CPU and reads every <folder>/<device>/table.json. A table that is not valid is refused whole:
   NULL, and the file, the path inside it and the reason in err. A folder that does not exist holds no tables.
 */
struct katune *katune_open(const char *folder, bool bind_threads, struct error *err);
void katune_close(struct katune *k);
const struct device_info *katune_device(const struct katune *k);

/* The variant and point to use for a problem. False if the problem is not valid or nothing runs it. */
bool katune_select(const struct katune *k, const struct problem *p, struct selection *s, struct error *err);

/* Looks up and prepares. NULL and the reason on failure. The handle must outlive the kernel. */
struct katune_kernel *katune_kernel(struct katune *k, const struct problem *p, struct error *err);
void katune_kernel_free(struct katune_kernel *f);
const struct selection *katune_kernel_selection(const struct katune_kernel *f);
/* in[] and out[] are indexed by enum tensor. Pointers need only be aligned to their element. */
void katune_run(struct katune_kernel *f, const void *const in[TENSOR_COUNT], void *const out[TENSOR_COUNT]);

#ifdef __cplusplus
}
#endif
#endif
