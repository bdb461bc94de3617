// Shared libraries opened at first use: the driver, NVRTC, CUPTI. From the system's search path,
// the CUDA toolkit's folders, or the folders of the nvidia-* wheels.
#pragma once

#include <string>

#include "core/expected.h"

namespace scantune::cuda {

enum class LibraryId { driver, nvrtc, cupti, nvperf_host };

// The dlopen handle, opened once per process; an error names the file and where it was looked for.
Expected<void*> open_library(LibraryId id);

// The path the library was opened from, for messages; empty where it is not open.
std::string library_path(LibraryId id);

// A symbol of an open library, or an error that names both.
Expected<void*> find_symbol(LibraryId id, const char* name);

// Folders that may hold CUDA headers (cuda_fp16.h) for NVRTC, most specific first; may be empty.
std::string include_folder();

}  // namespace scantune::cuda
