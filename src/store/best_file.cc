#include "store/best_file.h"

#include <cerrno>
#include <system_error>

#include "store/file.h"
#include "store/file_lock.h"
#include "wire/best_json.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

Expected<void> create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return tl::unexpected(system_error("create the folder", folder, error.value()));
  }
  return {};
}

// The text of an existing best file, or an empty one.
Expected<std::string> read_existing(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) {
    return std::string();
  }
  return read_file(path);
}

Expected<std::string> merged(const fs::path& path, const fs::path& target, const std::vector<BestEntry>& entries) {
  auto existing = read_existing(target);
  if (!existing) {
    return existing;
  }
  auto text = wire::merge_best(*existing, entries);
  if (!text) {
    return fail(text.error().kind, "{}: {}; name another file or move this one away", path.string(),
                text.error().message);
  }
  return text;
}

// The file to work on, its folder made and its lock taken.
struct Held {
  fs::path target;
  FileLock lock;
};

Expected<Held> hold(const fs::path& path) {
  if (!path.has_filename()) {
    return bad_input("cannot write '{}': it names no file; name one such as results/best.json", path.string());
  }
  const auto target = follow_links(path);
  if (!target) {
    return tl::unexpected(target.error());
  }
  if (const auto made = create_folder(folder_of(*target)); !made) {
    return tl::unexpected(made.error());
  }
  // Before anything is opened: reading a pipe would wait, and reading a device might not end.
  std::error_code error;
  if (const fs::file_status status = fs::status(*target, error); fs::exists(status) && !fs::is_regular_file(status)) {
    return tl::unexpected(system_error("write", path, fs::is_directory(status) ? EISDIR : EINVAL));
  }
  auto lock = FileLock::take(*target);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  return Held{*target, *std::move(lock)};
}

}  // namespace

Expected<void> check_best_file(const fs::path& path) {
  const auto held = hold(path);
  if (!held) {
    return tl::unexpected(held.error());
  }
  if (const auto text = merged(path, held->target, {}); !text) {
    return tl::unexpected(text.error());
  }
  return check_writable(path);
}

Expected<void> merge_into_best_file(const fs::path& path, const std::vector<BestEntry>& entries) {
  const auto held = hold(path);
  if (!held) {
    return tl::unexpected(held.error());
  }
  const auto text = merged(path, held->target, entries);
  if (!text) {
    return tl::unexpected(text.error());
  }
  return write_atomically(path, *text);
}

Expected<std::vector<BestEntry>> read_best_file(const fs::path& path) {
  const auto text = read_file(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto entries = wire::parse_best(*text);
  if (!entries) {
    return fail(entries.error().kind, "{}: {}", path.string(), entries.error().message);
  }
  return entries;
}

}  // namespace scantune::store
