/* Every row of the tables of instructions, each opcode that its pattern stands for, against an evaluation in
 * C. An opcode without one fails. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "device.h"
#include "ir.h"

typedef evaluate_fn *family_fn(const struct opcode *op);

static family_fn *const families[] = {family_integer, family_bits,        family_float,
                                      family_half,    family_approximate, family_convert};
enum { FAMILIES = sizeof families / sizeof *families };

static void check(void *context, const char *name, const struct op_row *row) {
    struct opcode op;
    opcode_split(&op, name, row->signature);
    family_fn *family = *(family_fn **)context;
    evaluate_fn *evaluate = family(&op);
    if (evaluate) {
        conform_check(&op, evaluate);
    }
}

static void count(void *context, const char *name, const struct op_row *row) {
    unsigned *counts = context, owners = 0;
    struct opcode op;
    opcode_split(&op, name, row->signature);
    for (unsigned f = 0; f < FAMILIES; f++) {
        const bool owns = families[f](&op) != NULL;
        counts[f] += owns;
        owners += owns;
    }
    cr_assert_eq(owners, 1, "%s has %u evaluations", name, owners);
}

Test(table, every_opcode_has_an_evaluation) {
    unsigned counts[FAMILIES] = {0};
    op_visit(count, counts);
    printf("opcodes: %u integer, %u bits, %u float, %u half, %u approximate, %u conversions\n", counts[0],
           counts[1], counts[2], counts[3], counts[4], counts[5]);
}

#define FAMILY(name)                                                                                         \
    Test(table, name) {                                                                                      \
        device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});                                        \
        family_fn *family = family_##name;                                                                   \
        op_visit(check, &family);                                                                            \
    }
FAMILY(integer)
FAMILY(bits)
FAMILY(float)
FAMILY(half)
FAMILY(approximate)
FAMILY(convert)
