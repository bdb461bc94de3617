#include "cuda/verification.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "catalog/embedded.h"
#include "workload.h"

namespace scantune::cuda::verification {
namespace {

constexpr int kWarp = 32;

const char* element_name(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return "F16";
    case DType::bf16:
      return "BF16";
    case DType::f32:
      return "F32";
    case DType::f64:
      return "F64";
    case DType::i32:
      return "I32";
    case DType::i64:
      return "I64";
  }
  return "";
}

// A correct sum in float of m values in any order errs by less than (m - 1) * u * sum |x|, but rounding errors
// differ in sign, so that it errs by about u * sum |x| however long the row: over 2^26 of these inputs
// the serial order, which is the worst, came to 2.7 of those. 8 leaves room, and still tells apart
// whatever sums in a narrower type or takes a suffix as a difference of two prefixes.
constexpr double kSummation = 8;

// Half the distance from 1 to the next value: the largest relative error of one rounding.
double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return std::ldexp(1.0, -11);
    case DType::bf16:
      return std::ldexp(1.0, -8);
    case DType::f32:
      return std::ldexp(1.0, -24);
    case DType::f64:
      return std::ldexp(1.0, -53);
    default:
      return 0;
  }
}

std::vector<Launch> entries(const Workload& workload) {
  const std::string element = fmt::format("scantune::verify::{}", element_name(workload.dtype));
  const std::string output = fmt::format("scantune::verify::{}", element_name(workload.output_dtype()));
  const int per_unit = lanes(workload.geometry());
  std::vector<std::string> names = {
      fmt::format("scantune::verify::generate_exact<{}, {}>", element, output),
      fmt::format("scantune::verify::check_exact<{}, {}>", element, output),
      "scantune::verify::check_guard",
      "scantune::verify::flush_cache",
  };
  if (is_floating(workload.dtype)) {
    names.push_back(fmt::format("scantune::verify::generate_mixed<{}>", element));
    names.push_back(fmt::format("scantune::verify::segment_sums<{}, {}>", element, per_unit));
    names.emplace_back("scantune::verify::suffix_sums_short");
    names.emplace_back("scantune::verify::suffix_sums_long");
    names.push_back(fmt::format("scantune::verify::check_bound<{}, {}>", element, per_unit));
  }
  std::vector<Launch> launches;
  launches.reserve(names.size());
  for (std::string& name : names) {
    launches.push_back({.entry = std::move(name), .grid_blocks = 1, .block_threads = kThreads});
  }
  return launches;
}

}  // namespace

Kernel kernel() {
  Kernel kernel;
  kernel.name = "verify";
  kernel.summary = "generates inputs and checks outputs";
  kernel.backend = Backend::cuda;
  kernel.sources = embedded({"verify.cuh", "workload.h"});
  kernel.launches = [](const Variant&, const Workload& workload, const Chip&) { return entries(workload); };
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  return kernel;
}

int exact_bits(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return static_cast<int>(ExactBits::f16);
    case DType::bf16:
      return static_cast<int>(ExactBits::bf16);
    case DType::f32:
      return static_cast<int>(ExactBits::f32);
    case DType::f64:
      return static_cast<int>(ExactBits::f64);
    case DType::i32:
      return static_cast<int>(ExactBits::i32);
    case DType::i64:
      return static_cast<int>(ExactBits::i64);
  }
  return 0;
}

int lanes(const Geometry& geometry) { return geometry.inner >= kWarp || geometry.n <= kWarp ? 1 : kWarp; }

// Segments are long enough that their sums take little memory, and where one lane does a segment, short
// enough that neither the segments of a line nor the positions of a segment keep it busy for long.
Segments segments(const Geometry& geometry) {
  int64_t length = 1024;
  if (lanes(geometry) == 1) {
    const auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(geometry.n)));
    length = std::max<int64_t>(256, static_cast<int64_t>(std::bit_ceil(root)));
  }
  const auto per_line = static_cast<uint64_t>((geometry.n + length - 1) / length);
  return {geometry.n, static_cast<uint64_t>(geometry.inner), length, per_line,
          static_cast<uint64_t>(geometry.outer * geometry.inner) * per_line};
}

int64_t sums_bytes(const Workload& workload) {
  const Segments cut = segments(workload.geometry());
  return is_floating(workload.dtype) && cut.per_line > 1 ? static_cast<int64_t>(cut.units * sizeof(Sums)) : 0;
}

bool lines_are_short(const Segments& segments) { return segments.per_line <= 256; }

Tolerance tolerance(const Workload& workload) {
  // Below its normal range the steps of a type no longer shrink: f16's is 2^-24. The inputs are
  // multiples of 2^-19, so that no other type gets near its own.
  const double least = workload.dtype == DType::f16 ? std::ldexp(1.0, -25) : 0;
  return {kSummation * unit_roundoff(workload.accumulator), unit_roundoff(workload.dtype), least};
}

std::string value_text(DType dtype, const unsigned char* bytes) {
  const auto as = [&]<class T>(T value) {
    std::memcpy(&value, bytes, sizeof value);
    return value;
  };
  switch (dtype) {
    case DType::f32:
      return fmt::format("{}", as(float{}));
    case DType::f64:
      return fmt::format("{}", as(double{}));
    case DType::i32:
      return fmt::format("{}", as(int32_t{}));
    case DType::i64:
      return fmt::format("{}", as(int64_t{}));
    case DType::bf16:
      return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(as(uint16_t{})) << 16));
    case DType::f16: {
      const uint16_t bits = as(uint16_t{});
      const int exponent = bits >> 10 & 31;
      const int fraction = bits & 1023;
      const double sign = (bits & 0x8000) != 0 ? -1 : 1;
      if (exponent == 31) {
        return fraction != 0 ? "nan" : (sign < 0 ? "-inf" : "inf");
      }
      const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      return fmt::format("{}", sign * magnitude);
    }
  }
  return "";
}

}  // namespace scantune::cuda::verification
