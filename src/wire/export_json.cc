#include "wire/export_json.h"

#include <nlohmann/json.hpp>

#include "wire/node.h"

namespace scantune::wire {
namespace {

constexpr std::string_view kFormat = "scantune-export";
constexpr int kVersion = 1;
constexpr size_t kDigits = 64;

std::string read_digest(const Node& node) {
  std::string text = node.text();
  if (text.size() != kDigits || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    node.expected("a SHA-256 of 64 hexadecimal digits");
  }
  return text;
}

ExportManifest read_manifest(const Json& document) {
  const Node root(document, "the manifest");
  if (!document.is_object()) {
    root.expected("an object");
  }
  if (const Node format = root.at("format"); format.text() != kFormat) {
    format.expected(fmt::format("\"{}\"", kFormat));
  }
  if (const Node version = root.at("version"); version.integer() != kVersion) {
    version.expected(fmt::format("{}, the version that this scantune reads", kVersion));
  }
  ExportManifest manifest;
  manifest.export_format = root.at("export").text();
  manifest.tool_version = root.at("tool_version").text();
  manifest.licence = root.at("licence").text();
  manifest.best_sha256 = read_digest(root.at("best_sha256"));
  for (const Node& key : root.at("keys").items()) {
    manifest.keys.push_back(key.text());
  }
  for (const Node& file : root.at("files").items()) {
    ExportedFile exported;
    exported.bytes = file.at("bytes").integer();
    exported.sha256.push_back(read_digest(file.at("sha256")));
    if (const auto others = file.find("or_sha256")) {
      for (const Node& other : others->items()) {
        exported.sha256.push_back(read_digest(other));
      }
    }
    manifest.files[file.at("path").text()] = std::move(exported);
  }
  return manifest;
}

}  // namespace

std::string export_manifest_json(const ExportManifest& manifest) {
  Json files = Json::array();
  for (const auto& [path, file] : manifest.files) {
    Json row = {{"path", path}, {"bytes", file.bytes}, {"sha256", file.sha256.front()}};
    if (file.sha256.size() > 1) {
      row["or_sha256"] = std::vector<std::string>(file.sha256.begin() + 1, file.sha256.end());
    }
    files.push_back(std::move(row));
  }
  return to_text({{"format", kFormat},
                  {"version", kVersion},
                  {"export", manifest.export_format},
                  {"tool_version", manifest.tool_version},
                  {"licence", manifest.licence},
                  {"best_sha256", manifest.best_sha256},
                  {"keys", manifest.keys},
                  {"files", std::move(files)}});
}

Expected<ExportManifest> parse_export_manifest(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    return tl::unexpected(document.error());
  }
  return read_document<ExportManifest>([&] { return read_manifest(*document); });
}

}  // namespace scantune::wire
