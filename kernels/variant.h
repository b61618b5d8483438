/* A variant: one way to compute an operation, declared in the file that implements it, and nowhere else.

   The file's stem is the variant's name and its C symbol: <operation>_<backend>[_<mechanism>]. The folder is
   the backend and sets the compiler's flags. The first sentence of the file's opening comment is the
   variant's description. See CONTRIBUTING.md, "Adding a variant". */
#ifndef KATUNE_VARIANT_H
#define KATUNE_VARIANT_H

#include "device/device.h"
#include "problem.h"

enum backend { SCALAR, AVX2, AVX512, CUDA, BACKEND_COUNT };

enum {
    PARAM_MAX = 6,         /* parameters of a variant */
    PARAM_VALUES_MAX = 12, /* values of a parameter */
    PARAM_END = -1         /* what follows the last of them where that is 0 */
};

/* A tunable parameter and its values, the preferred one first. The list ends at PARAM_END, else at its last
   value that is not 0. */
struct param {
    const char *name;
    int values[PARAM_VALUES_MAX];
};

/* One choice of values, in the order of the variant's parameters. */
struct point {
    int value[PARAM_MAX];
};

/* What a CPU variant is given to work on. Pointers are aligned to their element and no further; tensors do
   not overlap. in[] and out[] are indexed by enum tensor; those the operation lacks are NULL. */
struct call {
    const void *in[TENSOR_COUNT];
    void *out[TENSOR_COUNT];
    void *scratch; /* scratch() bytes, 64-byte aligned, contents undefined */
    int threads;   /* >= 1: the size of the team to work with */
};

enum variant_flag {
    /* Its reductions are split by thread, so the last bits of a result depend on the number of threads.
       Variants without this flag give the same bits for any number of threads. */
    THREAD_DEPENDENT = 1,
    /* Float atomics, in global or shared memory: the last bits depend on the order in which threads arrive.
       Variants without this flag give the same bits in every run, on devices of any number of
       multiprocessors: the grid of a reduction follows from the problem and the point. Points of the same
       BLOCK, VEC and ROWS give the same bits, too. */
    ORDER_DEPENDENT = 2,
    /* A design kept to compare with: never the built-in default where another variant runs the problem. */
    BASELINE = 4,
    /* The built-in default of its operation and backend: the fastest, at default points, over the problems
       measured on a device of its kind. One variant an operation and backend at most. */
    PREFERRED = 8,
};

enum { LAUNCH_STEPS_MAX = 4 };

/* One kernel of a CUDA variant's call. */
struct launch_step {
    const char *function;       /* NULL: the variant's name */
    unsigned grid[3], block[3]; /* a 0 in y or z stands for 1; grid[0] of 0: the step is not launched */
    unsigned shared;            /* bytes of dynamic shared memory */
};

/* A call of a CUDA variant: outputs that are zeroed, then the steps, in order. Every kernel has the
   parameters of kernels/cuda/args.cuh. */
struct launch {
    int steps;
    struct launch_step step[LAUNCH_STEPS_MAX];
    size_t scratch;      /* bytes of working memory, 256-byte aligned, contents undefined */
    size_t scratch_zero; /* of these the first so many are zeros at the first call, and every call leaves
                            zeros */
    unsigned zero;       /* set of outputs (1u << T_DNUM | ...) that are zeroed before every call */
};

struct variant {
    const char *name;
    enum op op;
    enum backend backend;
    unsigned dtypes; /* F32 | F16 | BF16 */
    unsigned flags;
    struct param params[PARAM_MAX];
    /* NULL, or why the variant cannot or should not run this problem at this point on this device. May itself
       be NULL: everything is accepted. What every variant would say (dtype, threads) is said by
       variant_reject(). */
    const char *(*reject)(const struct problem *p, const struct point *pt, const struct device_info *d);
    /* Bytes of scratch a call needs; NULL: none. */
    size_t (*scratch)(const struct problem *p, const struct point *pt, int threads);
    /* CPU variants: does it. */
    void (*run)(const struct problem *p, const struct point *pt, const struct call *call);
    /* CUDA variants: says what to launch; *l is zeroed. */
    void (*launch)(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l);
    int min_sm; /* CUDA variants: the least compute capability, 75 for 7.5; 0: any */
    const char
        *source; /* CUDA variants: the text to compile; NULL: the file of this name, embedded by the build */
};

/* The number of threads: 0 stands for every core the device has. */
#define PARAM_THREADS                                                                                        \
    {                                                                                                        \
        "THREADS", {                                                                                         \
            0, 1, 2, 4, 8, 16, 32, 64, 128                                                                   \
        }                                                                                                    \
    }

/* Defines the variant `stem` of the backend whose folder the file is in. */
#define VARIANT(stem, ...)                                                                                   \
    extern const struct variant variant_##stem;                                                              \
    const struct variant variant_##stem = {.name = #stem, .backend = KATUNE_BACKEND, __VA_ARGS__}

#endif
