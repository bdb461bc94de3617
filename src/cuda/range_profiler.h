// CUPTI's range profiler on one context: enabled, given a plan, taken through its passes, decoded.
// Includes CUDA headers: for src/cuda/*.cc only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/counters.h"
#include "cuda/cupti_api.h"
#include "cuda/cupti_host.h"

namespace scantune::cuda {

// Why a profile has no values.
struct Trouble {
  enum class Kind {
    once,     // this profile only
    mode,     // CUPTI does not take these launches in this range mode, or does not say what it dislikes
    lasting,  // no later profile will fare better
    device,   // the device is lost
  };
  Kind kind = Kind::once;
  std::string reason;
};

template <class T>
using Result = tl::expected<T, Trouble>;

inline tl::unexpected<Trouble> trouble(Trouble::Kind kind, std::string reason) {
  return tl::unexpected(Trouble{kind, std::move(reason)});
}

inline tl::unexpected<Trouble> trouble(const Error& error) {
  return trouble(error.kind == ErrorKind::device_lost ? Trouble::Kind::device : Trouble::Kind::once, error.message);
}

class RangeProfiler {
 public:
  RangeProfiler(CUcontext context, int device) : context_(context), device_(device) {}
  ~RangeProfiler() { disable(); }
  RangeProfiler(const RangeProfiler&) = delete;
  RangeProfiler& operator=(const RangeProfiler&) = delete;

  // Loads CUPTI, asks whether the device has counters, and enables profiling. Nothing to do where
  // it is enabled. The rest may be called only then.
  Result<void> enable();
  [[nodiscard]] bool enabled() const { return object_ != nullptr; }
  void disable();
  // For a lost device, which must not be touched again.
  void forget() { object_ = nullptr; }

  [[nodiscard]] const std::string& chip() const { return chip_; }
  // Which counters the device offers, for MetricHost::open.
  [[nodiscard]] const std::vector<uint8_t>& availability() const { return availability_; }

  // Makes ready for the passes of `plan`, which collects `terms`, with room for `ranges` ranges.
  // `plan` must outlive them.
  Result<void> configure(const CollectionPlan& plan, const std::vector<std::string>& terms, size_t ranges,
                         RangeMode mode);

  // One pass over the launches. True where it was the last one needed.
  Result<bool> take_pass(const std::vector<ProfiledLaunch>& launches, const PassHooks& hooks);

  // After the last pass: fills counter_data() and says which of its ranges each launch has. `led`:
  // how many kernels led them, which have the first ranges where ranges are kernels.
  Result<std::vector<size_t>> decode(size_t launches, size_t led);
  [[nodiscard]] const std::vector<uint8_t>& counter_data() const { return counter_data_; }

 private:
  Result<void> check_support();
  Result<void> read_availability();
  Result<void> enqueue_in_range(const ProfiledLaunch& launch, size_t index,
                                const std::function<Expected<void>()>& synchronize);
  [[nodiscard]] Result<void> check(const char* call, CUptiResult result) const;

  CUcontext context_;
  int device_;
  const CuptiApi* api_ = nullptr;
  std::string chip_;
  std::vector<uint8_t> availability_;
  CUpti_RangeProfiler_Object* object_ = nullptr;  // not null: enabled
  RangeMode mode_ = RangeMode::per_kernel;
  std::vector<uint8_t> counter_data_;  // CUPTI writes here from SetConfig to DecodeData
};

}  // namespace scantune::cuda
