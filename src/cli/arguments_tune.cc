// scantune --shape ...: the root command.
#include "cli/arguments.h"

namespace scantune::cli {

const char* const kTuneHead =
    "scantune {}: finds the fastest reverse cumulative sum for a shape, on a GPU or a CPU.\n"
    "\n"
    "Usage: scantune --shape AxBx... [options]\n"
    "       scantune {} [options]\n"
    "\n"
    "Examples:\n"
    "  scantune --shape 32768x32768                    tune for the GPU here, or else the CPU\n"
    "  scantune --shape 1x2^28 --kernels row_carry --set tile=4096,8192 --budget 60s\n"
    "  scantune --suite configs/suites/standard.json --format json > run.json\n";

const char* const kTuneTail =
    "\n"
    "Ctrl-C keeps what is known; the same command again goes on from there.\n"
    "Exit codes: 0 done, 1 no variant worked or device lost, 2 bad input or environment, 130 interrupted.\n";

void add_tune_arguments(CLI::App& app, TuneCommand& tune) {
  Target& target = tune.target;
  add_texts(app, "--shape", target.shapes, "AxBx...", kWhat,
            "a tensor to tune for: integers, 2^28 or 64K, 1M, 1G (binary); repeatable");
  add_text(app, "--suite", tune.suite, "FILE", kWhat, "a JSON list of workloads, such as configs/suites/standard.json");
  add_text(app, "--dim", target.dim, "N", kWhat, "the scanned dimension, negative from the end (default -1)");
  add_text(app, "--dtype", target.dtype, "TYPE", kWhat, "element type (default f32); see scantune list dtypes");
  add_text(app, "--accumulate", target.accumulate, "TYPE", kWhat,
           "the type of sums: i64 for i32 (default f32 for halves, else dtype)");
  add_text(app, "--cache", target.cache, "cold|hot", kWhat, "whether inputs may lie in the L2 (default cold)");
  add_flag(app, "--deterministic", target.deterministic, kWhat, "results that are the same bits every run");
  add_text(app, "--kernels", target.kernels, "A,B", kWhat, "only these families; see scantune list kernels");
  add_texts(app, "--set", target.settings, "P=V,V", kWhat,
            "only these values of a parameter, e.g. tile=4096; repeatable");
  add_text(app, "--space", target.space, "FILE", kWhat, "a JSON space of your own, such as configs/spaces/quick.json");
  add_flag(app, "--no-prune", target.no_prune, kWhat, "try also what cannot be best: see docs/tune.md");
  add_text(app, "--device", target.device, "NAME", kWhere,
           "auto (default: GPU, else CPU), cuda:N, cuda:all, cpu, replay:JOURNAL");
  add_flag(app, "--in-process", tune.in_process, kWhere, "no child processes: for debuggers, ncu and sanitizers");
  add_text(app, "--cache-dir", tune.cache_dir, "DIR", kWhere, "compiled kernels (default ~/.cache/scantune)");
  add_text(app, "--budget", tune.budget, "60s|5m|200", kEffort, "stop after a time or a number of variants a shape");
  add_text(app, "--strategy", tune.strategy, "NAME", kEffort,
           "auto (default), exhaustive, random, local or guided: docs/search.md");
  add_text(app, "--metrics", tune.metrics, "A,B", kEffort,
           "core (default), seed, stalls, memory, full, none, names, lts__*");
  add_text(app, "--profiled", tune.profiled, "N|all", kEffort, "of how many of the best (default 5)");
  add_flag(app, "--fresh", tune.fresh, kEffort, "measure all anew: use neither the journal nor the stored winner");
  add_flag(app, "--retry-failed", tune.retry_failed, kEffort, "try variants again that failed in an earlier run");
  add_text(app, "--seed", tune.seed, "N", kEffort, "of the input and of random order (default 1)");
  add_text(app, "--out", tune.out, "FILE", kOutput,
           "the best are merged into it (default results/best.json); - for stdout");
  add_text(app, "--journal", tune.journal, "FILE|none", kOutput,
           "all that is measured, for resuming (default journal.jsonl beside --out)");
  add_text(app, "--format", tune.format, "text|json", kOutput,
           "what standard output gets; progress is on standard error");
  add_flag(app, "-q,--quiet", tune.quiet, kOutput, "results and errors only");
  add_flag(app, "-v,--verbose", tune.verbose, kOutput, "what happens to each variant, and where the time went");
  add_flag(app, "--no-progress", tune.no_progress, kOutput, "no progress on standard error");
}

}  // namespace scantune::cli
