#include "cuda/pm_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "cuda/cupti_api.h"
#include "cuda/cupti_host.h"

namespace scantune::cuda {
namespace {

constexpr size_t kHardwareBufferBytes = size_t{256} << 20;
constexpr uint32_t kMostSamples = 100'000;
constexpr double kLongestIntervals = 8;  // of a sample: intervals of clocks are longer where the clock is slow
constexpr double kSystemClockGhz =
    1.5;  // about that of a GPU that counts clocks rather than time; samples say when they were

tl::unexpected<Failure> failed(std::string what) {
  return tl::unexpected(Failure{FailureKind::launch, std::move(what)});
}

// PM sampling of one device, on from enable() to the end of its life.
class Sampler {
 public:
  explicit Sampler(const CuptiApi& api) : api_(api) {}
  ~Sampler() {
    if (object_ != nullptr) {
      auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_Disable_Params);
      params.pPmSamplingObject = object_;
      api_.cuptiPmSamplingDisable(&params);
    }
  }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  tl::expected<void, Failure> enable(int device) {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_Enable_Params);
    params.deviceIndex = static_cast<size_t>(device);
    if (auto enabled = check("cuptiPmSamplingEnable", api_.cuptiPmSamplingEnable(&params)); !enabled) {
      return enabled;
    }
    object_ = params.pPmSamplingObject;
    return {};
  }

  tl::expected<void, Failure> configure(const CollectionPlan& plan, double interval_ns) {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_SetConfig_Params);
    params.pPmSamplingObject = object_;
    params.configSize = plan.config_image.size();
    params.pConfig = plan.config_image.data();
    params.hardwareBufferSize = kHardwareBufferBytes;
    params.samplingInterval = static_cast<uint64_t>(interval_ns);
    params.triggerMode = CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_TIME_INTERVAL;
    params.hwBufferAppendMode = CUPTI_PM_SAMPLING_HARDWARE_BUFFER_APPEND_MODE_KEEP_OLDEST;
    CUptiResult result = api_.cuptiPmSamplingSetConfig(&params);
    if (result == CUPTI_ERROR_NOT_SUPPORTED || result == CUPTI_ERROR_INVALID_PARAMETER) {
      // Turing and GA100 sample at intervals of clocks only.
      params.samplingInterval = static_cast<uint64_t>(interval_ns * kSystemClockGhz);
      params.triggerMode = CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_SYSCLK_INTERVAL;
      result = api_.cuptiPmSamplingSetConfig(&params);
    }
    return check("cuptiPmSamplingSetConfig", result);
  }

  tl::expected<void, Failure> make_room(const std::vector<std::string>& metrics) {
    std::vector<const char*> names;
    names.reserve(metrics.size());
    for (const std::string& metric : metrics) {
      names.push_back(metric.c_str());
    }
    auto size = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_GetCounterDataSize_Params);
    size.pPmSamplingObject = object_;
    size.pMetricNames = names.data();
    size.numMetrics = names.size();
    size.maxSamples = kMostSamples;
    if (auto asked = check("cuptiPmSamplingGetCounterDataSize", api_.cuptiPmSamplingGetCounterDataSize(&size));
        !asked) {
      return asked;
    }
    counter_data_.resize(size.counterDataSize);
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_CounterDataImage_Initialize_Params);
    params.pPmSamplingObject = object_;
    params.counterDataSize = counter_data_.size();
    params.pCounterData = counter_data_.data();
    return check("cuptiPmSamplingCounterDataImageInitialize", api_.cuptiPmSamplingCounterDataImageInitialize(&params));
  }

  tl::expected<void, Failure> start() {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_Start_Params);
    params.pPmSamplingObject = object_;
    return check("cuptiPmSamplingStart", api_.cuptiPmSamplingStart(&params));
  }

  tl::expected<void, Failure> stop() {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_Stop_Params);
    params.pPmSamplingObject = object_;
    return check("cuptiPmSamplingStop", api_.cuptiPmSamplingStop(&params));
  }

  tl::expected<std::vector<TimelineSample>, Failure> decode(const MetricHost& host,
                                                            const std::vector<std::string>& metrics,
                                                            double interval_ns) {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_DecodeData_Params);
    params.pPmSamplingObject = object_;
    params.pCounterDataImage = counter_data_.data();
    params.counterDataImageSize = counter_data_.size();
    if (const auto decoded = check("cuptiPmSamplingDecodeData", api_.cuptiPmSamplingDecodeData(&params)); !decoded) {
      return tl::unexpected(decoded.error());
    }
    if (params.overflow != 0) {
      return failed("more samples than the GPU's buffer holds: ask for a longer interval between them");
    }
    auto count = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_GetCounterDataInfo_Params);
    count.pCounterDataImage = counter_data_.data();
    count.counterDataImageSize = counter_data_.size();
    if (const auto counted = check("cuptiPmSamplingGetCounterDataInfo", api_.cuptiPmSamplingGetCounterDataInfo(&count));
        !counted) {
      return tl::unexpected(counted.error());
    }
    std::vector<TimelineSample> samples;
    uint64_t first = 0;
    for (size_t i = 0; i < count.numCompletedSamples; ++i) {
      auto when = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_CounterData_GetSampleInfo_Params);
      when.pPmSamplingObject = object_;
      when.pCounterDataImage = counter_data_.data();
      when.counterDataImageSize = counter_data_.size();
      when.sampleIndex = i;
      if (const auto told =
              check("cuptiPmSamplingCounterDataGetSampleInfo", api_.cuptiPmSamplingCounterDataGetSampleInfo(&when));
          !told) {
        return tl::unexpected(told.error());
      }
      // The first one that CUPTI hands out may reach back to before the sampler was started: 2 s on an H200.
      if (static_cast<double>(when.endTimestamp - when.startTimestamp) > kLongestIntervals * interval_ns) {
        continue;
      }
      first = samples.empty() ? when.startTimestamp : first;
      auto values = host.evaluate(counter_data_, i, metrics);
      if (!values) {
        return failed(values.error().message);
      }
      if (!std::ranges::all_of(*values, [](double value) { return std::isfinite(value); })) {
        continue;  // not all of its counters were read
      }
      samples.push_back({.begin_ns = static_cast<double>(when.startTimestamp - first),
                         .end_ns = static_cast<double>(when.endTimestamp - first),
                         .values = *std::move(values)});
    }
    return samples;
  }

 private:
  [[nodiscard]] tl::expected<void, Failure> check(const char* call, CUptiResult result) const {
    return result == CUPTI_SUCCESS ? tl::expected<void, Failure>() : failed(cupti_reason(api_, call, result));
  }

  const CuptiApi& api_;
  CUpti_PmSampling_Object* object_ = nullptr;
  std::vector<uint8_t> counter_data_;
};

Expected<std::vector<uint8_t>> sampling_availability(const CuptiApi& api, int device) {
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_PmSampling_GetCounterAvailability_Params);
  params.deviceIndex = static_cast<size_t>(device);
  std::vector<uint8_t> image;
  for (int call = 0; call < 2; ++call) {  // first for the size
    if (const CUptiResult result = api.cuptiPmSamplingGetCounterAvailability(&params); result != CUPTI_SUCCESS) {
      return fail(ErrorKind::environment, "{}", cupti_reason(api, "cuptiPmSamplingGetCounterAvailability", result));
    }
    image.resize(params.counterAvailabilityImageSize);
    params.pCounterAvailabilityImage = image.data();
  }
  return image;
}

// The samples from where the device came to work to where it ceased, with one idle sample at each end. Starting and
// stopping the sampler keeps DRAM busy for moments, too: of several stretches the one with most work is the run.
std::vector<TimelineSample> trimmed(const std::vector<TimelineSample>& samples) {
  constexpr size_t kPause = 16;  // idle samples that end a stretch: more than from a launch to the next
  size_t best_begin = 0;
  size_t best_end = 0;
  double best_work = 0;
  double work = 0;
  size_t begin = 0;
  size_t end = 0;  // after the last busy one
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].busy()) {
      continue;
    }
    if (i >= end + kPause) {
      begin = i;
      work = 0;
    }
    end = i + 1;
    work += std::ranges::max(samples[i].values) * (samples[i].end_ns - samples[i].begin_ns);
    if (work > best_work) {
      best_work = work;
      best_begin = begin;
      best_end = end;
    }
  }
  best_begin -= best_begin > 0 ? 1 : 0;
  best_end += best_end > 0 && best_end < samples.size() ? 1 : 0;
  std::vector<TimelineSample> kept(samples.begin() + static_cast<std::ptrdiff_t>(best_begin),
                                   samples.begin() + static_cast<std::ptrdiff_t>(best_end));
  const double first = kept.empty() ? 0 : kept.front().begin_ns;
  for (TimelineSample& sample : kept) {
    sample.begin_ns -= first;
    sample.end_ns -= first;
  }
  return kept;
}

}  // namespace

tl::expected<Timeline, Failure> sample_run(int device, const TimelineSpec& spec, const SampledRun& run) {
  const auto api = cupti_api();
  if (!api) {
    return failed(api.error().message);
  }
  const auto chip = chip_code_name(device);
  if (!chip) {
    return failed(chip.error().message);
  }
  auto availability = sampling_availability(**api, device);
  if (!availability) {
    return failed(availability.error().message);
  }
  const auto host = MetricHost::open(*chip, *std::move(availability), MetricUse::sampling);
  if (!host) {
    return failed(host.error().message);
  }
  Timeline timeline{.metrics = spec.metrics, .units = {}, .samples = {}};
  for (const std::string& metric : spec.metrics) {
    const auto properties = (*host)->properties(metric);
    if (!properties) {
      return failed(fmt::format("{} has no counter {} that can be sampled", *chip, metric));
    }
    timeline.units.push_back(properties->unit);
  }
  const auto plan = (*host)->plan(spec.metrics);
  if (!plan) {
    return failed(plan.error().message);
  }
  if (plan->passes != 1) {
    return failed(fmt::format("these counters take {} passes, and only what takes one can be sampled: ask for fewer",
                              plan->passes));
  }
  Sampler sampler(**api);
  const auto ready =
      sampler.enable(device).and_then([&] { return sampler.configure(*plan, spec.interval_ns); }).and_then([&] {
        return sampler.make_room(spec.metrics);
      });
  if (!ready) {
    return tl::unexpected(ready.error());
  }
  const auto lost = [](const Error& error) {
    return tl::unexpected(
        Failure{error.kind == ErrorKind::device_lost ? FailureKind::device : FailureKind::launch, error.message});
  };
  if (const auto prepared = run.before().and_then(run.synchronize); !prepared) {
    return lost(prepared.error());
  }
  if (const auto started = sampler.start(); !started) {
    return tl::unexpected(started.error());
  }
  const auto ran = run.enqueue().and_then(run.synchronize);
  const auto stopped = sampler.stop();
  if (!ran) {
    return lost(ran.error());
  }
  if (!stopped) {
    return tl::unexpected(stopped.error());
  }
  auto samples = sampler.decode(**host, spec.metrics, spec.interval_ns);
  if (!samples) {
    return tl::unexpected(samples.error());
  }
  timeline.samples = trimmed(*samples);
  return timeline;
}

}  // namespace scantune::cuda
