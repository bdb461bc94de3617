# The CUDA backend needs headers only: driver, NVRTC, CUPTI and NVTX. Their libraries are opened at
# run time, so that the binary starts without any of them. `scantune_cuda` exists either way.
set(SCANTUNE_HAVE_CUDA FALSE)
if(NOT SCANTUNE_CUDA STREQUAL "OFF")
  # A root that is given is the only place looked in; what was found under another one is forgotten.
  if(NOT "${SCANTUNE_CUDA_ROOT}" STREQUAL "${SCANTUNE_CUDA_SEARCHED_ROOT}")
    unset(SCANTUNE_CUDA_INCLUDE_DIR CACHE)
    unset(SCANTUNE_NVRTC_INCLUDE_DIR CACHE)
    unset(SCANTUNE_CUPTI_INCLUDE_DIR CACHE)
    unset(SCANTUNE_NVTX_INCLUDE_DIR CACHE)
  endif()
  set(SCANTUNE_CUDA_SEARCHED_ROOT "${SCANTUNE_CUDA_ROOT}" CACHE INTERNAL "The root the CUDA headers were looked for in")
  if(SCANTUNE_CUDA_ROOT)
    set(cuda_places HINTS ${SCANTUNE_CUDA_ROOT} NO_DEFAULT_PATH)
  else()
    set(cuda_places HINTS $ENV{CUDA_HOME} $ENV{CUDA_PATH} /usr/local/cuda)
  endif()
  find_path(SCANTUNE_CUDA_INCLUDE_DIR cuda.h ${cuda_places} PATH_SUFFIXES include)
  find_path(SCANTUNE_NVRTC_INCLUDE_DIR nvrtc.h ${cuda_places} PATH_SUFFIXES include)
  find_path(SCANTUNE_CUPTI_INCLUDE_DIR cupti_range_profiler.h ${cuda_places}
            PATH_SUFFIXES include extras/CUPTI/include)
  find_path(SCANTUNE_NVTX_INCLUDE_DIR nvtx3/nvToolsExt.h ${cuda_places} PATH_SUFFIXES include)
  if(SCANTUNE_CUDA_INCLUDE_DIR AND SCANTUNE_NVRTC_INCLUDE_DIR AND SCANTUNE_CUPTI_INCLUDE_DIR AND
     SCANTUNE_NVTX_INCLUDE_DIR)
    file(STRINGS ${SCANTUNE_CUDA_INCLUDE_DIR}/cuda.h cuda_version REGEX "^#define CUDA_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+$" cuda_version "${cuda_version}")
    if(cuda_version GREATER_EQUAL 13000)
      set(SCANTUNE_HAVE_CUDA TRUE)
    endif()
  endif()
  if(NOT SCANTUNE_HAVE_CUDA AND SCANTUNE_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SCANTUNE_CUDA=ON, but cuda.h, nvrtc.h, cupti_range_profiler.h and nvtx3/nvToolsExt.h of CUDA 13 "
                        "were not found; "
                        "set SCANTUNE_CUDA_ROOT")
  endif()
endif()
if(SCANTUNE_HAVE_CUDA)
  message(STATUS "CUDA headers: ${SCANTUNE_CUDA_INCLUDE_DIR}")
  # At run time the libraries are looked for beside these headers first.
  cmake_path(GET SCANTUNE_CUDA_INCLUDE_DIR PARENT_PATH cuda_root)
  file(GLOB cuda_sources CONFIGURE_DEPENDS src/cuda/*.cc)
  list(FILTER cuda_sources EXCLUDE REGEX "unavailable\\.cc$")
else()
  message(STATUS "CUDA headers not found or not wanted: building without the CUDA backend")
  set(cuda_sources src/cuda/unavailable.cc src/cuda/metrics.cc)  # metric names need no CUDA
endif()
scantune_library(cuda SOURCES ${cuda_sources} DEPENDS scantune_core scantune_catalog scantune_device)
target_link_libraries(scantune_cuda PRIVATE scantune_wire scantune_store Threads::Threads ${CMAKE_DL_LIBS})
target_include_directories(scantune_cuda PRIVATE ${CMAKE_SOURCE_DIR}/kernels)  # workload.h: the verifier's input
if(SCANTUNE_HAVE_CUDA)
  target_include_directories(scantune_cuda SYSTEM PRIVATE ${SCANTUNE_CUDA_INCLUDE_DIR} ${SCANTUNE_NVRTC_INCLUDE_DIR}
                                                          ${SCANTUNE_CUPTI_INCLUDE_DIR} ${SCANTUNE_NVTX_INCLUDE_DIR})
  target_compile_definitions(scantune_cuda PRIVATE SCANTUNE_CUDA_ROOT="${cuda_root}")
endif()
