#include "core/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace scantune {

// Units are chosen by the value as it is printed, so that 1023.999 KiB reads 1.00 MiB.
std::string format_bytes(int64_t bytes) {
  constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::abs(value) >= (unit == 0 ? 1024 : 1023.995) && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.2f} {}", value, kUnits.at(unit));
}

std::string format_time(double time_ns) {
  if (time_ns < 999.5) {
    return fmt::format("{:.0f} ns", time_ns);
  }
  if (time_ns < 999.995e3) {
    return fmt::format("{:.2f} us", time_ns / 1e3);
  }
  if (time_ns < 999.9995e6) {
    return fmt::format("{:.3f} ms", time_ns / 1e6);
  }
  return fmt::format("{:.3f} s", time_ns / 1e9);
}

std::string format_rate(double bytes_per_s) {
  if (bytes_per_s >= 99.95e9) {
    return fmt::format("{:.0f} GB/s", bytes_per_s / 1e9);
  }
  return fmt::format("{:.1f} GB/s", bytes_per_s / 1e9);
}

std::string format_seconds(double seconds) {
  if (seconds < 59.95) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) {
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace scantune
