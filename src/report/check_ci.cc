// Checks as CI servers read them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/units.h"
#include "report/check_report.h"
#include "report/text.h"

namespace scantune::report {
namespace {

// Text as XML holds it: markup escaped, and what XML 1.0 forbids (control characters, bytes that are not UTF-8) as '?'.
std::string xml(std::string_view text) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else if (c < 0x80) {
      const bool allowed = c == '\t' || c == '\n' || (c >= 0x20 && c != 0x7f);
      safe += allowed ? static_cast<char>(c) : '?';
    } else {
      const size_t length = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
      const bool whole = length > 0 && c < 0xf5 && i + length <= text.size() &&
                         std::ranges::all_of(text.substr(i + 1, length - 1), [](char next) {
                           return (static_cast<unsigned char>(next) & 0xc0) == 0x80;
                         });
      safe += whole ? std::string(text.substr(i, length)) : "?";
      i += whole ? length - 1 : 0;
    }
  }
  return safe;
}

// One cell of a markdown table.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<' || c == '[') {
      safe += '\\';
    }
    safe += c == '\n' || c == '\r' ? ' ' : c;
  }
  return safe;
}

// The data of a workflow command, and a property's value, which may not hold its separators.
std::string command_data(std::string_view text, bool property) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '%':
        safe += "%25";
        break;
      case '\r':
        safe += "%0D";
        break;
      case '\n':
        safe += "%0A";
        break;
      default:
        safe += property && c == ':' ? "%3A" : property && c == ',' ? "%2C" : std::string(1, c);
    }
  }
  return safe;
}

// What an entry's figures say, in one line.
std::string figures(const EntryCheck& entry) {
  if (entry.rounds_now == 0) {
    return entry.why;
  }
  return fmt::format("{:.3f} -> {:.3f} of the copy, {}: {}", entry.ratio_then.median, entry.ratio_now.median,
                     change_text(entry.slowdown), entry.why);
}

std::string details(const EntryCheck& entry) {
  std::string text = to_string(entry.variant) + "\n";
  for (const std::string& line : check_details(entry, entry.changes.size())) {
    text += line + "\n";
  }
  return text;
}

size_t count(const Check& check, CheckVerdict verdict) {
  return static_cast<size_t>(std::ranges::count(check.entries, verdict, &EntryCheck::verdict));
}

// "2026-11-23T03:04:05", without the zone: the schemas of some servers take no other.
std::string timestamp(const Check& check) {
  std::string time = check.now.time;
  if (time.ends_with('Z')) {
    time.pop_back();
  }
  return time;
}

struct Case {
  std::string name;
  double seconds = 0;
  CheckVerdict verdict = CheckVerdict::pass;
  std::string message;
  std::string details;
};

std::vector<Case> cases_of(const Check& check) {
  std::vector<Case> cases;
  for (const EntryCheck& entry : check.entries) {
    const std::string workload = to_string(entry.workload);
    cases.push_back({workload, entry.seconds, entry.verdict, figures(entry), details(entry)});
    if (entry.planted) {
      // Found is what is hoped for.
      const PlantedCheck& planted = *entry.planted;
      const bool found = planted.verdict == CheckVerdict::regression;
      cases.push_back({fmt::format("{}, {} planted", workload, percent(planted.extra_traffic)),
                       0,
                       found ? CheckVerdict::pass : CheckVerdict::inconclusive,
                       fmt::format("{} of extra traffic, slower by {}: {}", percent(planted.extra_traffic),
                                   change_text(planted.slowdown_paired), found ? "found" : "not found"),
                       {}});
    }
  }
  for (const Noise& noise : check.noise) {
    cases.push_back({"noise of " + noise.key, 0,
                     noise.rounds_needed > 0 ? CheckVerdict::pass : CheckVerdict::inconclusive,
                     fmt::format("noise of a round {}, between sessions {}; thresholds from {}",
                                 percent(noise.round_sd), percent(noise.session_sd), percent(noise.smallest_threshold)),
                     noise.variant + "\n"});
  }
  return cases;
}

std::string junit_case(const Check& check, const Case& one) {
  std::string text = fmt::format(R"(    <testcase classname="scantune.{}" name="{}" time="{:.3f}">)",
                                 xml(check.device.chip.name.empty() ? "unknown" : check.device.chip.name),
                                 xml(one.name), one.seconds) +
                     "\n";
  switch (one.verdict) {
    case CheckVerdict::regression:
      text += fmt::format(R"(      <failure type="regression" message="{}">{}</failure>)", xml(one.message),
                          xml(one.details)) +
              "\n";
      break;
    case CheckVerdict::inconclusive:
      text += fmt::format(R"(      <error type="inconclusive" message="{}">{}</error>)", xml(one.message),
                          xml(one.details)) +
              "\n";
      break;
    case CheckVerdict::pass:
      text += fmt::format("      <system-out>{}\n{}</system-out>\n", xml(one.message), xml(one.details));
      break;
  }
  return text + "    </testcase>\n";
}

}  // namespace

std::string check_junit(const Check& check) {
  const std::vector<Case> cases = cases_of(check);
  const std::string totals =
      fmt::format(R"(tests="{}" failures="{}" errors="{}" time="{:.3f}")", cases.size(),
                  std::ranges::count(cases, CheckVerdict::regression, &Case::verdict),
                  std::ranges::count(cases, CheckVerdict::inconclusive, &Case::verdict), check.seconds);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"scantune check\" {}>\n", totals);
  text += fmt::format(R"(  <testsuite name="scantune check" {} skipped="0" timestamp="{}" hostname="{}">)", totals,
                      xml(timestamp(check)), xml(check.now.host)) +
          "\n    <properties>\n";
  for (const auto& [name, value] :
       {std::pair{"baseline", check.baseline}, std::pair{"device", check.device.chip.name},
        std::pair{"driver", check.device.driver}, std::pair{"compiler", check.device.compiler},
        std::pair{"commit", check.commit}, std::pair{"threshold", fmt::format("{:g}", check.rule.threshold)},
        std::pair{"confidence", fmt::format("{:g}", check.rule.confidence)}}) {
    if (!value.empty()) {
      text += fmt::format(R"(      <property name="{}" value="{}"/>)", name, xml(value)) + "\n";
    }
  }
  text += "    </properties>\n";
  for (const Case& one : cases) {
    text += junit_case(check, one);
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

std::string check_markdown(const Check& check) {
  const size_t slower = count(check, CheckVerdict::regression);
  const size_t unknown = count(check, CheckVerdict::inconclusive);
  std::string text = fmt::format("### scantune check: {}\n\n", name(check.verdict));
  text += fmt::format("{} of {} slower, {} inconclusive; {} allowed at {:g}% confidence; {}, driver {}\n\n", slower,
                      check.entries.size(), unknown, percent(check.rule.threshold), 100 * check.rule.confidence,
                      cell(check.device.chip.name), cell(check.device.driver));
  if (!check.entries.empty()) {
    text += "| workload | then | now | change | verdict |\n|---|---:|---:|---:|---|\n";
  }
  for (const EntryCheck& entry : check.entries) {
    const bool measured = entry.rounds_now > 0;
    text += fmt::format("| {} | {} | {} | {} | {}{} |\n", cell(to_string(entry.workload)),
                        measured ? fmt::format("{:.3f}", entry.ratio_then.median) : "",
                        measured ? fmt::format("{:.3f}", entry.ratio_now.median) : "",
                        measured ? change_text(entry.slowdown) : "",
                        entry.verdict == CheckVerdict::pass ? "ok" : fmt::format("**{}**: ", name(entry.verdict)),
                        entry.verdict == CheckVerdict::pass ? "" : cell(entry.why));
  }
  for (const EntryCheck& entry : check.entries) {
    const std::vector<std::string> lines = check_details(entry, entry.changes.size());
    if (lines.empty()) {
      continue;
    }
    text += fmt::format("\n**{}**, `{}`\n\n", cell(to_string(entry.workload)), to_string(entry.variant));
    for (const std::string& line : lines) {
      text += fmt::format("- {}\n", cell(line));
    }
  }
  for (const Noise& noise : check.noise) {
    text += fmt::format("- `{}`: noise of a round {}, between sessions {}; thresholds from {}\n", noise.key,
                        percent(noise.round_sd), percent(noise.session_sd), percent(noise.smallest_threshold));
  }
  for (const std::string& note : check.notes) {
    text += fmt::format("\n{}\n", cell(note));
  }
  return text;
}

std::string check_github(const Check& check) {
  std::string text;
  const auto command = [&](const char* kind, const std::string& title, const std::string& message) {
    text += fmt::format("::{} title={}::{}\n", kind, command_data(title, true), command_data(message, false));
  };
  for (const EntryCheck& entry : check.entries) {
    if (entry.verdict == CheckVerdict::regression) {
      command("error", "slower: " + to_string(entry.workload), figures(entry) + "\n" + details(entry));
    } else if (entry.verdict == CheckVerdict::inconclusive) {
      command("warning", "inconclusive: " + to_string(entry.workload), figures(entry) + "\n" + details(entry));
    } else if (const std::vector<std::string> lines = check_details(entry, 0); !lines.empty()) {
      std::string all;
      for (const std::string& line : lines) {
        all += line + "\n";
      }
      command("notice", to_string(entry.workload), all);
    }
  }
  for (const Noise& noise : check.noise) {
    command("notice", "scantune check --aa",
            fmt::format("{}: noise of a round {}, between sessions {}", noise.key, percent(noise.round_sd),
                        percent(noise.session_sd)));
  }
  for (const std::string& note : check.notes) {
    command("notice", "scantune check", note);
  }
  if (const size_t passed = count(check, CheckVerdict::pass); passed > 0) {
    command("notice", "scantune check",
            fmt::format("{} of {} as fast as before within {}", passed, check.entries.size(),
                        percent(check.rule.threshold)));
  }
  return text;
}

}  // namespace scantune::report
