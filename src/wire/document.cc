#include "wire/document.h"

#include <nlohmann/json.hpp>

namespace scantune::wire {
namespace {

constexpr size_t kLook = 4096;  // bytes: the member is the first that is written
constexpr std::string_view kBlank = " \t\r\n";

}  // namespace

std::string format_of(std::string_view text) {
  text = text.substr(0, kLook);
  constexpr std::string_view kMember = "\"format\"";
  size_t at = text.find(kMember);
  if (at == std::string_view::npos) {
    return {};
  }
  at = text.find_first_not_of(kBlank, at + kMember.size());
  if (at == std::string_view::npos || text[at] != ':') {
    return {};
  }
  at = text.find_first_not_of(kBlank, at + 1);
  if (at == std::string_view::npos || text[at] != '"') {
    return {};
  }
  const size_t end = text.find('"', at + 1);
  return end == std::string_view::npos ? std::string() : std::string(text.substr(at + 1, end - at - 1));
}

Expected<Json> parse_document(std::string_view text, std::string_view format, int64_t version) {
  auto document = parse_json(text);
  if (!document) {
    return document;
  }
  const auto is = document->is_object() ? document->find("format") : document->end();
  if (!document->is_object() || is == document->end()) {
    return bad_input(R"(JSON, but it lacks "format": "{}")", format);
  }
  if (*is != format) {
    return bad_input(R"(its "format" is {}, not "{}")", is->dump(-1, ' ', false, Json::error_handler_t::replace),
                     format);
  }
  const auto number = document->find("version");
  if (number == document->end() || !number->is_number_unsigned() || *number == 0) {
    return bad_input("\"version\" must be an integer, 1 or more");
  }
  if (*number > version) {
    return bad_input("written by a newer scantune: version {}, this one reads {}", number->get<uint64_t>(), version);
  }
  return document;
}

}  // namespace scantune::wire
