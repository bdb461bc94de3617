// scantune report: results as a page, as Markdown, or as the data of the page.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/provenance.h"
#include "cli/terminal.h"
#include "core/units.h"
#include "report/markdown.h"
#include "report/page.h"
#include "report/sources.h"
#include "report/text.h"
#include "store/file.h"

namespace scantune::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPage = "report.html";
constexpr std::string_view kStandardOutput = "-";

struct PageFormat {
  std::string_view name;
  std::string (*text)(const wire::ReportDocument&);
  std::string_view out;  // where it goes unless told otherwise
};

constexpr std::array<PageFormat, 3> kFormats = {{
    {"html", report::page_html, kPage},
    {"markdown", report::page_markdown, kStandardOutput},
    {"json", [](const wire::ReportDocument& document) { return wire::report_json(document) + "\n"; }, kStandardOutput},
}};

Expected<PageFormat> format_of(const ReportCommand& command) {
  const std::string name = command.format.value_or("html");
  const auto* const format = std::ranges::find(kFormats, name, &PageFormat::name);
  if (format == kFormats.end()) {
    return bad_input("--format {}: choose html, markdown or json", name);
  }
  return *format;
}

// No input is written over: what was measured is worth more than a page of it.
Expected<void> check_out(const std::string& out, const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    std::error_code ignored;
    if (fs::equivalent(out, file, ignored)) {
      return bad_input("--out {}: it is one of the files to report; name another", out);
    }
  }
  return {};
}

Expected<int> write_report(const ReportCommand& command) {
  const auto format = format_of(command);
  if (!format) {
    return tl::unexpected(format.error());
  }
  std::vector<fs::path> files(command.files.begin(), command.files.end());
  if (files.empty()) {
    files.emplace_back(kDefaultOut);
  }
  const std::string out = command.out.value_or(std::string(format->out));
  if (const auto checked = check_out(out, files); !checked) {
    return tl::unexpected(checked.error());
  }
  const Provenance now = provenance_now();
  const auto document = report::gather(files, now.tool_version, now.time);
  if (!document) {
    return tl::unexpected(document.error());
  }
  const std::string text = format->text(*document);
  if (out == kStandardOutput) {
    print_json(stdout, text);  // UTF-8 in every locale, as JSON is
    return kDone;
  }
  const auto written = store::prepare_file(out, kPage).and_then([&](const fs::path& path) {
    return store::write_atomically(path, text);
  });
  if (!written) {
    return tl::unexpected(written.error());
  }
  size_t records = 0;
  for (const wire::ReportOutcome& outcome : document->outcomes) {
    records += outcome.records.size();
  }
  size_t checks = 0;
  for (const wire::ReportHistory& history : document->histories) {
    checks += history.runs.size();
  }
  std::string what;
  if (!document->outcomes.empty()) {
    what = fmt::format("{} of {}, ", report::plural(records, "variant"),
                       report::plural(document->outcomes.size(), "workload"));
  }
  if (!document->histories.empty()) {
    what += fmt::format("{} of {}, ", report::plural(checks, "check"),
                        report::plural(document->histories.size(), "workload"));
  }
  const report::TextStyle style = text_style(stdout, false);
  print(stdout,
        report::labelled_line(
            "Wrote", fmt::format("{}: {}{}", out, what, format_bytes(static_cast<int64_t>(text.size()))), style),
        style);
  return kDone;
}

}  // namespace

int run(const ReportCommand& command) {
  const auto code = write_report(command);
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
