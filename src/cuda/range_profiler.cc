#include "cuda/range_profiler.h"

#include <link.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

// Another tool that keeps the counters, or CUPTI itself, to itself, known by the library it puts
// into the process. CUPTI beside one of them fails late and without saying why.
std::string attached_tool() {
  struct Search {
    std::string tool;
  } search;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t /*size*/, void* data) {
        constexpr std::array<std::pair<const char*, const char*>, 3> kTools = {{
            {"libsanitizer-collection", "compute-sanitizer"},
            {"libcuda-injection", "ncu"},
            {"libToolsInjection", "nsys"},
        }};
        for (const auto& [library, tool] : kTools) {
          if (info->dlpi_name != nullptr && std::strstr(info->dlpi_name, library) != nullptr) {
            static_cast<Search*>(data)->tool = tool;
          }
        }
        return 0;
      },
      &search);
  return search.tool;
}

// What of the device or its configuration stands against counters.
std::string unsupported_reason(const CUpti_Profiler_DeviceSupported_Params& support) {
  const auto bad = [](CUpti_Profiler_Support_Level level) {
    return level == CUPTI_PROFILER_CONFIGURATION_UNSUPPORTED || level == CUPTI_PROFILER_CONFIGURATION_DISABLED;
  };
  const std::pair<CUpti_Profiler_Support_Level, CUptiResult> causes[] = {
      {support.vGpu, support.vGpu == CUPTI_PROFILER_CONFIGURATION_DISABLED
                         ? CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES
                         : CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED},
      {support.confidentialCompute, CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED},
      {support.wsl, CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED},
      {support.sli, CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED},
      {support.cmp, CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED},
      {support.architecture, CUPTI_ERROR_LEGACY_PROFILER_NOT_SUPPORTED},
  };
  for (const auto& [level, cause] : causes) {
    if (bad(level)) {
      return cupti_reason(**cupti_api(), "cuptiProfilerDeviceSupported", cause);
    }
  }
  return "CUPTI has no counters for this GPU in its present configuration";
}

Trouble::Kind kind_of(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_HARDWARE_BUSY:
    case CUPTI_ERROR_OUT_OF_MEMORY:
      return Trouble::Kind::once;
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED:
    case CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED:
    case CUPTI_ERROR_LEGACY_PROFILER_NOT_SUPPORTED:
    case CUPTI_ERROR_INVALID_CHIP_NAME:
    case CUPTI_ERROR_NOT_COMPATIBLE:
    case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
      return Trouble::Kind::lasting;
    default:
      return Trouble::Kind::mode;
  }
}

}  // namespace

Result<void> RangeProfiler::check(const char* call, CUptiResult result) const {
  if (result == CUPTI_SUCCESS) {
    return {};
  }
  return trouble(kind_of(result), cupti_reason(*api_, call, result));
}

Result<void> RangeProfiler::enable() {
  if (enabled()) {
    return {};
  }
  if (api_ == nullptr) {
    if (const std::string tool = attached_tool(); !tool.empty()) {
      return trouble(Trouble::Kind::lasting, tool + " is attached to this process and keeps CUPTI out: run without it");
    }
    const auto api = cupti_api();
    if (!api) {
      return trouble(Trouble::Kind::lasting, api.error().message);
    }
    api_ = *api;
  }
  if (availability_.empty()) {
    auto initialize = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_Initialize_Params);
    auto done = check("cuptiProfilerInitialize", api_->cuptiProfilerInitialize(&initialize))
                    .and_then([this] { return check_support(); })
                    .and_then([this] { return read_availability(); });
    if (!done) {
      return done;
    }
  }
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_Enable_Params);
  params.ctx = context_;
  auto done = check("cuptiRangeProfilerEnable", api_->cuptiRangeProfilerEnable(&params));
  if (done) {
    object_ = params.pRangeProfilerObject;
  }
  return done;
}

void RangeProfiler::disable() {
  if (enabled()) {
    auto params = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_Disable_Params);
    params.pRangeProfilerObject = std::exchange(object_, nullptr);
    api_->cuptiRangeProfilerDisable(&params);
  }
}

Result<void> RangeProfiler::check_support() {
  const auto device_get = find_symbol(LibraryId::driver, "cuDeviceGet");
  if (!device_get) {
    return trouble(Trouble::Kind::lasting, device_get.error().message);
  }
  auto support = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_DeviceSupported_Params);
  support.api = CUPTI_PROFILER_RANGE_PROFILING;
  if (reinterpret_cast<decltype(&::cuDeviceGet)>(*device_get)(&support.cuDevice, device_) != CUDA_SUCCESS) {
    return trouble(Trouble::Kind::lasting, fmt::format("the driver has no device {}", device_));
  }
  if (auto done = check("cuptiProfilerDeviceSupported", api_->cuptiProfilerDeviceSupported(&support)); !done) {
    return done;
  }
  if (support.isSupported != CUPTI_PROFILER_CONFIGURATION_SUPPORTED) {
    return trouble(Trouble::Kind::lasting, unsupported_reason(support));
  }
  auto name = SCANTUNE_CUPTI_PARAMS(CUpti_Device_GetChipName_Params);
  name.deviceIndex = static_cast<size_t>(device_);
  auto done = check("cuptiDeviceGetChipName", api_->cuptiDeviceGetChipName(&name));
  if (done) {
    chip_ = name.pChipName;
  }
  return done;
}

// CUPTI answers this only while the context is not being profiled.
Result<void> RangeProfiler::read_availability() {
  auto params = SCANTUNE_CUPTI_PARAMS(CUpti_Profiler_GetCounterAvailability_Params);
  params.ctx = context_;
  if (context_ == nullptr) {  // CUPTI would take whichever context is current
    return trouble(Trouble::Kind::lasting, "there is no CUDA context to profile");
  }
  const char* call = "cuptiProfilerGetCounterAvailability";
  if (auto done = check(call, api_->cuptiProfilerGetCounterAvailability(&params)); !done) {
    return done;
  }
  std::vector<uint8_t> image(params.counterAvailabilityImageSize);
  params.pCounterAvailabilityImage = image.data();
  auto done = check(call, api_->cuptiProfilerGetCounterAvailability(&params));
  if (done) {
    availability_ = std::move(image);
  }
  return done;
}

Result<void> RangeProfiler::configure(const CollectionPlan& plan, const std::vector<std::string>& terms, size_t ranges,
                                      RangeMode mode) {
  mode_ = mode;
  std::vector<const char*> names;
  std::transform(terms.begin(), terms.end(), std::back_inserter(names),
                 [](const std::string& name) { return name.c_str(); });
  auto size = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_GetCounterDataSize_Params);
  size.pRangeProfilerObject = object_;
  size.pMetricNames = names.data();
  size.numMetrics = names.size();
  size.maxNumOfRanges = ranges;
  size.maxNumRangeTreeNodes = static_cast<uint32_t>(ranges);
  if (auto done = check("cuptiRangeProfilerGetCounterDataSize", api_->cuptiRangeProfilerGetCounterDataSize(&size));
      !done) {
    return done;
  }
  counter_data_.assign(size.counterDataSize, 0);
  auto image = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize_Params);
  image.pRangeProfilerObject = object_;
  image.counterDataSize = counter_data_.size();
  image.pCounterData = counter_data_.data();
  if (auto done = check("cuptiRangeProfilerCounterDataImageInitialize",
                        api_->cuptiRangeProfilerCounterDataImageInitialize(&image));
      !done) {
    return done;
  }
  auto config = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_SetConfig_Params);
  config.pRangeProfilerObject = object_;
  config.configSize = plan.config_image.size();
  config.pConfig = plan.config_image.data();
  config.counterDataImageSize = counter_data_.size();
  config.pCounterDataImage = counter_data_.data();
  config.range = mode == RangeMode::per_kernel ? CUPTI_AutoRange : CUPTI_UserRange;
  config.replayMode = CUPTI_UserReplay;
  config.maxRangesPerPass = ranges;
  config.numNestingLevels = 1;
  config.minNestingLevel = 1;
  config.passIndex = 0;
  config.targetNestingLevel = 1;
  return check("cuptiRangeProfilerSetConfig", api_->cuptiRangeProfilerSetConfig(&config));
}

Result<bool> RangeProfiler::take_pass(const std::vector<ProfiledLaunch>& launches, const PassHooks& hooks) {
  auto start = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_Start_Params);
  start.pRangeProfilerObject = object_;
  if (auto done = check("cuptiRangeProfilerStart", api_->cuptiRangeProfilerStart(&start)); !done) {
    return tl::unexpected(done.error());
  }
  Result<void> launched;
  if (const auto led = hooks.lead ? hooks.lead() : Expected<void>{}; !led) {
    launched = trouble(led.error());
  }
  for (size_t i = 0; i < launches.size() && launched; ++i) {
    if (mode_ == RangeMode::per_launch) {
      launched = enqueue_in_range(launches[i], i, hooks.synchronize);
    } else if (const auto done = launches[i].enqueue(); !done) {
      launched = trouble(done.error());
    }
  }
  if (const auto idle = launched ? hooks.synchronize() : Expected<void>{}; !idle) {
    launched = trouble(idle.error());
  }
  if (!launched && launched.error().kind == Trouble::Kind::device) {
    return tl::unexpected(launched.error());
  }
  auto stop = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_Stop_Params);
  stop.pRangeProfilerObject = object_;
  const auto stopped = check("cuptiRangeProfilerStop", api_->cuptiRangeProfilerStop(&stop));
  if (!launched || !stopped) {
    return tl::unexpected(launched ? stopped.error() : launched.error());
  }
  return stop.isAllPassSubmitted != 0;
}

Result<void> RangeProfiler::enqueue_in_range(const ProfiledLaunch& launch, size_t index,
                                             const std::function<Expected<void>()>& synchronize) {
  const std::string name = fmt::format("{}", index);
  auto push = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_PushRange_Params);
  push.pRangeProfilerObject = object_;
  push.pRangeName = name.c_str();
  if (auto done = check("cuptiRangeProfilerPushRange", api_->cuptiRangeProfilerPushRange(&push)); !done) {
    return done;
  }
  // The range must not end before the launch does.
  const auto done = launch.enqueue().and_then(synchronize);
  Result<void> launched = done ? Result<void>{} : trouble(done.error());
  if (!launched && launched.error().kind == Trouble::Kind::device) {
    return launched;
  }
  auto pop = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_PopRange_Params);
  pop.pRangeProfilerObject = object_;
  auto popped = check("cuptiRangeProfilerPopRange", api_->cuptiRangeProfilerPopRange(&pop));
  return launched ? popped : launched;
}

Result<std::vector<size_t>> RangeProfiler::decode(size_t launches, size_t led) {
  const size_t uncounted = mode_ == RangeMode::per_kernel ? led : 0;
  auto decode = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_DecodeData_Params);
  decode.pRangeProfilerObject = object_;
  if (auto done = check("cuptiRangeProfilerDecodeData", api_->cuptiRangeProfilerDecodeData(&decode)); !done) {
    return tl::unexpected(done.error());
  }
  auto info = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_GetCounterDataInfo_Params);
  info.pCounterDataImage = counter_data_.data();
  info.counterDataImageSize = counter_data_.size();
  if (auto done = check("cuptiRangeProfilerGetCounterDataInfo", api_->cuptiRangeProfilerGetCounterDataInfo(&info));
      !done) {
    return tl::unexpected(done.error());
  }
  if (info.numTotalRanges != launches + uncounted || decode.numOfRangeDropped != 0) {
    return trouble(Trouble::Kind::mode,
                   fmt::format("CUPTI counted {} ranges and dropped {} where {} were launched", info.numTotalRanges,
                               decode.numOfRangeDropped, launches + uncounted));
  }
  // In both modes a range's name is a number that counts up; where it lies in the image is CUPTI's affair.
  std::vector<std::pair<uint64_t, size_t>> numbered;
  for (size_t i = 0; i < launches + uncounted; ++i) {
    auto range = SCANTUNE_CUPTI_PARAMS(CUpti_RangeProfiler_CounterData_GetRangeInfo_Params);
    range.pCounterDataImage = counter_data_.data();
    range.counterDataImageSize = counter_data_.size();
    range.rangeIndex = i;
    range.rangeDelimiter = "/";
    if (auto done =
            check("cuptiRangeProfilerCounterDataGetRangeInfo", api_->cuptiRangeProfilerCounterDataGetRangeInfo(&range));
        !done) {
      return tl::unexpected(done.error());
    }
    const std::string name = range.rangeName == nullptr ? "" : range.rangeName;
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) {
      return trouble(Trouble::Kind::mode, fmt::format("CUPTI named a range '{}', not by a number", name));
    }
    numbered.emplace_back(number, i);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<size_t> order;
  std::transform(numbered.begin() + static_cast<std::ptrdiff_t>(uncounted), numbered.end(), std::back_inserter(order),
                 [](const auto& pair) { return pair.second; });
  return order;
}

}  // namespace scantune::cuda
