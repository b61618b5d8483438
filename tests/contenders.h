/* What tests of workers, of the journal and of the search begin with. Each fails the test if it does not
 * work. */
#ifndef KATUNE_TEST_CONTENDERS_H
#define KATUNE_TEST_CONTENDERS_H

#include "journal.h"
#include "worker.h"

/* Measures warm, with seed 1 and normal inputs. `stop` may be NULL. */
struct worker *worker_make_on(const char *device, const volatile int *stop);
/* A variant at its point of zeros on the problem of this key: "copy f32 rows=3 channels=50". */
struct contender contender_of(const struct variant *v, const char *key);

struct journal *journal_make(const char *path, bool resume, bool retry);

#endif
