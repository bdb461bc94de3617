// Best files for the tests of exports: those recorded in the repository.
#pragma once

#include <filesystem>
#include <string>

#include "exports/export.h"
#include "store/file.h"
#include "wire/best_json.h"

namespace scantune::exports {

// The entries of a file of results/; throws where it cannot be read, which fails the test.
inline ExportInput recorded(const std::string& name) {
  const std::string text = store::read_file(std::filesystem::path(SCANTUNE_SOURCE_DIR) / "results" / name).value();
  return export_input(text, wire::parse_best(text).value());
}

// 21 workloads of an H200: rows and columns, six types.
inline ExportInput standard() { return recorded("h200-standard.json"); }

// A folder that is removed again.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "scantune-exports-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string read(const std::string& name) const { return store::read_file(path_ / name).value(); }

 private:
  std::filesystem::path path_;
};

}  // namespace scantune::exports
