// Reverse cumulative sums of tensors on a GPU: y[..., i, ...] = x[..., i, ...] + x[..., i + 1, ...] + ...
//
//     scantune_kernels::Shape shape{32768, 32768};
//     std::size_t bytes = 0;
//     scantune_kernels::reverse_cumsum(in, out, shape, 1, nullptr, bytes, stream);    // asks for the workspace
//     cudaMalloc(&workspace, bytes);
//     scantune_kernels::reverse_cumsum(in, out, shape, 1, workspace, bytes, stream);
//
// - Where `workspace` is null, workspace_bytes becomes what a call with the same arguments needs, 1 at least, and
// nothing
//   runs. The first call with a shape loads its kernels: make it outside of a stream capture, as a query does.
// - Calls enqueue kernels on `stream` of the current device and return. They allocate nothing, wait for nothing, and
// may be
//   captured in a graph that is replayed on other data. They are safe on several threads and streams at once, each with
//   a workspace of its own until its kernels have ended. What a workspace holds before does not matter.
// - `in` and `out` are aligned to their elements and may be the same where their types are; else they must not overlap.
//   In place, rows that do not begin and end at multiples of 64 bytes are slow. 16-byte alignment is the fastest.
// - A workspace smaller than asked for is used with what can do with it, or refused.
// - Tensors without elements are done at once.
//
// Errors: cudaErrorInvalidValue for a shape, dimension, pointer or workspace that is none; else what CUDA says. Errors
// of a launch that came before are not taken for its own.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace scantune_kernels {

// Row-major extents, 1 to 8 of them.
class Shape {
 public:
  static constexpr int kMostRank = 8;

  Shape(std::initializer_list<std::int64_t> extents) : Shape(extents.begin(), static_cast<int>(extents.size())) {}
  // More than kMostRank extents make a shape that is refused.
  Shape(const std::int64_t* extents, int rank) : rank_(rank < 1 || rank > kMostRank ? 0 : rank) {
    for (int i = 0; i < rank_; ++i) {
      extents_[i] = extents[i];
    }
  }
  int rank() const { return rank_; }
  std::int64_t extent(int i) const { return extents_[i]; }

 private:
  int rank_;
  std::int64_t extents_[kMostRank] = {};
};

// What a call would run, for logs and tests. The texts live as long as the program.
struct Description {
  const char* config;     // as scantune spells it: "row_carry tile=8192 warps=16 stages=2 storage=async"
  int access_bytes;       // that a thread of a column kernel takes at once; else of an element
  const char* tuned_for;  // "32768x32768x1 on NVIDIA H200"; "" for a default
  double ratio_to_copy;   // measured there: the time of a copy of the same bytes over its own; 0 for a default
};

// `dim` counts from the end where it is negative. f16 and bf16 are summed in f32 and rounded once, the other types in
// themselves, or i32 in i64 where that is the type of the result. Integers wrap.
@DECLARATIONS @
}  // namespace scantune_kernels
