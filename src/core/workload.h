// One problem to tune for: a shape, its types, and what is asked of the measurement.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/dtype.h"
#include "core/shape.h"

namespace scantune {

// Whether the input may lie in the last-level cache when a timed launch starts.
enum class CacheState { cold, hot };

std::string_view name(CacheState state);
Expected<CacheState> parse_cache_state(std::string_view text);

struct Workload {
  Shape shape;
  DType dtype = DType::f32;
  DType accumulator = DType::f32;
  CacheState cache = CacheState::cold;
  bool deterministic = false;  // only variants whose result is the same bits every run

  [[nodiscard]] Geometry geometry() const { return scantune::geometry(shape); }
  [[nodiscard]] int64_t elements() const { return geometry().elements(); }
  // The type of the result: the input's, but for i32 summed in i64, which is widened as PyTorch does.
  [[nodiscard]] DType output_dtype() const { return is_floating(dtype) ? dtype : accumulator; }
  [[nodiscard]] int64_t bytes_read() const { return elements() * size_bytes(dtype); }
  [[nodiscard]] int64_t bytes_written() const { return elements() * size_bytes(output_dtype()); }
  // The copy control moves as many bytes as the scan must: reads this many and writes this many.
  [[nodiscard]] int64_t copy_bytes() const { return (bytes_read() + bytes_written()) / 2; }
  // Memory of the input: where integers are widened, the copy reads more than the scan does.
  [[nodiscard]] int64_t input_bytes() const { return std::max(bytes_read(), copy_bytes()); }

  bool operator==(const Workload&) const = default;
};

std::string to_string(const Workload& workload);  // "32768x32768 f32 dim 1"

}  // namespace scantune
