// Workers on a GPU: what a planted kernel does to its process, and what that costs. The parent (this
// test) never opens the GPU.
#include "device/worker.h"

#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

#include "gpu.h"

namespace scantune::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

// A copy that does what `error` says first: 0 nothing, 1 writes where no memory is, 2 spins for 20 s.
Kernel faulty_kernel() {
  Kernel kernel;
  kernel.name = "faulty";
  kernel.sources = {{"faulty.cuh", R"(
template <int kError>
__global__ void faulty(const float* in, float* out, void*, long long outer, long long n, long long) {
  if (kError == 1) *reinterpret_cast<float*>(8) = 1;
  if (kError == 2) {
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    do {
      asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
    } while (now - start < 20000000000ull);
  }
  const long long i = blockIdx.x * 64ll + threadIdx.x;
  if (i < outer * n) out[i] = in[i];
}
)"}};
  kernel.launches = [](const Variant& variant, const Workload& workload, const Chip&) {
    return std::vector<Launch>{{.entry = fmt::format("faulty<{}>", variant.number("error")),
                                .grid_blocks = (workload.elements() + 63) / 64,
                                .block_threads = 64}};
  };
  kernel.workspace_bytes = [](const Variant&, const Workload&, const Chip&) { return int64_t{0}; };
  return kernel;
}

class GpuWorker : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto devices = list_devices();
    if (!devices || devices->empty()) {
      GTEST_SKIP() << (devices ? "no GPU" : devices.error().message);
    }
    char name[] = "/tmp/scantune-gpu-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    cache = name;
    auto compiler = make_compiler({.cache_dir = cache, .in_process = true});
    ASSERT_TRUE(compiler) << compiler.error().message;
    nvrtc = *std::move(compiler);
    WorkerOptions options;
    options.executable = SCANTUNE_BINARY;
    options.arguments = {"worker", "--device", "cuda:0", "--cache-dir", cache.string()};
    auto device = open_worker_device(options);
    ASSERT_TRUE(device) << device.error().message;
    gpu = *std::move(device);
    auto opened = gpu->open(job, 1);
    ASSERT_TRUE(opened) << opened.error().message;
    session = *std::move(opened);
  }
  void TearDown() override {
    session.reset();
    gpu.reset();
    std::filesystem::remove_all(cache);
  }

  Handle load(int64_t error) {
    const Variant variant{.kernel = "faulty", .settings = {{"error", error}}};
    const auto artifact = nvrtc->compile(faulty_kernel(), job, variant, gpu->info().chip);
    EXPECT_TRUE(artifact) << artifact.error().what;
    const auto handle = session->load(*artifact);
    EXPECT_TRUE(handle) << handle.error().what;
    return handle ? *handle : kCopy;
  }

  // A fresh worker does what is asked of it, and how long that took.
  void expect_recovery(Handle fine, const char* after) {
    const auto begin = Clock::now();
    const auto samples = session->round(std::vector<Handle>{fine, kCopy}, {}, {});
    const std::chrono::duration<double> taken = Clock::now() - begin;
    ASSERT_TRUE(samples) << after << ": " << samples.error().failure.what;
    EXPECT_THAT(*samples, SizeIs(2)) << after;
    std::cout << after << ": a round in a fresh worker took " << taken.count() << " s\n";
  }

  const Workload job = workload({256, 4096});
  std::filesystem::path cache;
  std::unique_ptr<Compiler> nvrtc;
  std::unique_ptr<Device> gpu;
  std::unique_ptr<Session> session;
};

TEST_F(GpuWorker, AnIllegalAccessCostsTheVariantAtFault) {
  const Handle fine = load(0);
  const Handle bad = load(1);
  const auto begin = Clock::now();
  const auto samples = session->round(std::vector<Handle>{kCopy, fine, bad, fine, kCopy}, {}, {});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().position, 2U);
  EXPECT_EQ(samples.error().failure.kind, FailureKind::crash) << samples.error().failure.what;
  EXPECT_THAT(samples.error().failure.what, HasSubstr("CUDA_ERROR_"));
  const std::chrono::duration<double> taken = Clock::now() - begin;
  std::cout << "finding whom to blame took " << taken.count() << " s\n";
  expect_recovery(fine, "an illegal access");
}

TEST_F(GpuWorker, AHangCostsTheVariantAtFault) {
  const Handle fine = load(0);
  const auto begin = Clock::now();
  const auto verified = session->verify(load(2));
  const std::chrono::duration<double> taken = Clock::now() - begin;
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().kind, FailureKind::timeout) << verified.error().what;
  EXPECT_LT(taken.count(), 15) << "as long as the kernel spins, or nearly";
  std::cout << "a hang was given up after " << taken.count() << " s\n";
  expect_recovery(fine, "a hang");
}

TEST_F(GpuWorker, AStopEndsAHangWithinASecond) {
  const Handle hangs = load(2);
  std::stop_source stop;
  const std::jthread asks([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  const auto begin = Clock::now();
  const auto samples = session->round(std::vector<Handle>{hangs, kCopy}, {}, stop.get_token());
  const std::chrono::duration<double> taken = Clock::now() - begin;
  EXPECT_TRUE(samples && samples->empty());
  EXPECT_LT(taken.count(), 1);
}

}  // namespace
}  // namespace scantune::cuda
