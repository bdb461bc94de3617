// Whether a GPU has been made to run slower than it can, as NVML tells. Included by the .cc files of this folder only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace scantune::cuda {

// What lowered the clocks, in words; empty where nothing did that disturbs a measurement. `reasons` is NVML's bit mask
// of clocks event reasons (nvml.h, nvmlClocksEventReason*). Idle clocks and limits that somebody has set are not a
// disturbance: they hold for the whole run. Nor is the power cap, which a GPU under load meets all the time.
std::string slowdown_text(uint64_t reasons);

class ClockWatch {
 public:
  // Null where NVML cannot be opened or does not know the GPU: then the copy control alone tells. `uuid` is the
  // GPU's, as in DeviceInfo ("GPU-...").
  static std::unique_ptr<ClockWatch> open(const std::string& uuid);

  ~ClockWatch();
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

  // What slows the GPU at this moment; empty where nothing does.
  [[nodiscard]] std::string slowed_by() const;

 private:
  using GetReasons = int (*)(void*, unsigned long long*);

  ClockWatch(void* device, GetReasons get_reasons, int (*shutdown)())
      : device_(device), get_reasons_(get_reasons), shutdown_(shutdown) {}

  void* device_;
  GetReasons get_reasons_;
  int (*shutdown_)();
};

}  // namespace scantune::cuda
