#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "device/clock.h"
#include "file.h"
#include "json.h"

enum { ABOUT_MAX = PROBLEM_KEY_MAX + POINT_TEXT_MAX + 96 };
enum event { EVENT_FAILED, EVENT_CHECKED, EVENT_TIMED, EVENT_DONE, EVENT_COUNT };
static const char *const event_names[EVENT_COUNT] = {"failed", "checked", "timed", "done"};

enum { NUMBERS = 4 };

/* A line in memory. */
struct fact {
    uint64_t hash;
    enum event event;
    int round;
    double value[NUMBERS];
    double pressure[RESOURCE_COUNT]; /* of a time; NAN: not known */
    bool throttled;
    unsigned throttle;
    char *about; /* problem's key, variant, point */
    char *line;  /* as in the file; only until the journal is open */
};

struct journal {
    int file;
    char *path;
    struct fact *facts;
    int count, room, failures;
    double synced;
};

static const char *cause_name(enum journal_cause cause) {
    static const char *const names[] = {"wrong", "crashed", "hung", "memory", "refused"};
    return names[cause];
}

static void candidate_about(const struct candidate *c, char about[ABOUT_MAX]) {
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX];
    problem_key(c->problem, key);
    point_print(c->variant, c->point, point);
    snprintf(about, ABOUT_MAX, "%s %s %s", key, c->variant->name, point);
}

static uint64_t text_hash(const char *text) {
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

/* The latest that says so. */
static const struct fact *fact_find(const struct journal *j, enum event event, const char *about, int round) {
    const uint64_t hash = text_hash(about);
    for (int i = j->count - 1; i >= 0; i--) {
        const struct fact *const f = &j->facts[i];
        if (f->hash == hash && f->event == event && f->round == round && strcmp(f->about, about) == 0)
            return f;
    }
    return NULL;
}

static bool fact_add(struct journal *j, const struct fact *like, const char *about, struct error *err) {
    if (j->count == j->room) {
        const int room = j->room ? 2 * j->room : 32;
        struct fact *const grown = realloc(j->facts, (size_t)room * sizeof *grown);
        if (!grown) return error_set(err, "%s: out of memory", j->path);
        j->facts = grown, j->room = room;
    }
    struct fact *const f = &j->facts[j->count];
    *f = *like;
    f->hash = text_hash(about);
    if (!(f->about = strdup(about))) return error_set(err, "%s: out of memory", j->path);
    j->count++;
    j->failures += f->event == EVENT_FAILED;
    return true;
}

/* The numbers that an event carries, in the order of value[]. */
static const char *const event_numbers[EVENT_COUNT][NUMBERS] = {
    [EVENT_CHECKED] = {"worst", "error", "allowed"},
    [EVENT_TIMED] = {"median", "lo", "hi", "n"},
    [EVENT_DONE] = {"points", "evaluations"},
};

/* Journals of earlier builds do not say how far they went. */
static bool effort_read(const cJSON *o, struct fact *f, struct error *err) {
    for (int i = 0; event_numbers[EVENT_DONE][i]; i++) {
        const char *const name = event_numbers[EVENT_DONE][i];
        if (!cJSON_GetObjectItemCaseSensitive(o, name)) continue;
        if (!json_number(o, name, &f->value[i], err)) return false;
        if (!(f->value[i] >= 0 && f->value[i] < 1e15)) return error_set(err, "%s is %g", name, f->value[i]);
    }
    return true;
}

static bool numbers_read(const cJSON *o, struct fact *f, struct error *err) {
    double round = 0;
    if (f->event == EVENT_DONE) return effort_read(o, f, err);
    if (f->event == EVENT_TIMED && !json_number(o, "round", &round, err)) return false;
    if (!(round >= 0 && round < 1e6)) return error_set(err, "round is %g", round);
    f->round = (int)round;
    for (int i = 0; i < NUMBERS && event_numbers[f->event][i]; i++)
        if (!json_number(o, event_numbers[f->event][i], &f->value[i], err)) return false;
    for (int r = 0; r < RESOURCE_COUNT; r++) {
        const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, resource_name((enum resource)r));
        f->pressure[r] = cJSON_IsNumber(found) ? found->valuedouble : NAN;
    }
    return json_throttle_read(o, &f->throttled, &f->throttle, err);
}

/* A variant or a point that this build no longer has is no news: *about is empty. */
static bool about_read(const cJSON *o, enum event event, char about[ABOUT_MAX], struct error *err) {
    char name[64];
    struct problem p;
    struct point pt;
    *about = 0;
    const cJSON *const problem = json_object(o, "problem", err), *params;
    if (!problem || !json_problem_read(problem, &p, err)) return false;
    if (event == EVENT_DONE) {
        problem_key(&p, about);
        return true;
    }
    if (!json_string(o, "variant", name, sizeof name, err) || !(params = json_object(o, "params", err)))
        return false;
    const struct variant *const v = variant_find(name);
    if (v && json_point_read(params, v, &pt, NULL)) candidate_about(&(struct candidate){&p, v, &pt}, about);
    return true;
}

/* What a run keeps of an earlier one. */
static bool event_kept(enum event event, const struct journal_options *o) {
    return event == EVENT_FAILED ? !o->retry : o->resume;
}

static bool line_read(struct journal *j, const cJSON *o, const char *line,
                      const struct journal_options *options, struct error *err) {
    char text[16], about[ABOUT_MAX];
    struct fact f = {.event = EVENT_COUNT};
    if (!json_string(o, "event", text, sizeof text, err)) return false;
    for (int i = 0; i < EVENT_COUNT; i++)
        if (strcmp(text, event_names[i]) == 0) f.event = (enum event)i;
    if (f.event == EVENT_COUNT) return error_set(err, "event \"%s\" is unknown", text);
    if (!about_read(o, f.event, about, err) || !numbers_read(o, &f, err)) return false;
    if (!*about || !event_kept(f.event, options)) return true;
    if (!fact_add(j, &f, about, err)) return false;
    return (j->facts[j->count - 1].line = strdup(line)) || error_set(err, "out of memory");
}

/* The first line. */
static bool head_ours(const cJSON *o) {
    const char *const event = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "event")),
                      *const hash = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "sources_hash"));
    return event && hash && strcmp(event, "run") == 0 && strcmp(hash, registry_sources_hash()) == 0;
}

static bool text_read(struct journal *j, char *text, const struct journal_options *options,
                      struct error *err) {
    bool ok = true, ours = true;
    int number = 1;
    for (char *line = text, *end; ok && ours && (end = strchr(line, '\n')); line = end + 1, number++) {
        *end = 0;
        struct error why = {""};
        cJSON *const o = cJSON_ParseWithOpts(line, NULL, true);
        if (o && number == 1)
            ours = head_ours(o);
        else
            ok = o && line_read(j, o, line, options, &why);
        cJSON_Delete(o);
        if (!ok)
            error_set(err, "line %d is damaged%s%.200s: move the file away", number, *why.text ? ": " : "",
                      why.text);
    }
    return ok;
}

static bool journal_load(struct journal *j, const struct journal_options *options, struct error *err) {
    size_t size;
    char *const text = file_read(j->path, &size, err);
    if (!text) return false;
    const bool ok = text_read(j, text, options, err) || error_prefix(err, "%s", j->path);
    free(text);
    return ok;
}

/* Writes the file anew with what is kept of it: what a crash cut short at its end is gone. */
static bool journal_rewrite(struct journal *j, struct error *err) {
    struct file_part *const parts = malloc(sizeof *parts * (size_t)(2 * j->count + 1));
    struct file_pending pending;
    char head[96];
    if (!parts) return error_set(err, "%s: out of memory", j->path);
    snprintf(head, sizeof head, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n", registry_sources_hash());
    int n = 0;
    parts[n++] = (struct file_part){head, strlen(head)};
    for (int i = 0; i < j->count; i++) {
        parts[n++] = (struct file_part){j->facts[i].line, strlen(j->facts[i].line)};
        parts[n++] = (struct file_part){"\n", 1};
    }
    const bool ok = file_stage(j->path, parts, n, &pending, err) && file_commit(&pending, err);
    free(parts);
    for (int i = 0; i < j->count; i++) {
        free(j->facts[i].line);
        j->facts[i].line = NULL;
    }
    return ok;
}

/* A worker of a tuner that was killed holds the lock a moment longer than the tuner. */
static bool journal_lock(struct journal *j, struct error *err) {
    j->file = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (j->file < 0) return error_set(err, "%s: cannot be written: %s", j->path, strerror(errno));
    for (int tries = 0; flock(j->file, LOCK_EX | LOCK_NB); tries++) {
        if (errno != EWOULDBLOCK) return error_set(err, "%s: cannot be locked: %s", j->path, strerror(errno));
        if (tries == 20) return error_set(err, "%s: another katune tune is writing there", j->path);
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    }
    return true;
}

struct journal *journal_parse(char *text, const struct journal_options *o, struct error *err) {
    struct journal *const j = calloc(1, sizeof *j);
    if (!j) error_set(err, "out of memory");
    if (j) j->file = -1;
    if (j && text_read(j, text, o, err)) return j;
    journal_close(j);
    return NULL;
}

struct journal *journal_open(const char *path, const struct journal_options *o, struct error *err) {
    struct journal *const j = calloc(1, sizeof *j);
    if (j) j->file = -1;
    if (!j || !(j->path = strdup(path))) {
        free(j);
        error_set(err, "out of memory");
        return NULL;
    }
    if (journal_lock(j, err) && journal_load(j, o, err) && journal_rewrite(j, err)) {
        const int old = j->file;
        const bool ok = journal_lock(j, err); /* of the new file */
        close(old);
        if (ok) return j;
    }
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j) {
    if (!j) return;
    if (j->file >= 0) {
        fsync(j->file);
        close(j->file);
    }
    for (int i = 0; i < j->count; i++) free(j->facts[i].about), free(j->facts[i].line);
    free(j->facts);
    free(j->path);
    free(j);
}

/* One write, so that the line is there whole or not at all if the process is killed. */
static bool line_write(struct journal *j, cJSON *o, bool sync, struct error *err) {
    char *const text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (!text) return error_set(err, "%s: out of memory", j->path);
    const size_t length = strlen(text);
    text[length] = '\n';
    const ssize_t written = write(j->file, text, length + 1);
    bool ok = written == (ssize_t)length + 1;
    if (!ok && written >= 0) errno = ENOSPC; /* there was room for a part of it */
    free(text);
    if (ok && (sync || clock_seconds() > j->synced + 1)) {
        ok = fsync(j->file) == 0;
        j->synced = clock_seconds();
    }
    return ok || error_set(err, "%s: cannot be written: %s", j->path, strerror(errno));
}

static cJSON *line_begin(enum event event, const struct problem *p) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", event_names[event]);
    cJSON_AddItemToObject(o, "problem", json_problem(p));
    return o;
}

static cJSON *candidate_line(enum event event, const struct candidate *c) {
    cJSON *const o = line_begin(event, c->problem);
    cJSON_AddStringToObject(o, "variant", c->variant->name);
    cJSON_AddItemToObject(o, "params", json_point(c->variant, c->point));
    return o;
}

bool journal_failed(struct journal *j, const struct candidate *c, enum journal_cause cause,
                    const char *reason, struct error *err) {
    char about[ABOUT_MAX];
    candidate_about(c, about);
    cJSON *const o = candidate_line(EVENT_FAILED, c);
    cJSON_AddStringToObject(o, "cause", cause_name(cause));
    cJSON_AddStringToObject(o, "reason", reason);
    return line_write(j, o, true, err) && fact_add(j, &(struct fact){.event = EVENT_FAILED}, about, err);
}

static void numbers_add(cJSON *o, const struct fact *f) {
    for (int i = 0; i < NUMBERS && event_numbers[f->event][i]; i++)
        cJSON_AddNumberToObject(o, event_numbers[f->event][i], f->value[i]);
}

static bool numbers_write(struct journal *j, const struct candidate *c, const struct fact *f,
                          struct error *err) {
    char about[ABOUT_MAX];
    candidate_about(c, about);
    cJSON *const o = candidate_line(f->event, c);
    if (f->event == EVENT_TIMED) cJSON_AddNumberToObject(o, "round", f->round);
    numbers_add(o, f);
    for (int r = 0; f->event == EVENT_TIMED && r < RESOURCE_COUNT; r++)
        if (!isnan(f->pressure[r]))
            cJSON_AddNumberToObject(o, resource_name((enum resource)r), f->pressure[r]);
    if (f->throttled) json_throttle(o, true, f->throttle);
    return line_write(j, o, false, err) && fact_add(j, f, about, err);
}

bool journal_checked(struct journal *j, const struct candidate *c, const struct verdict *v,
                     struct error *err) {
    const struct fact f = {.event = EVENT_CHECKED, .value = {v->worst, v->error, v->allowed}};
    return numbers_write(j, c, &f, err);
}

bool journal_timed(struct journal *j, const struct candidate *c, int round, const struct journal_time *t,
                   struct error *err) {
    const struct summary *const s = &t->seconds;
    struct fact f = {.event = EVENT_TIMED,
                     .round = round,
                     .value = {s->median, s->lo, s->hi, s->n},
                     .throttled = t->throttled,
                     .throttle = t->throttle};
    memcpy(f.pressure, t->pressure, sizeof f.pressure);
    return numbers_write(j, c, &f, err);
}

bool journal_done(struct journal *j, const struct problem *p, const struct effort *e, struct error *err) {
    const struct fact f = {.event = EVENT_DONE, .value = {(double)e->points, (double)e->evaluations}};
    char about[ABOUT_MAX];
    problem_key(p, about);
    cJSON *const o = line_begin(EVENT_DONE, p);
    numbers_add(o, &f);
    return line_write(j, o, true, err) && fact_add(j, &f, about, err);
}

static const struct fact *candidate_fact(const struct journal *j, enum event event, const struct candidate *c,
                                         int round) {
    char about[ABOUT_MAX];
    candidate_about(c, about);
    return fact_find(j, event, about, round);
}

bool journal_has_failed(const struct journal *j, const struct candidate *c) {
    return candidate_fact(j, EVENT_FAILED, c, 0);
}

bool journal_has_checked(const struct journal *j, const struct candidate *c, struct verdict *v) {
    const struct fact *const f = candidate_fact(j, EVENT_CHECKED, c, 0);
    if (f)
        *v = (struct verdict){
            .status = CHECK_PASSED, .worst = f->value[0], .error = f->value[1], .allowed = f->value[2]};
    return f;
}

bool journal_has_timed(const struct journal *j, const struct candidate *c, int round,
                       struct journal_time *t) {
    const struct fact *const f = candidate_fact(j, EVENT_TIMED, c, round);
    if (!f) return false;
    *t = (struct journal_time){.seconds = {(int)f->value[3], f->value[0], f->value[1], f->value[2]},
                               .throttled = f->throttled,
                               .throttle = f->throttle};
    memcpy(t->pressure, f->pressure, sizeof t->pressure);
    return true;
}

bool journal_has_done(const struct journal *j, const struct problem *p, struct effort *e) {
    char about[ABOUT_MAX];
    problem_key(p, about);
    const struct fact *const f = fact_find(j, EVENT_DONE, about, 0);
    if (f) *e = (struct effort){.points = (int64_t)f->value[0], .evaluations = (int64_t)f->value[1]};
    return f;
}

int journal_failures(const struct journal *j) {
    return j->failures;
}
