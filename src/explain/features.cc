#include "explain/features.h"

#include <algorithm>
#include <cmath>

#include "catalog/catalog.h"
#include "catalog/occupancy.h"

namespace scantune::explain {
namespace {

const Setting* find(const Variant& variant, std::string_view param) {
  const auto it = std::ranges::find(variant.settings, param, &Setting::name);
  return it == variant.settings.end() ? nullptr : &*it;
}

double number_or(const Variant& variant, std::string_view param, double otherwise) {
  const Setting* setting = find(variant, param);
  return setting == nullptr ? otherwise : static_cast<double>(std::get<int64_t>(setting->value));
}

double log2_of(double value) { return std::log2(std::max(value, 1e-3)); }

}  // namespace

std::optional<Features> features(const Kernel& kernel, const Variant& variant, const Workload& workload,
                                 const Chip& chip) {
  if (kernel.estimate == nullptr || kernel.launches == nullptr || chip.multiprocessors <= 0 ||
      !foreign_parameters(kernel, variant, workload, chip).empty()) {
    return std::nullopt;
  }
  const ResourceEstimate estimate = kernel.estimate(variant, workload, chip);
  const Launch launch = kernel.launches(variant, workload, chip).back();
  const Geometry g = workload.geometry();
  const auto element = static_cast<double>(size_bytes(workload.dtype));
  const double sms = chip.multiprocessors;
  const double blocks_per_sm = std::max(1, scantune::blocks_per_sm(estimate, launch.block_threads, chip));
  const auto grid = static_cast<double>(launch.grid_blocks);
  const double resident = std::min(blocks_per_sm * sms, grid);
  const double waves = grid / (blocks_per_sm * sms);
  const double row_bytes = static_cast<double>(g.n) * element;
  const double warps = number_or(variant, "warps", 8);
  constexpr double kWarpAccessBytes = 512;
  const double tile_bytes = find(variant, "tile") != nullptr ? number_or(variant, "tile", 1) * element
                            : find(variant, "vectors") != nullptr
                                ? number_or(variant, "vectors", 1) * kWarpAccessBytes * warps
                                : static_cast<double>(estimate.bytes_in_flight_per_block);
  // Other chips need more or less in flight; what counts is how much of that there is.
  constexpr double kReferenceBytes = 45000;
  const double needed = bytes_needed_per_sm(chip);
  const double in_flight =
      bytes_in_flight_per_sm(kernel, variant, workload, chip) * (needed > 0 ? kReferenceBytes / needed : 1);

  // What each is divided by was fitted with the constants of expectation.cc.
  Features f;
  f.kernel = variant.kernel;
  if (const Setting* storage = find(variant, "storage")) {
    f.storage = to_string(storage->value);
  }
  f.values = {log2_of(in_flight),
              log2_of(tile_bytes) / 3.2,
              log2_of(tile_bytes / (warps * 32)) / 3,
              log2_of(resident * launch.block_threads / sms) / 3.2,
              log2_of(blocks_per_sm) / 4,
              number_or(variant, "stages", 1) / 3,
              std::min(8.0, row_bytes / tile_bytes) / 2.9,
              (waves <= 1 ? 0 : 1 - waves / std::ceil(waves)) / 0.3,
              std::clamp(log2_of(waves), -6.0, 4.0) / 2.4,
              log2_of(warps) / 3.7,
              log2_of(number_or(variant, "columns", 1) * element) / 3.6,
              log2_of(number_or(variant, "rows", 1)) / 1.9,
              number_or(variant, "interleave", 0) / 120,
              number_or(variant, "loaders", 0) / 1.7,
              number_or(variant, "blocks", 0) / 1.5,
              log2_of(row_bytes) / 16,
              log2_of(static_cast<double>(g.outer)) / 16,
              log2_of(static_cast<double>(workload.bytes_read())) / 10,
              element / 12};
  return f;
}

double steps_between(const Value& a, const Value& b) {
  const auto* x = std::get_if<int64_t>(&a);
  const auto* y = std::get_if<int64_t>(&b);
  if (x != nullptr && y != nullptr) {
    return std::abs(log2_of(static_cast<double>(*x)) - log2_of(static_cast<double>(*y)));
  }
  return a == b ? 0 : 1;
}

double steps_between(const Variant& a, const Variant& b) {
  constexpr double kFamily = 4;
  double steps = a.kernel == b.kernel ? 0 : kFamily;
  for (const Setting& of_a : a.settings) {
    const Setting* of_b = find(b, of_a.name);
    if (of_b == nullptr) {
      continue;
    }
    steps += steps_between(of_a.value, of_b->value);
  }
  return steps;
}

double workload_distance(const Workload& a, const Workload& b) {
  const auto place = [](const Workload& w) {
    const Geometry g = w.geometry();
    const auto element = static_cast<double>(size_bytes(w.dtype));
    return std::array<double, 6>{log2_of(static_cast<double>(g.n) * element) / 5,
                                 log2_of(static_cast<double>(g.outer)) / 6,
                                 log2_of(static_cast<double>(w.bytes_read())) / 6,
                                 element / 6,
                                 g.inner > 1 ? 3.0 : 0.0,
                                 log2_of(static_cast<double>(g.inner)) / 5};
  };
  const auto x = place(a);
  const auto y = place(b);
  double squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    squares += (x[i] - y[i]) * (x[i] - y[i]);
  }
  return std::sqrt(squares);
}

}  // namespace scantune::explain
