#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/exchange.h"

namespace scantune::wire {
namespace {

// A benchmark's name is a path: what is a '/' or a space in ours is not one there.
std::string path_part(std::string text) {
  std::ranges::replace(text, '/', '_');
  std::ranges::replace(text, ' ', '_');
  return text;
}

struct Family {
  std::string name;
  std::vector<double> times_ns;
  int64_t bytes = 0;
  int runs = 1;  // a sample is the mean of so many
};

// A repetition for each sample. The time of the GPU stands for both times: the CPU only waits.
void add(Json& benchmarks, const Family& family, int index) {
  for (size_t i = 0; i < family.times_ns.size(); ++i) {
    constexpr double kNsPerS = 1e9;
    const double time_ns = family.times_ns[i];
    benchmarks.push_back({{"name", family.name},
                          {"family_index", index},
                          {"per_family_instance_index", 0},
                          {"run_name", family.name},
                          {"run_type", "iteration"},
                          {"repetitions", family.times_ns.size()},
                          {"repetition_index", i},
                          {"threads", 1},
                          {"iterations", family.runs},
                          {"real_time", time_ns},
                          {"cpu_time", time_ns},
                          {"time_unit", "ns"},
                          {"bytes_per_second", static_cast<double>(family.bytes) * kNsPerS / time_ns}});
  }
}

}  // namespace

std::string google_benchmark_json(const std::vector<Sweep>& sweeps, const Origin& origin) {
  std::vector<Family> winners;
  std::vector<Family> others;
  for (const Sweep& sweep : sweeps) {
    const BestEntry& entry = sweep.entry;
    const std::string of = path_part(entry.chip.name) + "/" + path_part(title(entry.workload));
    const int runs = entry.rounds.empty() ? 1 : entry.rounds.front().runs;
    const int64_t bytes = bytes_moved(entry.workload);
    for (size_t i = 0; i < entry.contenders.size(); ++i) {
      const std::vector<double> times = samples_ns(entry, static_cast<int>(i));
      if (i == 0) {
        winners.push_back({"winner/" + of, times, bytes, runs});
      }
      others.push_back({"variant/" + of + "/" + path_part(to_string(entry.contenders[i].variant)), times, bytes, runs});
    }
    others.push_back({"copy/" + of, samples_ns(entry, kCopy), 2 * entry.workload.copy_bytes(), runs});
  }
  Json benchmarks = Json::array();
  int index = 0;
  for (const std::vector<Family>* const families : {&winners, &others}) {
    for (const Family& family : *families) {
      add(benchmarks, family, index++);
    }
  }
  const BestEntry& first = sweeps.front().entry;
  return to_text({{"context",
                   {{"date", first.provenance.time},
                    {"host_name", first.provenance.host},
                    {"executable", "scantune"},
                    {"num_cpus", 1},
                    {"mhz_per_cpu", 0},
                    {"cpu_scaling_enabled", false},
                    {"caches", Json::array()},
                    {"load_avg", Json::array()},
                    {"library_build_type", "release"},
                    {"json_schema_version", 1},
                    {"origin", write_origin(origin)}}},
                  {"benchmarks", std::move(benchmarks)}});
}

}  // namespace scantune::wire
