#include "cuda/cupti_host.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "cuda/cuda.h"
#include "cuda/cupti_api.h"

namespace scantune::cuda {
namespace {

constexpr std::array<std::pair<MetricKind, CUpti_MetricType>, 3> kKinds = {{
    {MetricKind::counter, CUPTI_METRIC_TYPE_COUNTER},
    {MetricKind::ratio, CUPTI_METRIC_TYPE_RATIO},
    {MetricKind::throughput, CUPTI_METRIC_TYPE_THROUGHPUT},
}};

CUpti_Profiler_Host_Object* host_object(void* object) { return static_cast<CUpti_Profiler_Host_Object*>(object); }

// CUPTI takes arrays of C strings; they live as long as `names`.
std::vector<const char*> c_strings(const std::vector<std::string>& names) {
  std::vector<const char*> pointers;
  pointers.reserve(names.size());
  for (const std::string& name : names) {
    pointers.push_back(name.c_str());
  }
  return pointers;
}

tl::unexpected<Error> failed(const CuptiApi& api, const char* call, CUptiResult result) {
  return fail(ErrorKind::environment, "{}", cupti_reason(api, call, result));
}

}  // namespace

MetricHost::MetricHost(void* object, std::vector<uint8_t> availability)
    : object_(object), availability_(std::move(availability)) {}

Expected<std::unique_ptr<MetricHost>> MetricHost::open(const std::string& chip_code_name,
                                                       std::vector<uint8_t> availability, MetricUse use) {
  const auto api = cupti_api();
  if (!api) {
    return tl::unexpected(api.error());
  }
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_Initialize_Params);
  params.profilerType =
      use == MetricUse::sampling ? CUPTI_PROFILER_TYPE_PM_SAMPLING : CUPTI_PROFILER_TYPE_RANGE_PROFILER;
  params.pChipName = chip_code_name.c_str();
  params.pCounterAvailabilityImage = availability.empty() ? nullptr : availability.data();
  const CUptiResult result = (*api)->cuptiProfilerHostInitialize(&params);
  if (result == CUPTI_ERROR_INVALID_CHIP_NAME) {
    const auto chips = metric_chips();
    return bad_input("CUPTI knows no chip '{}'; it knows {}", chip_code_name,
                     fmt::join(chips.value_or(std::vector<std::string>{}), ", "));
  }
  if (result != CUPTI_SUCCESS) {
    return failed(**api, "cuptiProfilerHostInitialize", result);
  }
  // Moving the vector leaves its buffer, and so CUPTI's pointer to it, where they are.
  return std::unique_ptr<MetricHost>(new MetricHost(params.pHostObject, std::move(availability)));
}

MetricHost::~MetricHost() {
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_Deinitialize_Params);
  params.pHostObject = host_object(object_);
  (*cupti_api())->cuptiProfilerHostDeinitialize(&params);
}

std::optional<MetricProperties> MetricHost::properties(const std::string& name) const {
  const CuptiApi& api = **cupti_api();
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetMetricProperties_Params);
  params.pHostObject = host_object(object_);
  params.pMetricName = name.c_str();
  // CUPTI answers for base names too, but collects names with a rollup only.
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos || api.cuptiProfilerHostGetMetricProperties(&params) != CUPTI_SUCCESS) {
    return std::nullopt;
  }
  MetricProperties properties;
  properties.unit = unit_of(params.pDimUnit == nullptr ? "" : params.pDimUnit);
  properties.description = params.pDescription == nullptr ? "" : params.pDescription;
  return properties;
}

std::vector<BaseMetric> MetricHost::base_metrics() const {
  const CuptiApi& api = **cupti_api();
  std::vector<BaseMetric> metrics;
  for (const auto& [kind, type] : kKinds) {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetBaseMetrics_Params);
    params.pHostObject = host_object(object_);
    params.metricType = type;
    if (api.cuptiProfilerHostGetBaseMetrics(&params) != CUPTI_SUCCESS) {
      continue;
    }
    for (size_t i = 0; i < params.numMetrics; ++i) {
      // "CTC.TriageCompute.ctc__rx_bytes": the same counters once more, for sampling.
      const std::string name = params.ppMetricNames[i];
      if (name.find('.') == std::string::npos) {
        metrics.push_back({name, kind});
      }
    }
  }
  std::sort(metrics.begin(), metrics.end(), [](const BaseMetric& a, const BaseMetric& b) { return a.name < b.name; });
  return metrics;
}

std::vector<std::string> MetricHost::rollups(const BaseMetric& base) const {
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetSubMetrics_Params);
  params.pHostObject = host_object(object_);
  params.pMetricName = base.name.c_str();
  for (const auto& [kind, type] : kKinds) {
    if (kind == base.kind) {
      params.metricType = type;
    }
  }
  if ((*cupti_api())->cuptiProfilerHostGetSubMetrics(&params) != CUPTI_SUCCESS) {
    return {};
  }
  return {params.ppSubMetrics, params.ppSubMetrics + params.numOfSubmetrics};
}

Expected<CollectionPlan> MetricHost::plan(const std::vector<std::string>& names) {
  const CuptiApi& api = **cupti_api();
  std::vector<const char*> pointers = c_strings(names);
  auto add = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics_Params);
  add.pHostObject = host_object(object_);
  add.ppMetricNames = pointers.data();
  add.numMetrics = pointers.size();
  if (const CUptiResult result = api.cuptiProfilerHostConfigAddMetrics(&add); result != CUPTI_SUCCESS) {
    std::set<std::string> units;
    for (const std::string& name : names) {
      units.insert(name.substr(0, name.find("__")));
    }
    if (units.size() > 1 && result == CUPTI_ERROR_NOT_SUPPORTED) {
      return fail(ErrorKind::environment, "CUPTI does not count metrics of all these units together: {}; ask for fewer",
                  fmt::join(units, ", "));
    }
    return failed(api, "cuptiProfilerHostConfigAddMetrics", result);
  }
  auto size = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImageSize_Params);
  size.pHostObject = host_object(object_);
  if (const CUptiResult result = api.cuptiProfilerHostGetConfigImageSize(&size); result != CUPTI_SUCCESS) {
    return failed(api, "cuptiProfilerHostGetConfigImageSize", result);
  }
  CollectionPlan plan;
  plan.config_image.resize(size.configImageSize);
  auto image = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetConfigImage_Params);
  image.pHostObject = host_object(object_);
  image.configImageSize = plan.config_image.size();
  image.pConfigImage = plan.config_image.data();
  if (const CUptiResult result = api.cuptiProfilerHostGetConfigImage(&image); result != CUPTI_SUCCESS) {
    return failed(api, "cuptiProfilerHostGetConfigImage", result);
  }
  auto passes = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetNumOfPasses_Params);
  passes.configImageSize = plan.config_image.size();
  passes.pConfigImage = plan.config_image.data();
  if (const CUptiResult result = api.cuptiProfilerHostGetNumOfPasses(&passes); result != CUPTI_SUCCESS) {
    return failed(api, "cuptiProfilerHostGetNumOfPasses", result);
  }
  plan.passes = static_cast<int>(passes.numOfPasses);
  return plan;
}

Expected<std::vector<double>> MetricHost::evaluate(const std::vector<uint8_t>& counter_data, size_t range_index,
                                                   const std::vector<std::string>& names) const {
  const CuptiApi& api = **cupti_api();
  std::vector<const char*> pointers = c_strings(names);
  std::vector<double> values(names.size());
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues_Params);
  params.pHostObject = host_object(object_);
  params.pCounterDataImage = counter_data.data();
  params.counterDataImageSize = counter_data.size();
  params.rangeIndex = range_index;
  params.ppMetricNames = pointers.data();
  params.numMetrics = pointers.size();
  params.pMetricValues = values.data();
  if (const CUptiResult result = api.cuptiProfilerHostEvaluateToGpuValues(&params); result != CUPTI_SUCCESS) {
    return failed(api, "cuptiProfilerHostEvaluateToGpuValues", result);
  }
  return values;
}

Expected<int> count_passes(const std::string& chip_code_name, const std::vector<std::string>& names,
                           const std::vector<uint8_t>& availability) {
  auto host = MetricHost::open(chip_code_name, availability);
  if (!host) {
    return tl::unexpected(host.error());
  }
  const auto plan = (*host)->plan(names);
  if (!plan) {
    return tl::unexpected(plan.error());
  }
  return plan->passes;
}

Expected<std::vector<std::string>> metric_chips() {
  const auto api = cupti_api();
  if (!api) {
    return tl::unexpected(api.error());
  }
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Host_GetSupportedChips_Params);
  if (const CUptiResult result = (*api)->cuptiProfilerHostGetSupportedChips(&params); result != CUPTI_SUCCESS) {
    return failed(**api, "cuptiProfilerHostGetSupportedChips", result);
  }
  return std::vector<std::string>(params.ppChipNames, params.ppChipNames + params.numChips);
}

Expected<std::string> chip_code_name(int ordinal) {
  const auto api = cupti_api();
  if (!api) {
    return tl::unexpected(api.error());
  }
  auto initialize = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Initialize_Params);
  if (const CUptiResult result = (*api)->cuptiProfilerInitialize(&initialize); result != CUPTI_SUCCESS) {
    return failed(**api, "cuptiProfilerInitialize", result);
  }
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Device_GetChipName_Params);
  params.deviceIndex = static_cast<size_t>(ordinal);
  if (const CUptiResult result = (*api)->cuptiDeviceGetChipName(&params); result != CUPTI_SUCCESS) {
    return failed(**api, "cuptiDeviceGetChipName", result);
  }
  return std::string(params.pChipName);
}

}  // namespace scantune::cuda
