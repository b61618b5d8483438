/* ops: finds handlers by opcode. The tables of the best instruction set that this machine has are expanded
 * once into a hash table. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

#define TABLES(each, isa)                                                                                    \
    each(int, isa) each(bits, isa) each(float, isa) each(math, isa) each(half, isa) each(convert, isa)
#define NAMES(each, isa)                                                                                     \
    each(convert, isa) each(compare, isa) each(lop3, isa) each(memory, isa) each(atomic, isa)                \
        each(copy, isa) each(warp, isa) each(matrix, isa) each(wmma, isa)
#define EXTERN_TABLE(name, isa) extern const struct op_table ops_##name##_##isa;
#define EXTERN_NAMES(name, isa) extern const struct exec_names names_##name##_##isa;
#define TABLE(name, isa) &ops_##name##_##isa,
#define NAME(name, isa) &names_##name##_##isa,
#define DECLARE(isa)                                                                                         \
    TABLES(EXTERN_TABLE, isa)                                                                                \
    NAMES(EXTERN_NAMES, isa)                                                                                 \
    static const struct op_table *const tables_##isa[] = {TABLES(TABLE, isa) NULL};                          \
    static const struct exec_names *const names_##isa[] = {NAMES(NAME, isa) NULL};
DECLARE(base)
#ifdef VGPU_X86
DECLARE(v3)
DECLARE(v4)
#endif

enum { BUCKETS = 8192, ENTRIES = 4096 };

struct entry {
    const struct op_row *row; /* or */
    exec_fn *run;
    struct entry *next;
    char name[40];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct entry *op_buckets[BUCKETS], *name_buckets[256];
static struct entry entries[ENTRIES];
static unsigned entry_count;

static uint32_t hash_of(const char *name) {
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static void add(const char *name, const struct op_row *row, exec_fn *run) {
    if (entry_count == ENTRIES) {
        fputs("vgpu: table of instructions is too small\n", stderr);
        abort(); /* a programmer's error: the tables are constants */
    }
    struct entry *e = &entries[entry_count++];
    snprintf(e->name, sizeof e->name, "%s", name);
    e->row = row;
    e->run = run;
    struct entry **bucket = row ? &op_buckets[hash_of(name) % BUCKETS] : &name_buckets[hash_of(name) % 256];
    e->next = *bucket;
    *bucket = e;
}

/* "add{,.rn}.f32" -> add.f32, add.rn.f32 */
static void expand(const char *pattern, char *text, size_t length, const struct op_row *row) {
    while (*pattern && *pattern != '{') {
        text[length++] = *pattern++;
    }
    text[length] = 0;
    if (!*pattern) {
        add(text, row, NULL);
        return;
    }
    const char *end = strchr(pattern, '}');
    for (const char *at = pattern + 1; at <= end;) {
        const size_t n = strcspn(at, ",}");
        memcpy(text + length, at, n);
        expand(end + 1, text, length + n, row);
        at += n + 1;
    }
}

static void build(const struct op_table *const *tables, const struct exec_names *const *names) {
    char text[128];
    for (; *tables; tables++) {
        for (size_t i = 0; i < (*tables)->count; i++) {
            expand((*tables)->rows[i].pattern, text, 0, &(*tables)->rows[i]);
        }
    }
    for (; *names; names++) {
        for (size_t i = 0; i < (*names)->count; i++) {
            add((*names)->names[i].name, NULL, (*names)->names[i].run);
        }
    }
}

static void initialise(void) {
#ifdef VGPU_X86
    __builtin_cpu_init();
    const char *limit = getenv("KATUNE_ISA"); /* the same switch that lowers the CPU kernels */
    const bool scalar = limit && strcmp(limit, "scalar") == 0, avx2 = limit && strcmp(limit, "avx2") == 0;
    if (!scalar && !avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512cd")) {
        build(tables_v4, names_v4);
        return;
    }
    if (!scalar && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        build(tables_v3, names_v3);
        return;
    }
#endif
    build(tables_base, names_base);
}

static const struct entry *find(struct entry *bucket, const char *name) {
    for (const struct entry *e = bucket; e; e = e->next) {
        if (strcmp(e->name, name) == 0) {
            return e;
        }
    }
    return NULL;
}

const struct op_row *op_find(const char *opcode) {
    pthread_once(&once, initialise);
    const struct entry *e = find(op_buckets[hash_of(opcode) % BUCKETS], opcode);
    return e ? e->row : NULL;
}

exec_fn *exec_find(const char *name) {
    pthread_once(&once, initialise);
    const struct entry *e = find(name_buckets[hash_of(name) % 256], name);
    return e ? e->run : NULL;
}

void op_visit(op_visit_fn *visit, void *context) {
    pthread_once(&once, initialise);
    for (unsigned i = 0; i < entry_count; i++) {
        if (entries[i].row) {
            visit(context, entries[i].name, entries[i].row);
        }
    }
}
