// The exports that are what was measured, for other tools: CSV, JSON lines, T4, Kernel Tuner, nvbench, Google
// Benchmark.
#include <algorithm>
#include <set>

#include "core/sha256.h"
#include "core/version.h"
#include "exports/make.h"
#include "exports/notice.h"
#include "wire/best_json.h"
#include "wire/exchange_json.h"

namespace scantune::exports {
namespace {

using wire::Sweep;

std::vector<Sweep> sweeps_of(const ExportInput& input) {
  std::vector<Sweep> sweeps;
  sweeps.reserve(input.entries.size());
  for (const BestEntry& entry : input.entries) {
    sweeps.push_back({entry, {}});
  }
  return sweeps;
}

wire::Origin origin_of(const ExportInput& input) { return {input.best_digest, std::string(kLicence)}; }

// The beginning of a file's name for a workload on a chip: "nvidia_h200-32768x32768x1-f32".
std::string stem(const BestEntry& entry, std::set<std::string>& taken) {
  const Workload& workload = entry.workload;
  std::string text =
      fmt::format("{}-{}-{}", safe_name(entry.chip.name), to_string(workload.geometry()), name(workload.dtype));
  if (workload.accumulator != default_accumulator(workload.dtype)) {
    text += fmt::format("-{}", name(workload.accumulator));
  }
  if (workload.cache != CacheState::cold) {
    text += fmt::format("-{}", name(workload.cache));
  }
  text += workload.deterministic ? "-deterministic" : "";
  if (!taken.insert(text).second) {  // names of two chips that read the same
    constexpr size_t kDigits = 12;
    text += "-" + sha256(wire::best_key(workload, entry.chip)).substr(0, kDigits);
    taken.insert(text);
  }
  return text;
}

ExportFile licence() { return {"LICENSE", std::string(licence_text())}; }

// --- CSV -----------------------------------------------------------------------------------------

// A field as of RFC 4180. What a spreadsheet would take for a formula gets a quote mark in front.
std::string field(std::string_view text) {
  std::string line = one_line(text);
  if (!line.empty() && std::string_view("=+-@").find(line.front()) != std::string_view::npos) {
    line.insert(line.begin(), '\'');
  }
  if (line.find_first_of(",\"") == std::string::npos) {
    return line;
  }
  std::string quoted_text = "\"";
  for (const char c : line) {
    quoted_text += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted_text + "\"";
}

std::string number_or_empty(int64_t number) { return number == 0 ? "" : fmt::format("{}", number); }

constexpr std::string_view kColumns =
    "chip,shape,dim,outer,n,inner,dtype,accumulator,cache,deterministic,rank,variant,kernel,time_ns,time_ns_low,"
    "time_ns_high,ratio_to_copy,ratio_to_copy_low,ratio_to_copy_high,as_fast_as_winner,samples,gb_per_s,"
    "registers_per_thread,shared_bytes_per_block,spill_bytes_per_thread,bytes_in_flight_per_sm,source_digest,"
    "measured_utc,driver,compiler,tool_version\n";

std::string csv_row(const BestEntry& entry, size_t index) {
  const Contender& contender = entry.contenders[index];
  const Workload& workload = entry.workload;
  const Geometry g = workload.geometry();
  // Of several launches what the largest needs.
  int registers = 0;
  int64_t shared = 0;
  int64_t spills = 0;
  for (const EntryResources& row : contender.resources) {
    registers = std::max(registers, row.registers_per_thread);
    shared = std::max(shared, row.static_shared_bytes + row.dynamic_shared_bytes);
    spills = std::max(spills, row.spill_bytes);
  }
  const bool as_fast =
      index == 0 || std::ranges::find(entry.equivalents, static_cast<int>(index)) != entry.equivalents.end();
  const bool compiled = !contender.resources.empty();
  const auto bytes = static_cast<double>(workload.bytes_read() + workload.bytes_written());
  return fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.6g},{},{},{},{},{},{},{},{},{}\n",
      field(entry.chip.name), to_string(workload.shape), workload.shape.axis(), g.outer, g.n, g.inner,
      name(workload.dtype), name(workload.accumulator), name(workload.cache), workload.deterministic ? "yes" : "no",
      index + 1, field(to_string(contender.variant)), field(contender.variant.kernel), contender.time_ns.median,
      contender.time_ns.low, contender.time_ns.high, contender.ratio_to_copy.median, contender.ratio_to_copy.low,
      contender.ratio_to_copy.high, as_fast ? "yes" : "no", wire::samples_ns(entry, static_cast<int>(index)).size(),
      bytes / contender.time_ns.median, compiled ? fmt::format("{}", registers) : "",
      compiled ? fmt::format("{}", shared) : "", compiled ? fmt::format("{}", spills) : "",
      number_or_empty(contender.bytes_in_flight_per_sm), field(contender.source_digest), field(entry.provenance.time),
      field(entry.provenance.driver), field(entry.provenance.compiler), field(entry.provenance.tool_version));
}

}  // namespace

Expected<Export> make_csv(const ExportInput& input) {
  std::string text(kColumns);
  for (const BestEntry& entry : input.entries) {
    for (size_t i = 0; i < entry.contenders.size(); ++i) {
      text += csv_row(entry, i);
    }
  }
  // A CSV file has no place for a comment: where it comes from stands beside it.
  return Export{licence(),
                {"PROVENANCE.txt", notice(input, "csv", "scantune.csv: what was measured, a variant a line", "")},
                {"scantune.csv", text}};
}

Expected<Export> make_jsonl(const ExportInput& input) {
  return Export{licence(), {"wisdom.jsonl", wire::wisdom_lines(sweeps_of(input), origin_of(input))}};
}

Expected<Export> make_t4(const ExportInput& input) {
  Export files = {licence()};
  std::set<std::string> taken;
  for (const Sweep& sweep : sweeps_of(input)) {
    files.push_back({stem(sweep.entry, taken) + ".t4.json", wire::t4_results_json(sweep, origin_of(input))});
  }
  return files;
}

Expected<Export> make_kernel_tuner(const ExportInput& input) {
  Export files = {licence()};
  std::set<std::string> taken;
  for (const Sweep& sweep : sweeps_of(input)) {
    const std::string start = stem(sweep.entry, taken);
    std::set<std::string> families;
    for (const std::string& family : wire::families_of(sweep)) {
      if (families.insert(safe_name(family)).second) {
        files.push_back({fmt::format("{}-{}.json", start, safe_name(family)),
                         wire::kernel_tuner_json(sweep, family, origin_of(input))});
      }
    }
  }
  return files;
}

Expected<Export> make_nvbench(const ExportInput& input) {
  return Export{licence(), {"nvbench.json", wire::nvbench_json(sweeps_of(input), origin_of(input))}};
}

Expected<Export> make_google_benchmark(const ExportInput& input) {
  return Export{licence(), {"google-benchmark.json", wire::google_benchmark_json(sweeps_of(input), origin_of(input))}};
}

}  // namespace scantune::exports
