// Timing rounds, loading and faults of a session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "catalog/catalog.h"
#include "gpu.h"

namespace scantune::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Round : public GpuTest {};

double bytes_per_s(const Workload& job, double time_ns) {
  return static_cast<double>(job.bytes_read() + job.bytes_written()) / time_ns * 1e9;
}

TEST_F(Round, DescribesTheGpu) {
  const DeviceInfo& info = gpu->info();
  EXPECT_EQ(info.id, "cuda:0");
  EXPECT_THAT(info.uuid, ::testing::MatchesRegex("GPU-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"));
  EXPECT_THAT(info.driver, ::testing::MatchesRegex("[0-9]+\\.[0-9.]+"));
  EXPECT_THAT(info.compiler, ::testing::StartsWith("NVRTC 13."));
  EXPECT_FALSE(info.chip.name.empty());
  EXPECT_FALSE(info.chip.code_name.empty());
  EXPECT_GE(info.chip.compute_capability, 75);
  EXPECT_GT(info.chip.multiprocessors, 0);
  EXPECT_GT(info.chip.cache_bytes, 0);
  EXPECT_GT(info.free_bytes, 0);
  EXPECT_LE(info.free_bytes, info.memory_bytes);
  if (info.chip.name == "NVIDIA H200") {
    const Chip expected = *reference_chip(90);
    EXPECT_EQ(info.chip.multiprocessors, expected.multiprocessors);
    EXPECT_EQ(info.chip.shared_bytes_per_block, expected.shared_bytes_per_block);
    EXPECT_EQ(info.chip.shared_bytes_per_sm, expected.shared_bytes_per_sm);
    EXPECT_EQ(info.chip.max_threads_per_sm, expected.max_threads_per_sm);
    EXPECT_EQ(info.chip.max_blocks_per_sm, expected.max_blocks_per_sm);
    EXPECT_NEAR(info.chip.dram_bytes_per_s, expected.dram_bytes_per_s, 0.05 * expected.dram_bytes_per_s);
  }
}

TEST_F(Round, RefusesAGpuThatIsNotThere) {
  const auto device = open_device(99, *nvrtc);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(device.error().message, HasSubstr("cuda:99: there is no such GPU"));
}

TEST_F(Round, ReturnsOneSampleEachInTheOrderAskedFor) {
  const Workload job = workload({256, 4096});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const Handle scan = load(*session, job, Planted::nothing);
  // More than the round keeps enqueued at once.
  std::vector<Handle> order;
  order.reserve(20);
  for (int i = 0; i < 20; ++i) {
    order.push_back(i % 3 == 0 ? scan : kCopy);
  }
  for (const CacheState cache : {CacheState::cold, CacheState::hot}) {
    const auto samples = session->round(order, {.cache = cache}, {});
    ASSERT_TRUE(samples) << samples.error().failure.what;
    ASSERT_EQ(samples->size(), order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ((*samples)[i].subject, order[i]);
      EXPECT_GT((*samples)[i].time_ns, 500);
      EXPECT_LT((*samples)[i].time_ns, 1e9);
    }
  }
}

// Also where integers are widened: a copy of the input alone would move two thirds of the bytes, and seem 1.5 as fast.
TEST_F(Round, TimesACopyOfTheSameBytesNearTheMemorysSpeed) {
  Workload widened = workload({16384, 16384}, -1, DType::i32);
  widened.accumulator = DType::i64;
  for (const Workload& job : {workload({16384, 16384}), widened}) {
    SCOPED_TRACE(to_string(job));
    if (gpu->memory_needed(job) > gpu->info().free_bytes) {
      GTEST_SKIP() << "needs " << gpu->memory_needed(job) << " bytes of GPU memory";
    }
    const auto session = open(job);
    ASSERT_NE(session, nullptr);
    const auto samples = session->round(std::vector<Handle>(10, kCopy), {}, {});
    ASSERT_TRUE(samples) << samples.error().failure.what;
    const double peak = gpu->info().chip.dram_bytes_per_s;
    for (const Sample& sample : *samples) {
      const double rate = bytes_per_s(job, sample.time_ns);
      if (peak > 0) {
        EXPECT_GT(rate, 0.5 * peak);
        EXPECT_LT(rate, 1.05 * peak);
      }
    }
  }
}

// The first admitted variant of a family.
tl::expected<Artifact, Failure> first_of(Compiler& nvrtc, const char* kernel, const Workload& job, const Chip& chip) {
  const auto all = candidates(job, chip, {.kernels = {kernel}, .settings = {}});
  const auto it = std::ranges::find_if(*all, [](const Candidate& candidate) { return candidate.broken.empty(); });
  return nvrtc.compile(*it->kernel, job, it->variant, chip);
}

TEST_F(Round, SamplesOfManyRunsTakeTheTimeOfOne) {
  // 8 MiB in and out: too short to time alone, and its copies are 2 x L2 together.
  const Workload job = workload({1024, 2048});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const auto artifact = first_of(*nvrtc, "row_carry", job, gpu->info().chip);
  ASSERT_TRUE(artifact) << artifact.error().what;
  const Handle scan = session->load(*artifact).value();
  ASSERT_TRUE(session->verify(scan));
  const std::vector<Handle> order = {scan, kCopy, kCopy, scan, kCopy, scan, scan, kCopy, scan, kCopy};
  const auto least_of = [&](const RoundSpec& spec, Handle handle) {
    const auto samples = session->round(order, spec, {});
    EXPECT_TRUE(samples) << samples.error().failure.what;
    std::vector<double> times_ns;
    for (const Sample& sample : *samples) {
      if (sample.subject == handle) {
        times_ns.push_back(sample.time_ns);
      }
    }
    std::ranges::sort(times_ns);
    return times_ns.front();  // the least disturbed
  };
  for (const Handle handle : {kCopy, scan}) {
    const double alone_ns = least_of({.cache = CacheState::cold, .runs = 1}, handle);
    const double cold_ns = least_of({.cache = CacheState::cold, .runs = 100}, handle);
    const double hot_ns = least_of({.cache = CacheState::hot, .runs = 100}, handle);
    std::cout << (handle == kCopy ? "copy" : "scan") << ": alone " << alone_ns << " ns, of 100 cold " << cold_ns
              << " ns, of 100 hot " << hot_ns << " ns\n";
    EXPECT_LT(cold_ns, alone_ns * 1.2);  // what a launch costs is paid once
    EXPECT_GT(cold_ns, alone_ns / 4);
    EXPECT_LT(hot_ns, cold_ns);  // or the runs did not take turns
  }
  // The session is as it was: what is verified next is verified on the same tensors.
  EXPECT_TRUE(session->verify(scan));
}

TEST_F(Round, AWorkspaceThatGrowsDoesNotLeaveOldAddressesInGraphs) {
  const Workload job = workload({1024, 2048});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const Handle first = load(*session, job, Planted::nothing);
  const RoundSpec spec{.cache = CacheState::cold, .runs = 10};
  const std::vector<Handle> one = {first, kCopy};
  ASSERT_TRUE(session->round(one, spec, {}));
  const auto artifact = first_of(*nvrtc, "three_pass", job, gpu->info().chip);
  ASSERT_TRUE(artifact) << artifact.error().what;
  ASSERT_GT(artifact->workspace_bytes, 1024);  // more than the planted kernel's
  const Handle second = session->load(*artifact).value();
  const std::vector<Handle> both = {second, first, kCopy};
  EXPECT_TRUE(session->round(both, spec, {}));
  EXPECT_TRUE(session->verify(second));
  EXPECT_TRUE(session->round(both, spec, {}));
}

TEST_F(Round, HotRunsFindInTheCacheWhatColdRunsDoNot) {
  // A quarter of the cache, read and written: fits. One run of that is over before the host is ready to time it.
  const auto n = static_cast<int64_t>(gpu->info().chip.cache_bytes / 8 / 4);
  const Workload job = workload({1, n});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const std::vector<Handle> order(9, kCopy);
  const auto median = [](std::vector<Sample> samples) {
    std::sort(samples.begin(), samples.end(), [](auto& a, auto& b) { return a.time_ns < b.time_ns; });
    return samples[samples.size() / 2].time_ns;
  };
  const auto cold = session->round(order, {.cache = CacheState::cold, .runs = 50}, {});
  const auto hot = session->round(order, {.cache = CacheState::hot, .runs = 50}, {});
  ASSERT_TRUE(cold && hot);
  EXPECT_LT(median(*hot), median(*cold));
}

TEST_F(Round, StopsWhenAsked) {
  const Workload job = workload({256, 4096});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  std::stop_source stop;
  stop.request_stop();
  const auto samples = session->round(std::vector<Handle>(10, kCopy), {}, stop.get_token());
  ASSERT_TRUE(samples);
  EXPECT_THAT(*samples, IsEmpty());
}

TEST_F(Round, TellsWhatALoadedVariantUses) {
  const Workload job = workload({256, 4096});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const Handle scan = load(*session, job, Planted::nothing);
  const auto used = session->resources(scan);
  ASSERT_EQ(used.size(), 1u);
  EXPECT_GT(used[0].registers_per_thread, 0);
  EXPECT_EQ(used[0].spill_bytes, 0);
  EXPECT_EQ(used[0].block_threads, 64);
  EXPECT_EQ(used[0].blocks_per_sm,
            std::min(gpu->info().chip.max_blocks_per_sm, gpu->info().chip.max_threads_per_sm / 64));
}

TEST_F(Round, BlamesTheLaunchThatFails) {
  const Workload job = workload({4, 100});
  const auto session = open(job);
  ASSERT_NE(session, nullptr);
  const Handle good = load(*session, job, Planted::nothing);
  Kernel kernel = planted_kernel();
  kernel.launches = [](const Variant&, const Workload&, const Chip&) {
    return std::vector<Launch>{{.entry = "planted<float, float, 0>", .grid_blocks = 1, .block_threads = 4096}};
  };
  const Variant variant{.kernel = "planted", .settings = {{"error", int64_t{0}}}};
  const auto handle = load(*session, kernel, job, variant);
  if (!handle) {  // refused before it was launched: as good
    EXPECT_EQ(handle.error().kind, FailureKind::load);
    return;
  }
  const auto samples = session->round(std::vector<Handle>{good, *handle, good}, {}, {});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().position, std::optional<size_t>(1));
  EXPECT_EQ(samples.error().failure.kind, FailureKind::launch);
  EXPECT_THAT(samples.error().failure.what, HasSubstr("cuLaunchKernel"));
  EXPECT_TRUE(session->round(std::vector<Handle>{good, kCopy}, {}, {}));
  EXPECT_TRUE(session->verify(good));
}

TEST_F(Round, RefusesArtifactsOfAnotherKind) {
  const auto session = open(workload({4, 100}));
  ASSERT_NE(session, nullptr);
  const auto handle = session->load(Artifact{});
  ASSERT_FALSE(handle);
  EXPECT_EQ(handle.error().kind, FailureKind::load);
}

TEST_F(Round, SaysHowMuchMemoryIsMissing) {
  const auto session = gpu->open(workload({int64_t{1} << 20, int64_t{1} << 20}), 1);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::environment);
  EXPECT_THAT(session.error().message, HasSubstr("cuMemAlloc"));
}

// The fault costs the process its context, so this runs in a process of its own.
class FaultDeathTest : public GpuTest {};

TEST_F(FaultDeathTest, AFaultOfTheDeviceIsALostSession) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Workload job = workload({4, 100});
        const auto session = open(job);
        const Handle trap = load(*session, job, Planted::trap);
        const auto samples = session->round(std::vector<Handle>{kCopy, trap}, {}, {});
        const auto verified = session->verify(kCopy + 1);
        const bool lost = !samples && samples.error().failure.kind == FailureKind::device && !verified &&
                          verified.error().kind == FailureKind::device;
        std::cerr << (samples ? "no fault" : samples.error().failure.what);
        std::filesystem::remove_all(cache);
        std::exit(lost ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "cu[A-Za-z]+: .*\\(CUDA_ERROR_");
}

}  // namespace
}  // namespace scantune::cuda
