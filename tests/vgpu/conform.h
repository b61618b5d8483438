/* conform: runs single instructions on the virtual GPU with many operands and compares what they write with
 * an evaluation in C that shares nothing with the implementation.
 *
 * Operands and results travel as 64-bit words that hold the register's bits. */
#ifndef TEST_VGPU_CONFORM_H
#define TEST_VGPU_CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFORM_WORDS = 12, CONFORM_OPERANDS = 4 };

/* An opcode in its words, with the registers it takes: destination ':' sources of p (predicate), h (16 bits),
 * w (32) and d (64). */
struct opcode {
    char text[96], storage[96];
    const char *word[CONFORM_WORDS];
    unsigned count;
    const char *signature;
    bool second;       /* setp p|q: q is looked at too; it travels as the carry */
    bool negated_last; /* the last source is !p */
    bool to_sink;      /* lop3 _|p: the predicate is the result */
    uint8_t table;     /* lop3: the constant after its third source */
};

void opcode_split(struct opcode *op, const char *text, const char *signature);
bool opcode_has(const struct opcode *op, const char *word);
/* The last word that names a type; "" if there is none. */
const char *opcode_type(const struct opcode *op);
unsigned type_bits(const char *type);
bool type_is_signed(const char *type);
unsigned opcode_sources(const struct opcode *op);

/* What an instruction must write. */
enum expectation {
    EXPECT_BITS,
    EXPECT_NAN,    /* any NaN of the type */
    EXPECT_NEAR,   /* within tolerance of near; the type's format */
    EXPECT_NOTHING /* PTX leaves the result open */
};

struct expected {
    enum expectation kind[2]; /* of halves for packed types, else [0] */
    uint64_t bits;            /* of both halves */
    double near[2], tolerance[2];
    uint64_t carry; /* instructions that write the carry flag: 0 or 1 */
};

/* Evaluates one instruction. carry: the flag before it. */
typedef void evaluate_fn(const struct opcode *op, const uint64_t in[CONFORM_OPERANDS], unsigned carry,
                         struct expected *want);

/* Families: NULL if the instruction is not theirs. */
evaluate_fn *family_integer(const struct opcode *op);
evaluate_fn *family_bits(const struct opcode *op);
evaluate_fn *family_float(const struct opcode *op);
evaluate_fn *family_half(const struct opcode *op);
evaluate_fn *family_approximate(const struct opcode *op);
evaluate_fn *family_convert(const struct opcode *op);

/* Runs the instruction on special and random operands: into a fresh register, under a guard over its own
 * first source, and with the last source an immediate where PTX allows one. Fails the Criterion test at the
 * first difference. */
void conform_check(const struct opcode *op, evaluate_fn *evaluate);
/* True if a kernel with the instruction loads. */
bool conform_loads(const struct opcode *op);

/* ---- for evaluators ---- */

/* x to a format of exponent_bits and fraction_bits, rounded as mode (of fenv.h) says; x is exact, or its last
 * bit is sticky. NaN gives all ones but the sign. */
uint64_t narrow_to(double x, int exponent_bits, int fraction_bits, int mode);
double half_value(uint64_t bits);
double bf16_value(uint64_t bits);
float f32_value(uint64_t bits);
double f64_value(uint64_t bits);
uint64_t f32_bits(float x);
uint64_t f64_bits(double x);
float f32_flush(float x);
/* FE_TONEAREST and so on, from .rn, .rz, .rm, .rp; to nearest if there is none. */
int opcode_rounding(const struct opcode *op);

/* The operands that are tried: interesting ones of a type, then random ones. */
uint64_t operand_sample(const char *type, uint64_t *seed);
const uint64_t *operand_specials(const char *type, size_t *count);

#endif
