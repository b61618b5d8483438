/* .npy files: what NumPy writes is read, what is not as it should be is refused in one line, and a file is
   replaced whole or not at all. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../bench/npy.h"
#include "program.h"

static bool write_array(const char *path, const struct npy *a, struct error *err) {
    struct file_pending pending;
    return npy_stage(path, a, &pending, err) && file_commit(&pending, err);
}

/* A file with this header text and `bytes` bytes of data, in format version `major`. */
static const char *file_make(int major, const char *header, size_t bytes) {
    const char *const path = scratch_place("made.npy");
    char data[1024] = "\x93NUMPY";
    const size_t length = strlen(header) + 1, start = major == 1 ? 10 : 12;
    data[6] = (char)major;
    data[8] = (char)length;
    memcpy(data + start, header, length - 1);
    data[start + length - 1] = '\n';
    struct error err = {""};
    cr_assert(file_write(path, data, start + length + bytes, &err), "%s", err.text);
    return path;
}

static void refused(const char *path, const char *text) {
    struct npy a;
    struct error err = {""};
    cr_expect_not(npy_read(path, NPY_F32, &a, &err), "%s", text);
    cr_expect(strstr(err.text, text) && strstr(err.text, path) && !strchr(err.text, '\n'),
              "\"%s\" is not in: %s", text, err.text);
}

Test(npy, what_is_written_is_read) {
    float values[24];
    for (int i = 0; i < 24; i++) values[i] = (float)i * 0.25f - 3;
    const struct npy arrays[] = {
        {NPY_F32, 2, {4, 6}, values}, {NPY_F32, 1, {24}, values},   {NPY_F32, 2, {0, 8}, values},
        {NPY_F32, 0, {0}, values},    {NPY_F64, 2, {3, 4}, values}, {NPY_F32, 3, {2, 3, 4}, values},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        const char *const path = scratch_place("a.npy");
        struct npy back;
        struct error err = {""};
        cr_assert(write_array(path, &arrays[i], &err), "%s", err.text);
        cr_assert(npy_read(path, arrays[i].type, &back, &err), "%s", err.text);
        cr_assert_eq(back.ndim, arrays[i].ndim);
        cr_assert_eq(memcmp(back.dim, arrays[i].dim, sizeof back.dim), 0);
        cr_assert_eq(npy_count(&back), npy_count(&arrays[i]));
        const size_t size = arrays[i].type == NPY_F32 ? 4 : 8;
        cr_assert_eq(memcmp(back.data, values, (size_t)npy_count(&back) * size), 0);
        npy_free(&back);
    }
}

Test(npy, the_header_is_as_numpy_writes_it) {
    const float values[3] = {1, 2, 3};
    struct error err = {""};
    const char *const path = scratch_place("a.npy");
    cr_assert(write_array(path, &(struct npy){NPY_F32, 1, {3}, (void *)values}, &err));
    size_t size;
    char *const file = file_read(path, &size, &err);
    cr_assert_eq(size, 128 + 12);
    cr_assert_eq(memcmp(file, "\x93NUMPY\x01\x00\x76\x00", 10), 0);
    cr_assert(strncmp(file + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } ", 58) == 0);
    cr_assert_eq(file[127], '\n');
    free(file);
}

Test(npy, later_format_versions_and_spellings) {
    struct npy a;
    struct error err = {""};
    for (int major = 1; major <= 3; major++) {
        const char *const path =
            file_make(major, "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}", 24);
        cr_assert(npy_read(path, NPY_F32, &a, &err), "%s", err.text);
        cr_assert(a.ndim == 2 && a.dim[0] == 2 && a.dim[1] == 3);
        npy_free(&a);
    }
}

Test(npy, malformed_files) {
    static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    static const struct {
        const char *header;
        size_t bytes;
        const char *text;
    } cases[] = {
        {good, 23, "needs 24 bytes of data, it has 23: the file is truncated"},
        {good, 0, "truncated"},
        {good, 25, "longer than its shape"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24, "Fortran order"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48,
         "its elements are '<f8', not '<f4'"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24, "'>f4', not '<f4'"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", 12, "astype('<f4')"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", 24, "'descr'"},
        {"{'fortran_order': False, 'shape': (2, 3), }", 24, "no 'descr'"},
        {"{'descr': '<f4', 'fortran_order': False, }", 24, "no 'shape'"},
        {"{'descr': '<f4', 'shape': (2, 3), }", 24, "no 'fortran_order'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", 24, "malformed"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, x), }", 24, "malformed"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", 24, "malformed"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 0,
         "impossibly large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, ), }", 0, "shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, "dimensions"},
        {"", 0, "'descr'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(file_make(1, cases[i].header, cases[i].bytes), cases[i].text);
    refused(file_make(4, good, 24), "format version 4.0 is unknown");
}

Test(npy, files_that_are_none) {
    struct error err = {""};
    const char *const path = scratch_place("none.npy");
    refused(path, "No such file");
    refused(scratch_folder(), "not a regular file");
    cr_assert(file_write(path, "PK\x03\x04 a zip archive", 19, &err));
    refused(path, "not a .npy file");
    cr_assert(file_write(path, "", 0, &err));
    refused(path, "not a .npy file");
    cr_assert(file_write(path, "\x93NUMPY\x01\x00\x76\x00{'descr'", 18, &err));
    refused(path, "ends inside its header");
    cr_assert(file_write(path, "\x93NUMPY\x02\x00\xff\xff\xff", 11, &err));
    refused(path, "ends inside its header");
}

static int entries(void) {
    DIR *const folder = opendir(scratch_folder());
    int count = 0;
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* A file may not grow beyond a limit: writing fails as it does on a full disk. */
Test(npy, full_disk_leaves_the_old_file) {
    enum { COUNT = 65536 };
    float *const values = calloc(COUNT, sizeof *values);
    const struct npy small = {NPY_F32, 1, {3}, values}, large = {NPY_F32, 1, {COUNT}, values};
    const char *const path = scratch_place("a.npy");
    struct error err = {""};
    struct npy back;
    cr_assert(write_array(path, &small, &err));
    const int before = entries();
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {4096, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const bool written = write_array(path, &large, &err);
    setrlimit(RLIMIT_FSIZE, &none);
    cr_assert_not(written);
    cr_assert(strstr(err.text, "cannot be written: File too large") && strstr(err.text, path), "%s",
              err.text);
    cr_assert_eq(entries(), before);
    cr_assert(npy_read(path, NPY_F32, &back, &err) && npy_count(&back) == 3);
    npy_free(&back);
    free(values);
}

Test(npy, places_that_cannot_be_written) {
    float value = 1;
    const struct npy a = {NPY_F32, 1, {1}, &value};
    struct error err = {""};
    cr_assert_not(write_array(scratch_place("no_folder/a.npy"), &a, &err));
    cr_assert(strstr(err.text, "no_folder/a.npy: cannot write in its folder"), "%s", err.text);
    cr_assert_not(write_array(scratch_folder(), &a, &err));
    cr_assert(strstr(err.text, "no regular file"), "%s", err.text);
    cr_assert_not(write_array("/dev/null", &a, &err));
    cr_assert(strstr(err.text, "no regular file"), "%s", err.text);
}
