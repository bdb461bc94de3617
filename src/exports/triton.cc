// The triton export: one module that holds nothing but imports, kernels, wrappers and ModelNew.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "exports/make.h"
#include "exports/notice.h"
#include "exports/templates.h"

namespace scantune::exports {
namespace {

constexpr std::string_view kBegin = "    # scantune:tuned begin\n";
constexpr std::string_view kEnd = "    # scantune:tuned end\n";

// A chip that settings are kept for. scripts/tune_triton.py measures them and writes the template.
struct TunedChip {
  std::string_view name;
  std::string_view settings;  // a template
};

constexpr std::array<TunedChip, 1> kTunedChips = {{{"NVIDIA H200", "triton_tuned_h200.py"}}};

const TunedChip* tuned_chip(std::string_view chip) {
  const auto* const it = std::ranges::find(kTunedChips, chip, &TunedChip::name);
  return it == kTunedChips.end() ? nullptr : it;
}

// The module with the chip's settings in place of those that are for any, and no word of templates.
std::string module_text(const TunedChip* chip) {
  std::string text = template_text("triton_reverse_cumsum.py");
  const size_t begin = text.find(kBegin);
  const size_t end = text.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) {
    throw std::logic_error("the triton template does not say where its settings are");
  }
  const std::string settings =
      chip != nullptr ? template_text(chip->settings) : text.substr(begin + kBegin.size(), end - begin - kBegin.size());
  return text.replace(begin, end + kEnd.size() - begin, settings);
}

}  // namespace

Expected<Export> make_triton(const ExportInput& input) {
  const auto entries = gpu_entries(input, "triton");
  if (!entries) {
    return tl::unexpected(entries.error());
  }
  const std::string& name = entries->front().chip.name;
  const auto other = std::ranges::find_if(*entries, [&](const BestEntry& entry) { return entry.chip.name != name; });
  if (other != entries->end()) {
    return bad_input(
        "--format triton: a module is for one chip, and there are entries of {} and of {}; choose with --chip",
        one_line(name), one_line(other->chip.name));
  }
  const TunedChip* const chip = tuned_chip(name);
  const std::string what = fmt::format("reverse_cumsum.py: reverse cumulative sums in Triton for {}", one_line(name));
  const std::string settings = chip != nullptr
                                   ? "Its settings are those that this scantune keeps for that chip.\n"
                                   : "Its settings are those for any chip: none were measured on this one.\n";
  return Export{{"LICENSE", std::string(licence_text())},
                {"PROVENANCE.txt", notice(input, "triton", what, "") + "\n" + settings},
                {"reverse_cumsum.py", module_text(chip)}};
}

}  // namespace scantune::exports
