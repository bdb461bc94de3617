// A GPU for the tests of this folder, and families of kernels with planted errors.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/embedded.h"
#include "cuda/cuda.h"

namespace scantune::cuda {

// What a planted kernel does wrong at one element (or beside the tensors), in the middle of them.
enum class Planted {
  nothing,
  lost,          // not added
  doubled,       // added twice
  shifted,       // its neighbour added instead
  late,          // its result is not written
  stale,         // its result lacks its own value
  swapped,       // its result and its neighbour's change places
  after_end,     // one element written past the output
  before_begin,  // and one before it
  input,         // one element of the input changed
  workspace,     // takes a fresh workspace to be zeroed
  difference,    // suffixes as total - prefix: exact for small integers, not for other values
  trap,          // ends with a fault of the device
};

// A correct scan, a line a thread, but for the planted error. Serial and slow: for small shapes.
inline Kernel planted_kernel() {
  Kernel kernel;
  kernel.name = "planted";
  std::string source = R"(#include "scan.cuh"
using scantune::Output;

template <class T, class A, int kPlanted>
__global__ void planted(const T* in, Output<T, A>* out, void* workspace, long long outer, long long n, long long inner) {
  enum { nothing, lost, doubled, shifted, late, stale, swapped, after_end, before_begin, input, zeroed, difference, trap };
  using Out = Output<T, A>;
  const long long line = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
  const long long lines = outer * inner;
  if (line >= lines) return;
  const bool chosen = line == lines / 2;
  const long long base = line / inner * n * inner + line % inner;
  A sum = A(0);
  A total = A(0);
  if (kPlanted == zeroed) sum = A(float(*static_cast<const int*>(workspace)));
  if (kPlanted == difference) {
    for (long long i = 0; i < n; ++i) total = A(total + A(in[base + i * inner]));
  }
  for (long long step = 0; step < n; ++step) {
    const long long i = kPlanted == difference ? step : n - 1 - step;
    const long long at = base + i * inner;
    const bool here = chosen && i == n / 3;
    const A before = sum;
    A value = A(in[at]);
    if (here && kPlanted == lost) value = A(0);
    if (here && kPlanted == doubled) value = A(value + value);
    if (here && kPlanted == shifted) value = A(in[at + inner]);
    sum = A(sum + value);
    if (kPlanted == difference) {
      out[at] = Out(total - before);
    } else if (!(here && kPlanted == late)) {
      out[at] = Out(here && kPlanted == stale ? before : sum);
    }
    if (kPlanted == swapped && here) {
      const Out own = out[at];
      out[at] = out[at + inner];
      out[at + inner] = own;
    }
  }
  if (chosen && kPlanted == after_end) out[lines * n] = Out(float(0));
  if (chosen && kPlanted == before_begin) out[-1] = Out(float(0));
  if (chosen && kPlanted == input) const_cast<T*>(in)[base] = T(A(in[base]) + A(float(1)));
  if (chosen && kPlanted == trap) asm volatile("trap;");
}
)";
  kernel.sources = embedded({"scan.cuh", "device.cuh", "launch.h"});
  kernel.sources.insert(kernel.sources.begin(), {"planted.cuh", std::move(source)});
  kernel.launches = [](const Variant& variant, const Workload& workload, const Chip&) {
    const Geometry geometry = workload.geometry();
    const std::string entry = fmt::format("planted<{}, {}, {}>", cuda_type(workload.dtype),
                                          cuda_type(workload.accumulator), variant.number("error"));
    return std::vector<Launch>{
        {.entry = entry, .grid_blocks = (geometry.outer * geometry.inner + 63) / 64, .block_threads = 64}};
  };
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{1024}; };
  return kernel;
}

inline Workload workload(std::vector<int64_t> extents, int dim = -1, DType dtype = DType::f32) {
  Workload workload;
  workload.shape = *make_shape(std::move(extents), dim);
  workload.dtype = dtype;
  workload.accumulator = default_accumulator(dtype);
  return workload;
}

class GpuTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    char name[] = "/tmp/scantune-gpu-XXXXXX";
    if (mkdtemp(name) != nullptr) {
      cache = name;
    }
    if (const auto devices = list_devices(); !devices || devices->empty()) {
      why_not = devices ? "no GPU" : devices.error().message;
      return;
    }
    auto compiler = make_compiler({.cache_dir = cache, .executable = SCANTUNE_BINARY});
    if (!compiler) {
      why_not = compiler.error().message;
      return;
    }
    nvrtc = *std::move(compiler);
    auto device = open_device(0, *nvrtc);
    ASSERT_TRUE(device) << device.error().message;
    gpu = *std::move(device);
  }
  static void TearDownTestSuite() {
    gpu.reset();
    nvrtc.reset();
    std::filesystem::remove_all(cache);
  }
  void SetUp() override {
    if (gpu == nullptr) {
      GTEST_SKIP() << why_not;
    }
  }

  struct Case {
    Workload workload;
    const Kernel* kernel = nullptr;
    Variant variant;
    tl::expected<Artifact, Failure> artifact = tl::unexpected(Failure{});
  };

  // On all cores: a test of many variants would do little else but wait for the compiler.
  static void compile_all(std::vector<Case>& cases) {
    std::atomic<size_t> next = 0;
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<size_t>(nvrtc->concurrency()));
    for (int i = 0; i < nvrtc->concurrency(); ++i) {
      threads.emplace_back([&] {
        for (size_t c = next++; c < cases.size(); c = next++) {
          Case& one = cases[c];
          one.artifact = nvrtc->compile(*one.kernel, one.workload, one.variant, gpu->info().chip);
        }
      });
    }
  }

  static std::unique_ptr<Session> open(const Workload& workload, uint64_t seed = 1) {
    auto session = gpu->open(workload, seed);
    EXPECT_TRUE(session) << to_string(workload) << ": " << (session ? "" : session.error().message);
    return session ? *std::move(session) : nullptr;
  }

  static tl::expected<Handle, Failure> load(Session& session, const Kernel& kernel, const Workload& workload,
                                            const Variant& variant) {
    const auto artifact = nvrtc->compile(kernel, workload, variant, gpu->info().chip);
    if (!artifact) {
      return tl::unexpected(artifact.error());
    }
    return session.load(*artifact);
  }

  static Handle load(Session& session, const Workload& workload, Planted planted) {
    const Variant variant{.kernel = "planted", .settings = {{"error", static_cast<int64_t>(planted)}}};
    const auto handle = load(session, planted_kernel(), workload, variant);
    EXPECT_TRUE(handle) << (handle ? "" : handle.error().what);
    return handle ? *handle : kCopy;
  }

  // What verification says of a planted error; empty where it passes.
  static std::string verdict(Session& session, const Workload& workload, Planted planted) {
    const Handle handle = load(session, workload, planted);
    const auto verified = session.verify(handle);
    session.unload(handle);
    if (!verified) {
      EXPECT_EQ(verified.error().kind, FailureKind::wrong_result) << verified.error().what;
      EXPECT_EQ(verified.error().what.find('\n'), std::string::npos);
      return verified.error().what;
    }
    return "";
  }

  inline static std::filesystem::path cache;
  inline static std::string why_not;
  inline static std::unique_ptr<Compiler> nvrtc;
  inline static std::unique_ptr<Device> gpu;
};

}  // namespace scantune::cuda
