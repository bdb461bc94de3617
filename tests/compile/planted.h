// A small family of kernels for the tests of the compiler, and the workload it is compiled for.
#pragma once

#include <string>

#include "core/kernel.h"

namespace scantune::cuda {

// `entry` is the launched name expression; the kernel is named after its text, so that caches differ.
inline Kernel planted_kernel(std::string source) {
  Kernel kernel;
  kernel.name = "planted";
  kernel.sources = {{"planted.cuh", std::move(source)}, {"folder/size.h", "constexpr int kSize = 32;\n"}};
  kernel.launches = [](const Variant& variant, const Workload&, const Chip&) {
    return std::vector<Launch>{{.entry = "planted<float, " + std::to_string(variant.number("tile")) + ">",
                                .grid_blocks = 7,
                                .block_threads = 64,
                                .shared_bytes = 256},
                               {.entry = "second"}};
  };
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{4096}; };
  return kernel;
}

inline constexpr const char* kGoodSource = R"(
#include "folder/size.h"
template <class T, int kTile>
__global__ void planted(const T* in, T* out, void* workspace, long long outer, long long n, long long inner) {
  __shared__ T values[kSize];
  values[threadIdx.x % kSize] = in[threadIdx.x] * kTile;
  __syncthreads();
  out[threadIdx.x] = values[(threadIdx.x + 1) % kSize];
}
__global__ void second(const float* in, float* out, void*, long long, long long, long long) { *out = *in; }
)";

// Keeps the compiler busy for hours: 2^40 different templates to instantiate.
inline constexpr const char* kEndlessSource = R"(
template <int kDepth, long long kPath> struct Tree {
  static constexpr long long value = Tree<kDepth - 1, 2 * kPath>::value + Tree<kDepth - 1, 2 * kPath + 1>::value;
};
template <long long kPath> struct Tree<0, kPath> { static constexpr long long value = kPath; };
template <class T, int kTile>
__global__ void planted(const T*, T* out, void*, long long, long long, long long) { *out = Tree<40, kTile>::value; }
__global__ void second(const float* in, float* out, void*, long long, long long, long long) { *out = *in; }
)";

inline Variant planted_variant(int64_t tile = 8) { return {.kernel = "planted", .settings = {{"tile", tile}}}; }

inline Workload planted_workload() {
  return {.shape = {.extents = {4, 1024}, .dim = 1}, .dtype = DType::f32, .accumulator = DType::f32};
}

}  // namespace scantune::cuda
