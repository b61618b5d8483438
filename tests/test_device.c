/* What holds for every device: lists of counters. */
#include <criterion/criterion.h>
#include <string.h>

#include "device/device.h"

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
