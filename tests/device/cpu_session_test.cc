// The CPU device from end to end: every variant of the default space, verified and timed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "device/copy.h"
#include "device/cpu.h"
#include "elements.h"

namespace scantune::cpu {
namespace {

using scantune::testing::rows_of;
using ::testing::HasSubstr;

std::vector<Variant> admitted(const Workload& workload, const Chip& chip) {
  std::vector<Variant> variants;
  for (const Kernel* kernel : kernels_for(workload, chip)) {
    for (Variant& variant : enumerate(kernel->name, kernel->space(workload, chip))) {
      if (broken_constraint(*kernel, variant, workload, chip).empty()) {
        variants.push_back(std::move(variant));
      }
    }
  }
  return variants;
}

Variant a_variant(const std::string& text) {
  auto variant = parse_variant(text);
  EXPECT_TRUE(variant.has_value()) << text;
  return *variant;
}

Artifact artifact_of(const std::string& text) {
  Artifact artifact;
  artifact.variant = a_variant(text);
  return artifact;
}

const std::string kAVariant = "cpu_row_carry tile=1024 prefetch=falling threads=1 unroll=4 store=streaming";

class CpuDeviceAt : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(EveryIsa, CpuDeviceAt, ::testing::ValuesIn(isa_names()),
                         [](const auto& info) { return info.param; });

TEST_P(CpuDeviceAt, VerifiesEveryVariantOfItsSpaceOnAwkwardShapes) {
  const auto device = open_device({.isa = GetParam(), .threads = 3, .counters = {}});
  const auto compiler = make_compiler();
  std::vector<Workload> workloads;
  for (const auto& [rows, n] : std::vector<std::pair<int64_t, int64_t>>{{1, 1},
                                                                        {1000, 2},
                                                                        {3, 7},
                                                                        {1000, 33},
                                                                        {3, 63},
                                                                        {1000, 64},
                                                                        {1, 65},
                                                                        {1000, 1000},
                                                                        {1, 4095},
                                                                        {3, 4097},
                                                                        {7, 16385},
                                                                        {1, 1048577},
                                                                        {3, 349526},
                                                                        {40, 65537}}) {
    workloads.push_back(rows_of(rows, n));
  }
  for (const Geometry& g :
       {Geometry{1, 1, 2}, {3, 1000, 7}, {2, 513, 33}, {1, 2000, 300}, {1, 70, 5001}, {1, 400000, 3}}) {
    workloads.push_back(scantune::testing::workload_of(g.outer, g.n, g.inner, DType::f32, DType::f32));
  }
  for (const DType dtype : {DType::f16, DType::bf16, DType::f64, DType::i32, DType::i64}) {
    for (const Geometry& g : {Geometry{70, 1000, 1}, {1, 300001, 1}, {2, 600, 33}, {1, 40000, 5}}) {
      workloads.push_back(scantune::testing::workload_of(g.outer, g.n, g.inner, dtype, default_accumulator(dtype)));
      if (dtype == DType::i32) {
        workloads.push_back(scantune::testing::workload_of(g.outer, g.n, g.inner, dtype, DType::i64));
      }
    }
  }
  for (const Workload& workload : workloads) {
    SCOPED_TRACE(to_string(workload));
    auto session = device->open(workload, 5);
    ASSERT_TRUE(session.has_value()) << session.error().message;
    const auto variants = admitted(workload, device->info().chip);
    EXPECT_FALSE(variants.empty());
    for (const Variant& variant : variants) {
      const auto kernel = find_kernel(variant.kernel, Backend::cpu);
      ASSERT_TRUE(kernel.has_value());
      const auto artifact = compiler->compile(**kernel, workload, variant, device->info().chip);
      ASSERT_TRUE(artifact.has_value()) << artifact.error().what;
      const auto handle = (*session)->load(*artifact);
      ASSERT_TRUE(handle.has_value()) << handle.error().what;
      const auto verified = (*session)->verify(*handle);
      EXPECT_TRUE(verified.has_value()) << to_string(variant) << ": " << verified.error().what;
      (*session)->unload(*handle);
    }
  }
}

TEST(CpuDevice, SaysWhatItIs) {
  const DeviceInfo device = info();
  EXPECT_EQ(device.id, "cpu");
  EXPECT_EQ(device.chip.backend, Backend::cpu);
  EXPECT_EQ(device.chip.code_name, isa_names().front());
  EXPECT_THAT(device.chip.name, HasSubstr(", " + isa_names().front() + ")"));
  EXPECT_GE(device.chip.multiprocessors, 1);
  EXPECT_GT(device.free_bytes, 0);
  EXPECT_FALSE(device.driver.empty());
  EXPECT_FALSE(device.compiler.empty());
  EXPECT_EQ(device.chip, info().chip) << "results are keyed by it";
}

TEST(CpuDevice, StatesTheMemoryItNeedsAndWhichShapeWouldFit) {
  const auto device = open_device();
  const Workload small = rows_of(1000, 1000);
  EXPECT_GE(device->memory_needed(small), small.bytes_read() + small.bytes_written());
  EXPECT_TRUE(check_memory(*device, small).has_value());

  const Workload huge = rows_of(1 << 20, 1 << 24);
  const auto checked = check_memory(*device, huge);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().kind, ErrorKind::environment);
  EXPECT_THAT(checked.error().message, HasSubstr("try --shape"));
}

TEST(CpuDevice, RefusesSumsInATypeThatDoesNotGoWithTheInput) {
  Workload halves = rows_of(100, 100, DType::f16);
  halves.accumulator = DType::f16;
  const auto session = open_device()->open(halves, 1);
  ASSERT_FALSE(session.has_value());
  EXPECT_EQ(session.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(session.error().message, HasSubstr("f16 cannot be summed in f16"));
}

TEST(CpuDevice, KeepsItsBookkeepingSmallBesideTheTensor) {
  const auto device = open_device();
  for (const Geometry& g : {Geometry{4096, 4096, 1},
                            {1, 1 << 24, 1},
                            {1, 4096, 4096},
                            {1, 1 << 20, 16},
                            {1 << 20, 2, 8},
                            {1, 2, 1 << 23},
                            {1 << 10, 65, 256}}) {
    for (const DType dtype : {DType::f16, DType::f64}) {
      const Workload workload =
          scantune::testing::workload_of(g.outer, g.n, g.inner, dtype, default_accumulator(dtype));
      const int64_t tensors = workload.bytes_read() + workload.bytes_written();
      Workload hot = workload;
      hot.cache = CacheState::hot;  // nothing to evict with
      EXPECT_LT(device->memory_needed(hot), tensors + tensors / 4 + (int64_t{16} << 20)) << to_string(workload);
    }
  }
}

TEST(CpuCompiler, RefusesABrokenConstraintAndAKernelOfAnotherDevice) {
  const auto compiler = make_compiler();
  const Chip chip = info().chip;
  const auto broken = compiler->compile(**find_kernel("cpu_row_carry", Backend::cpu), rows_of(4, 4),
                                        a_variant("cpu_row_carry tile=1024 prefetch=rising threads=1 unroll=4 "
                                                  "store=cached"),
                                        chip);
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().kind, FailureKind::constraint);
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == Backend::cuda) {
      EXPECT_FALSE(compiler->compile(kernel, rows_of(4, 4), {kernel.name, {}}, chip).has_value());
    }
  }
}

class CpuSessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Session> open(const Workload& workload, const Options& options = {}) {
    device = open_device(options);
    auto session = device->open(workload, 1);
    EXPECT_TRUE(session.has_value());
    return *std::move(session);
  }

  std::unique_ptr<Device> device;
};

TEST_F(CpuSessionTest, SaysOfEverySampleThatItBegins) {
  const auto session = open(rows_of(10, 1000));
  const auto handle = session->load(artifact_of(kAVariant));
  ASSERT_TRUE(handle.has_value());
  std::vector<size_t> begun;
  session->on_begin([&](size_t position) { begun.push_back(position); });
  ASSERT_TRUE(session->round(std::vector<Handle>{kCopy, *handle, kCopy}, {}, {}).has_value());
  EXPECT_THAT(begun, ::testing::ElementsAre(0U, 1U, 2U));
}

TEST_F(CpuSessionTest, RefusesToLoadWhatItDoesNotKnow) {
  const auto session = open(rows_of(10, 100));
  for (const std::string text :
       {"cpu_magic tile=1024", "cpu_row_carry tile=1024 threads=100000", "cpu_row_carry tile=1024 unroll=3",
        "cpu_row_carry tile=1024 store=maybe", "cpu_row_carry tile=10", "cpu_row_carry tile=1024 stages=2",
        "cpu_row_carry tile=1024 prefetch=summing", "cpu_row_carry threads=1",
        "cpu_column_carry strip=1024 threads=1"}) {
    const auto handle = session->load(artifact_of(text));
    ASSERT_FALSE(handle.has_value()) << text;
    EXPECT_EQ(handle.error().kind, FailureKind::load);
    EXPECT_THAT(handle.error().what, HasSubstr(text));
  }
}

TEST_F(CpuSessionTest, RefusesAnUnrollThatIsNotCompiledForTheType) {
  const auto session = open(rows_of(10, 100, DType::f64));
  EXPECT_TRUE(session->load(artifact_of("cpu_row_carry tile=1024 unroll=4")).has_value());
  EXPECT_FALSE(session->load(artifact_of("cpu_row_carry tile=1024 unroll=8")).has_value());
}

TEST_F(CpuSessionTest, TimesACopyThatReadsMoreThanAnInputThatIsWidened) {
  const auto session = open(scantune::testing::workload_of(1, 1000, 100, DType::i32, DType::i64));
  const Handle handle = *session->load(artifact_of("cpu_column_carry strip=256 threads=1 store=streaming"));
  EXPECT_TRUE(session->round(std::vector<Handle>{kCopy, handle, kCopy}, {}, {}).has_value());
  EXPECT_TRUE(session->verify(handle).has_value());
}

TEST_F(CpuSessionTest, TimesTheOrderItIsGivenColdAndHot) {
  for (const CacheState cache : {CacheState::cold, CacheState::hot}) {
    Workload workload = rows_of(1000, 1000);
    workload.cache = cache;
    const auto session = open(workload);
    const Handle a = *session->load(artifact_of(kAVariant));
    const Handle b = *session->load(artifact_of("cpu_two_pass tile=4096 threads=1 unroll=8 store=cached"));
    const std::vector<Handle> order = {kCopy, a, b, a, kCopy};
    const auto samples = session->round(order, {cache}, {});
    ASSERT_TRUE(samples.has_value());
    ASSERT_EQ(samples->size(), order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ((*samples)[i].subject, order[i]);
      EXPECT_GT((*samples)[i].time_ns, 1000) << "a million elements take longer than a microsecond";
    }
  }
}

TEST_F(CpuSessionTest, EndsARoundWhenAskedToStop) {
  const auto session = open(rows_of(100, 100));
  std::stop_source stop;
  stop.request_stop();
  const auto samples = session->round(std::vector<Handle>{kCopy, kCopy}, {}, stop.get_token());
  ASSERT_TRUE(samples.has_value());
  EXPECT_TRUE(samples->empty());
}

TEST_F(CpuSessionTest, NamesThePositionOfAHandleThatIsNotLoaded) {
  const auto session = open(rows_of(100, 100));
  const Handle handle = *session->load(artifact_of(kAVariant));
  session->unload(handle);
  const auto samples = session->round(std::vector<Handle>{kCopy, handle}, {}, {});
  ASSERT_FALSE(samples.has_value());
  EXPECT_EQ(samples.error().position, 1U);
}

TEST_F(CpuSessionTest, VerifiesAgainAfterTimingChangedTheOutput) {
  const auto session = open(rows_of(300, 1000));
  const Handle handle = *session->load(artifact_of(kAVariant));
  for (int time = 0; time < 3; ++time) {
    EXPECT_TRUE(session->verify(handle).has_value());
    EXPECT_TRUE(session->round(std::vector<Handle>{kCopy, handle}, {}, {}).has_value());
  }
}

class FakeCounters final : public Counters {
 public:
  explicit FakeCounters(std::vector<std::string> names) : names_(std::move(names)) {}

  void start() override { started_ = true; }
  std::vector<MetricValue> stop() override {
    EXPECT_TRUE(started_);
    std::vector<MetricValue> values;
    for (const std::string& name : names_) {
      const bool readable = name == "cycles";
      values.push_back({name, name, readable ? std::optional(1e6) : std::nullopt, "", readable ? "" : "not today"});
    }
    return values;
  }

 private:
  std::vector<std::string> names_;
  bool started_ = false;
};

TEST_F(CpuSessionTest, ProfilesThroughTheSeamAndPassesReasonsOn) {
  const auto session = open(rows_of(100, 1000), {.isa = "", .threads = 0, .counters = [](const auto& names) {
                                                   return std::make_unique<FakeCounters>(names);
                                                 }});
  const Handle handle = *session->load(artifact_of(kAVariant));
  const auto profile = session->profile(handle, {"cycles", "LLC-loads"});
  ASSERT_TRUE(profile.has_value());
  ASSERT_EQ(profile->launches.size(), 1U);
  EXPECT_EQ(profile->launches[0].entry, "cpu_row_carry");
  EXPECT_EQ(value_of(profile->launches[0], "cycles"), 1e6);
  EXPECT_EQ(value_of(profile->launches[0], "LLC-loads"), std::nullopt);
  EXPECT_EQ(profile->launches[0].metrics[1].reason, "not today");
}

TEST(Copy, MovesEveryByteByEveryMethod) {
  const LeafTables tables = leaf_tables();
  Team team(3);
  for (int t = 0; t < tables.count; ++t) {
    for (const int64_t bytes : {int64_t{4}, int64_t{1000}, (int64_t{5} << 20) + 12}) {
      alignas(64) static std::byte from[6 << 20];
      alignas(64) static std::byte to[6 << 20];
      for (size_t i = 0; i < sizeof from; ++i) {
        from[i] = static_cast<std::byte>(i * 31 + i / 4096);
      }
      for (const CopyMethod& method : copy_methods(*tables.tables[t], team.workers())) {
        std::fill(std::begin(to), std::end(to), std::byte{0});
        copy(*tables.tables[t], team, method, from, to, bytes);
        EXPECT_TRUE(std::equal(from, from + bytes, to)) << method.threads << " " << method.streaming;
        EXPECT_EQ(to[bytes], std::byte{0});
      }
    }
  }
}

TEST(Copy, TriesEveryThreadCountOnceAndPicksOneOfThem) {
  const Leaves& leaves = *leaf_tables().tables[0];
  for (const int workers : {1, 2, 3, 8}) {
    const auto methods = copy_methods(leaves, workers);
    EXPECT_EQ(methods.front().threads, workers);
    EXPECT_EQ(methods.back().threads, 1);
    for (size_t i = 0; i < methods.size(); ++i) {
      EXPECT_EQ(std::count(methods.begin(), methods.end(), methods[i]), 1);
    }
  }
  Team team(2);
  std::vector<float> from(1 << 20, 1.0f);
  std::vector<float> to(1 << 20);
  const auto aligned = [](std::vector<float>& v) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(v.data()) + 63) / 64 * 64);
  };
  int calls = 0;
  const CopyMethod best = fastest_copy(leaves, team, aligned(from), aligned(to), 1 << 20, [&] { ++calls; });
  const auto methods = copy_methods(leaves, 2);
  EXPECT_NE(std::find(methods.begin(), methods.end(), best), methods.end());
  EXPECT_GE(calls, static_cast<int>(methods.size()));
}

}  // namespace
}  // namespace scantune::cpu
