// scantune check.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune check: measures stored winners again and says whether they are as fast as they were.\n"
    "\n"
    "Usage: scantune check --baseline FILE [options]\n"
    "\n"
    "Judged is the ratio to a copy of the same bytes in the same rounds, so that another clock or a\n"
    "busy machine does not fail a build. docs/ci.md: how it is decided, how often it errs, CI jobs.\n"
    "\n"
    "Examples:\n"
    "  scantune check --baseline results/best.json\n"
    "  scantune check --baseline best.json --shape 32768x32768 --format junit --out check.xml\n"
    "  scantune check --baseline best.json --aa --history results/history.jsonl\n";

constexpr const char* kTail =
    "\nExit codes: 0 pass, 1 regression, 2 bad input, 3 inconclusive (too noisy, wrong chip, no record),\n"
    "130 interrupted.\n";

}  // namespace

Subcommand check_arguments(CLI::App& root) {
  auto command = std::make_shared<CheckCommand>();
  CheckCommand& check = *command;
  Target& target = check.target;
  CLI::App* app = root.add_subcommand("check", "check");
  add_text(*app, "--baseline", check.baseline, "FILE", kWhat, "the best file to hold against what is measured now");
  add_texts(*app, "--shape", target.shapes, "AxBx...", kWhat, "only this workload of it; repeatable");
  add_text(*app, "--suite", check.suite, "FILE", kWhat, "only the workloads of a suite");
  add_text(*app, "--dim", target.dim, "N", kWhat, "of --shape: the scanned dimension (default -1)");
  add_text(*app, "--dtype", target.dtype, "TYPE", kWhat, "of --shape: element type (default f32)");
  add_text(*app, "--accumulate", target.accumulate, "TYPE", kWhat, "of --shape: the type of sums");
  add_text(*app, "--cache", target.cache, "cold|hot", kWhat, "of --shape (default cold)");
  add_flag(*app, "--deterministic", target.deterministic, kWhat, "of --shape");
  add_text(*app, "--against", check.against, "BUNDLE", kWhat, "compare with an exported bundle's kernels, same rounds");
  add_flag(*app, "--retune", check.retune, kWhat, "also look for a faster variant");
  add_flag(*app, "--aa", check.aa, kWhat, "no check: estimate the noise of this machine");
  add_text(*app, "--plant", check.plant, "2%", kWhat, "GPU: also a kernel made slower by so much traffic");
  add_text(*app, "--device", target.device, "auto|cuda:N|cpu", kWhere, "default auto: the first GPU, else the CPU");
  add_flag(*app, "--in-process", check.in_process, kWhere, "no child processes: for debuggers");
  add_text(*app, "--cache-dir", check.cache_dir, "DIR", kWhere, "compiled kernels (default ~/.cache/scantune)");
  add_text(*app, "--threshold", check.threshold, "2%", kEffort,
           "the slowdown that fails; less is allowed (default 2%)");
  add_text(*app, "--confidence", check.confidence, "99%", kEffort, "of the verdict (default 99%)");
  add_text(*app, "--max-time", check.max_time, "60s", kEffort, "for all of it (default 60s a workload)");
  add_text(*app, "--sessions", check.sessions, "N", kEffort, "--aa: how often a session is opened (default 8)");
  add_text(*app, "--seed", check.seed, "N", kEffort, "of the input and of random order (default 1)");
  add_texts(*app, "--format", check.formats, "F", kOutput, "text, json, junit, markdown or github; repeatable");
  add_texts(*app, "--out", check.outs, "FILE", kOutput, "where the --format before it goes (default: stdout)");
  add_text(*app, "--history", check.history, "FILE", kOutput, "results are added to it, and changes of level told");
  add_text(*app, "--commit", check.commit, "ID", kOutput, "of what is checked, for the history (default: CI's)");
  add_flag(*app, "-q,--quiet", check.quiet, kOutput, "the report and errors only");
  add_flag(*app, "-v,--verbose", check.verbose, kOutput, "every change, rounds and times");
  const auto with_pairs = [command, app] {
    // Which --out belongs to which --format is told by the order they were typed in.
    CheckCommand typed = *command;
    int format = -1;
    for (const CLI::Option* option : app->parse_order()) {
      if (option->check_name("--format")) {
        ++format;
      } else if (option->check_name("--out")) {
        typed.out_formats.push_back(format);
      }
    }
    return typed;
  };
  return {app, kHead, kTail, with_pairs};
}

}  // namespace scantune::cli
