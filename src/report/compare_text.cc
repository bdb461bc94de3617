#include "report/compare_text.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "report/profile_text.h"
#include "report/text.h"

namespace scantune::report {
namespace {

constexpr size_t kMostDifferences = 12;

std::vector<std::string> side_lines(const SideBySide& comparison, const Side& side, const Ink& ink) {
  std::vector<std::string> lines = {
      ink.bold(to_string(side.variant)),
      fmt::format("{} · {} of the copy", time_text(side.time_ns), ratio_text(side.ratio_to_copy))};
  if (!side.source.empty()) {
    std::string from = side.source + " · " + side.chip.name;
    const Side& other = &side == &comparison.a ? comparison.b : comparison.a;
    const Provenance& p = side.provenance;
    for (const auto& [label, mine, theirs] : {std::tuple("driver", p.driver, other.provenance.driver),
                                              std::tuple("", p.compiler, other.provenance.compiler),
                                              std::tuple("scantune", p.tool_version, other.provenance.tool_version),
                                              std::tuple("measured", p.time, other.provenance.time)}) {
      if (!mine.empty() && mine != theirs) {
        from += fmt::format(" · {}{}{}", label, *label == '\0' ? "" : " ", mine);
      }
    }
    lines.push_back(from);
  }
  return lines;
}

std::string speed_text(const SideBySide& comparison) {
  const Interval& s = comparison.speedup;
  const auto percent_of = [](double factor) { return fmt::format("{:.1f}%", std::abs(factor - 1) * 100); };
  switch (comparison.standoff) {
    case Standoff::faster:
      return fmt::format("A is {} faster than B", percent_of(s.median));
    case Standoff::slower:
      return fmt::format("A is {} slower than B", percent_of(s.median));
    case Standoff::equivalent:
      return fmt::format("A is as fast as B, within {:.2g}%", comparison.equivalence * 100);
    case Standoff::undecided:
      break;
  }
  return comparison.a.source.empty()
             ? "too close to call, or too few rounds: more --rounds may tell"
             : "too close to call by what was measured: measuring again, with --fresh, may tell";
}

std::vector<std::string> speed_lines(const SideBySide& comparison, const Ink& ink) {
  const Interval& s = comparison.speedup;
  const std::string how =
      comparison.paired_rounds > 0
          ? fmt::format("paired over {}", plural(static_cast<size_t>(comparison.paired_rounds), "round"))
          : "by their ratios to the copy, each measured in its own rounds";
  return {ink.bold(speed_text(comparison)), fmt::format("{:.4f} [{:.4f}, {:.4f}] times as fast · {:.0f}% interval, {}",
                                                        s.median, s.low, s.high, comparison.confidence * 100, how)};
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "%") {
    return fmt::format("{:.1f} %", value);
  }
  if (unit == "ns") {
    return format_time(value);
  }
  if (unit == "bytes" && value >= 0 && value < 9e18) {
    return format_bytes(static_cast<int64_t>(value));
  }
  return fmt::format("{:.5g}{}{}", value, unit.empty() ? "" : " ", unit);
}

std::string change_text(const Difference& difference) {
  if (!std::isfinite(difference.relative)) {
    return "new";
  }
  return difference.unit == "%" ? fmt::format("{:+.1f} points", difference.relative * 100)
                                : fmt::format("{:+.1f}%", difference.relative * 100);
}

std::vector<std::string> difference_lines(const SideBySide& comparison, bool every) {
  if (comparison.differences.empty()) {
    return {"nothing that both were asked for changed by half a percent or more"};
  }
  std::vector<std::vector<std::string>> rows = {{"", "A", "B", "B to A", "explains"}};
  const size_t shown =
      every ? comparison.differences.size() : std::min(kMostDifferences, comparison.differences.size());
  for (size_t i = 0; i < shown; ++i) {
    const Difference& d = comparison.differences[i];
    rows.push_back({d.name, value_text(d.a, d.unit), value_text(d.b, d.unit), change_text(d),
                    d.symptom        ? "follows"
                    : d.explains > 0 ? fmt::format("{:.0f}%", d.explains * 100)
                                     : "-"});
  }
  std::vector<std::string> lines = table_lines(rows);
  if (shown < comparison.differences.size()) {
    lines.push_back(fmt::format("and {} more: --format json has them", comparison.differences.size() - shown));
  }
  return lines;
}

}  // namespace

std::string compare_text(const SideBySide& comparison, const TextStyle& style) {
  const Ink ink(style.color);
  std::string text;
  text += labelled("A", side_lines(comparison, comparison.a, ink), ink);
  text += labelled("B", side_lines(comparison, comparison.b, ink), ink);
  text += labelled("Speed", speed_lines(comparison, ink), ink);
  text += labelled("Changed", difference_lines(comparison, style.verbose), ink);
  return text;
}

}  // namespace scantune::report
