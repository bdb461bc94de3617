// A bundle on disk, as scantune export --format bundle wrote it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/expected.h"
#include "wire/bundle_json.h"

namespace scantune::store {

struct LoadedBundle {
  wire::Bundle bundle;
  std::vector<std::shared_ptr<const std::string>> cubins;  // one for each of bundle.kernels
};

// Reads the manifest and every cubin it names. `path` is the folder or the manifest in it. An error (bad_input) where a
// file is missing or is not the one whose digest the manifest has.
Expected<LoadedBundle> read_bundle(const std::filesystem::path& path);

}  // namespace scantune::store
