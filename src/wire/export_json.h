// The manifest of an export (configs/schema/export.schema.json): text in, text out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"

namespace scantune::wire {

// A file that scantune wrote. Several digests: while an export is under way, a file is the old one or the new one.
struct ExportedFile {
  int64_t bytes = 0;
  std::vector<std::string> sha256;  // one at least

  bool operator==(const ExportedFile&) const = default;
};

struct ExportManifest {
  std::string export_format;  // "cmake"
  std::string tool_version;
  std::string licence;                        // SPDX
  std::string best_sha256;                    // of the best file it was made from
  std::vector<std::string> keys;              // of the entries taken from it
  std::map<std::string, ExportedFile> files;  // by path, relative to the manifest

  bool operator==(const ExportManifest&) const = default;
};

std::string export_manifest_json(const ExportManifest& manifest);
Expected<ExportManifest> parse_export_manifest(std::string_view text);

}  // namespace scantune::wire
