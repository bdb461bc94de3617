#include "strategy/neighbours.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace scantune {
namespace {

// A variant without one of its settings: those of one spelling differ in that setting only.
std::string without(const Variant& variant, size_t setting) {
  Variant rest = variant;
  rest.settings[setting].value = std::string("*");
  return to_string(rest);
}

}  // namespace

std::vector<std::vector<size_t>> neighbours(const std::vector<Variant>& variants) {
  std::map<std::string, std::vector<std::pair<Value, size_t>>> lines;
  for (size_t i = 0; i < variants.size(); ++i) {
    for (size_t setting = 0; setting < variants[i].settings.size(); ++setting) {
      lines[without(variants[i], setting)].emplace_back(variants[i].settings[setting].value, i);
    }
  }
  std::vector<std::vector<size_t>> all(variants.size());
  for (auto& [rest, line] : lines) {
    std::ranges::sort(line);
    for (size_t i = 0; i < line.size(); ++i) {
      for (size_t j = i + 1; j < line.size(); ++j) {
        const bool words =
            std::holds_alternative<std::string>(line[i].first) || std::holds_alternative<std::string>(line[j].first);
        if (words || j == i + 1) {
          all[line[i].second].push_back(line[j].second);
          all[line[j].second].push_back(line[i].second);
        }
      }
    }
  }
  for (std::vector<size_t>& of : all) {
    std::ranges::sort(of);
  }
  return all;
}

}  // namespace scantune
