/* Compiling without a GPU: default points for four architectures without spills, and the cache of compiled
 * kernels. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/cuda_cache.h"
#include "device/cuda_text.h"
#include "program.h"
#include "registry.h"

/* A cache that other runs of the tests share, but not the user's. */
static void cache_use(void) {
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
}

static void nvrtc_needed(void) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
}

Test(cuda_compile, default_points) {
    nvrtc_needed();
    cache_use();
    const struct outcome o = program_run("compile --quiet --arch sm_80,sm_90,sm_100,sm_120");
    cr_assert_eq(o.code, 0, "exit code %d: %s%s", o.code, o.out, o.err);
    cr_assert(strstr(o.out, " 0 failed, 0 default points with spills"), "%s", o.out);
}

Test(cuda_compile, emit) {
    nvrtc_needed();
    cache_use();
    char command[300], path[300], text[64] = "";
    snprintf(command, sizeof command,
             "compile --only copy_cuda --dtype f32 --arch sm_90 --emit ptx %s/ptx --param BLOCK=512",
             scratch_folder());
    cr_assert_eq(program_run(command).code, 0);
    snprintf(command, sizeof command, "ls %s/ptx/copy_cuda-f32-sm_90-BLOCK512*.ptx", scratch_folder());
    FILE *const list = popen(command, "r");
    cr_assert(list && fscanf(list, "%299s", path) == 1);
    pclose(list);
    FILE *const f = fopen(path, "r");
    cr_assert(f && fgets(text, sizeof text, f) && strncmp(text, "//", 2) == 0, "%s: %s", path, text);
    fclose(f);
}

Test(cuda_compile, what_the_compiler_sees_of_a_source) {
    static const char text[] = "/* ROWS: in a comment */ // BLOCKS\n"
                               "#ifndef __CUDACC__\n"
                               "#if VEC > 1\nenum { WAVES };\n#endif\nint TILES;\n"
                               "#else\nint UNROLL;\n#endif\n"
                               "VARIANT(x, .params = {{\"LOAD\", {1}}, {\"\\\"STORE\", {1}}});\n"
                               "#ifdef __CUDACC__\n#if PARTS > 1\nint BLOCK_SIZE = DEEP;\n#endif\n#endif\n";
    static const char *const hidden[] = {"ROWS", "BLOCKS", "VEC", "WAVES", "TILES", "LOAD", "STORE", "BLOCK"};
    static const char *const seen[] = {"UNROLL", "PARTS", "BLOCK_SIZE", "DEEP", "VARIANT"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        cr_expect(!cuda_text_mentions(text, hidden[i]), "%s", hidden[i]);
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        cr_expect(cuda_text_mentions(text, seen[i]), "%s", seen[i]);
}

/* WAVES is the launch's: the points that differ in it share what was compiled. */
Test(cuda_compile, points_of_one_kernel_are_compiled_once) {
    nvrtc_needed();
    setenv("KATUNE_CACHE", scratch_folder(), 1);
    const struct outcome o =
        program_run("compile --quiet --only bspline_fwd_cuda_local --dtype f32 --arch sm_90 "
                    "--all-points --param BLOCK=128 --param VEC=4");
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    cr_assert(strstr(o.out, "9 compiled"), "%s", o.out);
    char command[400], line[16] = "";
    snprintf(command, sizeof command, "ls %s/*.bin | wc -l", scratch_folder());
    FILE *const list = popen(command, "r");
    cr_assert(list && fgets(line, sizeof line, list));
    pclose(list);
    cr_assert_eq(atoi(line), 3, "%s", line);
}

Test(cuda_compile, bad_input) {
    struct outcome o = program_run("compile --arch sm_12");
    cr_expect(o.code == 2 && strstr(o.err, "--arch sm_12: unknown"), "%s", o.err);
    o = program_run("compile --emit exe x");
    cr_expect(o.code == 2 && strstr(o.err, "--emit: write ptx or cubin and a folder"), "%s", o.err);
    setenv("KATUNE_CACHE_MIB", "half", 1);
    program_refused("compile", "KATUNE_CACHE_MIB=half: give a whole number of MiB");
    program_refused("check --device vgpu:h100-sxm --op copy --shape 8x8", "KATUNE_CACHE_MIB=half: give");
    unsetenv("KATUNE_CACHE_MIB");
    setenv("KATUNE_CUDA_HOME", "/nowhere", 1);
    o = program_run("compile");
    cr_expect(o.code == 2 && strstr(o.err, "KATUNE_CUDA_HOME=/nowhere: there is no libnvrtc.so below it"),
              "%s", o.err);
    static const char *const commands[] = {"check --device vgpu:h100-sxm", "selftest --device vgpu:h100-sxm",
                                           "bench --device vgpu:h100-sxm --op silu_fwd --shape 20x48",
                                           "tune --device vgpu:h100-sxm --results /nowhere"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        program_refused(commands[i], "no kernel can be compiled for NVIDIA H100 80GB HBM3 (vgpu): "
                                     "KATUNE_CUDA_HOME=/nowhere: there is no libnvrtc.so below it");
    setenv("KATUNE_LIBCUDA", "/nowhere/libcuda.so", 1);
    o = program_run("check --device cuda:0");
    cr_expect(o.code == 2 && strstr(o.err, "KATUNE_LIBCUDA=/nowhere/libcuda.so cannot be loaded"), "%s",
              o.err);
    unsetenv("KATUNE_LIBCUDA");
    o = program_run("check --device cuda:x");
    cr_expect(o.code == 2 && strstr(o.err, "cuda:x: write the GPU's number"), "%s", o.err);
    setenv("KATUNE_LIBCUDA", KATUNE_BINARY_DIR "/vgpu/libvgpu.so", 1);
    o = program_run("check --device cuda:7");
    cr_expect(o.code == 2 && strstr(o.err, "cuda:7: the driver finds 1 GPU, numbered from 0"), "%s", o.err);
    unsetenv("KATUNE_LIBCUDA");
    o = program_run("check --device vgpu:nothing");
    cr_expect(o.code == 2 && strstr(o.err, "there is no such profile: there are h100-sxm"), "%s", o.err);
}

Test(cuda_compile, a_spoilt_entry_is_said_and_made_anew) {
    static const char arguments[] = "compile --quiet --only copy_cuda --dtype f32 --arch sm_90",
                      said[] = "\n1 of them had an entry in the cache that was spoilt, and was made anew\n";
    char command[400];
    nvrtc_needed();
    setenv("KATUNE_CACHE", scratch_folder(), 1);
    struct outcome o = program_run(arguments);
    cr_assert(o.code == 0 && !strstr(o.out, said), "%s", o.out);
    snprintf(command, sizeof command, "truncate -s -1 %s/*.bin", scratch_folder());
    cr_assert_eq(system(command), 0);
    o = program_run(arguments);
    cr_assert(o.code == 0 && strstr(o.out, said), "%s", o.out);
    o = program_run(arguments);
    cr_assert(o.code == 0 && !strstr(o.out, said), "%s", o.out);
}

/* An architecture after every compiler's time. */
Test(cuda_compile, too_old_for_the_device) {
    struct nvrtc n;
    struct error err;
    struct cuda_binary b;
    nvrtc_needed();
    cr_assert(nvrtc_open(&n, &err));
    const struct problem p = problem_default(COPY, F32);
    const struct point pt = point_at(variant_find("copy_cuda"), 0);
    cr_assert(!cuda_compile(&n, variant_find("copy_cuda"), &p, &pt, 999, &b, &err));
    cr_expect(strstr(err.text, "is too old for sm_999: \"./katune get-nvrtc\" fetches the newest"), "%s",
              err.text);
}

/* A kernel may include what the toolkit has, where its headers are. */
Test(cuda_compile, headers_of_the_toolkit) {
    struct nvrtc n;
    struct error err;
    struct cuda_binary b;
    nvrtc_needed();
    setenv("KATUNE_CACHE", scratch_folder(), 1);
    cr_assert(nvrtc_open(&n, &err));
    struct variant v = *variant_find("copy_cuda");
    v.source = "#include <cuda_fp16.h>\n"
               "extern \"C\" __global__ void copy_cuda(__half *y) { *y = __hadd(*y, __float2half(1)); }\n";
    const struct problem p = problem_default(COPY, F32);
    const struct point pt = point_at(&v, 0);
    if (n.headers[0]) {
        cr_assert(cuda_compile(&n, &v, &p, &pt, 90, &b, &err), "%s", err.text);
        cr_expect(strstr(b.ptx, "add.f16") || strstr(b.ptx, "add.rn.f16"), "%s", b.ptx);
        cuda_binary_free(&b);
    }
    n.headers[0] = 0;
    cr_assert(!cuda_compile(&n, &v, &p, &pt, 90, &b, &err), "without its headers");
    cr_expect(strstr(err.text, "could not open source file \"cuda_fp16.h\""), "%s", err.text);
    cr_expect(strstr(err.text, "; CUDA's headers are not beside NVRTC: \"./katune get-nvrtc\" fetches both"),
              "%s", err.text);
}

/* What has no room is said with its size, and the rest goes on. */
Test(cuda_compile, out_of_device_memory) {
    nvrtc_needed();
    cache_use();
    static const char said[] = "skipped silu_fwd f32 rows=8000000 channels=768: out of device memory: its "
                               "tensors take 46875 MiB\n";
    struct outcome o = program_run("check --device vgpu:t4 --op silu_fwd --only silu_fwd_cuda --dtype f32 "
                                   "--shape 8000000x768 --shape 5x48");
    cr_expect(o.code == 0 && strstr(o.out, said) && strstr(o.out, "1 passed, 0 failed, 1 skipped"), "%s",
              o.out);
    o = program_run("bench --device vgpu:t4 --op silu_fwd --only silu_fwd_cuda --no-ceilings "
                    "--shape 8000000x768 --shape 5x48");
    cr_expect(o.code == 0 && strstr(o.out, said) && strstr(o.out, "1 timed, 0 failed their check"), "%s",
              o.out);
}

static struct cuda_binary binary_of(char *text, size_t bytes) {
    return (struct cuda_binary){.ptx = text,
                                .ptx_size = bytes,
                                .cubin = text,
                                .cubin_size = bytes,
                                .log = text,
                                .log_size = bytes,
                                .seconds = 0.5};
}

static void key_of(int number, char key[CUDA_KEY_LENGTH]) {
    struct cuda_hash h = cuda_hash_new();
    cuda_hash_add(&h, &number, sizeof number);
    cuda_hash_key(&h, key);
}

Test(cuda_cache, keeps_and_detects_corruption) {
    char text[] = "ptx or cubin or log", key[CUDA_KEY_LENGTH], path[300];
    const char *const folder = scratch_folder();
    const struct cuda_binary b = binary_of(text, sizeof text);
    struct cuda_binary read;
    key_of(1, key);
    cr_assert(!cuda_cache_load(folder, key, &read));
    cuda_cache_store(folder, key, &b);
    cr_assert(cuda_cache_load(folder, key, &read));
    cr_assert(read.cached && read.seconds == 0.5 && read.cubin_size == sizeof text);
    cr_assert_str_eq(read.log, text);
    cuda_binary_free(&read);
    /* one flipped byte, then a truncated file: both count as missing and are removed */
    for (int cut = 0; cut < 2; cut++) {
        cuda_cache_store(folder, key, &b);
        snprintf(path, sizeof path, "%s/%s.bin", folder, key);
        FILE *const f = fopen(path, "r+");
        cr_assert_not_null(f);
        fseek(f, -3, SEEK_END);
        if (cut)
            cr_assert_eq(ftruncate(fileno(f), ftell(f)), 0);
        else
            fputc('!', f);
        fclose(f);
        cr_assert(!cuda_cache_load(folder, key, &read));
        cr_assert_neq(access(path, F_OK), 0);
    }
}

Test(cuda_cache, removes_what_was_used_least_recently) {
    static char text[4000];
    char key[CUDA_KEY_LENGTH], path[300];
    const char *const folder = scratch_folder();
    const struct cuda_binary b = binary_of(text, sizeof text);
    struct cuda_binary read;
    for (int i = 0; i < 8; i++) {
        key_of(i, key);
        cuda_cache_store(folder, key, &b);
        snprintf(path, sizeof path, "%s/%s.bin", folder, key);
        const struct timespec used[2] = {{1000 + i, 0}, {1000 + i, 0}};
        cr_assert_eq(utimensat(AT_FDCWD, path, used, 0), 0);
    }
    key_of(0, key); /* the oldest is used again */
    cr_assert(cuda_cache_load(folder, key, &read));
    cuda_binary_free(&read);
    cuda_cache_trim(folder, 3 * 12200);
    for (int i = 0; i < 8; i++) {
        key_of(i, key);
        const bool there = cuda_cache_load(folder, key, &read);
        cr_expect_eq(there, i == 0 || i >= 6, "entry %d", i);
        if (there) cuda_binary_free(&read);
    }
}

Test(cuda_cache, many_processes) {
    static char text[100000];
    char key[CUDA_KEY_LENGTH];
    const char *const folder = scratch_folder();
    memset(text, 'x', sizeof text - 1);
    const struct cuda_binary b = binary_of(text, sizeof text);
    key_of(7, key);
    cuda_cache_store(folder, key, &b);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        if ((children[i] = fork())) continue;
        int bad = 0;
        for (int round = 0; round < 100; round++) {
            struct cuda_binary read;
            cuda_cache_store(folder, key, &b);
            const bool there = cuda_cache_load(folder, key, &read);
            bad += !there || memcmp(read.log, text, sizeof text) != 0;
            if (there) cuda_binary_free(&read);
        }
        _exit(bad != 0);
    }
    for (int i = 0; i < 4; i++) {
        int status;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a reader saw a broken entry");
    }
}
