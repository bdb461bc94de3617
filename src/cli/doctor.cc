// scantune doctor: looks at the machine, says what is wrong and what to do.
#include <algorithm>
#include <string>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "doctor/examine.h"
#include "report/text.h"
#include "store/file.h"
#include "wire/doctor_json.h"

namespace scantune::cli {
namespace {

// One check a line, its remedy below it.
std::string checks_text(const std::vector<HealthCheck>& checks, const report::TextStyle& style) {
  const report::Ink ink(style.color);
  size_t health_width = 0;
  size_t subject_width = 0;
  for (const HealthCheck& check : checks) {
    health_width = std::max(health_width, name(check.health).size());
    subject_width = std::max(subject_width, report::columns(check.subject));
  }
  const size_t indent = health_width + 2 + subject_width + 2;
  const size_t width = std::max<size_t>(static_cast<size_t>(style.width), indent + 40) - indent;
  std::string text;
  for (const HealthCheck& check : checks) {
    const std::string health = report::pad_right(name(check.health), health_width);
    std::string lead = fmt::format("{}  {}  ", check.health == Health::broken ? ink.red(health) : health,
                                   report::pad_right(check.subject, subject_width));
    for (const std::string& line : report::wrap(check.what, width)) {
      text += lead + line + "\n";
      lead = std::string(indent, ' ');
    }
    for (const std::string& line : report::wrap(check.remedy.empty() ? "" : "-> " + check.remedy, width)) {
      if (!line.empty()) {
        text += std::string(indent, ' ') + line + "\n";
      }
    }
  }
  const auto broken = std::ranges::count(checks, Health::broken, &HealthCheck::health);
  const auto degraded = std::ranges::count(checks, Health::degraded, &HealthCheck::health);
  return text + fmt::format("\n{}: {} ok, {} degraded, {} broken\n", report::plural(checks.size(), "check"),
                            static_cast<std::ptrdiff_t>(checks.size()) - degraded - broken, degraded, broken);
}

}  // namespace

int run(const DoctorCommand& command) {
  const auto format = parse_format(command.format);
  if (!format) {
    return report_error(format.error());
  }
  doctor::Places places;
  places.cache = command.cache_dir ? std::filesystem::path(*command.cache_dir) : default_cache_dir();
  places.results = store::folder_of(command.out.value_or(std::string(kDefaultOut)));
  const std::vector<HealthCheck> checks = doctor::examine(doctor::look(places));
  if (*format == Format::json) {
    print_json(stdout, wire::doctor_json(checks));
  } else {
    const report::TextStyle style = text_style(stdout, false);
    print(stdout, checks_text(checks, style), style);
  }
  return worst(checks) == Health::broken ? kFailed : kDone;
}

}  // namespace scantune::cli
