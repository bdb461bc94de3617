// CUPTI's functions, found at run time: host API (metric names, passes; no GPU) and range profiler.
// Includes CUDA headers: for src/cuda/*.cc only.
#pragma once

#include <cupti_pmsampling.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_result.h>
#include <cupti_target.h>

#include <string>

#include "core/expected.h"

namespace scantune::cuda {

// clang-format off
#define SCANTUNE_CUPTI_FUNCTIONS(X)              \
  X(cuptiGetResultString)                        \
  X(cuptiProfilerHostGetSupportedChips)          \
  X(cuptiProfilerHostInitialize)                 \
  X(cuptiProfilerHostDeinitialize)               \
  X(cuptiProfilerHostGetBaseMetrics)             \
  X(cuptiProfilerHostGetSubMetrics)              \
  X(cuptiProfilerHostGetMetricProperties)        \
  X(cuptiProfilerHostConfigAddMetrics)           \
  X(cuptiProfilerHostGetConfigImageSize)         \
  X(cuptiProfilerHostGetConfigImage)             \
  X(cuptiProfilerHostGetNumOfPasses)             \
  X(cuptiProfilerHostEvaluateToGpuValues)        \
  X(cuptiProfilerInitialize)                     \
  X(cuptiProfilerDeviceSupported)                \
  X(cuptiProfilerGetCounterAvailability)         \
  X(cuptiDeviceGetChipName)                      \
  X(cuptiRangeProfilerEnable)                    \
  X(cuptiRangeProfilerDisable)                   \
  X(cuptiRangeProfilerSetConfig)                 \
  X(cuptiRangeProfilerStart)                     \
  X(cuptiRangeProfilerStop)                      \
  X(cuptiRangeProfilerPushRange)                 \
  X(cuptiRangeProfilerPopRange)                  \
  X(cuptiRangeProfilerDecodeData)                \
  X(cuptiRangeProfilerGetCounterDataSize)        \
  X(cuptiRangeProfilerCounterDataImageInitialize)\
  X(cuptiRangeProfilerGetCounterDataInfo)        \
  X(cuptiRangeProfilerCounterDataGetRangeInfo)   \
  X(cuptiPmSamplingEnable)                       \
  X(cuptiPmSamplingDisable)                      \
  X(cuptiPmSamplingSetConfig)                    \
  X(cuptiPmSamplingStart)                        \
  X(cuptiPmSamplingStop)                         \
  X(cuptiPmSamplingDecodeData)                   \
  X(cuptiPmSamplingGetCounterAvailability)       \
  X(cuptiPmSamplingGetCounterDataSize)           \
  X(cuptiPmSamplingCounterDataImageInitialize)   \
  X(cuptiPmSamplingGetCounterDataInfo)           \
  X(cuptiPmSamplingCounterDataGetSampleInfo)
// clang-format on

struct CuptiApi {
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member cannot be in parentheses
#define SCANTUNE_DECLARE(function) decltype(&::function) function = nullptr;
  SCANTUNE_CUPTI_FUNCTIONS(SCANTUNE_DECLARE)
#undef SCANTUNE_DECLARE
};

// The table, filled at the first call; an error of kind environment names what is missing.
Expected<const CuptiApi*> cupti_api();

// A parameter block with its size set and all else zero, as every CUPTI call wants it.
template <class Params>
Params sized(size_t struct_size) {
  Params params{};
  params.structSize = struct_size;
  return params;
}
#define SCANTUNE_CUPTI_PARAMS(name) ::scantune::cuda::sized<name>(name##_STRUCT_SIZE)

// Why a CUPTI call failed and what to do about it, in one line.
std::string cupti_reason(const CuptiApi& api, const char* call, CUptiResult result);

}  // namespace scantune::cuda
