/* What holds for every device: names and lists of counters. */
#include <criterion/criterion.h>
#include <string.h>

#include "device/device.h"

Test(device, names_say_what_is_a_gpu) {
    static const char *const gpus[] = {"cuda:0", "cuda", "vgpu:h100-sxm", "vgpu:"};
    static const char *const others[] = {"cpu", "cpu:1", "cud:0", "cudas:0", "vgpu-h100", ""};
    for (size_t i = 0; i < sizeof gpus / sizeof *gpus; i++)
        cr_expect(device_names_gpu(gpus[i]), "%s", gpus[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct error err = {""};
        cr_expect_not(device_names_gpu(others[i]), "%s", others[i]);
        if (i) cr_expect_null(device_open(others[i], false, &err), "%s", others[i]);
        if (i) cr_expect(strstr(err.text, "unknown device \""), "%s", err.text);
    }
}

Test(device, counters_are_appended_until_the_list_is_full) {
    struct counter list[3] = {{"", 0}};
    int count = 0;
    counter_add(list, 2, &count, "cycles", 3);
    counter_add(list, 2, &count, "a_name_that_is_longer_than_there_is_room_for", 4);
    counter_add(list, 2, &count, "launches", 5);
    cr_assert_eq(count, 2);
    cr_expect_eq(counter_value(list, count, "cycles"), 3);
    cr_expect_eq(list[1].value, 4);
    cr_expect_eq(strlen(list[1].name), sizeof list[1].name - 1);
    cr_expect(!counter_find(list, count, "launches") && list[2].name[0] == 0);
}
