/* The binary interface, compared with the toolkit's: its numbers and layouts with cuda.h, its names with the
 * stub of the driver. (Types of functions are compared by the compiler, see CMakeLists.txt.) */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "abi_numbers.h"

Test(abi, numbers_and_layouts) {
    cr_assert_eq(abi_table_ours.count, abi_table_cuda.count);
    cr_assert_gt(abi_table_ours.count, 120, "only %zu names were found in cuda_abi.h", abi_table_ours.count);
    for (size_t i = 0; i < abi_table_ours.count; i++) {
        const struct abi_number a = abi_table_ours.rows[i], b = abi_table_cuda.rows[i];
        cr_assert_str_eq(a.name, b.name);
        cr_expect_eq(a.value, b.value, "%s: %lld here, %lld in cuda.h", a.name, a.value, b.value);
    }
}

Test(abi, every_name_of_the_driver) {
    void *const library = dlopen(VGPU_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    cr_assert_not_null(library, "%s", dlerror());
    FILE *const names = popen(NM " -D --defined-only '" CUDA_STUB "'", "r");
    cr_assert_not_null(names);
    char line[256], name[200];
    size_t count = 0;
    while (fgets(line, sizeof line, names)) {
        if (sscanf(line, "%*s %*s %199s", name) == 1 && strncmp(name, "cu", 2) == 0) {
            count++;
            cr_expect_not_null(dlsym(library, name), "%s is missing", name);
        }
    }
    cr_assert_eq(pclose(names), 0);
    cr_assert_gt(count, 300, "nm named %zu functions of the stub", count);
    dlclose(library);
}
