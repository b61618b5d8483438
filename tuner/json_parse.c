#include "json_parse.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_NODES = 1000, DEPTH_MAX = 64 };

struct json_block {
    struct json_block *next;
    cJSON nodes[BLOCK_NODES];
};

struct parser {
    struct json_tree *tree;
    char *at;
    const char *end;
    int used; /* nodes of the newest block */
    int depth;
    const struct json_elements *elements; /* NULL: none, or they were met */
};

static cJSON *node_new(struct parser *p, int type) {
    if (!p->tree->blocks || p->used == BLOCK_NODES) {
        struct json_block *const block = malloc(sizeof *block);
        if (!block) return NULL;
        block->next = p->tree->blocks;
        p->tree->blocks = block;
        p->used = 0;
    }
    cJSON *const node = &p->tree->blocks->nodes[p->used++];
    *node = (cJSON){.type = type};
    return node;
}

static void skip_space(struct parser *p) {
    while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r') p->at++;
}

static int hex4(const char *s) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char c = s[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return -1;
        value = 16 * value + digit;
    }
    return value;
}

static char *utf8_put(char *to, int code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* What stands after a backslash and "u". NULL if it is malformed. */
static char *unicode_parse(struct parser *p, char *to) {
    int code = hex4(p->at);
    if (code <= 0) return NULL;
    p->at += 4;
    if (code >= 0xdc00 && code < 0xe000) return NULL;
    if (code >= 0xd800 && code < 0xdc00) {
        if (p->at[0] != '\\' || p->at[1] != 'u') return NULL;
        const int low = hex4(p->at + 2);
        if (low < 0xdc00 || low >= 0xe000) return NULL;
        p->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return utf8_put(to, code);
}

static char escaped(char c) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *const found = c ? strchr(from, c) : NULL;
    return found ? to[found - from] : 0;
}

/* The text that begins after a quote, unescaped in place. NULL if it is malformed. */
static char *text_parse(struct parser *p) {
    char *const text = p->at;
    while (*p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20) p->at++;
    char *to = p->at;
    while (*p->at != '"') {
        if ((unsigned char)*p->at < 0x20) return NULL;
        if (*p->at != '\\') {
            *to++ = *p->at++;
            continue;
        }
        const char kind = p->at[1];
        if (kind == 'u') {
            p->at += 2;
            if (!(to = unicode_parse(p, to))) return NULL;
            continue;
        }
        if (!(*to++ = escaped(kind))) return NULL;
        p->at += 2;
    }
    p->at++;
    *to = 0;
    return text;
}

static bool digits_skip(const char **at) {
    const char *const from = *at;
    while (**at >= '0' && **at <= '9') ++*at;
    return *at > from;
}

/* What stands after a number's "e"; a number beyond every double's if it is long. */
static int exponent_value(const char *from, const char *to) {
    const bool negative = *from == '-';
    int value = 0;
    for (const char *c = from + (*from == '-' || *from == '+'); c < to && value < 10000; c++)
        value = 10 * value + (*c - '0');
    return negative ? -value : value;
}

/* The value of a number whose syntax is known to be right, rounded to the nearest as strtod() does, which
   takes longer. Up to 19 digits and powers of ten up to 10^27 are exact in an x87 extended double, so one
   operation on them rounds once, to 64 bits, and rounding these to the 53 of a double can only go wrong where
   they lie in the very middle between two. */
static double number_value(const char *from, const char *to) {
    static const long double powers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                         1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                         1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    uint64_t mantissa = 0, bits;
    int digits = 0, scale = 0;
    bool point = false;
    const char *c = from + (*from == '-');
    for (; c < to && *c != 'e' && *c != 'E'; c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        mantissa = 10 * mantissa + (uint64_t)(*c - '0');
        digits += mantissa > 0;
        scale -= point;
        if (digits > 19) return strtod(from, NULL);
    }
    if (c < to) scale += exponent_value(c + 1, to);
    if (LDBL_MANT_DIG != 64 || scale < -27 || scale > 27) return strtod(from, NULL);
    const long double value = scale < 0 ? mantissa / powers[-scale] : mantissa * powers[scale];
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7ff) == 0x400) return strtod(from, NULL);
    return *from == '-' ? (double)-value : (double)value;
}

static cJSON *number_parse(struct parser *p) {
    const char *c = p->at;
    if (*c == '-') c++;
    if (*c == '0')
        c++;
    else if (!digits_skip(&c))
        return NULL;
    if (*c == '.' && (c++, !digits_skip(&c))) return NULL;
    if (*c == 'e' || *c == 'E') {
        c++;
        if (*c == '+' || *c == '-') c++;
        if (!digits_skip(&c)) return NULL;
    }
    cJSON *const node = node_new(p, cJSON_Number);
    if (!node) return NULL;
    node->valuedouble = number_value(p->at, c);
    node->valueint = node->valuedouble >= INT32_MAX   ? INT32_MAX
                     : node->valuedouble <= INT32_MIN ? INT32_MIN
                                                      : (int)node->valuedouble;
    p->at += c - p->at;
    return node;
}

static cJSON *value_parse(struct parser *p);
static cJSON *member_parse(struct parser *p, const char *name);

/* An element that is handed over; its nodes are free again afterwards. */
static bool element_pass(struct parser *p, const struct json_elements *elements, bool *wanted) {
    struct json_block *const block = p->tree->blocks;
    const int used = p->used;
    const cJSON *const element = value_parse(p);
    if (!element) return false;
    *wanted = *wanted && elements->take(elements->context, element);
    while (p->tree->blocks != block) {
        struct json_block *const next = p->tree->blocks->next;
        free(p->tree->blocks);
        p->tree->blocks = next;
    }
    p->used = used;
    return true;
}

static void member_append(cJSON *node, cJSON *child, char *name) {
    cJSON *const last = node->child ? node->child->prev : NULL;
    child->string = name;
    child->prev = last;
    if (last)
        last->next = child;
    else
        node->child = child;
    node->child->prev = child;
}

static char *name_parse(struct parser *p) {
    if (*p->at++ != '"') return NULL;
    char *const name = text_parse(p);
    if (!name) return NULL;
    skip_space(p);
    return *p->at++ == ':' ? name : NULL;
}

/* The members of an object or the elements of an array, after its opening bracket. The elements may be handed
   over. */
static cJSON *members_parse(struct parser *p, int type, char close, const struct json_elements *pass) {
    cJSON *const node = node_new(p, type);
    bool wanted = true;
    if (!node || ++p->depth > DEPTH_MAX) return NULL;
    skip_space(p);
    for (bool more = *p->at != close; more;) {
        char *name = NULL;
        skip_space(p);
        if (type == cJSON_Object && !(name = name_parse(p))) return NULL;
        if (pass) {
            if (!element_pass(p, pass, &wanted)) return NULL;
        } else {
            cJSON *const child = member_parse(p, name);
            if (!child) return NULL;
            member_append(node, child, name);
        }
        skip_space(p);
        more = *p->at != close;
        if (more && *p->at++ != ',') return NULL;
    }
    p->at++;
    p->depth--;
    return node;
}

/* A value, which may be the root's member whose elements are handed over. */
static cJSON *member_parse(struct parser *p, const char *name) {
    const struct json_elements *const elements = p->elements;
    if (!elements || !name || p->depth != 1 || strcmp(name, elements->member) != 0) return value_parse(p);
    p->elements = NULL;
    skip_space(p);
    if (*p->at != '[') return value_parse(p);
    p->at++;
    return members_parse(p, cJSON_Array, ']', elements);
}

static cJSON *word_parse(struct parser *p, const char *word, int type) {
    const size_t length = strlen(word);
    if (strncmp(p->at, word, length) != 0) return NULL;
    p->at += length;
    return node_new(p, type);
}

static cJSON *value_parse(struct parser *p) {
    skip_space(p);
    switch (*p->at) {
    case '{': p->at++; return members_parse(p, cJSON_Object, '}', NULL);
    case '[': p->at++; return members_parse(p, cJSON_Array, ']', NULL);
    case 't': return word_parse(p, "true", cJSON_True);
    case 'f': return word_parse(p, "false", cJSON_False);
    case 'n': return word_parse(p, "null", cJSON_NULL);
    case '"': {
        p->at++;
        char *const text = text_parse(p);
        cJSON *const node = text ? node_new(p, cJSON_String) : NULL;
        if (node) node->valuestring = text;
        return node;
    }
    default: return number_parse(p);
    }
}

void json_tree_free(struct json_tree *t) {
    while (t->blocks) {
        struct json_block *const next = t->blocks->next;
        free(t->blocks);
        t->blocks = next;
    }
    t->root = NULL;
}

bool json_tree_parse(struct json_tree *t, char *text, size_t size, const struct json_elements *elements,
                     struct error *err) {
    *t = (struct json_tree){NULL, NULL};
    struct parser p = {.tree = t, .at = text, .end = text + size, .elements = elements};
    t->root = value_parse(&p);
    if (t->root) skip_space(&p);
    if (t->root && p.at == p.end) return true;
    int line = 1;
    for (const char *c = text; c < p.at && c < p.end; c++) line += *c == '\n';
    json_tree_free(t);
    return error_set(err, "line %d: not JSON from there on", line);
}
