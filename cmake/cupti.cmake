# CUPTI's headers, from the toolkit or from NVIDIA's wheel for Python: CUPTI_INCLUDE_DIRS, empty if they are not there.
# The library itself is loaded at run time.
set(CUPTI_INCLUDE_DIRS "")
file(GLOB toolkits LIST_DIRECTORIES true /usr/local/cuda* /opt/cuda*)
list(SORT toolkits COMPARE NATURAL ORDER DESCENDING)
find_path(CUPTI_HEADER_DIR cupti_range_profiler.h
  HINTS $ENV{KATUNE_CUDA_HOME} ${toolkits} PATH_SUFFIXES include extras/CUPTI/include)
find_path(CUDA_HEADER_DIR cuda.h HINTS $ENV{KATUNE_CUDA_HOME} ${toolkits} PATH_SUFFIXES include)
mark_as_advanced(CUPTI_HEADER_DIR CUDA_HEADER_DIR)
if(CUPTI_HEADER_DIR AND CUDA_HEADER_DIR)
  # Structures of its latest records must be known too.
  file(STRINGS ${CUPTI_HEADER_DIR}/cupti_activity.h found REGEX "} CUpti_ActivityKernel10;")
  if(found)
    set(CUPTI_INCLUDE_DIRS ${CUPTI_HEADER_DIR} ${CUDA_HEADER_DIR})
    list(REMOVE_DUPLICATES CUPTI_INCLUDE_DIRS)
  endif()
endif()
