#include "store/best_file.h"

#include <system_error>

#include "store/file.h"
#include "store/file_lock.h"
#include "wire/best_json.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

// The text of an existing best file, or an empty one.
Expected<std::string> read_existing(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) {
    return std::string();
  }
  return read_file(path);
}

// An existing file that cannot be merged into.
tl::unexpected<Error> not_merged(const fs::path& path, const Error& why) {
  return fail(why.kind, "{}: {}; name another file or move this one away", path.string(), why.message);
}

// The file to work on, its folder made and its lock taken.
struct Held {
  fs::path target;
  FileLock lock;
};

Expected<Held> hold(const fs::path& path) {
  const auto target = prepare_file(path, "results/best.json");
  if (!target) {
    return tl::unexpected(target.error());
  }
  auto lock = FileLock::take(*target);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  return Held{*target, *std::move(lock)};
}

}  // namespace

Expected<void> check_best_file(const fs::path& path, std::optional<bool> of_replay) {
  const auto held = hold(path);
  if (!held) {
    return tl::unexpected(held.error());
  }
  const auto existing = read_existing(held->target);
  if (!existing) {
    return tl::unexpected(existing.error());
  }
  if (const auto checked = wire::check_best(*existing, of_replay); !checked) {
    return not_merged(path, checked.error());
  }
  return check_writable(path);
}

Expected<void> merge_into_best_file(const fs::path& path, const std::vector<BestEntry>& entries) {
  const auto held = hold(path);
  if (!held) {
    return tl::unexpected(held.error());
  }
  const auto existing = read_existing(held->target);
  if (!existing) {
    return tl::unexpected(existing.error());
  }
  const auto text = wire::merge_best(*existing, entries);
  if (!text) {
    return not_merged(path, text.error());
  }
  return write_atomically(path, *text);
}

Expected<std::optional<wire::StoredWinner>> stored_winner(const fs::path& path, const Workload& workload,
                                                          const Chip& chip) {
  const auto text = read_existing(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto winner = wire::stored_winner(*text, wire::best_key(workload, chip));
  if (!winner) {
    return fail(winner.error().kind, "{}: {}", path.string(), winner.error().message);
  }
  return winner;
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
