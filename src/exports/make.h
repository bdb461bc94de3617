// One function a format; each is defined in the file of its name.
#pragma once

#include "exports/export.h"

namespace scantune::exports {

Expected<Export> make_cmake(const ExportInput& input);
Expected<Export> make_header(const ExportInput& input);
Expected<Export> make_bundle(const ExportInput& input);
Expected<Export> make_torch(const ExportInput& input);
Expected<Export> make_triton(const ExportInput& input);
Expected<Export> make_jsonl(const ExportInput& input);
Expected<Export> make_csv(const ExportInput& input);
Expected<Export> make_t4(const ExportInput& input);
Expected<Export> make_kernel_tuner(const ExportInput& input);
Expected<Export> make_nvbench(const ExportInput& input);
Expected<Export> make_google_benchmark(const ExportInput& input);

}  // namespace scantune::exports
