// Whole files, read and written so that nobody ever sees half of one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/expected.h"

namespace scantune::store {

// The whole file. Errors name the path and the system's reason.
Expected<std::string> read_file(const std::filesystem::path& path);

// Writes to a temporary file in the same folder, flushes it to disk, renames it over `path`, so
// that at every moment, a crash included, `path` is the old file or the new one. The temporary
// file is removed where any step fails. A symbolic link is written through; the mode of an
// existing file is kept. Errors name the path, the system's reason and what to do.
Expected<void> write_atomically(const std::filesystem::path& path, std::string_view contents);

// The same for what is too large to be held: `produce` hands its parts to the sink. Where it
// returns an error, nothing is changed. A file that checks itself and can be made anew need not be
// flushed: a loss of power may then leave any part of it.
using Sink = std::function<void(std::string_view)>;
enum class Flush { to_disk, never };
Expected<void> write_atomically(const std::filesystem::path& path,
                                const std::function<Expected<void>(const Sink&)>& produce,
                                Flush flush = Flush::to_disk);

// Whether write_atomically could write `path` now, found by doing all of it but the rename with a
// small file: permission bits alone do not tell (root, read-only and full file systems).
Expected<void> check_writable(const std::filesystem::path& path);

// The file that `path` stands for once symbolic links are followed, whether it exists or not.
Expected<std::filesystem::path> follow_links(const std::filesystem::path& path);

// The file to write for `path`: its links followed, the folder that `path` names made. An error where
// it can be no regular file, or is a link into a folder that is not there: nobody named that one.
// `example` is a name for the message.
Expected<std::filesystem::path> prepare_file(const std::filesystem::path& path, std::string_view example);

// The folder a file lies in: never empty.
std::filesystem::path folder_of(const std::filesystem::path& path);

// "cannot VERB PATH: REASON; WHAT TO DO", for an errno of a system call about `path`.
Error system_error(std::string_view verb, const std::filesystem::path& path, int error_number);

}  // namespace scantune::store
