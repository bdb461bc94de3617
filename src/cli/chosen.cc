#include "cli/chosen.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "catalog/given_space.h"
#include "catalog/occupancy.h"
#include "cli/options.h"
#include "store/best_file.h"
#include "wire/best_json.h"

namespace scantune::cli {
namespace {

// The entry of a workload on a chip; none where the file is not there or has none.
Expected<std::optional<BestEntry>> entry_of(const std::filesystem::path& file, const Workload& workload,
                                            const Chip& chip) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return std::nullopt;
  }
  auto entries = store::read_best_file(file);
  if (!entries) {
    return tl::unexpected(entries.error());
  }
  const std::string key = wire::best_key(workload, chip);
  const auto it = std::ranges::find_if(
      *entries, [&](const BestEntry& entry) { return wire::best_key(entry.workload, entry.chip) == key; });
  return it == entries->end() ? std::nullopt : std::optional(std::move(*it));
}

bool admits(const std::vector<ParamValues>& settings, const Variant& variant) {
  return std::ranges::all_of(settings, [&](const ParamValues& wanted) {
    const auto it = std::ranges::find(variant.settings, wanted.param, &Setting::name);
    return it != variant.settings.end() && std::ranges::find(wanted.values, it->value) != wanted.values.end();
  });
}

}  // namespace

Expected<Candidate> spelled_variant(const std::string& spelling, const Workload& workload, const Chip& chip) {
  const auto variant = parse_variant(spelling);
  if (!variant) {
    return tl::unexpected(variant.error());
  }
  const auto kernel = find_kernel(variant->kernel, chip.backend);
  if (!kernel) {
    return tl::unexpected(kernel.error());
  }
  if (const std::string why = (*kernel)->refuses(workload, chip); !why.empty()) {
    return bad_input("{} cannot do {}: {}", variant->kernel, to_string(workload), why);
  }
  KernelSpace given{variant->kernel, {}};
  for (const Setting& setting : variant->settings) {
    given.params.push_back({setting.name, {setting.value}});
  }
  const Space space = (*kernel)->space(workload, chip);
  std::vector<std::string> missing;
  for (const Param& param : space.params) {
    if (std::ranges::find(given.params, param.name, &ParamValues::param) == given.params.end()) {
      missing.push_back(param.name + "=" + to_string(param.values.front()));
    }
  }
  for (const ParamValues& param : given.params) {
    if (space.find(param.param) == nullptr) {
      std::vector<std::string> names;
      for (const Param& known : space.params) {
        names.push_back(known.name);
      }
      return bad_input("{} has no parameter '{}' for {}; it takes {}", variant->kernel, param.param,
                       to_string(workload), fmt::join(names, ", "));
    }
  }
  if (!missing.empty()) {
    return bad_input("the variant is not complete; add {}, such as {}",
                     missing.size() == 1 ? "its parameter" : "its parameters", fmt::join(missing, " "));
  }
  if (const auto checked = check_space({given}); !checked) {
    return tl::unexpected(checked.error());
  }
  auto found = candidates(workload, chip, {.kernels = {}, .settings = {}, .space = {given}, .prune = false});
  if (!found) {
    return tl::unexpected(found.error());
  }
  return std::move(found->front());
}

Expected<Choice> best_variant(const std::filesystem::path& file, const Workload& workload, const Chip& chip) {
  const auto entry = entry_of(file, workload, chip);
  if (!entry) {
    return tl::unexpected(entry.error());
  }
  if (!*entry) {
    return bad_input(
        "{} has no result for {} on {}; tune it first with scantune --shape {}, or give --variant or "
        "--kernel",
        file.string(), to_string(workload), chip.name, to_string(workload.shape));
  }
  const Contender& winner = (*entry)->contenders.front();
  auto candidate = spelled_variant(to_string(winner.variant), workload, chip);
  if (!candidate) {
    return tl::unexpected(candidate.error());
  }
  return Choice{*std::move(candidate), fmt::format("the winner of {}", file.string())};
}

Expected<Choice> family_variant(const std::string& kernel, const std::vector<ParamValues>& settings,
                                const std::filesystem::path& file, const Workload& workload, const Chip& chip) {
  auto found = candidates(workload, chip, {.kernels = {kernel}, .settings = settings});
  if (!found) {
    return tl::unexpected(found.error());
  }
  // A best file that cannot be read is no reason to measure nothing.
  if (const auto entry = entry_of(file, workload, chip); entry && *entry) {
    const Contender* fastest = nullptr;
    for (const Contender& contender : (*entry)->contenders) {
      const bool fits = contender.variant.kernel == kernel && admits(settings, contender.variant);
      if (fits && (fastest == nullptr || contender.ratio_to_copy.median > fastest->ratio_to_copy.median)) {
        fastest = &contender;
      }
    }
    if (fastest != nullptr) {
      if (auto candidate = spelled_variant(to_string(fastest->variant), workload, chip)) {
        return Choice{*std::move(candidate), fmt::format("the fastest of {} in {}", kernel, file.string())};
      }
    }
  }
  const Candidate* chosen = nullptr;
  double most = -1;
  for (const Candidate& candidate : *found) {
    if (!candidate.broken.empty()) {
      continue;
    }
    const double bytes = candidate.kernel->estimate == nullptr
                             ? 0
                             : bytes_in_flight_per_sm(*candidate.kernel, candidate.variant, workload, chip);
    if (bytes > most) {
      most = bytes;
      chosen = &candidate;
    }
  }
  if (chosen == nullptr) {
    return bad_input("no variant of {} is left for {} on {}: {}", kernel, to_string(workload), chip.name,
                     found->empty() ? "the space is empty" : found->front().broken);
  }
  return Choice{*chosen, most > 0 ? fmt::format("of {}, the one that keeps most bytes in flight", kernel)
                                  : fmt::format("the first of {}", kernel)};
}

}  // namespace scantune::cli
