#include "exports/notice.h"

#include <algorithm>

#include "core/version.h"
#include "exports/templates.h"

namespace scantune::exports {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

std::string notice(const ExportInput& input, std::string_view format, std::string_view what, std::string_view prefix) {
  const std::string empty(prefix.substr(0, prefix.find_last_not_of(' ') + 1));
  return fmt::format(
      "{0}{1}.\n"
      "{7}\n"
      "{0}Written by scantune {2} (export --format {3}) from {4} of a best file with SHA-256\n"
      "{0}{5}. Export again rather than edit.\n"
      "{7}\n"
      "{0}Copyright the scantune authors. SPDX-License-Identifier: {6}\n",
      prefix, one_line(what), version(), format,
      input.entries.size() == 1 ? "one entry" : fmt::format("{} entries", input.entries.size()), input.best_digest,
      kLicence, empty);
}

std::string one_line(std::string_view text) {
  constexpr size_t kMostBytes = 200;
  std::string line(text.substr(0, kMostBytes));
  std::ranges::replace_if(
      line, [](char c) { return !is_printable(c); }, '?');
  return line;
}

std::string safe_name(std::string_view text) {
  constexpr size_t kMostBytes = 60;
  std::string name;
  for (const char c : text.substr(0, kMostBytes)) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool lower = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    name += upper ? static_cast<char>(c - 'A' + 'a') : lower || digit ? c : '_';
  }
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) {
    name.insert(name.begin(), '_');
  }
  return name;
}

std::string quoted(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      literal += '\\';
      literal += c;
    } else {
      literal +=
          is_printable(c) && c != '?' ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
  }
  return literal + "\"";
}

std::string_view licence_text() { return template_text("LICENSE"); }

}  // namespace scantune::exports
