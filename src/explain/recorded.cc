#include "explain/recorded.h"

#include <charconv>
#include <sstream>

namespace scantune::explain {
namespace {

constexpr std::string_view kLines[] = {
#include "explain/recorded_h200.inc"
};

// A tensor of the geometry.
Shape shape_of(int64_t outer, int64_t n, int64_t inner) {
  return inner == 1 ? Shape{{outer, n}, 1} : Shape{{outer, n, inner}, 1};
}

Expected<Workload> parse_workload(const std::string& text) {
  std::istringstream words(text);
  int64_t outer = 0;
  int64_t n = 0;
  int64_t inner = 0;
  std::string dtype;
  std::string accumulator;
  std::string cache;
  if (!(words >> outer >> n >> inner >> dtype >> accumulator >> cache)) {
    return bad_input("'{}': expected outer, n, inner, dtype, accumulator and cache state", text);
  }
  const auto type = parse_dtype(dtype);
  const auto sums = parse_dtype(accumulator);
  const auto state = parse_cache_state(cache);
  if (!type || !sums || !state) {
    return tl::unexpected(!type ? type.error() : !sums ? sums.error() : state.error());
  }
  return Workload{.shape = shape_of(outer, n, inner), .dtype = *type, .accumulator = *sums, .cache = *state};
}

}  // namespace

Expected<std::vector<RecordedSweep>> parse_recorded(const std::vector<std::string_view>& lines, const Chip& chip) {
  std::vector<RecordedSweep> sweeps;
  for (const std::string_view line : lines) {
    if (line.starts_with("= ")) {
      auto workload = parse_workload(std::string(line.substr(2)));
      if (!workload) {
        return tl::unexpected(workload.error());
      }
      sweeps.push_back({*std::move(workload), chip, {}});
      continue;
    }
    const size_t space = std::min(line.find(' '), line.size());
    double ratio = 0;
    const auto number = std::from_chars(line.data(), line.data() + space, ratio);
    if (number.ec != std::errc() || sweeps.empty() || space == line.size()) {
      return bad_input("'{}': expected '= WORKLOAD', then lines of a ratio and a variant", line);
    }
    auto variant = parse_variant(line.substr(space + 1));
    if (!variant) {
      return tl::unexpected(variant.error());
    }
    sweeps.back().variants.push_back({*std::move(variant), ratio});
  }
  return sweeps;
}

const std::vector<RecordedSweep>& recorded_sweeps() {
  static const std::vector<RecordedSweep> sweeps = [] {
    constexpr int kH200 = 90;
    return parse_recorded({std::begin(kLines), std::end(kLines)}, reference_chip(kH200).value()).value();
  }();
  return sweeps;
}

}  // namespace scantune::explain
