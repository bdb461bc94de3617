#include "cuda/clock_watch.h"

#include <array>

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

struct Reason {
  uint64_t bit;
  const char* text;
};

// nvml.h's values, which are part of its ABI; the header itself is not part of every toolkit.
constexpr std::array kReasons = {
    Reason{0x08, "a hardware slowdown"},
    Reason{0x20, "the driver lowered the clocks, it is too hot"},
    Reason{0x40, "the hardware lowered the clocks, it is too hot"},
    Reason{0x80, "the power supply asked for a brake"},
};

}  // namespace

std::string slowdown_text(uint64_t reasons) {
  for (const Reason& reason : kReasons) {
    if ((reasons & reason.bit) != 0) {
      return reason.text;
    }
  }
  return "";
}

std::unique_ptr<ClockWatch> ClockWatch::open(const std::string& uuid) {
  const auto init = find_symbol(LibraryId::nvml, "nvmlInit_v2");
  const auto shutdown = find_symbol(LibraryId::nvml, "nvmlShutdown");
  const auto find_device = find_symbol(LibraryId::nvml, "nvmlDeviceGetHandleByUUID");
  auto reasons = find_symbol(LibraryId::nvml, "nvmlDeviceGetCurrentClocksEventReasons");
  if (!reasons) {
    reasons = find_symbol(LibraryId::nvml, "nvmlDeviceGetCurrentClocksThrottleReasons");  // its name before driver 535
  }
  if (!init || !shutdown || !find_device || !reasons || reinterpret_cast<int (*)()>(*init)() != 0) {
    return nullptr;
  }
  void* device = nullptr;
  const auto shut_down = reinterpret_cast<int (*)()>(*shutdown);
  if (reinterpret_cast<int (*)(const char*, void**)>(*find_device)(uuid.c_str(), &device) != 0) {
    shut_down();
    return nullptr;
  }
  return std::unique_ptr<ClockWatch>(new ClockWatch(device, reinterpret_cast<GetReasons>(*reasons), shut_down));
}

ClockWatch::~ClockWatch() { shutdown_(); }

std::string ClockWatch::slowed_by() const {
  unsigned long long reasons = 0;
  return get_reasons_(device_, &reasons) == 0 ? slowdown_text(reasons) : std::string();
}

}  // namespace scantune::cuda
