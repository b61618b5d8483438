# The headers that CUPTI's part is built with: CUPTI_INCLUDE_DIRS, empty if they are not there. The library itself is
# loaded at run time.
include(${CMAKE_CURRENT_LIST_DIR}/toolkit.cmake)
set(CUPTI_INCLUDE_DIRS "")
if(CUPTI_HEADER_DIR AND CUDA_HEADER_DIR)
  # Structures of its latest records must be known too.
  file(STRINGS ${CUPTI_HEADER_DIR}/cupti_activity.h found REGEX "} CUpti_ActivityKernel10;")
  if(found)
    set(CUPTI_INCLUDE_DIRS ${CUPTI_HEADER_DIR} ${CUDA_HEADER_DIR})
    list(REMOVE_DUPLICATES CUPTI_INCLUDE_DIRS)
  endif()
endif()
