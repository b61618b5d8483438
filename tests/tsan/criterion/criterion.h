/* The part of Criterion that the tests use, for the thread sanitizer: Criterion itself keeps its tests in
   memory that the sanitizer does not allow. Here, too, every test is a process of its own; they run one after
   the other. */
#ifndef KATUNE_TSAN_CRITERION_H
#define KATUNE_TSAN_CRITERION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct criterion_options {
    void (*init)(void), (*fini)(void);
    double timeout; /* ctest's stands in for it */
};

struct criterion_test {
    const char *suite, *name;
    void (*run)(void);
    struct criterion_options options;
    struct criterion_test *next;
};

void criterion_add(struct criterion_test *test);

/* Prints why; ends the test if it is fatal. */
__attribute__((format(printf, 5, 6))) void criterion_fail(bool fatal, const char *file, int line,
                                                          const char *what, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void cr_skip_test(const char *format, ...);

#define Test(suite_, name_, ...)                                                                             \
    static void suite_##_##name_##_impl(void);                                                               \
    static struct criterion_test suite_##_##name_##_test = {                                                 \
        #suite_, #name_, suite_##_##name_##_impl, {__VA_ARGS__}, NULL};                                      \
    __attribute__((constructor)) static void suite_##_##name_##_add(void) {                                  \
        criterion_add(&suite_##_##name_##_test);                                                             \
    }                                                                                                        \
    static void suite_##_##name_##_impl(void)

#define CRITERION_CHECK(fatal, truth, what, ...)                                                             \
    do {                                                                                                     \
        if (!(truth)) criterion_fail(fatal, __FILE__, __LINE__, what, " " __VA_ARGS__);                      \
    } while (0)
#define CRITERION_EQUAL_BYTES(a, b, size) (memcmp(a, b, size) == 0)
#define CRITERION_NEAR(a, b, most) (fabs((double)(a) - (double)(b)) <= (double)(most))

#define cr_assert(truth, ...) CRITERION_CHECK(true, truth, #truth, __VA_ARGS__)
#define cr_expect(truth, ...) CRITERION_CHECK(false, truth, #truth, __VA_ARGS__)
#define cr_assert_not(truth, ...) CRITERION_CHECK(true, !(truth), "not " #truth, __VA_ARGS__)
#define cr_expect_not(truth, ...) CRITERION_CHECK(false, !(truth), "not " #truth, __VA_ARGS__)
#define cr_assert_fail(...) CRITERION_CHECK(true, false, "failed", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) CRITERION_CHECK(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...) CRITERION_CHECK(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) CRITERION_CHECK(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) CRITERION_CHECK(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) CRITERION_CHECK(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) CRITERION_CHECK(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) CRITERION_CHECK(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) CRITERION_CHECK(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) CRITERION_CHECK(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) CRITERION_CHECK(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(p, ...) CRITERION_CHECK(true, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_expect_null(p, ...) CRITERION_CHECK(false, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_assert_not_null(p, ...) CRITERION_CHECK(true, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_expect_not_null(p, ...) CRITERION_CHECK(false, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) CRITERION_CHECK(true, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) CRITERION_CHECK(false, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) CRITERION_CHECK(true, !*(a), #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                                    \
    CRITERION_CHECK(true, CRITERION_EQUAL_BYTES(a, b, size), #a " is " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                                    \
    CRITERION_CHECK(false, CRITERION_EQUAL_BYTES(a, b, size), #a " is " #b, __VA_ARGS__)
#define cr_assert_float_eq(a, b, most, ...)                                                                  \
    CRITERION_CHECK(true, CRITERION_NEAR(a, b, most), #a " is near " #b, __VA_ARGS__)
#define cr_expect_float_eq(a, b, most, ...)                                                                  \
    CRITERION_CHECK(false, CRITERION_NEAR(a, b, most), #a " is near " #b, __VA_ARGS__)

#endif
