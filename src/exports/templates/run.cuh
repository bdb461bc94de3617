// Runs a problem with what plan.h chose for it. Needs the CUDA runtime 12.0 or later.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "column_carry.cuh"
#include "column_split.cuh"
#include "long_row.cuh"
#include "plan.h"
#include "reverse_cumsum.h"
#include "row_carry.cuh"
#include "short_row.cuh"
#include "three_pass.cuh"

namespace scantune_kernels {
namespace detail {

template <class Tuned>
using In = typename Tuned::T;
template <class Tuned>
using Out = scantune::Output<typename Tuned::T, typename Tuned::Acc>;
template <class Tuned>
using Kernel = void (*)(const In<Tuned>*, Out<Tuned>*, void*, long long, long long, long long);

// The kernels of a configuration, in the order of its launches.
template <class Tuned, int kIndex, int kAccess>
void kernels_of(Kernel<Tuned> (&kernels)[kMostLaunches]) {
  using T = typename Tuned::T;
  using Acc = typename Tuned::Acc;
  constexpr Config c = Tuned::kConfigs[kIndex];
  if constexpr (c.family == Family::row_carry) {
    kernels[0] = scantune::row_carry<T, Acc, c.tile, c.warps, c.stages, c.storage>;
  } else if constexpr (c.family == Family::short_row) {
    kernels[0] = scantune::short_row<T, Acc, c.vectors, c.warps>;
  } else if constexpr (c.family == Family::long_row) {
    kernels[0] = scantune::long_row_reset<T, Acc, c.tile, c.warps, c.stages, c.loaders, c.storage>;
    kernels[1] = scantune::long_row<T, Acc, c.tile, c.warps, c.stages, c.loaders, c.storage>;
  } else if constexpr (c.family == Family::three_pass) {
    kernels[0] = scantune::block_sums<T, Acc, c.tile, c.warps, c.stages>;
    kernels[1] = scantune::block_prefix<T, Acc, c.tile, c.warps, c.stages>;
    kernels[2] = scantune::cumsum_with_prefix<T, Acc, c.tile, c.warps, c.stages>;
  } else if constexpr (c.family == Family::column_carry) {
    kernels[0] = scantune::column_carry_reset<T, Acc, kAccess, c.columns, c.warps, c.rows>;
    kernels[1] = scantune::column_carry<T, Acc, kAccess, c.columns, c.warps, c.rows, c.blocks, c.interleave>;
  } else if constexpr (c.family == Family::column_split) {
    kernels[0] = scantune::column_split_reset<T, Acc, kAccess, c.columns, c.tile, c.warps, c.stages, c.loaders>;
    kernels[1] = scantune::column_split<T, Acc, kAccess, c.columns, c.tile, c.warps, c.stages, c.loaders>;
  } else {
    kernels[0] = scantune::column_sums<T, Acc, kAccess, c.columns, c.warps, c.rows>;
    kernels[1] = scantune::column_prefix<T, Acc, kAccess, c.columns, c.warps, c.rows>;
    kernels[2] = scantune::column_cumsum_with_prefix<T, Acc, kAccess, c.columns, c.warps, c.rows>;
  }
}

template <class Tuned, int kIndex, int kAccess>
bool find_kernels_for(int access, Kernel<Tuned> (&kernels)[kMostLaunches]) {
  constexpr int kElement = sizeof(typename Tuned::T);
  constexpr int kResults = kAccess / kElement * static_cast<int>(sizeof(Out<Tuned>));  // bytes, of an access
  if constexpr (kResults <= scantune::kAccessBytes &&
                is_possible(Tuned::kConfigs[kIndex], kAccess, kElement, sizeof(typename Tuned::Acc))) {
    if (access == kAccess) {
      kernels_of<Tuned, kIndex, kAccess>(kernels);
      return true;
    }
  }
  if constexpr (kAccess > 2) {
    return find_kernels_for<Tuned, kIndex, kAccess / 2>(access, kernels);
  } else {
    return false;
  }
}

template <class Tuned, int kIndex = 0>
bool find_kernels(int config, int access, Kernel<Tuned> (&kernels)[kMostLaunches]) {
  if (config == kIndex) {
    return find_kernels_for<Tuned, kIndex, scantune::kAccessBytes>(access, kernels);
  }
  if constexpr (kIndex + 1 < Tuned::kTable.config_count) {
    return find_kernels<Tuned, kIndex + 1>(config, access, kernels);
  } else {
    return false;
  }
}

// --- The GPU --------------------------------------------------------------------------------------

struct Gpu {
  int ordinal;
  Device device;
  int chip;  // of the table
};

template <class Tuned>
cudaError_t ask_gpu(int ordinal, Gpu& gpu) {
  cudaDeviceProp properties;
  cudaError_t error = cudaGetDeviceProperties(&properties, ordinal);
  cudaFuncAttributes attributes = {};
  Kernel<Tuned> kernels[kMostLaunches] = {};
  if (error == cudaSuccess) {
    find_kernels<Tuned>(Tuned::kTable.universal_rows, sizeof(typename Tuned::T), kernels);
    error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernels[0]));
  }
  if (error == cudaSuccess) {
    gpu.ordinal = ordinal;
    gpu.device = {properties.major * 10 + properties.minor, attributes.ptxVersion, properties.multiProcessorCount,
                  static_cast<long long>(properties.sharedMemPerBlockOptin)};
    gpu.chip = closest_chip(Tuned::kTable, properties.name, gpu.device);
  }
  return error;
}

// The current GPU; each is asked once.
template <class Tuned>
cudaError_t current_gpu(Gpu& gpu) {
  constexpr int kRemembered = 64;
  static Gpu known[kRemembered];
  static std::atomic<bool> is_known[kRemembered];
  static std::mutex writing;
  int ordinal = 0;
  cudaError_t error = cudaGetDevice(&ordinal);
  if (error != cudaSuccess) {
    return error;
  }
  if (ordinal < kRemembered && is_known[ordinal].load(std::memory_order_acquire)) {
    gpu = known[ordinal];
    return cudaSuccess;
  }
  error = ask_gpu<Tuned>(ordinal, gpu);
  if (error == cudaSuccess && ordinal < kRemembered) {
    const std::lock_guard<std::mutex> lock(writing);
    if (!is_known[ordinal].load(std::memory_order_relaxed)) {
      known[ordinal] = gpu;
      is_known[ordinal].store(true, std::memory_order_release);
    }
  }
  return error;
}

// --- The call -------------------------------------------------------------------------------------

// (outer, n, inner) of a shape; cudaErrorInvalidValue where it is none, or too large.
inline cudaError_t problem_of(const Shape& shape, int dim, int element_bytes, int accumulator_bytes, int out_bytes,
                              Problem& problem) {
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 62;
  const int rank = shape.rank();
  const int axis = dim < 0 ? dim + rank : dim;
  if (rank == 0 || axis < 0 || axis >= rank) {
    return cudaErrorInvalidValue;
  }
  bool empty = false;
  for (int i = 0; i < rank; ++i) {
    if (shape.extent(i) < 0) {
      return cudaErrorInvalidValue;
    }
    empty = empty || shape.extent(i) == 0;
  }
  problem = {1, 1, 1, element_bytes, accumulator_bytes};
  std::int64_t left = kMostBytes / (element_bytes > out_bytes ? element_bytes : out_bytes);
  for (int i = 0; i < rank && !empty; ++i) {
    if (shape.extent(i) > left) {
      return cudaErrorInvalidValue;
    }
    left /= shape.extent(i);
    (i < axis ? problem.outer : i == axis ? problem.n : problem.inner) *= shape.extent(i);
  }
  if (empty) {
    problem.n = 0;
  }
  return cudaSuccess;
}

inline int alignment_of(const void* pointer) {
  constexpr std::uintptr_t kMost = 256;
  const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(pointer) | kMost;
  return static_cast<int>(address & (~address + 1));
}

// A null pointer, as a query may have it, stands for one that is aligned well.
template <class Tuned>
cudaError_t buffers_of(const void* in, const void* out, const Problem& p, Buffers& b) {
  constexpr int kLine = 64;
  b.in_alignment = alignment_of(in);
  b.out_alignment = alignment_of(out);
  b.out_bytes = sizeof(Out<Tuned>);
  b.in_place = in != nullptr && in == out;
  b.whole_lines = b.in_alignment % kLine == 0 && p.n * p.element_bytes % kLine == 0;
  if (b.in_alignment % static_cast<int>(alignof(In<Tuned>)) != 0 ||
      b.out_alignment % static_cast<int>(alignof(Out<Tuned>)) != 0) {
    return cudaErrorInvalidValue;
  }
  if (b.in_place) {
    return b.out_bytes == p.element_bytes ? cudaSuccess : cudaErrorInvalidValue;
  }
  const std::uintptr_t from = reinterpret_cast<std::uintptr_t>(in);
  const std::uintptr_t to = reinterpret_cast<std::uintptr_t>(out);
  const std::uintptr_t elements = static_cast<std::uintptr_t>(p.outer * p.n * p.inner);
  const bool apart = from + elements * sizeof(In<Tuned>) <= to || to + elements * sizeof(Out<Tuned>) <= from;
  return in == nullptr || out == nullptr || apart ? cudaSuccess : cudaErrorInvalidValue;
}

// Loads kernels and lets them have the shared memory they need, once a GPU.
template <class Tuned>
cudaError_t prepare(const Gpu& gpu, const Choice& choice, const Kernel<Tuned> (&kernels)[kMostLaunches],
                    const Launches& launches) {
  constexpr int kWidths = 5;  // accesses of 1, 2, 4, 8 and 16 bytes
  static std::atomic<std::uint64_t> prepared[Tuned::kTable.config_count * kWidths];  // a bit a GPU
  int width = 0;
  while ((1 << width) < choice.access) {
    ++width;
  }
  std::atomic<std::uint64_t>& bits = prepared[choice.config * kWidths + width];
  const std::uint64_t bit = gpu.ordinal < 64 ? std::uint64_t{1} << gpu.ordinal : 0;
  if ((bits.load(std::memory_order_relaxed) & bit) != 0) {
    return cudaSuccess;
  }
  for (int i = 0; i < launches.count; ++i) {
    const void* kernel = reinterpret_cast<const void*>(kernels[i]);
    // All that a block of this configuration may ever ask for, so that no two calls set different values.
    const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                   static_cast<int>(launches.dims[i].shared_bytes));
    if (error != cudaSuccess) {
      return error;
    }
  }
  bits.fetch_or(bit, std::memory_order_relaxed);
  return cudaSuccess;
}

template <class Tuned>
cudaError_t launch(const Gpu& gpu, Kernel<Tuned> kernel, const LaunchDims& dims, const In<Tuned>* in, Out<Tuned>* out,
                   void* workspace, const Problem& p, cudaStream_t stream) {
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(dims.grid_blocks));
  config.blockDim = dim3(static_cast<unsigned>(dims.block_threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(dims.shared_bytes);
  config.stream = stream;
  config.attrs = &attribute;
  // It may start while the kernel in front of it still runs, and waits for that itself; kernels compiled for earlier
  // GPUs do not.
  config.numAttrs = gpu.device.compute_capability >= 90 && gpu.device.code >= 90 ? 1 : 0;
  long long outer = p.outer;
  long long n = p.n;
  long long inner = p.inner;
  void* arguments[] = {&in, &out, &workspace, &outer, &n, &inner};
  return cudaLaunchKernelExC(&config, reinterpret_cast<const void*>(kernel), arguments);
}

// A call as it was understood.
struct Call {
  Gpu gpu;
  Problem problem;
  Buffers buffers;
};

template <class Tuned>
cudaError_t understand(const void* in, const void* out, const Shape& shape, int dim, Call& call) {
  const cudaError_t wrong =
      problem_of(shape, dim, sizeof(In<Tuned>), sizeof(typename Tuned::Acc), sizeof(Out<Tuned>), call.problem);
  if (wrong != cudaSuccess || call.problem.n == 0) {
    return wrong;
  }
  const cudaError_t misplaced = buffers_of<Tuned>(in, out, call.problem, call.buffers);
  return misplaced != cudaSuccess ? misplaced : current_gpu<Tuned>(call.gpu);
}

constexpr long long kAnyWorkspace = 9223372036854775807;

template <class Tuned>
cudaError_t run(const In<Tuned>* in, Out<Tuned>* out, const Shape& shape, int dim, void* workspace,
                std::size_t& workspace_bytes, cudaStream_t stream) {
  Call call = {};
  if (const cudaError_t error = understand<Tuned>(in, out, shape, dim, call); error != cudaSuccess) {
    return error;
  }
  const bool asks = workspace == nullptr;
  if (call.problem.n == 0) {
    workspace_bytes = asks ? 1 : workspace_bytes;
    return cudaSuccess;
  }
  constexpr int kWorkspaceAlignment = 16;
  if (!asks && (in == nullptr || out == nullptr || alignment_of(workspace) < kWorkspaceAlignment)) {
    return cudaErrorInvalidValue;
  }
  const long long most = asks || workspace_bytes > static_cast<std::size_t>(kAnyWorkspace)
                             ? kAnyWorkspace
                             : static_cast<long long>(workspace_bytes);
  const Choice choice = choose(Tuned::kTable, call.gpu.chip, call.problem, call.gpu.device, call.buffers, most);
  Kernel<Tuned> kernels[kMostLaunches] = {};
  if (!choice.found || !find_kernels<Tuned>(choice.config, choice.access, kernels)) {
    return cudaErrorInvalidValue;
  }
  const Launches launches =
      launches_of(Tuned::kConfigs[choice.config], call.problem, choice.access, call.gpu.device.multiprocessors);
  if (const cudaError_t error = prepare<Tuned>(call.gpu, choice, kernels, launches); error != cudaSuccess) {
    return error;
  }
  if (asks) {
    workspace_bytes = launches.workspace_bytes > 0 ? static_cast<std::size_t>(launches.workspace_bytes) : 1;
    return cudaSuccess;
  }
  for (int i = 0; i < launches.count; ++i) {
    const cudaError_t error =
        launch<Tuned>(call.gpu, kernels[i], launches.dims[i], in, out, workspace, call.problem, stream);
    if (error != cudaSuccess) {
      return error;
    }
  }
  return cudaSuccess;
}

template <class Tuned>
cudaError_t describe(const void* in, const void* out, const Shape& shape, int dim, Description& description) {
  Call call = {};
  if (const cudaError_t error = understand<Tuned>(in, out, shape, dim, call); error != cudaSuccess) {
    return error;
  }
  description = {"", static_cast<int>(sizeof(In<Tuned>)), "", 0};
  if (call.problem.n == 0) {
    return cudaSuccess;
  }
  const Choice choice =
      choose(Tuned::kTable, call.gpu.chip, call.problem, call.gpu.device, call.buffers, kAnyWorkspace);
  if (!choice.found) {
    return cudaErrorInvalidValue;
  }
  description.config = Tuned::kNames[choice.config];
  description.access_bytes = choice.access;
  if (choice.entry >= 0) {
    description.tuned_for = Tuned::kTunedFor[choice.entry];
    description.ratio_to_copy = Tuned::kTable.entries[choice.entry].ratio_to_copy;
  }
  return cudaSuccess;
}

}  // namespace detail
}  // namespace scantune_kernels
