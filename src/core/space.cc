#include "core/space.h"

#include <algorithm>

namespace scantune {

int64_t Space::size() const {
  int64_t points = 1;
  for (const Param& param : params) {
    points *= static_cast<int64_t>(param.values.size());
  }
  return points;
}

const Param* Space::find(std::string_view name) const {
  const auto it = std::ranges::find(params, name, &Param::name);
  return it == params.end() ? nullptr : &*it;
}

std::vector<Variant> enumerate(const std::string& kernel, const Space& space) {
  std::vector<Variant> variants = {Variant{kernel, {}}};
  for (const Param& param : space.params) {
    std::vector<Variant> longer;
    longer.reserve(variants.size() * param.values.size());
    for (const Variant& variant : variants) {
      for (const Value& value : param.values) {
        longer.push_back(variant);
        longer.back().settings.push_back({param.name, value});
      }
    }
    variants = std::move(longer);
  }
  return variants;
}

Expected<Space> narrow(const Space& space, std::string_view param, const std::vector<Value>& values) {
  Space narrowed = space;
  for (Param& own : narrowed.params) {
    if (own.name != param) {
      continue;
    }
    for (const Value& value : values) {
      if (std::ranges::find(own.values, value) == own.values.end()) {
        std::string known;
        for (const Value& v : own.values) {
          known += (known.empty() ? "" : ", ") + to_string(v);
        }
        return bad_input("{}={} is not in the space; {} takes {}", param, to_string(value), param, known);
      }
    }
    std::erase_if(own.values, [&](const Value& v) { return std::ranges::find(values, v) == values.end(); });
  }
  return narrowed;
}

}  // namespace scantune
