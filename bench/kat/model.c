#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init.h"
#include "layers.h"

/* Indices of a layer's weight and bias; the bias follows. */
struct block {
    int norm1, qkv, proj, norm2, fc1, fc2;
    struct activation act1, act2;
    /* kept for the backward pass; x is the residual stream before and between the two halves */
    float *x, *stats1, *ln1, *qkv_out, *probs, *att, *mid, *stats2, *ln2, *a1, *h, *a2;
};

struct model {
    struct kat_config config;
    struct params params;
    int batch;
    int64_t rows;
    int cls, pos, patch, norm, head;
    struct block *blocks;
    float *memory;
    float *patches, *embedded, *out, *out_stats, *last, *pooled, *logits;
    float *dlogits, *dpooled, *dx, *dwide, *dwide2, *dnarrow, *dscores;
    uint8_t *labels;
    double smoothing;
};

static int declare_linear(struct params *p, int in, int out, const char *name) {
    const int index = params_add(p, (int64_t[PARAM_DIMS_MAX]){out, in}, "%s.weight", name);
    return params_add(p, (int64_t[PARAM_DIMS_MAX]){out}, "%s.bias", name) < 0 ? -1 : index;
}

static int declare_norm(struct params *p, int dim, const char *name) {
    const int index = params_add(p, (int64_t[PARAM_DIMS_MAX]){dim}, "%s.weight", name);
    return params_add(p, (int64_t[PARAM_DIMS_MAX]){dim}, "%s.bias", name) < 0 ? -1 : index;
}

static bool declare_block(struct model *m, int i) {
    const struct kat_config *const c = &m->config;
    struct params *const p = &m->params;
    struct block *const b = &m->blocks[i];
    const int dim = c->dim, hidden = c->dim * c->mlp_ratio;
    char name[48];
    const char *const parts[] = {"norm1", "attn.qkv", "attn.proj", "norm2"};
    int *const places[] = {&b->norm1, &b->qkv, &b->proj, &b->norm2};
    for (int part = 0; part < 4; part++) {
        snprintf(name, sizeof name, "blocks.%d.%s", i, parts[part]);
        *places[part] = part == 1   ? declare_linear(p, dim, 3 * dim, name)
                        : part == 2 ? declare_linear(p, dim, dim, name)
                                    : declare_norm(p, dim, name);
        if (*places[part] < 0) return false;
    }
    snprintf(name, sizeof name, "blocks.%d.mlp.act1", i);
    if (!activation_declare(&b->act1, p, c->basis, ACT_IDENTITY, dim, c->groups, name)) return false;
    snprintf(name, sizeof name, "blocks.%d.mlp.act2", i);
    if (!activation_declare(&b->act2, p, c->basis, ACT_SWISH, hidden, c->groups, name)) return false;
    snprintf(name, sizeof name, "blocks.%d.mlp.fc1", i);
    b->fc1 = declare_linear(p, dim, hidden, name);
    snprintf(name, sizeof name, "blocks.%d.mlp.fc2", i);
    b->fc2 = declare_linear(p, hidden, dim, name);
    return b->fc1 >= 0 && b->fc2 >= 0;
}

static bool declare(struct model *m, struct error *err) {
    const struct kat_config *const c = &m->config;
    struct params *const p = &m->params;
    m->blocks = calloc((size_t)c->depth, sizeof *m->blocks);
    if (!m->blocks) return error_set(err, "out of memory");
    m->cls = params_add(p, (int64_t[PARAM_DIMS_MAX]){1, 1, c->dim}, "cls_token");
    m->pos = params_add(p, (int64_t[PARAM_DIMS_MAX]){1, config_tokens(c), c->dim}, "pos_embed");
    m->patch = params_add(p, (int64_t[PARAM_DIMS_MAX]){c->dim, c->channels, c->patch, c->patch},
                          "patch_embed.proj.weight");
    bool ok = params_add(p, (int64_t[PARAM_DIMS_MAX]){c->dim}, "patch_embed.proj.bias") >= 0;
    for (int i = 0; ok && i < c->depth; i++) ok = declare_block(m, i);
    m->norm = ok ? declare_norm(p, c->dim, "norm") : -1;
    m->head = ok ? declare_linear(p, c->dim, c->classes, "head") : -1;
    return (ok && m->head >= 0) || error_set(err, "out of memory");
}

static void init_linear(struct params *p, int index, double std, uint64_t *state) {
    init_normal(&p->list[index], std, state);
    init_constant(&p->list[index + 1], 0);
}

/* Layers behind an activation F keep the variance of their input: Var(w) = Var(x) / (E[F(x)^2] d_in), x ~
 * N(0, 1). */
static bool init_block(struct model *m, struct block *b, struct katune *k, uint64_t *state,
                       struct error *err) {
    struct params *const p = &m->params;
    const int dim = m->config.dim, hidden = dim * m->config.mlp_ratio;
    for (int norm = 0; norm < 2; norm++) init_constant(&p->list[norm ? b->norm2 : b->norm1], 1);
    init_linear(p, b->qkv, sqrt(1.0 / dim), state);
    init_linear(p, b->proj, sqrt(1.0 / dim), state);
    activation_init(&b->act1, p, ACT_IDENTITY);
    activation_init(&b->act2, p, ACT_SWISH);
    const double energy1 = activation_energy(&b->act1, k, p, err),
                 energy2 = activation_energy(&b->act2, k, p, err);
    if (energy1 < 0 || energy2 < 0) return false;
    init_linear(p, b->fc1, sqrt(1 / (energy1 * dim)), state);
    init_linear(p, b->fc2, sqrt(1 / (energy2 * hidden)), state);
    return true;
}

static bool init(struct model *m, struct katune *k, uint64_t seed, struct error *err) {
    struct params *const p = &m->params;
    uint64_t state = seed;
    init_normal(&p->list[m->cls], 0.02, &state);
    init_normal(&p->list[m->pos], 0.02, &state);
    init_linear(p, m->patch, sqrt(1.0 / config_patch_pixels(&m->config)), &state);
    for (int i = 0; i < m->config.depth; i++)
        if (!init_block(m, &m->blocks[i], k, &state, err)) return false;
    init_constant(&p->list[m->norm], 1);
    init_linear(p, m->head, 0.02, &state);
    return true;
}

struct carve {
    float **place;
    int64_t count;
};

/* Every buffer of a step out of one allocation, each at a cache line. */
static bool buffers(struct model *m, struct error *err) {
    const struct kat_config *const c = &m->config;
    const int64_t narrow = m->rows * c->dim, wide = narrow * c->mlp_ratio,
                  probs = (int64_t)m->batch * c->heads * config_tokens(c) * config_tokens(c),
                  patches = (int64_t)m->batch * config_patches(c),
                  most = wide > 3 * narrow ? wide : 3 * narrow;
    struct carve *const list = malloc((size_t)(20 + 12 * c->depth) * sizeof *list);
    if (!list) return error_set(err, "out of memory");
    int n = 0;
    list[n++] = (struct carve){&m->patches, patches * config_patch_pixels(c)};
    list[n++] = (struct carve){&m->embedded, patches * c->dim};
    list[n++] = (struct carve){&m->out, narrow};
    list[n++] = (struct carve){&m->out_stats, 2 * m->rows};
    list[n++] = (struct carve){&m->last, narrow};
    list[n++] = (struct carve){&m->pooled, (int64_t)m->batch * c->dim};
    list[n++] = (struct carve){&m->logits, (int64_t)m->batch * c->classes};
    list[n++] = (struct carve){&m->dlogits, (int64_t)m->batch * c->classes};
    list[n++] = (struct carve){&m->dpooled, (int64_t)m->batch * c->dim};
    list[n++] = (struct carve){&m->dx, narrow};
    list[n++] = (struct carve){&m->dwide, most};
    list[n++] = (struct carve){&m->dwide2, most};
    list[n++] = (struct carve){&m->dnarrow, narrow};
    list[n++] = (struct carve){&m->dscores, probs};
    for (int i = 0; i < c->depth; i++) {
        struct block *const b = &m->blocks[i];
        const struct carve own[] = {
            {&b->x, narrow},    {&b->stats1, 2 * m->rows}, {&b->ln1, narrow}, {&b->qkv_out, 3 * narrow},
            {&b->probs, probs}, {&b->att, narrow},         {&b->mid, narrow}, {&b->stats2, 2 * m->rows},
            {&b->ln2, narrow},  {&b->a1, narrow},          {&b->h, wide},     {&b->a2, wide}};
        memcpy(list + n, own, sizeof own);
        n += (int)(sizeof own / sizeof *own);
    }
    int64_t total = 0;
    for (int i = 0; i < n; i++) total += (list[i].count + 15) / 16 * 16;
    m->memory = aligned_alloc(64, (size_t)total * sizeof(float));
    float *at = m->memory;
    for (int i = 0; at && i < n; i++, at += (list[i - 1].count + 15) / 16 * 16) *list[i].place = at;
    free(list);
    m->labels = malloc((size_t)m->batch);
    return (m->memory && m->labels) ||
           error_set(err, "out of memory for a batch of %d images: take a smaller --batch", m->batch);
}

static bool prepare(struct model *m, struct katune *k, struct error *err) {
    for (int i = 0; i < m->config.depth; i++)
        if (!activation_prepare(&m->blocks[i].act1, k, m->rows, err) ||
            !activation_prepare(&m->blocks[i].act2, k, m->rows, err))
            return false;
    return true;
}

static struct model *model_build(const struct kat_config *c, const struct model *beside, struct katune *k,
                                 int batch, uint64_t seed, struct error *err) {
    struct model *const m = calloc(1, sizeof *m);
    if (!m) {
        error_set(err, "out of memory");
        return NULL;
    }
    m->config = *c;
    m->batch = batch;
    m->rows = (int64_t)batch * config_tokens(c);
    if (declare(m, err) && params_allocate(&m->params, beside ? &beside->params : NULL, err) &&
        (beside || init(m, k, seed, err)) && buffers(m, err) && prepare(m, k, err))
        return m;
    model_free(m);
    return NULL;
}

struct model *model_new(const struct kat_config *c, struct katune *k, int batch, uint64_t seed,
                        struct error *err) {
    return model_build(c, NULL, k, batch, seed, err);
}

struct model *model_beside(const struct model *m, struct katune *k, int batch, struct error *err) {
    return model_build(&m->config, m, k, batch, 0, err);
}

void model_free(struct model *m) {
    if (!m) return;
    for (int i = 0; m->blocks && i < m->config.depth; i++) {
        activation_release(&m->blocks[i].act1);
        activation_release(&m->blocks[i].act2);
    }
    free(m->blocks);
    free(m->memory);
    free(m->labels);
    params_free(&m->params);
    free(m);
}

struct params *model_params(struct model *m) {
    return &m->params;
}
void model_smooth(struct model *m, double smoothing) {
    m->smoothing = smoothing;
}

const float *model_logits(const struct model *m) {
    return m->logits;
}

static void print_kernel(const char *name, const char *pass, const struct katune_kernel *f) {
    const struct selection *const s = katune_kernel_selection(f);
    char point[POINT_TEXT_MAX];
    point_print(s->variant, &s->point, point);
    printf("  %-22s %-8s %s %s (%s)\n", name, pass, s->variant->name, point, select_how_name(s->how));
}

void model_print_activations(const struct model *m) {
    for (int i = 0; i < m->config.depth; i++) {
        for (int act = 1; act <= 2; act++) {
            const struct activation *const a = act == 1 ? &m->blocks[i].act1 : &m->blocks[i].act2;
            char name[32];
            snprintf(name, sizeof name, "blocks.%d.mlp.act%d", i, act);
            if (a->none) continue;
            print_kernel(name, "forward", a->run_forward);
            print_kernel(name, "backward", a->run_backward);
        }
    }
}

static const float *value(const struct model *m, int index) {
    return m->params.list[index].value;
}
static float *grad(const struct model *m, int index) {
    return m->params.list[index].grad;
}

static void forward_linear(const struct model *m, int64_t rows, int index, int in, int out, const float *x,
                           float *y) {
    linear_forward(rows, in, out, x, value(m, index), value(m, index + 1), y);
}

static void backward_linear(const struct model *m, int64_t rows, int index, int in, int out, const float *x,
                            const float *dy, float *dx) {
    linear_backward(rows, in, out, x, value(m, index), dy, dx, grad(m, index), grad(m, index + 1));
}

static double pixel(const uint8_t *image, int side, int x, int y) {
    return x >= 0 && x < side && y >= 0 && y < side ? image[y * side + x] : 0;
}

static double pixel_mapped(const uint8_t *image, int side, int x, int y, const struct image_map *map) {
    const float middle = 0.5f * (float)(side - 1), px = (float)x - middle, py = (float)y - middle;
    const double fx = (double)(map->a * px + map->b * py + map->e + middle);
    const double fy = (double)(map->c * px + map->d * py + map->f + middle);
    const int x0 = (int)floor(fx), y0 = (int)floor(fy);
    const double u = fx - x0, v = fy - y0;
    return (1 - v) * ((1 - u) * pixel(image, side, x0, y0) + u * pixel(image, side, x0 + 1, y0)) +
           v * ((1 - u) * pixel(image, side, x0, y0 + 1) + u * pixel(image, side, x0 + 1, y0 + 1));
}

/* Patches as rows of (channels, patch, patch) pixels, divided by pixel_max. */
static void patches_cut(struct model *m, const struct images *images, const int *index,
                        const struct image_map *maps) {
    const struct kat_config *const c = &m->config;
    const int side = c->image / c->patch, pixels = config_patch_pixels(c);
    for (int64_t r = 0; r < (int64_t)m->batch * side * side; r++) {
        const int image = (int)(r / (side * side)), row = (int)(r / side % side), column = (int)(r % side);
        const uint8_t *const from = images->pixels + (int64_t)index[image] * c->image * c->image;
        for (int i = 0; i < pixels; i++) {
            const int y = row * c->patch + i / c->patch % c->patch, x = column * c->patch + i % c->patch;
            const double share =
                (maps ? pixel_mapped(from, c->image, x, y, &maps[image]) : from[y * c->image + x]) /
                c->pixel_max;
            m->patches[r * pixels + i] = (float)(maps ? pow(share, (double)maps[image].gamma) : share);
        }
    }
    for (int b = 0; b < m->batch; b++) m->labels[b] = images->labels[index[b]];
}

static void embed(struct model *m, float *x) {
    const struct kat_config *const c = &m->config;
    const int tokens = config_tokens(c), dim = c->dim;
    forward_linear(m, (int64_t)m->batch * config_patches(c), m->patch, config_patch_pixels(c), dim,
                   m->patches, m->embedded);
    for (int64_t r = 0; r < m->rows; r++) {
        const int64_t image = r / tokens, token = r % tokens;
        const float *const from =
            token ? m->embedded + (image * (tokens - 1) + token - 1) * dim : value(m, m->cls);
        for (int i = 0; i < dim; i++) x[r * dim + i] = from[i] + value(m, m->pos)[token * dim + i];
    }
}

static struct attention_size attention_of(const struct model *m) {
    return (struct attention_size){m->batch, config_tokens(&m->config), m->config.heads, m->config.dim};
}

static void block_forward(struct model *m, struct block *b, float *y) {
    const int dim = m->config.dim, hidden = dim * m->config.mlp_ratio;
    const struct attention_size size = attention_of(m);
    layernorm_forward(m->rows, dim, b->x, value(m, b->norm1), value(m, b->norm1 + 1), b->ln1, b->stats1);
    forward_linear(m, m->rows, b->qkv, dim, 3 * dim, b->ln1, b->qkv_out);
    attention_forward(&size, b->qkv_out, b->probs, b->att);
    forward_linear(m, m->rows, b->proj, dim, dim, b->att, b->mid);
    for (int64_t i = 0; i < m->rows * dim; i++) b->mid[i] += b->x[i];
    layernorm_forward(m->rows, dim, b->mid, value(m, b->norm2), value(m, b->norm2 + 1), b->ln2, b->stats2);
    activation_forward(&b->act1, &m->params, b->ln2, b->a1);
    forward_linear(m, m->rows, b->fc1, dim, hidden, b->a1, b->h);
    activation_forward(&b->act2, &m->params, b->h, b->a2);
    forward_linear(m, m->rows, b->fc2, hidden, dim, b->a2, y);
    for (int64_t i = 0; i < m->rows * dim; i++) y[i] += b->mid[i];
}

double model_forward(struct model *m, const struct images *images, const int *index,
                     const struct image_map *maps, int *right) {
    const struct kat_config *const c = &m->config;
    patches_cut(m, images, index, maps);
    embed(m, m->blocks[0].x);
    for (int i = 0; i < c->depth; i++)
        block_forward(m, &m->blocks[i], i + 1 < c->depth ? m->blocks[i + 1].x : m->out);
    layernorm_forward(m->rows, c->dim, m->out, value(m, m->norm), value(m, m->norm + 1), m->last,
                      m->out_stats);
    for (int b = 0; b < m->batch; b++)
        memcpy(m->pooled + (int64_t)b * c->dim, m->last + (int64_t)b * config_tokens(c) * c->dim,
               (size_t)c->dim * sizeof(float));
    forward_linear(m, m->batch, m->head, c->dim, c->classes, m->pooled, m->logits);
    return cross_entropy(m->batch, c->classes, m->logits, m->labels, m->smoothing, m->dlogits, right);
}

/* dx holds the gradient of the block's output, and then of its input. */
static void block_backward(struct model *m, struct block *b) {
    const int dim = m->config.dim, hidden = dim * m->config.mlp_ratio;
    const struct attention_size size = attention_of(m);
    backward_linear(m, m->rows, b->fc2, hidden, dim, b->a2, m->dx, m->dwide);
    activation_backward(&b->act2, &m->params, b->h, m->dwide, m->dwide2);
    backward_linear(m, m->rows, b->fc1, dim, hidden, b->a1, m->dwide2, m->dnarrow);
    activation_backward(&b->act1, &m->params, b->ln2, m->dnarrow, m->dwide);
    layernorm_backward(m->rows, dim, b->mid, value(m, b->norm2), b->stats2, m->dwide, m->dx,
                       grad(m, b->norm2), grad(m, b->norm2 + 1));
    backward_linear(m, m->rows, b->proj, dim, dim, b->att, m->dx, m->dnarrow);
    attention_backward(&size, b->qkv_out, b->probs, m->dnarrow, m->dwide, m->dscores);
    backward_linear(m, m->rows, b->qkv, dim, 3 * dim, b->ln1, m->dwide, m->dnarrow);
    layernorm_backward(m->rows, dim, b->x, value(m, b->norm1), b->stats1, m->dnarrow, m->dx,
                       grad(m, b->norm1), grad(m, b->norm1 + 1));
}

static void embed_backward(struct model *m) {
    const struct kat_config *const c = &m->config;
    const int tokens = config_tokens(c), dim = c->dim;
    float *const dpos = grad(m, m->pos), *const dcls = grad(m, m->cls);
    memset(dpos, 0, (size_t)tokens * (size_t)dim * sizeof *dpos);
    for (int64_t r = 0; r < m->rows; r++) {
        const int64_t image = r / tokens, token = r % tokens;
        for (int i = 0; i < dim; i++) dpos[token * dim + i] += m->dx[r * dim + i];
        if (token)
            memcpy(m->embedded + (image * (tokens - 1) + token - 1) * dim, m->dx + r * dim,
                   (size_t)dim * sizeof(float));
    }
    memcpy(dcls, dpos, (size_t)dim * sizeof *dcls); /* both are added to the first token */
    backward_linear(m, (int64_t)m->batch * config_patches(c), m->patch, config_patch_pixels(c), dim,
                    m->patches, m->embedded, NULL);
}

void model_backward(struct model *m) {
    const struct kat_config *const c = &m->config;
    backward_linear(m, m->batch, m->head, c->dim, c->classes, m->pooled, m->dlogits, m->dpooled);
    memset(m->dnarrow, 0, (size_t)(m->rows * c->dim) * sizeof(float));
    for (int b = 0; b < m->batch; b++)
        memcpy(m->dnarrow + (int64_t)b * config_tokens(c) * c->dim, m->dpooled + (int64_t)b * c->dim,
               (size_t)c->dim * sizeof(float));
    memset(m->dx, 0, (size_t)(m->rows * c->dim) * sizeof(float));
    layernorm_backward(m->rows, c->dim, m->out, value(m, m->norm), m->out_stats, m->dnarrow, m->dx,
                       grad(m, m->norm), grad(m, m->norm + 1));
    for (int i = c->depth - 1; i >= 0; i--) block_backward(m, &m->blocks[i]);
    embed_backward(m);
}
