#include "exports/plan_config.h"

#include <algorithm>
#include <stdexcept>

#include "catalog/catalog.h"
#include "catalog/occupancy.h"

namespace scantune::exports {
namespace {

using scantune_kernels::detail::Config;
using scantune_kernels::detail::Family;

Family family_of(const Variant& variant, bool columns) {
  for (const auto& [name, family] :
       {std::pair{"row_carry", Family::row_carry}, std::pair{"short_row", Family::short_row},
        std::pair{"long_row", Family::long_row}, std::pair{"column_carry", Family::column_carry},
        std::pair{"column_split", Family::column_split},
        std::pair{"three_pass", columns ? Family::three_pass_columns : Family::three_pass}}) {
    if (variant.kernel == name) {
      return family;
    }
  }
  throw std::out_of_range("exports know no family " + variant.kernel);
}

}  // namespace

Config config_of(const Variant& variant, const Workload& workload, const Chip& chip) {
  const auto number = [&](std::string_view name) {
    const auto it = std::ranges::find(variant.settings, name, &Setting::name);
    return it == variant.settings.end() ? 0 : static_cast<int>(std::get<int64_t>(it->value));
  };
  const auto storage = std::ranges::find(variant.settings, "storage", &Setting::name);
  const std::string word = storage == variant.settings.end() ? "registers" : std::get<std::string>(storage->value);
  const Kernel& kernel = **find_kernel(variant.kernel, Backend::cuda);
  const Family family = family_of(variant, workload.geometry().inner > 1);
  const bool stays = family == Family::long_row || family == Family::column_split;  // a grid of what the GPU holds
  const int threads = kernel.launches(variant, workload, chip).back().block_threads;
  return {.family = family,
          .tile = number("tile"),
          .warps = number("warps"),
          .stages = number("stages"),
          .loaders = number("loaders"),
          .storage = word == "bulk"    ? Storage::bulk
                     : word == "async" ? Storage::async
                                       : Storage::registers,
          .vectors = number("vectors"),
          .columns = number("columns"),
          .rows = number("rows"),
          .blocks = number("blocks"),
          .interleave = number("interleave"),
          .resident = stays ? std::max(1, blocks_per_sm(kernel.estimate(variant, workload, chip), threads, chip)) : 1};
}

}  // namespace scantune::exports
