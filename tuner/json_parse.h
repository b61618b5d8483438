/* A strict JSON parser (RFC 8259) for large documents. It builds trees of cJSON's nodes, so that cJSON's
   functions read them, but keeps the nodes in large blocks and the texts where they lie in the document. */
#ifndef KATUNE_JSON_PARSE_H
#define KATUNE_JSON_PARSE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "error.h"

struct json_tree {
    cJSON *root;
    struct json_block *blocks;
};

/* Parses `size` bytes, which a 0 follows. Texts are unescaped in place: the document must outlive the tree
   and is not to be used otherwise. Refused besides what is not JSON: more than 64 levels, and texts that hold
   a zero character. False and the line; the tree is then empty. */
bool json_tree_parse(struct json_tree *t, char *text, size_t size, struct error *err);
void json_tree_free(struct json_tree *t);

#endif
