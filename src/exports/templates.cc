#include "exports/templates.h"

#include <algorithm>
#include <stdexcept>

namespace scantune::exports {

const std::string& template_text(std::string_view name) {
  const auto it = std::ranges::find_if(template_files(), [&](const SourceFile& file) {
    const size_t slash = file.path.rfind('/');
    return std::string_view(file.path).substr(slash == std::string::npos ? 0 : slash + 1) == name;
  });
  if (it == template_files().end()) {
    throw std::out_of_range("no such template: " + std::string(name));
  }
  return it->text;
}

std::string filled(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values) {
  const auto names_one = [](std::string_view name) {  // @1 and a lone @ are text
    return !name.empty() && std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  };
  std::string result;
  std::vector<bool> used(values.size());
  size_t at = 0;
  while (true) {
    const size_t begin = text.find('@', at);
    result += text.substr(at, begin - at);
    if (begin == std::string_view::npos) {
      break;
    }
    const size_t end = text.find('@', begin + 1);
    const std::string_view name =
        end == std::string_view::npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
    if (!names_one(name)) {
      result += '@';
      at = begin + 1;
      continue;
    }
    const auto it = std::ranges::find(values, name, [](const auto& value) { return value.first; });
    if (it == values.end()) {
      throw std::logic_error("a template asks for a value that there is not: " + std::string(name));
    }
    result += it->second;
    used[static_cast<size_t>(it - values.begin())] = true;
    at = end + 1;
  }
  if (const auto it = std::ranges::find(used, false); it != used.end()) {
    throw std::logic_error("a template has no place for " +
                           std::string(values[static_cast<size_t>(it - used.begin())].first));
  }
  return result;
}

}  // namespace scantune::exports
