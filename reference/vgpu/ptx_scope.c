/* ptx_scope: symbols by name, in nested scopes. */
#include <string.h>

#include "ptx.h"

enum { FIRST_BUCKETS = 64 };

static uint32_t hash_name(const char *name) {
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

static struct ptx_symbol *find(const struct ptx_scope *scope, const char *name, uint32_t hash) {
    struct ptx_symbol *s = scope->bucket_count ? scope->buckets[hash % scope->bucket_count] : NULL;
    while (s && strcmp(s->name, name) != 0) {
        s = s->next;
    }
    return s;
}

struct ptx_symbol *ptx_lookup(struct ptx_scope *scope, const char *name) {
    const uint32_t hash = hash_name(name);
    struct ptx_symbol *s = NULL;
    for (; scope && !s; scope = scope->outer) {
        s = find(scope, name, hash);
    }
    return s;
}

static void link_in(struct ptx_scope *scope, struct ptx_symbol *symbol) {
    struct ptx_symbol **bucket = &scope->buckets[hash_name(symbol->name) % scope->bucket_count];
    symbol->next = *bucket;
    *bucket = symbol;
}

static void grow(struct ptx_parser *p, struct ptx_scope *scope) {
    const struct ptx_scope old = *scope;
    scope->bucket_count = old.bucket_count ? 4 * old.bucket_count : FIRST_BUCKETS;
    scope->buckets = ptx_alloc(p, scope->bucket_count * sizeof *scope->buckets);
    for (uint32_t i = 0; i < old.bucket_count; i++) {
        for (struct ptx_symbol *s = old.buckets[i], *next; s; s = next) {
            next = s->next;
            link_in(scope, s);
        }
    }
}

void ptx_scope_add(struct ptx_parser *p, struct ptx_scope *scope, struct ptx_symbol *symbol) {
    if (scope->symbol_count >= scope->bucket_count) {
        grow(p, scope);
    }
    scope->symbol_count++;
    link_in(scope, symbol);
}

struct ptx_symbol *ptx_declare(struct ptx_parser *p, const char *name, enum ptx_symbol_kind kind) {
    if (find(p->scope, name, hash_name(name))) {
        ptx_fail(p, "a name is declared twice");
    }
    struct ptx_symbol *symbol = ptx_alloc(p, sizeof *symbol);
    symbol->name = name;
    symbol->kind = kind;
    ptx_scope_add(p, p->scope, symbol);
    return symbol;
}
