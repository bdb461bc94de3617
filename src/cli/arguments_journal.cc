// scantune journal.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune journal: looks into a journal of measurements, checks it and cleans it up.\n"
    "\n"
    "Usage: scantune journal show|stats|compact|verify [FILE] [options]   (default results/journal.jsonl)\n"
    "       scantune journal merge FILE FILE... --out FILE\n"
    "\n"
    "  show       its events, one a line, in the order they happened\n"
    "  stats      how much of what it holds, and of which workloads, chips and protocols\n"
    "  compact    drops what no longer counts: what came before --fresh, damaged lines, repetitions\n"
    "  merge      puts journals together in a new one; identical events are written once\n"
    "  verify     checks every line; exit code 1 where one is damaged\n"
    "\n"
    "Examples:\n"
    "  scantune journal show --tail 20\n"
    "  scantune journal show --kind failed --variant row_carry --format json\n"
    "  scantune journal merge node1.jsonl node2.jsonl --out results/journal.jsonl\n";

constexpr const char* kTail = "\nExit codes: 0 done, 1 verify found damage, 2 bad input or environment.\n";

}  // namespace

Subcommand journal_arguments(CLI::App& root) {
  auto command = std::make_shared<JournalCommand>();
  JournalCommand& journal = *command;
  CLI::App* app = root.add_subcommand("journal", "journal");
  app->add_option("verb", journal.verb)->group("");
  app->add_option("files", journal.files)->group("");
  add_text(*app, "--context", journal.context, "PREFIX", kWhich, "show: of this context, by the start of its digest");
  add_text(*app, "--kind", journal.kind, "KIND", kWhich,
           "show: run_began, compiled, verified, round, failed, step, ...");
  add_text(*app, "--variant", journal.variant, "TEXT", kWhich, "show: of variants whose spelling has TEXT in it");
  add_text(*app, "--tail", journal.tail, "N", kWhich, "show: only the last N of those");
  add_text(*app, "--out", journal.out, "FILE", kOutput, "merge: the journal to write; it must not exist");
  add_text(*app, "--format", journal.format, "text|json", kOutput, "show, stats, verify: what standard output gets");
  return {app, kHead, kTail, [command] { return *command; },
          [command] { return command->verb.empty() ? "VERB" : command->verb; }};
}

}  // namespace scantune::cli
