/* Numbers as the parser of large documents reads them: strtod's, to the bit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_parse.h"
#include "random.h"

static void expect_strtod(const char *number) {
    char text[128];
    struct json_tree t;
    struct error err = {""};
    snprintf(text, sizeof text, "[%s]", number);
    cr_assert(json_tree_parse(&t, text, strlen(text), NULL, &err), "%s: %s", number, err.text);
    const double expected = strtod(number, NULL), got = t.root->child->valuedouble;
    cr_assert(memcmp(&got, &expected, sizeof got) == 0, "%s: %.17g, not %.17g", number, got, expected);
    json_tree_free(&t);
}

/* Digits as many as tables hold and more, with and without a point and an exponent. */
Test(json_parse, numbers_are_rounded_as_strtod_does) {
    uint64_t random = 1;
    for (int i = 0; i < 300000; i++) {
        char number[96];
        const uint64_t bits = random_next(&random);
        const int digits = 1 + (int)random_below(&random, 20), whole = (int)random_below(&random, digits),
                  power = (int)random_below(&random, 80) - 40;
        char text[32];
        snprintf(text, sizeof text, "%020llu", (unsigned long long)bits);
        if (text[0] == '0') text[0] = '7';
        text[digits] = 0;
        const int used = snprintf(number, sizeof number, "%s%.*s.%s", i & 1 ? "-" : "", whole + 1, text,
                                  whole + 1 < digits ? text + whole + 1 : "0");
        if (i & 2) snprintf(number + used, sizeof number - (size_t)used, "e%+d", power);
        expect_strtod(number);
    }
}

/* In the middle between two doubles, and beside it; and the ends of what a double can be. */
Test(json_parse, numbers_that_are_hard) {
    static const char *const numbers[] = {"9007199254740993",
                                          "9007199254740993.0",
                                          "9007199254740993.001",
                                          "9007199254740992.999",
                                          "4503599627370496.5",
                                          "4503599627370497.5",
                                          "1e23",
                                          "8.5e22",
                                          "0",
                                          "-0",
                                          "0.0e-400",
                                          "1e400",
                                          "5e-324",
                                          "2.2250738585072011e-308",
                                          "1.7976931348623157e308",
                                          "0.1e99999999999",
                                          "18446744073709551615",
                                          "0.000000000000000000000000000000012345678901234567"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) expect_strtod(numbers[i]);
}
