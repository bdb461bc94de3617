#include "strategy/neighbours.h"

#include <algorithm>
#include <cstdlib>
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

// The values of each integer parameter of each family, ascending.
using Levels = std::map<std::pair<std::string, std::string>, std::vector<int64_t>>;

Levels levels_of(const std::vector<Variant>& variants) {
  Levels levels;
  for (const Variant& variant : variants) {
    for (const Setting& setting : variant.settings) {
      if (const auto* number = std::get_if<int64_t>(&setting.value)) {
        levels[{variant.kernel, setting.name}].push_back(*number);
      }
    }
  }
  for (auto& [param, values] : levels) {
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }
  return levels;
}

// Steps from `a` to `b` where both are neighbours among the values; else 0.
int step(const std::vector<int64_t>& values, int64_t a, int64_t b) {
  const auto from = std::ranges::lower_bound(values, a) - values.begin();
  const auto to = std::ranges::lower_bound(values, b) - values.begin();
  return std::abs(to - from) == 1 ? static_cast<int>(to - from) : 0;
}

bool is_trade(const Variant& a, const Variant& b, const Levels& levels) {
  if (a.kernel != b.kernel || a.settings.size() != b.settings.size()) {
    return false;
  }
  int up = 0;
  int down = 0;
  for (size_t i = 0; i < a.settings.size(); ++i) {
    if (a.settings[i] == b.settings[i]) {
      continue;
    }
    const auto* from = std::get_if<int64_t>(&a.settings[i].value);
    const auto* to = std::get_if<int64_t>(&b.settings[i].value);
    const int by = from == nullptr || to == nullptr || a.settings[i].name != b.settings[i].name
                       ? 0
                       : step(levels.at({a.kernel, a.settings[i].name}), *from, *to);
    if (by == 0) {
      return false;
    }
    ++(by > 0 ? up : down);
  }
  return up == 1 && down == 1;
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

std::vector<std::vector<size_t>> trades(const std::vector<Variant>& variants) {
  const Levels levels = levels_of(variants);
  std::vector<std::vector<size_t>> all(variants.size());
  for (size_t i = 0; i < variants.size(); ++i) {
    for (size_t j = 0; j < variants.size(); ++j) {
      if (i != j && is_trade(variants[i], variants[j], levels)) {
        all[i].push_back(j);
      }
    }
  }
  return all;
}

}  // namespace scantune
