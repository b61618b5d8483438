# NVIDIA's headers and stub libraries, where they are: in a toolkit, or below a folder of Python's wheels such as the
# one that `katune get-nvrtc` fills. Nothing of katune needs them but CUPTI's counters and the tests that compare our
# prototypes with NVIDIA's.
#   CUDA_HEADER_DIR cuda.h, NVRTC_HEADER_DIR nvrtc.h, NVML_HEADER_DIR nvml.h, CUPTI_HEADER_DIR cupti_range_profiler.h
#   CUDA_STUB, NVML_STUB: libraries to link with that have every name and do nothing
file(GLOB toolkits LIST_DIRECTORIES true $ENV{KATUNE_CUDA_HOME} $ENV{CUDA_PATH} $ENV{CUDA_HOME} /usr/local/cuda
  /usr/local/cuda-* /opt/cuda /opt/cuda-* $ENV{KATUNE_CUDA_HOME}/nvidia/* $ENV{VIRTUAL_ENV}/lib/python3*/site-packages/nvidia/*
  $ENV{HOME}/.local/lib/python3*/site-packages/nvidia/* $ENV{HOME}/.local/share/katune/nvrtc/nvidia/*
  /usr/local/lib/python3*/*-packages/nvidia/*)
list(SORT toolkits COMPARE NATURAL ORDER DESCENDING)
set(include_folders include extras/CUPTI/include)
set(stub_folders lib64/stubs lib/stubs targets/x86_64-linux/lib/stubs targets/sbsa-linux/lib/stubs)
find_path(CUDA_HEADER_DIR cuda.h HINTS ${toolkits} PATH_SUFFIXES ${include_folders})
find_path(NVRTC_HEADER_DIR nvrtc.h HINTS ${toolkits} PATH_SUFFIXES ${include_folders})
find_path(NVML_HEADER_DIR nvml.h HINTS ${toolkits} PATH_SUFFIXES ${include_folders})
find_path(CUPTI_HEADER_DIR cupti_range_profiler.h HINTS ${toolkits} PATH_SUFFIXES ${include_folders})
find_library(CUDA_STUB NAMES libcuda.so HINTS ${toolkits} PATH_SUFFIXES ${stub_folders} NO_DEFAULT_PATH)
find_library(NVML_STUB NAMES libnvidia-ml.so HINTS ${toolkits} PATH_SUFFIXES ${stub_folders} NO_DEFAULT_PATH)
mark_as_advanced(CUDA_HEADER_DIR NVRTC_HEADER_DIR NVML_HEADER_DIR CUPTI_HEADER_DIR CUDA_STUB NVML_STUB)
