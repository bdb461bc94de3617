// scantune report.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune report: shows results on a page of its own, for any browser, without a network.\n"
    "\n"
    "Usage: scantune report [FILE...] [options]   (default results/best.json)\n"
    "\n"
    "  FILE is a best file, a journal, what --format json of a run printed, a comparison with peers,\n"
    "  or a history of checks; several are put together. A journal or a run tells every variant that\n"
    "  was tried, a best file only the winners and their rivals.\n"
    "\n"
    "Examples:\n"
    "  scantune report results/journal.jsonl\n"
    "  scantune report results/journal.jsonl results/h200-peers.json --out report.html\n"
    "  scantune report results/best.json results/history.jsonl\n"
    "  scantune report --format markdown\n";

constexpr const char* kTail = "\nExit codes: 0 done, 2 bad input or environment.\n";

}  // namespace

Subcommand report_arguments(CLI::App& root) {
  auto command = std::make_shared<ReportCommand>();
  ReportCommand& report = *command;
  CLI::App* app = root.add_subcommand("report", "report");
  app->add_option("files", report.files)->group("");
  add_text(*app, "--out", report.out, "FILE", kOutput, "default report.html; of the other formats -: standard output");
  add_text(*app, "--format", report.format, "html|markdown|json", kOutput, "json is the data of the page");
  return {app, kHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
