#include "cuda/cubin_cache.h"

#include <system_error>
#include <utility>

#include "core/digest.h"
#include "store/file.h"

namespace scantune::cuda {

CubinCache::CubinCache(std::filesystem::path folder, std::string identity)
    : folder_(std::move(folder)), identity_(std::move(identity)) {}

std::string CubinCache::key(const wire::CompileRequest& request) const {
  return digest(identity_ + "\n" + to_line(request));
}

std::filesystem::path CubinCache::path(const std::string& key) const { return folder_ / (key + ".cubin"); }

std::optional<wire::CompileReply> CubinCache::find(const std::string& key, size_t entries) const {
  std::error_code ignored;
  if (folder_.empty() || !std::filesystem::exists(path(key), ignored)) {
    return std::nullopt;
  }
  const auto bytes = store::read_file(path(key));
  if (!bytes) {
    return std::nullopt;
  }
  const size_t end = bytes->find('\n');
  if (end == std::string::npos) {
    return std::nullopt;
  }
  auto head = wire::parse_compile_reply(std::string_view(*bytes).substr(0, end));
  if (!head || !head->reply.error.empty() || head->reply.entries.size() != entries) {
    return std::nullopt;
  }
  auto reply = wire::complete(*std::move(head), bytes->substr(end + 1));
  if (!reply) {
    return std::nullopt;
  }
  return *std::move(reply);
}

void CubinCache::keep(const std::string& key, const wire::CompileReply& reply) const {
  if (folder_.empty()) {
    return;
  }
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  (void)store::write_atomically(path(key), to_bytes(reply));
}

}  // namespace scantune::cuda
