/* ptx_lex: words, numbers and punctuation of PTX. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx.h"

_Noreturn void ptx_fail(struct ptx_parser *p, const char *what) {
    /* The rest of the line where reading stopped shows which text is meant. */
    const char *start = p->token.kind == TOKEN_END ? p->at : p->token.text;
    int length = (int)strcspn(start, "\n");
    if (length > 60) {
        length = 60;
    }
    snprintf(p->message, p->message_bytes, "line %u: %s near '%.*s'", p->line, what, length, start);
    longjmp(p->fail, 1);
}

void *ptx_alloc(struct ptx_parser *p, size_t bytes) {
    void *memory = arena_alloc(&p->module->arena, bytes);
    if (!memory) {
        ptx_fail(p, "out of memory");
    }
    return memory;
}

static bool is_word_start(char c) {
    return isalpha((unsigned char)c) || c == '_' || c == '$' || c == '%';
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static void skip_blank(struct ptx_parser *p) {
    for (;;) {
        const char c = *p->at;
        if (c == '\n') {
            p->line++;
            p->at++;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            p->at++;
        } else if (c == '/' && p->at[1] == '/') {
            p->at += strcspn(p->at, "\n");
        } else if (c == '/' && p->at[1] == '*') {
            const char *end = strstr(p->at + 2, "*/");
            if (!end) {
                ptx_fail(p, "comment without end");
            }
            for (; p->at < end; p->at++) {
                p->line += *p->at == '\n';
            }
            p->at = end + 2;
        } else {
            return;
        }
    }
}

static void read_bits(struct ptx_parser *p, unsigned digits, enum ptx_token_kind kind) {
    char text[17] = "";
    for (unsigned i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)p->at[2 + i])) {
            ptx_fail(p, "bad floating-point constant");
        }
        text[i] = p->at[2 + i];
    }
    p->token.kind = kind;
    p->token.value = strtoull(text, NULL, 16);
    p->at += 2 + digits;
}

static void read_number(struct ptx_parser *p) {
    const char second = p->at[0] == '0' ? p->at[1] : 0;
    if (second == 'f' || second == 'F') {
        read_bits(p, 8, TOKEN_F32);
    } else if (second == 'd' || second == 'D') {
        read_bits(p, 16, TOKEN_F64);
    } else if (second == 'b' || second == 'B') {
        char *end;
        p->token.value = strtoull(p->at + 2, &end, 2);
        p->at = end;
        p->token.kind = TOKEN_INTEGER;
    } else {
        char *end, *real_end;
        p->token.kind = TOKEN_INTEGER;
        p->token.value = strtoull(p->at, &end, 0);
        if (*end == '.' || *end == 'e' || *end == 'E') {
            const double value = strtod(p->at, &real_end);
            memcpy(&p->token.value, &value, sizeof value);
            p->token.kind = TOKEN_F64;
            end = real_end;
        }
        p->at = end;
    }
    if (*p->at == 'U') {
        p->at++;
    }
    if (is_word(*p->at)) {
        ptx_fail(p, "bad number");
    }
}

void ptx_next(struct ptx_parser *p) {
    skip_blank(p);
    struct ptx_token *t = &p->token;
    *t = (struct ptx_token){.text = p->at};
    const char c = *p->at;
    if (!c) {
        return;
    }
    if (is_word_start(c)) {
        t->kind = TOKEN_WORD;
        p->at++;
        while (is_word(*p->at)) {
            p->at++;
        }
    } else if (c == '.' && is_word_start(p->at[1])) {
        t->kind = TOKEN_DIRECTIVE;
        p->at++;
        while (is_word(*p->at)) {
            p->at++;
        }
    } else if (isdigit((unsigned char)c)) {
        read_number(p);
    } else if (c == '"') {
        t->kind = TOKEN_STRING;
        t->text = ++p->at;
        p->at += strcspn(p->at, "\"\n");
        t->length = (size_t)(p->at - t->text);
        if (*p->at != '"') {
            ptx_fail(p, "string without end");
        }
        p->at++;
        return;
    } else {
        t->kind = TOKEN_CHAR;
        t->value = (unsigned char)c;
        p->at++;
    }
    t->length = (size_t)(p->at - t->text);
}

const char *ptx_opcode(struct ptx_parser *p) {
    while (is_word(*p->at) || *p->at == '.' || (*p->at == ':' && p->at[1] == ':' && p->at++)) {
        p->at++;
    }
    p->token.length = (size_t)(p->at - p->token.text);
    return ptx_name(p);
}

const char *ptx_name(struct ptx_parser *p) {
    if (p->token.kind != TOKEN_WORD && p->token.kind != TOKEN_DIRECTIVE && p->token.kind != TOKEN_STRING) {
        ptx_fail(p, "a name is expected");
    }
    const char *name = arena_text(&p->module->arena, p->token.text, p->token.length);
    if (!name) {
        ptx_fail(p, "out of memory");
    }
    ptx_next(p);
    return name;
}

bool ptx_is(const struct ptx_parser *p, char c) {
    return p->token.kind == TOKEN_CHAR && p->token.value == (unsigned char)c;
}

bool ptx_word_is(const struct ptx_parser *p, const char *word) {
    return (p->token.kind == TOKEN_WORD || p->token.kind == TOKEN_DIRECTIVE) &&
           strlen(word) == p->token.length && memcmp(word, p->token.text, p->token.length) == 0;
}

bool ptx_accept(struct ptx_parser *p, char c) {
    if (!ptx_is(p, c)) {
        return false;
    }
    ptx_next(p);
    return true;
}

void ptx_expect(struct ptx_parser *p, char c) {
    if (!ptx_accept(p, c)) {
        char what[24];
        snprintf(what, sizeof what, "'%c' is expected", c);
        ptx_fail(p, what);
    }
}

int64_t ptx_integer(struct ptx_parser *p) {
    const bool negative = ptx_accept(p, '-');
    if (p->token.kind != TOKEN_INTEGER) {
        ptx_fail(p, "an integer is expected");
    }
    const uint64_t value = p->token.value;
    ptx_next(p);
    return (int64_t)(negative ? 0 - value : value);
}
