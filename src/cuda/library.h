// Shared libraries opened at first use: the driver, NVRTC, CUPTI. From the system's search path,
// the CUDA toolkit's folders, or the folders of the nvidia-* wheels.
#pragma once

#include <string>

#include "core/expected.h"

namespace scantune::cuda {

enum class LibraryId { driver, nvml, nvrtc, cupti, nvperf_host };

// The dlopen handle, opened once per process and never closed; an error (kind environment) names
// the file and where it was looked for. Thread-safe. The driver (libcuda.so.1) and NVML are the system's. NVRTC
// and CUPTI must be of CUDA 13; they are taken from the first of these that has them, one that has
// both before one that has only one:
//   $SCANTUNE_CUDA_ROOT, and nowhere else where it is set
//   the toolkit or wheel folder the binary was built with (CMake's SCANTUNE_CUDA_ROOT)
//   $CUDA_HOME, $CUDA_PATH, /usr/local/cuda
//   the system's search path (ld.so)
// CUPTI opens libnvperf_host.so by its bare name, so that one is opened first, for all to see.
Expected<void*> open_library(LibraryId id);

// The path the library was opened from, for messages; empty where it is not open.
std::string library_path(LibraryId id);

// A symbol of a library, which is opened where it is not open yet, or an error that names both.
Expected<void*> find_symbol(LibraryId id, const char* name);

}  // namespace scantune::cuda
