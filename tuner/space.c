#include "space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONSTRAINTS_MAX = 128, NONE = UINT16_MAX };

struct constraint {
    uint32_t uses;
    space_accepts *accepts;
    void *context;
};

/* Parameters tied together, and the values they take together: rows of `width` entries. */
struct component {
    int param[SPACE_PARAMS_MAX];
    int width;
    uint16_t *rows;
    int64_t count, room;
    int64_t *slots; /* a hash table of row numbers, -1 free; slot_mask + 1 of them */
    uint64_t slot_mask;
};

struct space {
    struct space_param params[SPACE_PARAMS_MAX];
    int param_count;
    struct constraint constraints[CONSTRAINTS_MAX];
    int constraint_count;
    struct component components[SPACE_PARAMS_MAX];
    int component_count;
    int64_t visited;
};

struct space *space_new(void) {
    return calloc(1, sizeof(struct space));
}

void space_free(struct space *s) {
    if (!s) return;
    for (int i = 0; i < s->param_count; i++) {
        for (int j = 0; j < s->params[i].count; j++) free(s->params[i].values[j].text);
        free(s->params[i].values);
        free(s->params[i].place);
        free(s->params[i].name);
    }
    for (int i = 0; i < s->component_count; i++) {
        free(s->components[i].rows);
        free(s->components[i].slots);
    }
    free(s);
}

bool space_param_add(struct space *s, const char *name, bool ordered, struct error *err) {
    if (s->param_count == SPACE_PARAMS_MAX)
        return error_set(err, "more than %d parameters", SPACE_PARAMS_MAX);
    struct space_param *const p = &s->params[s->param_count];
    *p = (struct space_param){.name = strdup(name), .ordered = ordered};
    if (!p->name) return error_set(err, "out of memory");
    s->param_count++;
    return true;
}

void space_param_unorder(struct space *s, int param) {
    s->params[param].ordered = false;
}

bool space_value_add(struct space *s, struct space_value value, struct error *err) {
    return space_value_insert(s, s->param_count - 1, value, err);
}

bool space_value_insert(struct space *s, int param, struct space_value value, struct error *err) {
    struct space_param *const p = &s->params[param];
    if (p->count == SPACE_VALUES_MAX)
        return error_set(err, "%s has more than %d values", p->name, SPACE_VALUES_MAX);
    if ((p->count & (p->count - 1)) == 0) { /* a power of two: full */
        const size_t room = p->count ? 2 * (size_t)p->count : 1;
        struct space_value *const grown = realloc(p->values, room * sizeof *grown);
        if (!grown) return error_set(err, "out of memory");
        p->values = grown;
    }
    if (value.text && !(value.text = strdup(value.text))) return error_set(err, "out of memory");
    p->values[p->count++] = value;
    return true;
}

int space_param_find(const struct space *s, const char *name) {
    for (int i = 0; i < s->param_count; i++)
        if (strcmp(s->params[i].name, name) == 0) return i;
    return -1;
}

static bool value_equal(const struct space_value *a, const struct space_value *b) {
    if ((a->kind == VALUE_TEXT) != (b->kind == VALUE_TEXT)) return false;
    return a->kind == VALUE_TEXT ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}

int space_value_find(const struct space *s, int param, const struct space_value *value) {
    const struct space_param *const p = &s->params[param];
    for (int i = 0; i < p->count; i++)
        if (value_equal(&p->values[i], value)) return i;
    return -1;
}

bool space_constrain(struct space *s, uint32_t uses, space_accepts *accepts, void *context,
                     struct error *err) {
    if (s->constraint_count == CONSTRAINTS_MAX)
        return error_set(err, "more than %d constraints", CONSTRAINTS_MAX);
    s->constraints[s->constraint_count++] = (struct constraint){uses, accepts, context};
    return true;
}

/* Places of values in order, by counting those of lesser rank. */
static bool places_make(struct space *s) {
    for (int i = 0; i < s->param_count; i++) {
        struct space_param *const p = &s->params[i];
        p->place = calloc((size_t)p->count + 1, sizeof *p->place);
        if (!p->place) return false;
        for (int j = 0; j < p->count; j++) {
            int before = 0;
            for (int k = 0; k < p->count; k++) before += p->values[k].rank < p->values[j].rank;
            p->place[j] = p->count > 1 ? (double)before / (p->count - 1) : 0;
        }
    }
    return true;
}

static uint64_t row_hash(const uint16_t *row, int width) {
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < width; i++) {
        h = (h ^ row[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static bool row_add(struct component *c, const struct config *config) {
    if (c->count == c->room) {
        const int64_t room = c->room ? 2 * c->room : 16;
        uint16_t *const grown = realloc(c->rows, (size_t)(room * (c->width + 1)) * sizeof *grown);
        if (!grown) return false;
        c->rows = grown, c->room = room;
    }
    for (int i = 0; i < c->width; i++) c->rows[c->count * c->width + i] = config->at[c->param[i]];
    c->count++;
    return true;
}

static int64_t row_find(const struct component *c, const uint16_t *row) {
    for (uint64_t slot = row_hash(row, c->width) & c->slot_mask;; slot = (slot + 1) & c->slot_mask) {
        const int64_t at = c->slots[slot];
        if (at < 0 || memcmp(&c->rows[at * c->width], row, (size_t)c->width * sizeof *row) == 0) return at;
    }
}

/* Builds the hash table. A row that is there twice stays out of it and out of the list. */
static bool rows_index(struct component *c) {
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)c->count) slots *= 2;
    c->slots = malloc(slots * sizeof *c->slots);
    if (!c->slots) return false;
    memset(c->slots, 0xff, slots * sizeof *c->slots);
    c->slot_mask = slots - 1;
    const size_t bytes = (size_t)c->width * sizeof *c->rows;
    int64_t kept = 0;
    for (int64_t i = 0; i < c->count; i++) {
        const uint16_t *const row = &c->rows[i * c->width];
        if (row_find(c, row) >= 0) continue;
        uint64_t slot = row_hash(row, c->width) & c->slot_mask;
        while (c->slots[slot] >= 0) slot = (slot + 1) & c->slot_mask;
        memmove(&c->rows[kept * c->width], row, bytes);
        c->slots[slot] = kept++;
    }
    c->count = kept;
    return true;
}

/* Whether what the first `depth` parameters of the component have is acceptable, of the constraints that the
   last of them completes. */
static bool prefix_accepted(const struct space *s, const struct component *c, int depth,
                            const struct config *config) {
    uint32_t known = 0;
    for (int i = 0; i < depth; i++) known |= 1u << c->param[i];
    const uint32_t last = 1u << c->param[depth - 1];
    for (int i = 0; i < s->constraint_count; i++) {
        const struct constraint *const one = &s->constraints[i];
        if (one->uses & last && !(one->uses & ~known) && !one->accepts(config, one->context)) return false;
    }
    return true;
}

static bool component_list(struct space *s, struct component *c, int depth, struct config *config,
                           struct error *err) {
    if (depth == c->width) {
        if (c->count == SPACE_LIST_MAX)
            return error_set(err, "constraints tie more than %d configurations together: narrow the space",
                             SPACE_LIST_MAX);
        return row_add(c, config) || error_set(err, "out of memory");
    }
    const int param = c->param[depth];
    for (int i = 0; i < s->params[param].count; i++) {
        config->at[param] = (uint16_t)i;
        s->visited++;
        if (!prefix_accepted(s, c, depth + 1, config)) continue;
        if (!component_list(s, c, depth + 1, config, err)) return false;
    }
    config->at[param] = NONE;
    return true;
}

/* Components are sets of parameters, joined wherever a constraint uses two of them. */
static int components_find(const struct space *s, uint32_t sets[SPACE_PARAMS_MAX]) {
    int count = s->param_count;
    for (int i = 0; i < count; i++) sets[i] = 1u << i;
    for (int i = 0; i < s->constraint_count; i++) {
        uint32_t joined = 0;
        int kept = 0;
        for (int j = 0; j < count; j++) {
            if (sets[j] & s->constraints[i].uses)
                joined |= sets[j];
            else
                sets[kept++] = sets[j];
        }
        if (joined) sets[kept++] = joined;
        count = kept;
    }
    return count;
}

static void component_open(struct space *s, uint32_t set) {
    struct component *const c = &s->components[s->component_count++];
    for (int i = 0; i < s->param_count; i++)
        if (set >> i & 1) c->param[c->width++] = i;
}

bool space_seal(struct space *s, struct error *err) {
    uint32_t sets[SPACE_PARAMS_MAX];
    const int count = components_find(s, sets);
    if (!places_make(s)) return error_set(err, "out of memory");
    for (int i = 0; i < count; i++) {
        struct config config;
        memset(&config, 0xff, sizeof config);
        component_open(s, sets[i]);
        struct component *const c = &s->components[i];
        if (!component_list(s, c, 0, &config, err)) return false;
        if (!rows_index(c)) return error_set(err, "out of memory");
    }
    return true;
}

bool space_seal_list(struct space *s, const struct config *list, int64_t count, struct error *err) {
    if (!places_make(s)) return error_set(err, "out of memory");
    component_open(s, s->param_count == 32 ? UINT32_MAX : (1u << s->param_count) - 1);
    struct component *const c = &s->components[0];
    for (int64_t i = 0; i < count; i++)
        if (!row_add(c, &list[i])) return error_set(err, "out of memory");
    s->visited = count;
    return rows_index(c) || error_set(err, "out of memory");
}

int space_param_count(const struct space *s) {
    return s->param_count;
}
const struct space_param *space_param_at(const struct space *s, int i) {
    return &s->params[i];
}
int64_t space_visited(const struct space *s) {
    return s->visited;
}

int64_t space_count(const struct space *s) {
    int64_t count = 1;
    for (int i = 0; i < s->component_count; i++)
        if (__builtin_mul_overflow(count, s->components[i].count, &count)) return INT64_MAX;
    return count;
}

struct config space_at(const struct space *s, int64_t index) {
    struct config config = {{0}};
    for (int i = s->component_count - 1; i >= 0; i--) {
        const struct component *const c = &s->components[i];
        const uint16_t *const row = &c->rows[index % c->count * c->width];
        for (int j = 0; j < c->width; j++) config.at[c->param[j]] = row[j];
        index /= c->count;
    }
    return config;
}

int64_t space_find(const struct space *s, const struct config *config) {
    int64_t index = 0;
    for (int i = 0; i < s->component_count; i++) {
        const struct component *const c = &s->components[i];
        uint16_t row[SPACE_PARAMS_MAX];
        for (int j = 0; j < c->width; j++) row[j] = config->at[c->param[j]];
        const int64_t at = row_find(c, row);
        if (at < 0) return -1;
        index = index * c->count + at;
    }
    return index;
}

static double value_distance(const struct space_param *p, int a, int b) {
    if (a == b) return 0;
    return p->ordered ? fabs(p->place[a] - p->place[b]) : 1;
}

double space_distance(const struct space *s, const struct config *a, const struct config *b) {
    double sum = 0;
    for (int i = 0; i < s->param_count; i++) sum += value_distance(&s->params[i], a->at[i], b->at[i]);
    return sum;
}

static struct component *component_of(const struct space *s, int param) {
    for (int i = 0; i < s->component_count; i++)
        for (int j = 0; j < s->components[i].width; j++)
            if (s->components[i].param[j] == param) return (struct component *)&s->components[i];
    return NULL;
}

/* The configuration nearest to one among those whose `param` has `value`; -1 if there is none. */
static int64_t nearest_with(const struct space *s, const struct config *from, int param, int value) {
    const struct component *const c = component_of(s, param);
    struct config best = *from;
    double least = INFINITY;
    for (int64_t i = 0; i < c->count; i++) {
        struct config one = *from;
        for (int j = 0; j < c->width; j++) one.at[c->param[j]] = c->rows[i * c->width + j];
        if (one.at[param] != value) continue;
        const double distance = space_distance(s, from, &one);
        if (distance < least) least = distance, best = one;
    }
    return least < INFINITY ? space_find(s, &best) : -1;
}

/* Whether another value of an ordered parameter lies between two. */
static bool value_between(const struct space_param *p, int a, int b) {
    const double lo = fmin(p->place[a], p->place[b]), hi = fmax(p->place[a], p->place[b]);
    for (int i = 0; i < p->count; i++)
        if (p->place[i] > lo && p->place[i] < hi) return true;
    return false;
}

int space_neighbours(const struct space *s, int64_t index, bool adjacent, int64_t *out, int max) {
    enum { SCAN_MAX = 16384 };
    const struct config from = space_at(s, index);
    int count = 0;
    for (int i = 0; i < s->param_count; i++) {
        const struct space_param *const p = &s->params[i];
        const bool scan = !p->ordered && component_of(s, i)->count <= SCAN_MAX;
        for (int j = 0; j < p->count && count < max; j++) {
            if (j == from.at[i] || (adjacent && p->ordered && value_between(p, from.at[i], j))) continue;
            struct config to = from;
            to.at[i] = (uint16_t)j;
            int64_t at = space_find(s, &to);
            if (at < 0 && scan) at = nearest_with(s, &from, i, j);
            if (at >= 0) out[count++] = at;
        }
    }
    return count;
}
