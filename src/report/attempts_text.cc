#include "report/attempts_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/units.h"
#include "report/text.h"

namespace scantune::report {
namespace {

struct Family {
  std::string kernel;
  size_t variants = 0;
  size_t measured = 0;
  size_t failed = 0;
  size_t ruled_out = 0;
  const Standing* best = nullptr;
};

std::vector<Family> families(const Outcome& outcome) {
  std::vector<Family> all;
  const auto family_of = [&](const std::string& kernel) -> Family& {
    const auto it = std::ranges::find(all, kernel, &Family::kernel);
    return it == all.end() ? all.emplace_back(Family{kernel}) : *it;
  };
  for (const Record& record : outcome.records) {
    Family& family = family_of(record.variant.kernel);
    ++family.variants;
    if (record.failure) {
      ++(record.failure->kind == FailureKind::constraint ? family.ruled_out : family.failed);
    }
  }
  for (const Standing& standing : outcome.ranking) {
    const Record& record = outcome.records[static_cast<size_t>(standing.record)];
    Family& family = family_of(record.variant.kernel);
    family.measured += record.failure ? 0U : 1U;
    if (family.best == nullptr && !record.failure) {
      family.best = &standing;
    }
  }
  return all;
}

std::string became(FailureKind kind) {
  switch (kind) {
    case FailureKind::constraint:
      return "ruled out by constraints";
    case FailureKind::compile:
      return "did not compile";
    case FailureKind::compile_timeout:
      return "took too long to compile";
    case FailureKind::load:
      return "did not load";
    case FailureKind::wrong_result:
      return "gave wrong results";
    case FailureKind::launch:
      return "failed to launch";
    case FailureKind::out_of_memory:
      return "ran out of memory";
    case FailureKind::timeout:
      return "hung";
    case FailureKind::crash:
      return "crashed";
    case FailureKind::device:
      return "lost with the device";
    case FailureKind::not_recorded:
      return "not recorded";
  }
  return "failed";
}

}  // namespace

std::vector<std::string> family_lines(const Outcome& outcome) {
  const std::vector<Family> all = families(outcome);
  size_t width = columns("family");
  for (const Family& family : all) {
    width = std::max(width, columns(family.kernel));
  }
  std::vector<std::string> lines = {fmt::format("{}  {:>8}  {:>8}  {:>6}  {:>9}  {:>10}  {:>7}",
                                                pad_right("family", width), "variants", "measured", "failed",
                                                "ruled out", "best", "of copy")};
  for (const Family& family : all) {
    std::string line = fmt::format("{}  {:>8}  {:>8}  {:>6}  {:>9}", pad_right(family.kernel, width), family.variants,
                                   family.measured, family.failed, family.ruled_out);
    if (family.best != nullptr) {
      line += fmt::format("  {:>10}  {:>7.3f}", format_time(family.best->time_ns.median),
                          family.best->ratio_to_copy.median);
    } else {
      line += fmt::format("  {:>10}  {:>7}", "-", "-");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> tried_lines(const Outcome& outcome, const TextStyle& style) {
  std::map<FailureKind, size_t> failed;
  size_t verified = 0;
  size_t measured = 0;
  size_t unfinished = 0;
  std::set<int> ranked;
  for (const Standing& standing : outcome.ranking) {
    ranked.insert(standing.record);
  }
  for (size_t i = 0; i < outcome.records.size(); ++i) {
    const Record& record = outcome.records[i];
    verified += record.verified ? 1U : 0U;
    if (record.failure) {
      ++failed[record.failure->kind];
    } else if (ranked.contains(static_cast<int>(i))) {
      ++measured;
    } else {
      ++unfinished;
    }
  }
  std::string counts = fmt::format("{} in {}: {} measured", plural(outcome.records.size(), "variant"),
                                   format_seconds(outcome.spent.total_s), measured);
  for (const auto& [kind, count] : failed) {
    counts += fmt::format(", {} {}", count, became(kind));
  }
  if (unfinished > 0) {
    // A search that ended by itself saw no reason to try them.
    counts += fmt::format(", {} {}", unfinished,
                          outcome.stopped == StopReason::complete ? "left out by the search" : "not reached");
  }
  std::vector<std::string> lines = {counts};
  if (verified > 0) {
    lines.push_back(fmt::format("{} verified before any timing, every element", verified));
  }
  const Ink ink(style.color);
  const size_t width = static_cast<size_t>(style.width) - kLabelWidth;
  std::map<FailureKind, size_t> shown;
  for (const Record& record : outcome.records) {
    if (!record.failure || record.failure->kind == FailureKind::constraint ||
        (!style.verbose && shown[record.failure->kind]++ > 0)) {
      continue;
    }
    const std::string line =
        fmt::format("{}: {}: {}", became(record.failure->kind), to_string(record.variant), record.failure->what);
    const std::string fitted = style.verbose ? line : shorten(line, width);
    lines.push_back(record.failure->kind == FailureKind::wrong_result ? ink.red(fitted) : fitted);
  }
  return lines;
}

std::vector<std::string> time_lines(const TimeSpent& spent) {
  std::vector<std::string> lines = {
      fmt::format("{} in all: open {}, verify {}, measure {}, profile {}, idle {}", format_seconds(spent.total_s),
                  format_seconds(spent.open_s), format_seconds(spent.verify_s), format_seconds(spent.measure_s),
                  format_seconds(spent.profile_s), format_seconds(spent.idle_s)),
      fmt::format("compile {}: all compilers together, beside the rest", format_seconds(spent.compile_s))};
  if (spent.unasked_s > 0) {
    lines.push_back(fmt::format("compile in vain {}: as that, of likely variants that then were not asked for",
                                format_seconds(spent.unasked_s)));
  }
  if (spent.ready_s > 0) {
    lines.push_back(fmt::format("the device was busy {:.0f}% of the time since the first variant was ready",
                                100 * (spent.verify_s + spent.measure_s + spent.profile_s) / spent.ready_s));
  }
  return lines;
}

}  // namespace scantune::report
