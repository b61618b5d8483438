#include "cuda_jit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry.h"
#include "clock.h"
#include "cuda_cache.h"
#include "cuda_sources.h"
#include "cuda_text.h"

enum { OPTIONS_MAX = 48, OPTION_LENGTH = 80 };

static const char *source_of(const struct variant *v) {
    char name[128];
    snprintf(name, sizeof name, "%s.cu", v->name);
    if (v->source) return v->source;
    for (const struct cuda_source *s = cuda_sources; s->name; s++)
        if (strcmp(s->name, name) == 0) return s->text;
    return NULL;
}

/* "-DCHANNELS=768", "-DFORM_A=1", "-DLO=(-0x1p+0f)". */
static void attr_define(const struct attr *a, const struct problem *p, char *option) {
    char name[24];
    size_t i = 0;
    for (; a->name[i] && i + 1 < sizeof name; i++) name[i] = (char)toupper((unsigned char)a->name[i]);
    name[i] = 0;
    const double value = attr_get(a, p);
    switch (a->kind) {
    case ATTR_FORM: snprintf(option, OPTION_LENGTH, "-D%s_A=%d", name, p->form == 'A'); break;
    case ATTR_FLOAT: snprintf(option, OPTION_LENGTH, "-D%s=(%af)", name, value); break;
    default: snprintf(option, OPTION_LENGTH, "-D%s=%.0f", name, value); break;
    }
}

static bool is_header(const struct cuda_source *s) {
    const size_t length = strlen(s->name);
    return length >= 4 && strcmp(s->name + length - 4, ".cuh") == 0;
}

/* Whether a parameter is the kernel's and not only its launch's. Points that differ in the launch alone are
   then one and the same to the compiler and in the cache. */
static bool param_compiled(const struct variant *v, const char *name) {
    const char *const source = source_of(v);
    if (!source || cuda_text_mentions(source, name)) return true;
    for (const struct cuda_source *s = cuda_sources; s->name; s++)
        if (is_header(s) && strstr(s->text, name) && cuda_text_mentions(s->text, name)) return true;
    return false;
}

static unsigned params_find(const struct variant *v) {
    unsigned set = 0;
    for (int i = 0; i < param_count(v); i++) set |= (unsigned)param_compiled(v, v->params[i].name) << i;
    return set;
}

/* The set of such parameters. Every candidate asks for it, so for the registry's variants the sources are
   searched once; threads that do so at the same time find the same. */
static unsigned params_compiled(struct nvrtc *n, const struct variant *v) {
    const unsigned known = 1u << PARAM_MAX;
    int i = 0;
    while (i < variant_count() && variant_at(i) != v) i++;
    if (i == variant_count() || i >= NVRTC_VARIANTS_MAX) return params_find(v);
    unsigned set = atomic_load(&n->params_compiled[i]);
    if (!set) {
        set = known | params_find(v);
        atomic_store(&n->params_compiled[i], set);
    }
    return set & ~known;
}

/* `compiled`: the set of parameters that are the kernel's. Returns their number. */
static int options_make(const struct variant *v, const struct problem *p, const struct point *pt, int sm,
                        unsigned compiled, char options[OPTIONS_MAX][OPTION_LENGTH]) {
    int count = 0;
    const size_t size = OPTION_LENGTH;
    snprintf(options[count++], size, "--gpu-architecture=sm_%d", sm);
    snprintf(options[count++], size, "--std=c++17");
    snprintf(options[count++], size, "--ptxas-options=-v");
    snprintf(options[count++], size, "-DDTYPE_F32=%d", p->dtype == F32);
    snprintf(options[count++], size, "-DDTYPE_F16=%d", p->dtype == F16);
    snprintf(options[count++], size, "-DDTYPE_BF16=%d", p->dtype == BF16);
    snprintf(options[count++], size, "-DGROUP_CHANNELS=%lld", (long long)channels_per_group(p));
    for (int i = 0; attr_at(i); i++)
        if (attr_of(attr_at(i), p->op) && strcmp(attr_at(i)->name, "rows") != 0)
            attr_define(attr_at(i), p, options[count++]);
    for (int i = 0; i < param_count(v); i++)
        if (compiled >> i & 1)
            snprintf(options[count++], size, "-D%.40s=%d", v->params[i].name, pt->value[i]);
    return count;
}

/* The compiler's first line with "error", without the rest; and what to do for a header that is not here. */
static void complaint_find(const struct nvrtc *n, const char *log, char *text, size_t size) {
    const char *const at = strstr(log, "error");
    const char *begin = at ? at : log;
    while (begin > log && begin[-1] != '\n') begin--;
    const bool header = !n->headers[0] && strstr(begin, "open source file");
    snprintf(text, size, "%.*s%s", (int)strcspn(begin, "\n"), begin,
             header ? "; CUDA's headers are not beside NVRTC: \"./katune get-nvrtc\" fetches both" : "");
}

typedef nvrtcResult size_getter(nvrtcProgram, size_t *);
typedef nvrtcResult text_getter(nvrtcProgram, char *);

static char *result_get(nvrtcProgram program, size_getter *size_of, text_getter *get, size_t *size) {
    if (size_of(program, size)) return NULL;
    char *const text = calloc(*size + 1, 1);
    if (text && get(program, text)) {
        free(text);
        return NULL;
    }
    return text;
}

static nvrtcResult program_compile(nvrtcProgram program, const struct nvrtc *n,
                                   char options[OPTIONS_MAX][OPTION_LENGTH], int count) {
    const char *list[OPTIONS_MAX + 1];
    char headers[sizeof n->headers + 16];
    for (int i = 0; i < count; i++) list[i] = options[i];
    snprintf(headers, sizeof headers, "--include-path=%s", n->headers);
    if (n->headers[0]) list[count++] = headers;
    return n->nvrtcCompileProgram(program, count, list);
}

static bool program_results(nvrtcProgram program, const struct nvrtc *n, struct cuda_binary *b) {
    b->log = result_get(program, n->nvrtcGetProgramLogSize, n->nvrtcGetProgramLog, &b->log_size);
    b->ptx = result_get(program, n->nvrtcGetPTXSize, n->nvrtcGetPTX, &b->ptx_size);
    b->cubin = result_get(program, n->nvrtcGetCUBINSize, n->nvrtcGetCUBIN, &b->cubin_size);
    return b->log && b->ptx && b->cubin;
}

static bool program_make(const struct nvrtc *n, const struct variant *v, nvrtcProgram *program,
                         struct error *err) {
    enum { HEADERS_MAX = 64 };
    const char *names[HEADERS_MAX + 1], *texts[HEADERS_MAX + 1], *const source = source_of(v);
    char name[128];
    int count = 0;
    if (!source) return error_set(err, "%s: its source is not part of this program", v->name);
    for (const struct cuda_source *s = cuda_sources; s->name && count < HEADERS_MAX; s++) {
        if (!is_header(s)) continue;
        names[count] = strcmp(s->name, "variant.cuh") == 0 ? "variant.h" : s->name;
        texts[count++] = s->text;
    }
    snprintf(name, sizeof name, "%s.cu", v->name);
    return !n->nvrtcCreateProgram(program, source, name, count, texts, names) ||
           error_set(err, "%s: NVRTC is out of memory", v->name);
}

static bool source_compile(const struct nvrtc *n, const struct variant *v, int sm,
                           char options[OPTIONS_MAX][OPTION_LENGTH], int count, struct cuda_binary *b,
                           struct error *err) {
    nvrtcProgram program;
    *b = (struct cuda_binary){.cached = false};
    if (!program_make(n, v, &program, err)) return false;
    const double start = clock_seconds();
    bool ok = !program_compile(program, n, options, count);
    b->seconds = clock_seconds() - start;
    if (ok) {
        ok = program_results(program, n, b) || error_set(err, "%s: out of memory", v->name);
    } else {
        char text[320] = "no log";
        b->log = result_get(program, n->nvrtcGetProgramLogSize, n->nvrtcGetProgramLog, &b->log_size);
        if (b->log) complaint_find(n, b->log, text, sizeof text);
        error_set(err, "%s does not compile for sm_%d: %s", v->name, sm, text);
    }
    n->nvrtcDestroyProgram(&program);
    if (!ok) cuda_binary_free(b);
    return ok;
}

/* All that the result depends on. */
static void key_make(const struct nvrtc *n, const struct variant *v, char options[OPTIONS_MAX][OPTION_LENGTH],
                     int count, char key[CUDA_KEY_LENGTH]) {
    struct cuda_hash h = cuda_hash_new();
    const char *const source = source_of(v);
    cuda_hash_add(&h, &n->major, sizeof n->major);
    cuda_hash_add(&h, &n->minor, sizeof n->minor);
    cuda_hash_add(&h, n->headers, strlen(n->headers));
    cuda_hash_add(&h, v->name, strlen(v->name));
    if (source) cuda_hash_add(&h, source, strlen(source));
    for (const struct cuda_source *s = cuda_sources; s->name; s++)
        if (is_header(s)) cuda_hash_add(&h, s->text, strlen(s->text));
    for (int i = 0; i < count; i++) cuda_hash_add(&h, options[i], strlen(options[i]));
    cuda_hash_key(&h, key);
}

bool cuda_compile(struct nvrtc *n, const struct variant *v, const struct problem *p, const struct point *pt,
                  int sm, struct cuda_binary *b, struct error *err) {
    char options[OPTIONS_MAX][OPTION_LENGTH], key[CUDA_KEY_LENGTH], folder[512];
    const int count = options_make(v, p, pt, sm, params_compiled(n, v), options);
    const bool keep = cuda_cache_folder(folder, sizeof folder);
    key_make(n, v, options, count, key);
    if (keep && cuda_cache_load(folder, key, b)) return true;
    const bool spoilt = keep && b->spoilt;
    if (!nvrtc_require(n, sm, err)) return false;
    if (!source_compile(n, v, sm, options, count, b, err)) return false;
    b->spoilt = spoilt;
    if (keep) cuda_cache_store(folder, key, b);
    return true;
}

void cuda_binary_free(struct cuda_binary *b) {
    free(b->ptx);
    free(b->cubin);
    free(b->log);
    *b = (struct cuda_binary){.cached = false};
}

/* The number before `unit` in a line, or 0. */
static int line_number(const char *line, const char *end, const char *unit) {
    const char *const at = strstr(line, unit);
    if (!at || at > end) return 0;
    const char *digit = at;
    while (digit > line && isdigit((unsigned char)digit[-1])) digit--;
    return atoi(digit);
}

static int max(int a, int b) {
    return a > b ? a : b;
}

bool cuda_resources_read(const char *log, const char *function, struct cuda_resources *r) {
    bool any = false, wanted = false;
    *r = (struct cuda_resources){0};
    for (const char *line = log, *end; *line; line = *end ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        const char *const entry = strstr(line, "entry function '");
        if (entry && entry < end) {
            const char *const name = entry + strlen("entry function '");
            const size_t length = strcspn(name, "'");
            wanted = !function || (strlen(function) == length && memcmp(function, name, length) == 0);
        }
        if (!wanted) continue;
        const int used = line_number(line, end, " registers");
        any |= used > 0;
        r->registers = max(r->registers, used);
        r->shared = max(r->shared, line_number(line, end, " bytes smem"));
        r->stack = max(r->stack, line_number(line, end, " bytes stack frame"));
        r->spill = max(r->spill, line_number(line, end, " bytes spill stores") +
                                     line_number(line, end, " bytes spill loads"));
    }
    return any;
}
