#include "exports/usable.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "catalog/catalog.h"

namespace scantune::exports {
namespace {

// Why this scantune cannot build a variant; empty where it can.
std::string why_not(const Variant& variant, const Workload& workload, const Chip& chip) {
  const auto found = find_kernel(variant.kernel, chip.backend);
  if (!found) {
    return "there is no such kernel";
  }
  const Kernel& kernel = **found;
  if (std::string refused = kernel.refuses(workload, chip); !refused.empty()) {
    return refused;
  }
  if (const std::string foreign = foreign_parameters(kernel, variant, workload, chip); !foreign.empty()) {
    return fmt::format("{}: {}", kernel.name, foreign);
  }
  constexpr int64_t kMost = int64_t{1} << 30;  // launch rules count in int
  for (const Setting& setting : variant.settings) {
    if (const auto* number = std::get_if<int64_t>(&setting.value);
        number != nullptr && (*number < 0 || *number > kMost)) {
      return fmt::format("{}={} is out of range", setting.name, *number);
    }
  }
  return broken_constraint(kernel, variant, workload, chip);
}

}  // namespace

Usable usable_entries(const std::vector<BestEntry>& entries) {
  Usable usable;
  std::set<std::string> changed;
  int changed_count = 0;
  for (const BestEntry& entry : entries) {
    const std::string what = fmt::format("{} on {}", to_string(entry.workload), entry.chip.name);
    if (entry.chip.backend != Backend::cuda) {
      usable.notes.push_back(what + ": left out, it is no GPU");
      continue;
    }
    std::string why = "it has no winner";
    const auto chosen = std::ranges::find_if(entry.contenders, [&](const Contender& contender) {
      const std::string reason = why_not(contender.variant, entry.workload, entry.chip);
      if (!reason.empty() && &contender == &entry.contenders.front()) {
        why = fmt::format("{}: {}", to_string(contender.variant), reason);
      }
      return reason.empty();
    });
    if (chosen == entry.contenders.end()) {
      usable.notes.push_back(fmt::format("{}: left out, {}; tune it again", what, why));
      continue;
    }
    if (chosen != entry.contenders.begin()) {
      usable.notes.push_back(
          fmt::format("{}: {} in the winner's place, {}; tune it again", what, to_string(chosen->variant), why));
    }
    if (chosen->source_digest != source_digest(**find_kernel(chosen->variant.kernel, Backend::cuda))) {
      changed.insert(chosen->variant.kernel);
      ++changed_count;
    }
    BestEntry one = entry;
    one.contenders = {*chosen};
    one.equivalents.clear();
    one.baseline.reset();
    one.rounds.clear();  // whose subjects would be others
    usable.entries.push_back(std::move(one));
  }
  if (changed_count > 0) {
    usable.notes.push_back(
        fmt::format("{} of {} were measured with other sources of {} than this scantune's, and may not be as fast now; "
                    "tune again to know",
                    changed_count, usable.entries.size(), fmt::join(changed, ", ")));
  }
  return usable;
}

}  // namespace scantune::exports
