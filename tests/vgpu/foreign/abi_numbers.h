/* abi_numbers: numbers and sizes of the driver's interface, as one header has them. */
#ifndef TEST_ABI_NUMBERS_H
#define TEST_ABI_NUMBERS_H

#include <stddef.h>

struct abi_number {
    const char *name;
    long long value;
};

struct abi_table {
    const struct abi_number *rows;
    size_t count;
};

extern const struct abi_table abi_table_ours, abi_table_cuda;

#endif
