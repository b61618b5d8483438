/* Mutations that know of lines and words, of PTX as of JSON: a text that still parses gets further than one
 * that does not. */
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

struct span {
    size_t start, length;
};

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static struct span line_at(const uint8_t *data, size_t bytes, size_t at) {
    size_t start = at, end = at;
    while (start && data[start - 1] != '\n') {
        start--;
    }
    while (end < bytes && data[end] != '\n') {
        end++;
    }
    return (struct span){start, (end < bytes ? end + 1 : end) - start};
}

/* A word of the text: from one separator to the next. */
static struct span word_at(const uint8_t *data, size_t bytes, size_t at) {
    static const char separators[] = " \t\n,;:[](){}\"";
    size_t start = at, end = at;
    while (start && !strchr(separators, data[start - 1])) {
        start--;
    }
    while (end < bytes && data[end] && !strchr(separators, data[end])) {
        end++;
    }
    return (struct span){start, end - start};
}

/* Puts a copy of one span in place of another. */
static size_t replace(uint8_t *data, size_t bytes, size_t most, struct span to, struct span from) {
    uint8_t piece[512];
    if (from.length > sizeof piece || bytes - to.length + from.length > most) {
        return bytes;
    }
    memcpy(piece, data + from.start, from.length);
    memmove(data + to.start + from.length, data + to.start + to.length, bytes - to.start - to.length);
    memcpy(data + to.start, piece, from.length);
    return bytes - to.length + from.length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
    uint32_t state = seed * 2654435761u | 1;
    const uint32_t kind = next_random(&state) % 8;
    if (bytes < 8 || kind < 2) {
        return LLVMFuzzerMutate(data, bytes, most);
    }
    const size_t a = next_random(&state) % bytes, b = next_random(&state) % bytes;
    switch (kind) {
    case 2: return replace(data, bytes, most, line_at(data, bytes, a), (struct span){0, 0});
    case 3: /* one line once more, before another */
        return replace(data, bytes, most, (struct span){line_at(data, bytes, a).start, 0},
                       line_at(data, bytes, b));
    case 4: return replace(data, bytes, most, line_at(data, bytes, a), line_at(data, bytes, b));
    default: return replace(data, bytes, most, word_at(data, bytes, a), word_at(data, bytes, b));
    }
}
