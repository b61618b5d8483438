/* A variant: one way to compute an operation, declared in the file that implements it, and nowhere else.

   The file's stem is the variant's name and its C symbol: <operation>_<backend>[_<mechanism>]. The folder is
   the backend and sets the compiler's flags. The first sentence of the file's opening comment is the
   variant's description. See CONTRIBUTING.md, "Adding a variant". */
#ifndef KATUNE_VARIANT_H
#define KATUNE_VARIANT_H

#include "device/device.h"
#include "problem.h"

enum backend { SCALAR, AVX2, AVX512, BACKEND_COUNT };

enum {
    PARAM_MAX = 6,        /* parameters of a variant */
    PARAM_VALUES_MAX = 12 /* values of a parameter */
};

/* A tunable parameter and its values, the preferred one first. The list ends at its last value that is not 0.
 */
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
    void (*run)(const struct problem *p, const struct point *pt, const struct call *call);
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
