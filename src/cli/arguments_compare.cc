// scantune compare.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune compare: how much faster A is than B, and what changed along with it.\n"
    "\n"
    "Usage: scantune compare 'A' 'B' --shape AxBx... [options]   variants, measured in the same rounds\n"
    "       scantune compare A.json B.json [options]             results of two runs, drivers or GPUs\n"
    "\n"
    "Files are best files (results/best.json) or what scantune --format json printed.\n"
    "\n"
    "Examples:\n"
    "  scantune compare --shape 32768x32768 'row_carry tile=8192 warps=16 stages=1 storage=registers' \\\n"
    "                                       'row_carry tile=8192 warps=16 stages=2 storage=registers'\n"
    "  scantune compare before.json after.json\n";

constexpr const char* kTail =
    "\nExit codes: 0 done, 1 a variant failed or device lost, 2 bad input, 130 interrupted.\n";

}  // namespace

Subcommand compare_arguments(CLI::App& root) {
  auto command = std::make_shared<CompareCommand>();
  CompareCommand& compare = *command;
  CLI::App* app = root.add_subcommand("compare", "compare");
  app->add_option("sides", compare.sides)->group("");
  add_workload_arguments(*app, compare.target);
  add_text(*app, "--device", compare.target.device, "NAME", kWhere,
           "variants: auto (default: GPU, else CPU), cuda:N, cpu, replay:JOURNAL");
  add_measure_arguments(*app, compare.measure, "core, seed, stalls, memory, full (default), none, names, lts__*");
  add_text(*app, "--format", compare.measure.format, "text|json", kOutput, "what standard output gets");
  return {app, kHead, kTail, [command] { return *command; },
          [command] { return command->sides.empty() ? "A" : command->sides.front(); }};
}

}  // namespace scantune::cli
