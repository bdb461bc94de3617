// Compiled cubins on disk, one file each, named by the digest of everything they depend on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "wire/compile_json.h"

namespace scantune::cuda {

class CubinCache {
 public:
  // `folder` empty: nothing is kept. `identity` names the compiler (nvrtc_identity).
  CubinCache(std::filesystem::path folder, std::string identity);

  [[nodiscard]] std::string key(const wire::CompileRequest& request) const;

  // What an earlier run compiled; nothing where there is none, or where it is damaged.
  [[nodiscard]] std::optional<wire::CompileReply> find(const std::string& key, size_t entries) const;

  // Keeps a reply. A folder that cannot be written costs the cache and nothing else.
  void keep(const std::string& key, const wire::CompileReply& reply) const;

 private:
  [[nodiscard]] std::filesystem::path path(const std::string& key) const;

  const std::filesystem::path folder_;
  const std::string identity_;
};

}  // namespace scantune::cuda
