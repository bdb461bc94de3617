#include "exports/select.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "core/pattern.h"

namespace scantune::exports {
namespace {

bool is_chip(const Chip& chip, std::string_view name) {
  return same_word(chip.name, name) || same_word(chip.code_name, name) ||
         (chip.backend == Backend::cuda && same_word(sm_name(chip), name));
}

bool is_picked(const BestEntry& entry, const Pick& pick) {
  const Workload& workload = entry.workload;
  const int rank = static_cast<int>(workload.shape.extents.size());
  const auto axis = [rank](int dim) { return dim < 0 ? dim + rank : dim; };
  return (pick.shapes.empty() || std::ranges::find(pick.shapes, workload.shape.extents) != pick.shapes.end()) &&
         (!pick.dim || axis(*pick.dim) == workload.shape.axis()) && (!pick.dtype || *pick.dtype == workload.dtype) &&
         (!pick.chip || is_chip(entry.chip, *pick.chip));
}

}  // namespace

Expected<std::vector<BestEntry>> select(const std::vector<BestEntry>& entries, const Pick& pick) {
  std::vector<BestEntry> picked;
  std::ranges::copy_if(entries, std::back_inserter(picked),
                       [&](const BestEntry& entry) { return is_picked(entry, pick); });
  if (!picked.empty()) {
    return picked;
  }
  if (entries.empty()) {
    return bad_input("the best file has no entry; tune something first, as in scantune --shape 32768x32768");
  }
  constexpr size_t kShown = 6;
  std::vector<std::string> there;
  for (const BestEntry& entry : entries) {
    if (there.size() == kShown) {
      there.push_back(fmt::format("{} more", entries.size() - kShown));
      break;
    }
    there.push_back(fmt::format("{} on {}", to_string(entry.workload), entry.chip.name));
  }
  return bad_input("none of the best file's {} entries is that; there are {}", entries.size(), fmt::join(there, ", "));
}

}  // namespace scantune::exports
