/* fuzz_table, fuzz_journal, fuzz_record and fuzz_npy: libFuzzer's way into the readers of files. The input is
 * the file's contents. Whatever it holds, the reader has to take it or to say in one line why not: no crash,
 * no hang, no leak, and what was taken can be used. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* A refusal has a reason, and it is one line. */
static void expect_reason(const struct error *err) {
    if (!*err->text || strchr(err->text, '\n')) {
        fprintf(stderr, "not one line: \"%s\"\n", err->text);
        abort();
    }
}

#if defined FUZZ_TABLE
#include "select.h"

/* Its entries are found again. */
static void reader(char **text, size_t bytes, struct error *err) {
    struct table t;
    if (!table_parse(&t, *text, bytes, err)) {
        expect_reason(err);
        return;
    }
    for (int i = 0; i < t.count; i++)
        if (table_find(&t, &t.entries[i].problem) != &t.entries[i]) abort();
    table_free(&t);
}
#elif defined FUZZ_JOURNAL
#include "journal.h"

/* A first line that says that the facts are about this build's kernels comes before the input. */
static void reader(char **text, size_t bytes, struct error *err) {
    static char head[128];
    const int length =
        snprintf(head, sizeof head, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n", registry_sources_hash());
    char *const whole = malloc((size_t)length + bytes + 1);
    if (!whole) return;
    memcpy(whole, head, (size_t)length);
    memcpy(whole + length, *text, bytes + 1);
    struct journal *const j = journal_parse(whole, &(struct journal_options){.resume = true}, err);
    if (!j) expect_reason(err);
    journal_close(j);
    free(whole);
}
#elif defined FUZZ_RECORD
#include "record.h"

/* Rows are the configurations of the space. */
static void reader(char **text, size_t bytes, struct error *err) {
    struct record r;
    if (!record_parse(&r, text, bytes, err)) {
        expect_reason(err);
        return;
    }
    if (r.count != space_count(r.space) || record_best(&r) >= r.count) abort();
    for (int64_t i = 0; i < r.count; i++)
        if (space_find(r.space, &r.rows[i].config) != i) abort();
    record_free(&r);
}
#elif defined FUZZ_NPY
#include "npy.h"

static void reader(char **text, size_t bytes, struct error *err) {
    for (enum npy_type type = NPY_F32; type <= NPY_F64; type++) {
        struct npy a;
        char *const copy = malloc(bytes + 1);
        if (!copy) return;
        memcpy(copy, *text, bytes + 1);
        if (!npy_parse(copy, bytes, type, &a, err)) {
            expect_reason(err);
        } else {
            unsigned char sum = 0;
            for (size_t i = 0; i < (size_t)npy_count(&a) * (type == NPY_F32 ? 4 : 8); i++)
                sum ^= ((unsigned char *)a.data)[i];
            if (sum == 255) err->text[0] = 0;
        }
        npy_free(&a);
        free(copy);
    }
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct error err = {""};
    char *text = malloc(bytes + 1); /* of the exact size, so that reading past the end shows */
    if (!text) return 0;
    memcpy(text, data, bytes);
    text[bytes] = 0;
    reader(&text, bytes, &err);
    free(text);
    return 0;
}
