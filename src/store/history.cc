#include "store/history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "store/descriptor.h"
#include "store/file.h"
#include "store/file_lock.h"
#include "wire/check_json.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

Expected<CheckHistory> parsed(const fs::path& path, std::string_view text) {
  CheckHistory history;
  size_t number = 0;
  size_t usable = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (line.empty()) {
      continue;
    }
    usable += wire::looks_like_history(line) ? 1 : 0;
    auto read = wire::parse_history_line(line);
    if (read) {
      history.lines.push_back(*std::move(read));
    } else {
      history.skipped.push_back(
          fmt::format("{}: line {} is skipped: {}", path.string(), number,
                      end == std::string_view::npos ? "torn: its end is missing" : read.error().message));
    }
  }
  if (number > 0 && usable == 0) {
    return bad_input("{}: not a history of scantune; name another file", path.string());
  }
  return history;
}

}  // namespace

Expected<CheckHistory> read_history(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) {
    return CheckHistory{};
  }
  const auto text = read_file(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  return parsed(path, *text);
}

Expected<void> append_history(const fs::path& path, const std::vector<HistoryLine>& lines) {
  if (lines.empty()) {
    return {};
  }
  const auto target = prepare_file(path, "results/history.jsonl");
  if (!target) {
    return tl::unexpected(target.error());
  }
  const auto lock = FileLock::take(*target);
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  if (const auto before = read_history(*target); !before) {
    return tl::unexpected(before.error());
  }
  Descriptor file(::open(target->c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(system_error("open", path, errno));
  }
  std::string text;
  char last = '\n';
  if (status.st_size > 0 && ::pread(file.get(), &last, 1, status.st_size - 1) == 1 && last != '\n') {
    text += '\n';
  }
  for (const HistoryLine& line : lines) {
    text += wire::history_line(line);
  }
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t bytes = ::write(file.get(), text.data() + written, text.size() - written);
    if (bytes < 0 && errno == EINTR) {
      continue;
    }
    if (bytes < 0) {
      const int error = errno;
      // As it was; where that fails, the torn line is skipped by who reads it.
      [[maybe_unused]] const int undone = ::ftruncate(file.get(), status.st_size);
      return tl::unexpected(system_error("write", path, error));
    }
    written += static_cast<size_t>(bytes);
  }
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) {
    return tl::unexpected(system_error("write", path, errno));
  }
  if (const int error = file.close(); error != 0) {
    return tl::unexpected(system_error("write", path, error));
  }
  return {};
}

}  // namespace scantune::store
