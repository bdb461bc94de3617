#include "catalog/embedded.h"

#include <algorithm>
#include <stdexcept>

namespace scantune {

std::vector<SourceFile> embedded(const std::vector<std::string>& paths) {
  std::vector<SourceFile> files;
  for (const std::string& path : paths) {
    const auto it = std::ranges::find(embedded_files(), path, &SourceFile::path);
    if (it == embedded_files().end()) {
      throw std::out_of_range("kernel source not embedded: " + path);
    }
    files.push_back(*it);
  }
  return files;
}

}  // namespace scantune
