#include "exports/writer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "core/sha256.h"
#include "core/version.h"
#include "exports/notice.h"
#include "store/file.h"
#include "wire/best_json.h"
#include "wire/export_json.h"

namespace scantune::exports {
namespace {

namespace fs = std::filesystem;

using wire::ExportManifest;

constexpr size_t kMostPathBytes = 240;

bool is_allowed(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '+' || c == '-';
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return parts;
    }
    path.remove_prefix(slash + 1);
  }
}

// A format that makes such a path has a bug, or was given a name that it should have made safe.
Expected<void> check_paths(const Export& files) {
  std::set<std::string> seen;
  std::set<std::string> folders;
  for (const ExportFile& file : files) {
    if (const std::string why = path_refused(file.path); !why.empty()) {
      return bad_input("cannot export to the path '{}': {}", one_line(file.path), why);
    }
    if (!seen.insert(file.path).second) {
      return bad_input("cannot export to the path '{}': two files of the export have it", file.path);
    }
    for (size_t slash = file.path.find('/'); slash != std::string::npos; slash = file.path.find('/', slash + 1)) {
      folders.insert(file.path.substr(0, slash));
    }
  }
  for (const std::string& folder : folders) {
    if (seen.contains(folder)) {
      return bad_input("cannot export to the path '{}': it is a file of the export and a folder, too", folder);
    }
  }
  return {};
}

// What lies at a path below the folder, without following a link: each folder on the way must be one.
Expected<fs::file_status> status_below(const fs::path& folder, std::string_view path) {
  fs::path at = folder;
  const std::vector<std::string_view> parts = parts_of(path);
  for (size_t i = 0; i < parts.size(); ++i) {
    at /= parts[i];
    std::error_code error;
    const fs::file_status status = fs::symlink_status(at, error);
    if (status.type() == fs::file_type::not_found) {
      return status;
    }
    if (error) {
      return tl::unexpected(store::system_error("look at", at, error.value()));
    }
    if (i + 1 == parts.size()) {
      return status;
    }
    if (!fs::is_directory(status)) {
      return bad_input("cannot write into {}: it is no folder{}; move it away or name another folder", at.string(),
                       fs::is_symlink(status) ? " but a link" : "");
    }
  }
  return fs::file_status(fs::file_type::not_found);
}

// The digest of the file at a path; none where there is none.
Expected<std::optional<std::string>> digest_at(const fs::path& folder, std::string_view path) {
  const auto status = status_below(folder, path);
  if (!status) {
    return tl::unexpected(status.error());
  }
  if (status->type() == fs::file_type::not_found) {
    return std::nullopt;
  }
  if (!fs::is_regular_file(*status)) {
    return bad_input("cannot write {}: it is no regular file; move it away or name another folder",
                     (folder / path).string());
  }
  return store::read_file(folder / path).map([](const std::string& text) {
    return std::optional<std::string>(sha256(text));
  });
}

Expected<ExportManifest> manifest_of(const fs::path& folder) {
  const fs::path path = folder / kManifestName;
  const auto status = status_below(folder, kManifestName);
  if (!status) {
    return tl::unexpected(status.error());
  }
  if (status->type() == fs::file_type::not_found) {
    return ExportManifest{};
  }
  if (!fs::is_regular_file(*status)) {
    return bad_input("cannot write {}: it is no regular file; move it away or name another folder", path.string());
  }
  const auto text = store::read_file(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto manifest = wire::parse_export_manifest(*text);
  if (!manifest) {
    return bad_input("{} is not the manifest of an export: {}; move it away or name another folder", path.string(),
                     manifest.error().message);
  }
  // Only what scantune could have written is its own, whatever a manifest says.
  std::erase_if(manifest->files, [](const auto& file) { return !path_refused(file.first).empty(); });
  return manifest;
}

bool is_own(const ExportManifest& manifest, const std::string& path, const std::string& digest) {
  const auto it = manifest.files.find(path);
  return it != manifest.files.end() && std::ranges::find(it->second.sha256, digest) != it->second.sha256.end();
}

// What is on disk of the paths of two exports, by path. An error where something is not scantune's own.
Expected<std::map<std::string, std::string>> own_files(const fs::path& folder, const ExportManifest& before,
                                                       const ExportManifest& after) {
  std::set<std::string> paths;
  for (const ExportManifest* manifest : {&before, &after}) {
    for (const auto& [path, file] : manifest->files) {
      paths.insert(path);
    }
  }
  std::map<std::string, std::string> own;
  for (const std::string& path : paths) {
    const auto digest = digest_at(folder, path);
    if (!digest) {
      return tl::unexpected(digest.error());
    }
    if (!*digest) {
      continue;
    }
    const bool listed = before.files.contains(path);
    if (listed ? !is_own(before, path, **digest) : !is_own(after, path, **digest)) {
      return bad_input(
          "{} {}; move it away or name another folder with --out", (folder / path).string(),
          listed ? "was changed since scantune wrote it" : "is there already and was not written by scantune");
    }
    own[path] = **digest;
  }
  return own;
}

// The manifest while files are replaced: each may be the old one or the new one.
ExportManifest both(const ExportManifest& before, const ExportManifest& after) {
  ExportManifest manifest = after;
  for (const auto& [path, file] : before.files) {
    auto& digests = manifest.files[path].sha256;
    for (const std::string& digest : file.sha256) {
      if (std::ranges::find(digests, digest) == digests.end()) {
        digests.push_back(digest);
      }
    }
  }
  return manifest;
}

// Removes a file and the folders that it leaves empty, up to the export's own.
void remove_file(const fs::path& folder, const std::string& path) {
  std::error_code ignored;
  fs::remove(folder / path, ignored);
  for (fs::path at = fs::path(path).parent_path(); !at.empty(); at = at.parent_path()) {
    if (!fs::remove(folder / at, ignored) || ignored) {
      return;
    }
  }
}

Expected<void> write_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) {
    return tl::unexpected(store::system_error("create the folder", path.parent_path(), error.value()));
  }
  return store::write_atomically(path, text);
}

Expected<void> check_folder(const fs::path& folder) {
  std::error_code error;
  const fs::file_status status =
      fs::status(folder, error);  // the folder itself may be a link: it is what was asked for
  if (folder.empty() || (fs::exists(status) && !fs::is_directory(status))) {
    return bad_input("--out {}: not a folder; name one that exists or can be created", folder.string());
  }
  fs::create_directories(folder, error);
  if (error) {
    return tl::unexpected(store::system_error("create the folder", folder, error.value()));
  }
  return {};
}

}  // namespace

std::string path_refused(std::string_view path) {
  if (path.empty() || path.size() > kMostPathBytes) {
    return fmt::format("a path has 1 to {} bytes", kMostPathBytes);
  }
  for (const std::string_view part : parts_of(path)) {
    if (part.empty() || part == "." || part == "..") {
      return "it must stay inside the folder: no part may be empty, '.' or '..'";
    }
    if (part.front() == '-' || !std::ranges::all_of(part, is_allowed)) {
      return "its parts may hold letters, digits and ._+-, and begin with none of -";
    }
  }
  if (path == kManifestName) {
    return "the manifest has it";
  }
  return {};
}

Expected<Written> write_export(const fs::path& folder, std::string_view format, const ExportInput& input,
                               const Export& files) {
  ExportManifest after;
  after.export_format = format;
  after.tool_version = version();
  after.licence = kLicence;
  after.best_sha256 = input.best_digest;
  for (const BestEntry& entry : input.entries) {
    after.keys.push_back(wire::best_key(entry.workload, entry.chip));
  }
  for (const ExportFile& file : files) {
    after.files[file.path] = {static_cast<int64_t>(file.contents.size()), {sha256(file.contents)}};
  }
  if (auto possible = check_paths(files).and_then([&] { return check_folder(folder); }); !possible) {
    return tl::unexpected(possible.error());
  }
  const auto before = manifest_of(folder);
  if (!before) {
    return tl::unexpected(before.error());
  }
  const auto own = own_files(folder, *before, after);
  if (!own) {
    return tl::unexpected(own.error());
  }
  Written written;
  if (auto done = store::write_atomically(folder / kManifestName, wire::export_manifest_json(both(*before, after)));
      !done) {
    return tl::unexpected(done.error());
  }
  for (const ExportFile& file : files) {
    written.files.push_back(file.path);
    const auto there = own->find(file.path);
    if (there != own->end() && is_own(after, file.path, there->second)) {
      ++written.unchanged;
      continue;
    }
    if (auto done = write_file(folder / file.path, file.contents); !done) {
      return tl::unexpected(done.error());
    }
  }
  for (const auto& [path, digest] : *own) {
    if (!after.files.contains(path)) {
      remove_file(folder, path);
      written.removed.push_back(path);
    }
  }
  if (auto done = store::write_atomically(folder / kManifestName, wire::export_manifest_json(after)); !done) {
    return tl::unexpected(done.error());
  }
  written.files.emplace_back(kManifestName);
  return written;
}

}  // namespace scantune::exports
