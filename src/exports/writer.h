// Puts an export on disk, in one folder and never outside it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"
#include "exports/export.h"

namespace scantune::exports {

// The list of what an export wrote, with digests, in the folder it wrote to.
inline constexpr std::string_view kManifestName = "scantune-export.json";

struct Written {
  std::vector<std::string> files;    // of the export, the manifest included, as they are on disk now
  int unchanged = 0;                 // of them, were there already
  std::vector<std::string> removed;  // of an earlier export, which this one lacks
};

// Why a path of an export cannot be written; empty where it can. Paths are relative and at most 240 bytes, their
// parts of letters, digits and ._+- and never "." or "..", none begins with '-', and none is the manifest's.
std::string path_refused(std::string_view path);

// Writes an export to a folder, which is created, and beside it a manifest. A file that is there already is replaced
// only where a manifest in the folder says that scantune wrote it and its digest says that nobody changed it since;
// any other, and whatever is no regular file, is refused before anything is written. Files of an earlier
// export that this one lacks are removed on the same terms. Links are never followed below the folder. Each file is
// replaced atomically; a run that was interrupted can be repeated. `format` is the export's, for the manifest.
Expected<Written> write_export(const std::filesystem::path& folder, std::string_view format, const ExportInput& input,
                               const Export& files);

}  // namespace scantune::exports
