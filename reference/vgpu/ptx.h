/* ptx: a parsed PTX module, before any decision about how to execute it.
 *
 * Grammar: "PTX ISA", NVIDIA, versions 6.0 to 9.0. Everything here lives in the module's arena. */
#ifndef VGPU_PTX_H
#define VGPU_PTX_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

enum ptx_space { PTX_REG, PTX_GENERIC, PTX_GLOBAL, PTX_SHARED, PTX_LOCAL, PTX_CONST, PTX_PARAM };

/* A type's class and its size in bits: all that execution needs besides what the opcode's text says. */
struct ptx_type {
    char kind; /* 'b' 'u' 's' 'f' 'p' (predicate) or 0 */
    uint8_t bits;
};

enum ptx_symbol_kind { PTX_SYM_REG, PTX_SYM_VARIABLE, PTX_SYM_FUNCTION, PTX_SYM_LABEL, PTX_SYM_TABLE };

/* One name or, for .reg with <n>, one of its members. */
struct ptx_symbol {
    struct ptx_symbol *next; /* in its scope's hash chain */
    const char *name;
    enum ptx_symbol_kind kind;
    struct ptx_type type;
    enum ptx_space space;
    uint32_t index;         /* registers: number in the function; labels: instruction's number */
    uint64_t size, align;   /* variables: bytes */
    uint64_t offset;        /* given when laid out: in its space */
    const uint8_t *initial; /* variables: size bytes, or NULL for zeros */
    struct ptx_reference *references;
    struct ptx_function *function;
    struct ptx_symbol **targets; /* tables: of labels */
    uint32_t target_count;
    uint32_t member;   /* functions' local variables: number in the function */
    bool is_external;  /* .extern: sized by the launch */
    bool is_formal;    /* a function's own parameter */
    bool defined;      /* labels: seen */
    const char *where; /* for messages: where it was first used */
    uint32_t mark;     /* the last kernel whose shared memory it was laid out in */
};

/* An initial value that is an address. */
struct ptx_reference {
    struct ptx_reference *next;
    const char *name;
    uint64_t at, addend;
    uint8_t bytes;
    bool generic;
};

enum ptx_operand_kind {
    PTX_OP_NONE,
    PTX_OP_REG,
    PTX_OP_IMMEDIATE, /* integer */
    PTX_OP_FLOAT,     /* value holds the bits of a double */
    PTX_OP_F32,       /* value holds the bits of a float */
    PTX_OP_SYMBOL,    /* address of a variable, or a label, function or table; plus value */
    PTX_OP_ADDRESS,   /* [base or symbol + value] */
    PTX_OP_LIST,      /* {a, b, ...} */
    PTX_OP_SPECIAL,   /* %tid.x, ... : name */
    PTX_OP_SINK,      /* _ */
};

struct ptx_operand {
    enum ptx_operand_kind kind;
    bool negated; /* !p */
    int64_t value;
    struct ptx_symbol *symbol; /* register, symbol, or base of an address */
    struct ptx_symbol *second; /* p of a|p */
    bool second_is_sink;
    const char *name;
    struct ptx_operand *list;
    uint32_t count;
};

struct ptx_instruction {
    const char *opcode; /* with all modifiers */
    struct ptx_symbol *guard;
    bool guard_negated;
    uint32_t line;         /* of the PTX text */
    uint32_t file, source; /* .loc, 0 when there was none */
    struct ptx_operand *operands;
    uint32_t count;
};

struct ptx_function {
    struct ptx_function *next;
    const char *name;
    bool is_entry, has_body;
    uint32_t line;
    struct ptx_symbol **formals; /* parameters of an entry, arguments of a function */
    uint32_t formal_count;
    struct ptx_symbol **results;
    uint32_t result_count;
    struct ptx_symbol **locals; /* .local, and .param inside the body */
    uint32_t local_count, local_capacity;
    struct ptx_symbol **registers;
    uint32_t register_count, register_capacity;
    struct ptx_instruction *code;
    uint32_t code_count, code_capacity;
    uint32_t max_threads[3], required_threads[3]; /* .maxntid, .reqntid; 0: not said */
    uint32_t min_blocks, max_registers;
    uint32_t mark; /* the last kernel that was found to call it */
    struct ptx_function *next_pending;
};

struct ptx_scope {
    struct ptx_scope *outer;
    struct ptx_symbol **buckets; /* by the name's hash; more of them as symbols are added */
    uint32_t bucket_count, symbol_count;
};

struct ptx_file {
    struct ptx_file *next;
    uint32_t index;
    const char *name;
};

struct ptx_module {
    struct arena arena;
    uint32_t version; /* 10 * major + minor */
    char target[16];
    uint32_t sm;
    bool exact; /* sm_NNa: for this architecture and no other */
    struct ptx_scope globals;
    struct ptx_function *functions, **function_tail;
    struct ptx_symbol **variables; /* module scope: global, const, shared */
    uint32_t variable_count, variable_capacity;
    struct ptx_file *files;
};

/* Parses text (NUL-terminated). True, or false with a message "line N: what: 'text'" in message. The module
 * is to be freed in both cases. */
bool ptx_parse(struct ptx_module *module, const char *text, char *message, size_t message_bytes);
void ptx_free(struct ptx_module *module);
struct ptx_symbol *ptx_lookup(struct ptx_scope *scope, const char *name);
const char *ptx_file_name(const struct ptx_module *module, uint32_t index);

/* "f32" -> {'f', 32}; kind 0 if it names no type. */
struct ptx_type ptx_type_of(const char *name);

/* ---- shared by the parser's files ---- */

enum ptx_token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_DIRECTIVE,
    TOKEN_INTEGER,
    TOKEN_F64,
    TOKEN_F32,
    TOKEN_STRING,
    TOKEN_CHAR
};

struct ptx_token {
    enum ptx_token_kind kind;
    const char *text; /* in the input */
    size_t length;
    uint64_t value; /* integers, bits of floats, characters */
};

struct ptx_parser {
    struct ptx_module *module;
    const char *at;
    uint32_t line;
    struct ptx_token token; /* the one to be read next */
    struct ptx_scope *scope;
    struct ptx_function *function;
    uint32_t depth;
    uint32_t file, source;
    char *message;
    size_t message_bytes;
    jmp_buf fail; /* parse errors unwind to ptx_parse; the arena owns everything */
};

void ptx_next(struct ptx_parser *p);
/* Reads an opcode with its modifiers ("ld.global.L2::128B.f32") when the current token is a word. */
const char *ptx_opcode(struct ptx_parser *p);
_Noreturn void ptx_fail(struct ptx_parser *p, const char *what);
void *ptx_alloc(struct ptx_parser *p, size_t bytes);
const char *ptx_name(struct ptx_parser *p); /* takes the current word */
bool ptx_is(const struct ptx_parser *p, char c);
bool ptx_word_is(const struct ptx_parser *p, const char *word);
bool ptx_accept(struct ptx_parser *p, char c);
void ptx_expect(struct ptx_parser *p, char c);
int64_t ptx_integer(struct ptx_parser *p);
struct ptx_symbol *ptx_declare(struct ptx_parser *p, const char *name, enum ptx_symbol_kind kind);
/* Adds a symbol that is in no scope. */
void ptx_scope_add(struct ptx_parser *p, struct ptx_scope *scope, struct ptx_symbol *symbol);
void ptx_parse_body(struct ptx_parser *p);
enum { PTX_MAX_OPERANDS = 64, PTX_MAX_BYTES = 1 << 30 };
void ptx_parse_operand(struct ptx_parser *p, struct ptx_operand *operand);
/* A register, special register, variable, function or label. */
void ptx_parse_named(struct ptx_parser *p, struct ptx_operand *operand);
/* ".f32" */
struct ptx_type ptx_parse_type(struct ptx_parser *p);
/* After the space's directive: [.align n] [.attribute(...)] [.v2|.v4] .type name [dims] [= values]. */
struct ptx_symbol *ptx_parse_variable(struct ptx_parser *p, enum ptx_space space, bool external);
void ptx_push(struct ptx_parser *p, void *array_pointer, uint32_t *count, uint32_t *capacity, size_t bytes);

#endif
