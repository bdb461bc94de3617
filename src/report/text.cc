#include "report/text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/units.h"
#include "report/report.h"

namespace scantune::report {
namespace {

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

size_t columns(std::string_view text) { return static_cast<size_t>(std::ranges::count_if(text, starts_code_point)); }

std::string pad_left(std::string_view text, size_t width) {
  const size_t used = columns(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, size_t width) {
  const size_t used = columns(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string shorten(std::string_view text, size_t width) {
  if (columns(text) <= width) {
    return std::string(text);
  }
  const size_t kept = width > 3 ? width - 3 : 0;
  size_t seen = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (starts_code_point(text[end]) && seen++ == kept) {
      break;
    }
  }
  return std::string(text.substr(0, end)) + std::string(std::min<size_t>(width, 3), '.');
}

std::vector<std::string> wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (!lines.empty() && columns(lines.back()) + 1 + columns(word) <= width) {
      lines.back() += " " + std::string(word);
    } else {
      lines.emplace_back(word);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string Ink::wrap(std::string_view code, std::string_view text) const {
  return color_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

std::string labelled(std::string_view label, const std::vector<std::string>& lines, const Ink& ink) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    // Padded before it is coloured: the codes are not seen.
    text += i == 0 ? ink.bold(pad_right(label, kLabelWidth)) : std::string(kLabelWidth, ' ');
    text += lines[i] + "\n";
  }
  return text;
}

std::string labelled_line(std::string_view label, std::string_view text, const TextStyle& style) {
  return labelled(label, {std::string(text)}, Ink(style.color));
}

std::string percent(double fraction) {
  const double value = fraction * 100;
  return value < 0.095  ? fmt::format("{:.2f}%", value)
         : value < 9.95 ? fmt::format("{:.1f}%", value)
                        : fmt::format("{:.0f}%", value);
}

std::string time_text(const Interval& time_ns) {
  return fmt::format("{} ± {}", format_time(time_ns.median), percent(time_ns.relative_half_width()));
}

std::string ratio_text(const Interval& ratio) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio.median, ratio.low, ratio.high);
}

std::string plural(size_t count, std::string_view singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

std::string ascii(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kReplacements = {{{"·", "-"},
                                                                                                   {"± ", "+-"},
                                                                                                   {"±", "+-"},
                                                                                                   {"█", "#"},
                                                                                                   {"░", "."},
                                                                                                   {"▁", "_"},
                                                                                                   {"▂", "_"},
                                                                                                   {"▃", "-"},
                                                                                                   {"▄", "-"},
                                                                                                   {"▅", "="},
                                                                                                   {"▆", "="},
                                                                                                   {"▇", "#"},
                                                                                                   {"┊", "|"}}};
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto* const it =
        std::ranges::find_if(kReplacements, [&](const auto& pair) { return rest.starts_with(pair.first); });
    if (it != kReplacements.end()) {
      plain += it->second;
      i += it->first.size();
      continue;
    }
    if (static_cast<unsigned char>(text[i]) < 0x80U) {
      plain += text[i];
    } else if (starts_code_point(text[i])) {
      plain += '?';
    }
    ++i;
  }
  return plain;
}

std::string step_text(const SearchStep& step) {
  std::string text = fmt::format("step {}: {}: {}", step.number, to_string(step.to), step.rule);
  if (step.from) {
    text += fmt::format("; from {}", to_string(*step.from));
    if (!step.limit.empty()) {
      text += fmt::format(", limited by {}", step.limit);
    }
  }
  for (const StepReading& reading : step.read) {
    text +=
        fmt::format("; {} {:.4g}{}{}", reading.metric, reading.value, reading.unit.empty() ? "" : " ", reading.unit);
  }
  if (step.predicted_ratio) {
    text += fmt::format("; expected {:.3f} of copy", *step.predicted_ratio);
  }
  text += step.measured_ratio
              ? fmt::format("; measured {:.3f}{}", *step.measured_ratio, step.best ? ", the best so far" : "")
              : fmt::format("; failed: {}", step.failure);
  return text;
}

}  // namespace scantune::report
