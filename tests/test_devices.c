/* What a machine has for GPUs and what it lacks: `katune devices`, and NVRTC as `katune get-nvrtc` fetches
   it, with nothing of the user's environment. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "device/nvrtc.h"
#include "program.h"

static void shell(const char *format, const char *a, const char *b) {
    char command[1024];
    cr_assert_lt(snprintf(command, sizeof command, format, a, b), (int)sizeof command);
    cr_assert_eq(system(command), 0, "%s", command);
}

/* Whether the output has a line of this library that holds the text. */
static bool line_says(const char *out, const char *library, const char *text) {
    char begin[32];
    snprintf(begin, sizeof begin, "\n    %-7s ", library);
    const char *const line = strstr(out, begin), *const found = line ? strstr(line, text) : NULL;
    return found && found < strchr(line + 1, '\n');
}

Test(devices, says_what_is_missing_and_what_to_do) {
    const struct outcome o =
        program_run_with("env -i KATUNE_LIBCUDA=/nowhere/libcuda.so KATUNE_CUDA_HOME=/nowhere "
                         "KATUNE_LIBNVML=/nowhere/libnvidia-ml.so",
                         "devices");
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_assert_str_eq(o.err, "");
    cr_expect(strstr(o.out, "cpu: ") == o.out, "%s", o.out);
    cr_expect(line_says(o.out, "driver", "missing: KATUNE_LIBCUDA=/nowhere/libcuda.so cannot be loaded"),
              "%s", o.out);
    cr_expect(
        line_says(o.out, "NVRTC", "missing: KATUNE_CUDA_HOME=/nowhere: there is no libnvrtc.so below it"),
        "%s", o.out);
    cr_expect(line_says(o.out, "NVML", "missing: KATUNE_LIBNVML=/nowhere/libnvidia-ml.so cannot be loaded"),
              "%s", o.out);
    cr_expect(line_says(o.out, "CUPTI", "missing: counters: "), "%s", o.out);
}

/* The virtual GPU takes the driver's place: its clock is a model's, and nothing of NVML is asked. */
Test(devices, lists_the_drivers_gpus) {
    const struct outcome o = program_run_with(
        "env -i KATUNE_LIBCUDA=" KATUNE_BINARY_DIR "/vgpu/libvgpu.so VGPU_DEVICE=a100-sxm,t4", "devices");
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_expect(strstr(o.out, "\ncuda:0: NVIDIA A100") && strstr(o.out, "\n    108 multiprocessors, 80.0 GiB"),
              "%s", o.out);
    cr_expect(strstr(o.out, "\ncuda:1: Tesla T4") && strstr(o.out, "sm_75"), "%s", o.out);
    cr_expect(line_says(o.out, "driver", "CUDA 13.0 (the virtual GPU), " KATUNE_BINARY_DIR), "%s", o.out);
}

/* NVRTC where get-nvrtc puts it goes before a toolkit's, and needs nothing beside its own files. */
Test(devices, takes_what_get_nvrtc_fetched) {
    char folder[300], prefix[600];
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    snprintf(folder, sizeof folder, "%s/data/katune/nvrtc/nvidia/%s/lib", scratch_folder(),
             n.major >= 13 ? "cu13" : "cuda_nvrtc"); /* as the wheels unpack */
    shell("mkdir -p '%s'%s", folder, "");
    shell("ln -s \"$(dirname '%s')\"/libnvrtc*.so.* '%s'", n.path, folder);
    shell("mkdir -p '%s/../../%s/include'", folder, n.major >= 13 ? "cu13" : "cuda_runtime");
    shell("touch '%s/../../%s/include/cuda_fp16.h'", folder, n.major >= 13 ? "cu13" : "cuda_runtime");
    snprintf(prefix, sizeof prefix, "env -i XDG_DATA_HOME=%s/data KATUNE_CACHE=%s/cache", scratch_folder(),
             scratch_folder());
    struct outcome o = program_run_with(prefix, "devices");
    cr_assert(line_says(o.out, "NVRTC", folder) && line_says(o.out, "NVRTC", ", headers in "), "%s", o.out);
    o = program_run_with(prefix, "compile --only copy_cuda --dtype f32 --arch sm_90");
    cr_assert(o.code == 0 && strstr(o.out, "1 compiled, 0 failed"), "%s%s", o.out, o.err);
    o = program_run_with(prefix, "compile --only copy_cuda --dtype f32 --arch sm_90 --quiet");
    cr_assert(o.code == 0, "from the cache: %s%s", o.out, o.err);
}

/* NVIDIA's own library, as far as it can be had without a GPU: the toolkit's stub of it. */
Test(devices, the_toolkits_stub_is_no_driver) {
#ifdef CUDA_STUB
    setenv("KATUNE_LIBCUDA", CUDA_STUB, 1);
    program_refused("check --device cuda:0", "is the toolkit's stub, which only linkers use");
    program_refused("tune --device cuda:0 --op silu_fwd --shape 20x48 --results /nowhere/results",
                    "is the toolkit's stub, which only linkers use");
#else
    cr_skip_test("the toolkit's stub of libcuda.so was not found when this was built");
#endif
}

/* Runs the launcher's get-nvrtc with nothing in its environment but `assignments`; what it says, and its exit
 * code. */
static int launcher_run(const char *assignments, const char *arguments, char *said, size_t size) {
    char command[900];
    snprintf(command, sizeof command, "env -i XDG_DATA_HOME=%s/none %s %s/katune get-nvrtc %s 2>&1",
             scratch_folder(), assignments, KATUNE_SOURCE_DIR, arguments);
    FILE *const pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    said[fread(said, 1, size - 1, pipe)] = 0;
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(devices, get_nvrtc_refuses) {
    char said[4000], path[300];
    cr_expect_eq(launcher_run("PATH=/usr/bin:/bin", "9", said, sizeof said), 2);
    cr_expect_str_eq(said, "katune: get-nvrtc 9: give 12 or 13, or nothing for the newest\n");
    shell("mkdir -p %s/bin && ln -s \"$(command -v dirname)\" %s/bin", scratch_folder(), scratch_folder());
    snprintf(path, sizeof path, "PATH=%s/bin", scratch_folder());
    cr_expect_eq(launcher_run(path, "", said, sizeof said), 2);
    cr_expect_str_eq(said, "katune: get-nvrtc needs python3 with pip: install python3-pip and run again\n");
    if (system("python3 -m pip --version >/dev/null 2>&1")) cr_skip_test("pip is not here");
    cr_expect_eq(launcher_run("PATH=/usr/bin:/bin PIP_NO_INDEX=1", "", said, sizeof said), 2);
    cr_expect(strstr(said, "\nkatune: pip could not install nvidia-cuda-nvrtc nvidia-cuda-runtime into "),
              "%s", said);
}
