// Exports: what other builds take of a best file. A format is a pure function from entries to files, so the same
// input gives the same bytes; writer.h puts the files on disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "core/outcome.h"
#include "device/device.h"

namespace scantune::exports {

// `path` is relative to the folder written to, its parts joined by '/'; writer.h says which are taken.
struct ExportFile {
  std::string path;
  std::string contents;

  bool operator==(const ExportFile&) const = default;
};

using Export = std::vector<ExportFile>;

// What a format is made from. Nothing in it depends on when or where it is exported.
struct ExportInput {
  std::vector<BestEntry> entries;    // one at least, each of another key, in the order of their keys
  std::string best_digest;           // SHA-256 of the best file's bytes
  Compiler* compiler = nullptr;      // to cubins, and ...
  Compiler* ptx_compiler = nullptr;  // ... to PTX, for formats that hold machine code; may be null for others
};

struct Format {
  std::string_view name;     // as on the command line
  std::string_view summary;  // one line of help
  bool kernels = false;      // it holds kernels: its input is what usable_entries() left (usable.h)
  bool compiles = false;     // it needs both of ExportInput's compilers
  // An error (bad_input) where the entries hold nothing that the format can say.
  Expected<Export> (*make)(const ExportInput& input);
};

// In the order they are listed.
const std::vector<Format>& formats();

// A format by name, or an error that lists the names.
Expected<const Format*> find_format(std::string_view name);

// The input for a best file's text and the entries that were chosen from it: puts them in order.
ExportInput export_input(std::string_view best_text, std::vector<BestEntry> entries);

// The entries that were measured on a GPU; an error that names `format` where there are none.
Expected<std::vector<BestEntry>> gpu_entries(const ExportInput& input, std::string_view format);

}  // namespace scantune::exports
