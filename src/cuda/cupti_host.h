// CUPTI's host API: which metrics a chip has, in how many passes they are collected, and the values
// of collected counters. Works without a GPU for every chip CUPTI knows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.h"
#include "cuda/metrics.h"

namespace scantune::cuda {

// Whether a base metric is a count, a ratio of counts, or a share of a peak. The kind says which
// rollups ("sum", "pct", "avg.pct_of_peak_sustained_elapsed") make a collectable name of it.
enum class MetricKind { counter, ratio, throughput };

struct BaseMetric {
  std::string name;  // without rollup
  MetricKind kind = MetricKind::counter;
};

// How a list of metrics is collected: an opaque image for the hardware, and the passes it takes.
struct CollectionPlan {
  std::vector<uint8_t> config_image;
  int passes = 0;
};

// How counters are to be collected: in ranges, or as samples at intervals.
enum class MetricUse { ranges, sampling };

// The metrics of one chip. Not thread-safe.
class MetricHost {
 public:
  // `availability` is the device's image of counter availability; empty: every counter the chip has.
  // An unknown chip is bad input that lists the known ones.
  static Expected<std::unique_ptr<MetricHost>> open(const std::string& chip_code_name,
                                                    std::vector<uint8_t> availability = {},
                                                    MetricUse use = MetricUse::ranges);
  ~MetricHost();
  MetricHost(const MetricHost&) = delete;
  MetricHost& operator=(const MetricHost&) = delete;

  // Nothing for a name the chip does not have, and for a base name without a rollup.
  [[nodiscard]] std::optional<MetricProperties> properties(const std::string& name) const;
  [[nodiscard]] std::vector<BaseMetric> base_metrics() const;
  // ".sum", ".avg", ...: what can follow a base metric's name.
  [[nodiscard]] std::vector<std::string> rollups(const BaseMetric& base) const;

  // Plans the collection of `names`. Once a host: CUPTI adds each list to those before it.
  Expected<CollectionPlan> plan(const std::vector<std::string>& names);

  // The values of `names` for one range, or sample, of a decoded counter data image collected by this host's plan.
  [[nodiscard]] Expected<std::vector<double>> evaluate(const std::vector<uint8_t>& counter_data, size_t range_index,
                                                       const std::vector<std::string>& names) const;

 private:
  MetricHost(void* object, std::vector<uint8_t> availability);

  void* object_;                       // CUpti_Profiler_Host_Object*
  std::vector<uint8_t> availability_;  // CUPTI keeps a pointer to it
};

// The passes it takes to collect `names` together, on a host of their own.
Expected<int> count_passes(const std::string& chip_code_name, const std::vector<std::string>& names,
                           const std::vector<uint8_t>& availability = {});

// The code name ("GH100") of the GPU of this ordinal. Needs the driver.
Expected<std::string> chip_code_name(int ordinal);

}  // namespace scantune::cuda
