/* A strict JSON parser (RFC 8259) for large documents. It builds trees of cJSON's nodes, so that cJSON's
   functions read them, but keeps the nodes in large blocks and the texts where they lie in the document, and
   can hand over the elements of an array one by one. cJSON's own parser, which allocates every node and text
   apart, needs three times as long for a table of 10,000 entries; where documents are small it is used. */
#ifndef KATUNE_JSON_PARSE_H
#define KATUNE_JSON_PARSE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "error.h"

struct json_tree {
    cJSON *root;
    struct json_block *blocks;
};

/* Takes the elements of a large array one by one instead of keeping them: those of the root's first member of
   this name, if it is an array. The tree holds it without its elements. False from `take` (with the reason in
   the context) leaves the rest out, but they are still parsed. */
struct json_elements {
    const char *member;
    bool (*take)(void *context, const cJSON *element);
    void *context;
};

/* Parses `size` bytes, which a 0 follows. Texts are unescaped in place: the document must outlive the tree
   and is not to be used otherwise. `elements` may be NULL. Refused besides what is not JSON: more than 64
   levels, and texts that hold a zero character. False and the line; the tree is then empty. */
bool json_tree_parse(struct json_tree *t, char *text, size_t size, const struct json_elements *elements,
                     struct error *err);
void json_tree_free(struct json_tree *t);

#endif
