/* Runs the program katune for tests of its command line. */
#ifndef KATUNE_TEST_PROGRAM_H
#define KATUNE_TEST_PROGRAM_H

struct outcome {
    int code;        /* exit code; -1: ended by a signal */
    char out[65536]; /* what fits of standard output */
    char err[8192];
};

/* Runs "katune ARGUMENTS", as a shell takes them. */
struct outcome program_run(const char *arguments);

/* The same after a prefix such as "env -i NAME=VALUE". */
struct outcome program_run_with(const char *prefix, const char *arguments);

/* Runs katune with more variants in its registry, those of faulty/, which crash, hang, answer wrongly, write
   beyond their output and take all memory. */
struct outcome faulty_run(const char *arguments);

/* Runs "katune ARGUMENTS" and expects that it is refused: exit code 2, and one line that holds `text`. */
void program_refused(const char *arguments, const char *text);

/* A fresh folder for the files of a test, removed when the test's process ends. */
const char *scratch_folder(void);

/* The path of a file in it, good until the process ends. */
const char *scratch_place(const char *name);

/* The JSON of a file, which must be there; the caller deletes it. */
struct cJSON *json_read(const char *path);

/* The text of a file in the one device's folder below `results`, which the caller frees; NULL if it is not
 * there.
 */
char *device_file(const char *results, const char *name);

#endif
