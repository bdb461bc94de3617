// Conversions of halves in integer arithmetic, rounded to nearest even, as the hardware's instructions do them.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "emulation/primitives.h"

namespace scantune::emulation {
namespace {

uint32_t bits_of(float value) {
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(uint32_t bits) {
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

float float_of_f16(unsigned short bits) {
  const uint32_t sign = (bits & 0x8000u) << 16;
  const int exponent = bits >> 10 & 0x1F;
  const uint32_t fraction = bits & 0x3FFu;
  if (exponent == 0x1F) {
    return float_of(sign | 0x7F800000u | fraction << 13);
  }
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                        : std::ldexp(static_cast<float>(fraction | 0x400u), exponent - 25);
  return float_of(sign | bits_of(magnitude));
}

unsigned short f16_of_float(float value) {
  const uint32_t bits = bits_of(value);
  const auto sign = static_cast<uint32_t>(bits >> 16 & 0x8000u);
  const float magnitude = std::fabs(value);
  if (std::isnan(value)) {
    return 0x7FFF;
  }
  if (magnitude == 0) {
    return static_cast<unsigned short>(sign);
  }
  if (magnitude >= 65520.0F) {
    return static_cast<unsigned short>(sign | 0x7C00u);
  }
  // In units of the last place, which nearbyint() rounds to even. Carries go into the exponent by themselves.
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const int place = exponent - 11 > -24 ? exponent - 11 : -24;
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(magnitude, -place)));
  return static_cast<unsigned short>(sign + (static_cast<uint32_t>(place + 24) << 10) + units);
}

float float_of_bf16(unsigned short bits) { return float_of(static_cast<uint32_t>(bits) << 16); }

unsigned short bf16_of_float(float value) {
  const uint32_t bits = bits_of(value);
  if (std::isnan(value)) {
    return 0x7FFF;
  }
  return static_cast<unsigned short>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace scantune::emulation
