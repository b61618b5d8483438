#include "cuda_text.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* The end of a comment or a text in quotes that begins here; else the place itself. */
static const char *passed_over(const char *at) {
    if (at[0] == '/' && at[1] == '/') return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *const end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    if (*at != '"') return at;
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* How deep in conditions the text is after this directive, counted from the one that says that it is for the
   host; 0: it is for the device. */
static int condition_follow(const char *directive, int depth) {
    directive += strspn(directive, " \t");
    if (!depth) return begins(directive, "ifndef __CUDACC__");
    if (begins(directive, "if")) return depth + 1;
    if (begins(directive, "endif") || (depth == 1 && begins(directive, "else"))) return depth - 1;
    return depth;
}

static size_t word_length(const char *at) {
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_') length++;
    return length;
}

bool cuda_text_mentions(const char *text, const char *name) {
    const size_t wanted = strlen(name);
    int depth = 0;
    for (const char *at = text; *at;) {
        const char *const after = passed_over(at);
        const size_t word = word_length(at);
        if (after != at) {
            at = after;
            continue;
        }
        if (!depth && word == wanted && memcmp(at, name, word) == 0) return true;
        if (*at == '#') depth = condition_follow(at + 1, depth);
        at += word ? word : 1;
    }
    return false;
}
