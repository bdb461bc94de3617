#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/exchange.h"

namespace scantune::wire {
namespace {

constexpr double kNsPerS = 1e9;

// nvbench writes numbers as text.
Json number(std::string_view type, std::string text) {
  return {{{"name", "value"}, {"type", type}, {"value", std::move(text)}}};
}

Json summary(std::string_view tag, std::string_view name, std::string_view hint, std::string_view description,
             Json data) {
  return {{"tag", tag}, {"name", name}, {"hint", hint}, {"description", description}, {"data", std::move(data)}};
}

Json real(double value) { return number("float64", fmt::format("{}", value)); }

Json summaries(const std::vector<double>& times_ns, int64_t bytes) {
  const double mean_ns = mean(times_ns);
  return {
      summary("nv/cold/sample_size", "Samples", "sample_size", "Number of samples",
              number("int64", fmt::format("{}", times_ns.size()))),
      summary("nv/cold/time/gpu/mean", "GPU Time", "duration", "Mean of the samples, between two events",
              real(mean_ns / kNsPerS)),
      summary("nv/cold/time/gpu/stdev/relative", "Noise", "percentage", "Relative standard deviation of the samples",
              real(mean_ns > 0 ? standard_deviation(times_ns) / mean_ns : 0)),
      summary("nv/cold/time/gpu/min", "Min GPU Time", "duration", "Fastest of the samples",
              real(*std::ranges::min_element(times_ns) / kNsPerS)),
      summary("nv/cold/time/gpu/max", "Max GPU Time", "duration", "Slowest of the samples",
              real(*std::ranges::max_element(times_ns) / kNsPerS)),
      summary("nv/cold/bw/global/bytes_per_second", "GlobalMem BW", "byte_rate",
              "Bytes a scan must read and write, over the mean time",
              real(static_cast<double>(bytes) * kNsPerS / mean_ns))};
}

// One line of a benchmark: values of its axes, and what was measured.
struct State {
  int device = 0;
  std::vector<std::string> values;
  std::vector<double> times_ns;
  int64_t bytes = 0;
};

Json write_state(const State& state, const std::vector<std::string>& axes) {
  std::string name = fmt::format("Device={}", state.device);
  Json values = Json::array();
  for (size_t i = 0; i < axes.size(); ++i) {
    name += fmt::format(" {}={}", axes[i], state.values[i]);
    values.push_back({{"name", axes[i]}, {"type", "string"}, {"value", state.values[i]}});
  }
  return {{"name", name},
          {"device", state.device},
          {"type_config_index", 0},
          {"axis_values", std::move(values)},
          {"summaries", summaries(state.times_ns, state.bytes)},
          {"is_skipped", false}};
}

Json write_axis(const std::string& name, size_t index, const std::vector<State>& states) {
  Json values = Json::array();
  std::vector<std::string> seen;
  for (const State& state : states) {
    const std::string& value = state.values[index];
    if (std::ranges::find(seen, value) == seen.end()) {
      seen.push_back(value);
      values.push_back({{"input_string", value}, {"description", ""}, {"is_active", true}, {"value", value}});
    }
  }
  return {{"name", name}, {"type", "string"}, {"flags", ""}, {"values", std::move(values)}};
}

Json write_benchmark(std::string_view name, int index, const std::vector<std::string>& axes,
                     const std::vector<State>& states, size_t devices) {
  Json rows = Json::array();
  for (const State& state : states) {
    rows.push_back(write_state(state, axes));
  }
  Json all_axes = Json::array();
  for (size_t i = 0; i < axes.size(); ++i) {
    all_axes.push_back(write_axis(axes[i], i, states));
  }
  Json ids = Json::array();
  for (size_t i = 0; i < devices; ++i) {
    ids.push_back(i);
  }
  return {{"name", name},
          {"index", index},
          {"devices", std::move(ids)},
          {"axes", std::move(all_axes)},
          {"states", std::move(rows)}};
}

Json write_nvbench_device(const Chip& chip, size_t id) {
  constexpr int kPerCapability = 10;  // 90 is written 900
  return {{"id", id},
          {"name", chip.name},
          {"sm_version", kPerCapability * chip.compute_capability},
          {"ptx_version", kPerCapability * chip.compute_capability},
          {"number_of_sms", chip.multiprocessors},
          {"max_blocks_per_sm", chip.max_blocks_per_sm},
          {"max_threads_per_sm", chip.max_threads_per_sm},
          {"max_threads_per_block", chip.max_threads_per_block},
          {"registers_per_sm", chip.registers_per_sm},
          {"global_memory_bus_bandwidth", static_cast<int64_t>(chip.dram_bytes_per_s)},
          {"l2_cache_size", chip.cache_bytes},
          {"shared_memory_per_sm", chip.shared_bytes_per_sm},
          {"shared_memory_per_block", chip.shared_bytes_per_block}};
}

}  // namespace

std::string nvbench_json(const std::vector<Sweep>& sweeps, const Origin& origin) {
  std::vector<Chip> chips;
  std::vector<State> winners;
  std::vector<State> variants;
  std::vector<State> copies;
  for (const Sweep& sweep : sweeps) {
    const BestEntry& entry = sweep.entry;
    auto chip = std::ranges::find(chips, entry.chip);
    if (chip == chips.end()) {
      chip = chips.insert(chips.end(), entry.chip);
    }
    const int device = static_cast<int>(chip - chips.begin());
    const std::string workload = title(entry.workload);
    const int64_t bytes = bytes_moved(entry.workload);
    for (size_t i = 0; i < entry.contenders.size(); ++i) {
      const std::vector<double> times = samples_ns(entry, static_cast<int>(i));
      if (times.empty()) {
        continue;
      }
      if (i == 0) {
        winners.push_back({device, {workload}, times, bytes});
      }
      variants.push_back({device, {workload, to_string(entry.contenders[i].variant)}, times, bytes});
    }
    if (const std::vector<double> times = samples_ns(entry, kCopy); !times.empty()) {
      copies.push_back({device, {workload}, times, 2 * entry.workload.copy_bytes()});
    }
  }
  Json devices = Json::array();
  for (size_t i = 0; i < chips.size(); ++i) {
    devices.push_back(write_nvbench_device(chips[i], i));
  }
  return to_text({{"meta",
                   {{"argv", {"scantune", "export", "--format", "nvbench"}},
                    {"version", {{"json", {{"major", 1}, {"minor", 0}, {"patch", 0}, {"string", "1.0.0"}}}}},
                    {"origin", write_origin(origin)}}},
                  {"devices", std::move(devices)},
                  {"benchmarks",
                   {write_benchmark("winner", 0, {"Workload"}, winners, chips.size()),
                    write_benchmark("copy", 1, {"Workload"}, copies, chips.size()),
                    write_benchmark("variant", 2, {"Workload", "Variant"}, variants, chips.size())}}});
}

}  // namespace scantune::wire
