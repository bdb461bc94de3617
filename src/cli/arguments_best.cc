// scantune verify, show and merge: what is done with best files.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kVerifyHead =
    "scantune verify: says whether what a best file holds still holds here.\n"
    "\n"
    "Usage: scantune verify [FILE] [options]   (default results/best.json)\n"
    "\n"
    "Of each configuration: kernel source, build options, NVRTC, driver, chip, protocol. Without a GPU\n"
    "it checks what can be checked. Nothing is measured: scantune check does that.\n"
    "\n"
    "Examples:\n"
    "  scantune verify\n"
    "  scantune verify results/h200-standard.json --quiet\n"
    "  scantune verify best.json --format json | jq '.entries[] | select(.stale) | .key'\n";

constexpr const char* kVerifyTail = "\nExit codes: 0 nothing is stale, 1 something is, 2 bad input or environment.\n";

constexpr const char* kShowHead =
    "scantune show: lists what a best file holds.\n"
    "\n"
    "Usage: scantune show [FILE] [options]   (default results/best.json)\n"
    "\n"
    "Examples:\n"
    "  scantune show\n"
    "  scantune show results/h200-standard.json\n"
    "  scantune show best.json --format json\n";

constexpr const char* kMergeHead =
    "scantune merge: puts best files of several chips, shapes and runs together in a new one.\n"
    "\n"
    "Usage: scantune merge FILE FILE... --out FILE\n"
    "\n"
    "Of entries with the same key the one that is not stale is kept; else the one whose ratio to the\n"
    "copy is known better; else the newer. The files read are not touched.\n"
    "\n"
    "Examples:\n"
    "  scantune merge h200.json b200.json --out best.json\n"
    "  scantune merge old.json new.json --out best.json\n"
    "  scantune merge nodes/*.json --out all.json\n";

constexpr const char* kTail = "\nExit codes: 0 done, 2 bad input or environment.\n";

}  // namespace

Subcommand verify_arguments(CLI::App& root) {
  auto command = std::make_shared<VerifyCommand>();
  CLI::App* app = root.add_subcommand("verify", "verify");
  app->add_option("files", command->files)->group("");
  add_text(*app, "--format", command->format, "text|json", kOutput, "what standard output gets");
  add_flag(*app, "-q,--quiet", command->quiet, kOutput, "only what is stale");
  return {app, kVerifyHead, kVerifyTail, [command] { return *command; }};
}

Subcommand show_arguments(CLI::App& root) {
  auto command = std::make_shared<ShowCommand>();
  CLI::App* app = root.add_subcommand("show", "show");
  app->add_option("files", command->files)->group("");
  add_text(*app, "--format", command->format, "text|json", kOutput, "what standard output gets");
  return {app, kShowHead, kTail, [command] { return *command; }};
}

Subcommand merge_arguments(CLI::App& root) {
  auto command = std::make_shared<MergeCommand>();
  CLI::App* app = root.add_subcommand("merge", "merge");
  app->add_option("files", command->files)->group("");
  add_text(*app, "--out", command->out, "FILE", kOutput, "the best file to write; it must not be one of those read");
  return {app, kMergeHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
