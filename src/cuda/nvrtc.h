// NVRTC, called in this process: sources in, a cubin and its entries' resources out.
#pragma once

#include <string>

#include "core/chip.h"
#include "core/expected.h"
#include "wire/compile_json.h"

namespace scantune::cuda {

// "13.0"; opens the library.
Expected<std::string> nvrtc_version();

// What a cubin depends on besides source and options: the version and the library's size, which
// tells patch releases apart. Opens the library.
Expected<std::string> nvrtc_identity();

// The options every kernel is compiled with for a chip.
std::vector<std::string> nvrtc_options(const Chip& chip);
// The same for images that are given away: to a cubin or to PTX of the chip's architecture, and the same bytes in every
// run. (Else NVRTC makes names of random numbers. What is tuned keeps its options: they are in the digests of builds.)
std::vector<std::string> nvrtc_export_options(const Chip& chip, bool ptx);

// Compiles. With the options for PTX the image is that, and the entries' resources are unknown. What is wrong with the
// source, and a missing NVRTC, come back as the reply's error. NVRTC may be entered by several threads, but serialises
// them.
wire::CompileReply compile_with_nvrtc(const wire::CompileRequest& request);

// Fills in what ptxas -v reports about the entries named in `reply` (registers, static shared memory,
// local memory). False where the log does not speak of one of them.
bool read_resources(const std::string& log, wire::CompileReply& reply);

}  // namespace scantune::cuda
