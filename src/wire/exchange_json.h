// What was measured, in the formats of other tools: text out. docs/export-tables.md says who reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/outcome.h"

namespace scantune::wire {

struct FailedVariant {
  Variant variant;
  Failure failure;
};

// What is known of a workload on a chip: measured variants with their samples, best first, and those that failed.
struct Sweep {
  BestEntry entry;
  std::vector<FailedVariant> failed;
};

// Where an exported file comes from.
struct Origin {
  std::string sha256;   // of the file it was made from
  std::string licence;  // SPDX
};

// The samples of a contender in ns, or with kCopy those of the copy, in the order taken.
std::vector<double> samples_ns(const BestEntry& entry, int subject);

// One line of JSON for each sweep: the workload, its winner and what it rests on, without samples.
std::string wisdom_lines(const std::vector<Sweep>& sweeps, const Origin& origin);

// The results schema 1.0.0 of T4, the auto-tuning exchange format (github.com/odgaard/TuningSchema). Times are in ms.
std::string t4_results_json(const Sweep& sweep, const Origin& origin);

// The families of which a sweep measured variants, each once, the winner's first.
std::vector<std::string> families_of(const Sweep& sweep);

// A cache file of Kernel Tuner, for the variants of one family. Its search space is the product of the values seen;
// where that has more than so many points, only what was tried is in the cache, else every point.
inline constexpr size_t kMostCachedPoints = 20000;
std::string kernel_tuner_json(const Sweep& sweep, const std::string& family, const Origin& origin);

// The JSON file of nvbench, version 1.0.0: winners by workload, every variant by workload, and copies.
std::string nvbench_json(const std::vector<Sweep>& sweeps, const Origin& origin);

// The JSON of Google Benchmark, schema 1: a repetition for each sample of winners, copies and every variant.
std::string google_benchmark_json(const std::vector<Sweep>& sweeps, const Origin& origin);

}  // namespace scantune::wire
