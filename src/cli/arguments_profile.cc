// scantune profile.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune profile: one variant in full: time, occupancy, counters, stalls, what limits it.\n"
    "\n"
    "Usage: scantune profile --shape AxBx... --best|--variant V|--kernel K [options]\n"
    "       scantune profile --passes --metrics A,B --chip NAME\n"
    "\n"
    "Examples:\n"
    "  scantune profile --shape 32768x32768 --best                the winner that tuning found\n"
    "  scantune profile --shape 8192x8192 --kernel three_pass --metrics core,stalls\n"
    "  scantune profile --shape 32768x32768 --best --timeline     its start, steady state and tail\n"
    "  scantune profile --passes --metrics full --chip GH100      what it costs, without a GPU\n";

constexpr const char* kTail =
    "\nExit codes: 0 done, 1 the variant failed or device lost, 2 bad input, 130 interrupted.\n";

}  // namespace

void add_workload_arguments(CLI::App& app, Target& target) {
  add_texts(app, "--shape", target.shapes, "AxBx...", kWhat, "the tensor: integers, 2^28 or 64K, 1M, 1G (binary)");
  add_text(app, "--dim", target.dim, "N", kWhat, "the scanned dimension, negative from the end (default -1)");
  add_text(app, "--dtype", target.dtype, "TYPE", kWhat, "element type (default f32); see scantune list dtypes");
  add_text(app, "--accumulate", target.accumulate, "TYPE", kWhat,
           "the type of sums: i64 for i32 (default f32 for halves, else dtype)");
  add_text(app, "--cache", target.cache, "cold|hot", kWhat, "whether inputs may lie in the L2 (default cold)");
  add_flag(app, "--deterministic", target.deterministic, kWhat, "results that are the same bits every run");
}

void add_measure_arguments(CLI::App& app, MeasureArguments& measure, const char* metrics_help) {
  add_flag(app, "--in-process", measure.in_process, kWhere, "no child processes: for debuggers, ncu and sanitizers");
  add_text(app, "--cache-dir", measure.cache_dir, "DIR", kWhere, "compiled kernels (default ~/.cache/scantune)");
  add_text(app, "--metrics", measure.metrics, "A,B", kEffort, metrics_help);
  add_text(app, "--rounds", measure.rounds, "N", kEffort, "of timing, each with the copy in it");
  add_text(app, "--repeats", measure.repeats, "N", kEffort, "read the counters N times and take medians (default 1)");
  add_text(app, "--warm-runs", measure.warm_runs, "N", kEffort,
           "uncounted runs before each counted one (default 0): see docs/profile.md");
  add_text(app, "--seed", measure.seed, "N", kEffort, "of the input and of random order (default 1)");
  add_flag(app, "-q,--quiet", measure.quiet, kOutput, "results and errors only");
}

Subcommand profile_arguments(CLI::App& root) {
  auto command = std::make_shared<ProfileCommand>();
  ProfileCommand& profile = *command;
  CLI::App* app = root.add_subcommand("profile", "profile");
  add_workload_arguments(*app, profile.target);
  add_text(*app, "--variant", profile.variant, "V", kWhat, "this variant, as scantune prints it, in quotes");
  add_text(*app, "--kernel", profile.kernel, "K", kWhat,
           "of this family: its fastest in the best file, else a likely one");
  add_texts(*app, "--set", profile.target.settings, "P=V,V", kWhat, "--kernel: only these values of a parameter");
  app->add_option_function<std::string>(
         "--best", [&profile](const std::string& text) { profile.best = text; },
         "the winner in FILE (default results/best.json)")
      ->type_name("[FILE]")
      ->group(kWhat)
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_text(*app, "--device", profile.target.device, "NAME", kWhere,
           "auto (default: GPU, else CPU), cuda:N, cpu, replay:JOURNAL");
  add_text(*app, "--chip", profile.chip, "NAME", kWhere, "--passes: for a GPU that is not here, such as GH100");
  add_measure_arguments(*app, profile.measure, "core, seed, stalls, memory, full (default), none, names, lts__*");
  add_flag(*app, "--timeline", profile.timeline, kEffort, "sample DRAM and warps over time inside one run, every 2 us");
  add_flag(*app, "--passes", profile.passes, kOutput, "only say how many passes --metrics takes");
  add_text(*app, "--format", profile.measure.format, "text|json|csv", kOutput, "what standard output gets");
  return {app, kHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
