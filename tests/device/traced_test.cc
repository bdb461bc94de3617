// What a tracer is told of a device at work.
#include "device/traced.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "catalog/catalog.h"
#include "device/cpu.h"

namespace scantune {
namespace {

using testing::ElementsAre;

// What it is told, a word a call: "kind text payload" of a beginning, "/" of an end.
class Told final : public Tracer {
 public:
  void begin(const Span& span) override {
    std::string line(kSpanNames.at(static_cast<size_t>(span.kind)));
    line += span.text.empty() ? "" : " " + span.text;
    line += span.payload ? " " + std::to_string(*span.payload) : "";
    lines.push_back(line);
  }
  void end() override { lines.emplace_back("/"); }

  std::vector<std::string> take() { return std::exchange(lines, {}); }

  std::vector<std::string> lines;
};

const std::string kVariant = "cpu_row_carry tile=1024 prefetch=falling threads=1 unroll=4 store=streaming";

class TracedTest : public testing::Test {
 protected:
  TracedTest() : device(traced(cpu::open_device({.isa = {}, .threads = 1, .counters = {}}), &told)) {
    workload.shape = Shape{{64, 1024}, 1};
  }

  [[nodiscard]] static Variant variant() { return *parse_variant(kVariant); }
  [[nodiscard]] static std::string trial() {
    return "trial " + kVariant + " " + std::to_string(trial_number(kVariant));
  }

  Told told;
  Workload workload;
  std::unique_ptr<Device> device;
};

TEST_F(TracedTest, IsTheSameObjectWhereNobodyListens) {
  auto plain = cpu::open_device();
  const Device* const is = plain.get();
  EXPECT_EQ(traced(std::move(plain), nullptr).get(), is);
  auto compiler = cpu::make_compiler();
  const Compiler* const compiles = compiler.get();
  EXPECT_EQ(traced(std::move(compiler), nullptr).get(), compiles);
}

TEST_F(TracedTest, NestsWhatIsDoneInTrialsInAWorkload) {
  auto session = device->open(workload, 1);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_THAT(told.take(), ElementsAre("workload 64x1024 f32 dim 1 524288"));
  Artifact artifact;
  artifact.variant = variant();
  const auto handle = (*session)->load(artifact);
  ASSERT_TRUE(handle) << handle.error().what;
  EXPECT_THAT(told.take(), ElementsAre(trial(), "load", "/", "/"));
  ASSERT_TRUE((*session)->verify(*handle));
  EXPECT_THAT(told.take(), ElementsAre(trial(), "verify 65536", "/", "/"));
  ASSERT_TRUE((*session)->round(std::vector<Handle>{*handle, kCopy}, {.cache = CacheState::cold, .runs = 1}, {}));
  const std::string copy = "trial copy " + std::to_string(trial_number("copy"));
  EXPECT_THAT(told.take(), ElementsAre("round 2", trial(), "time 1", "/", "/", copy, "time 1", "/", "/", "/"));
  ASSERT_TRUE((*session)->profile(*handle, {"task-clock", "page-faults"}));
  EXPECT_THAT(told.take(), ElementsAre(trial(), "profile 2", "/", "/"));
  session->reset();
  EXPECT_THAT(told.take(), ElementsAre("/"));
}

TEST_F(TracedTest, EndsWhatFails) {
  auto session = device->open(workload, 1);
  ASSERT_TRUE(session);
  (void)told.take();
  EXPECT_FALSE((*session)->round(std::vector<Handle>{kCopy, 7}, {}, {}));
  const auto lines = told.take();
  EXPECT_EQ(2 * std::ranges::count(lines, "/"), std::ssize(lines)) << testing::PrintToString(lines);
}

TEST_F(TracedTest, EndsAWorkloadThatDoesNotOpen) {
  Workload refused = workload;
  refused.accumulator = DType::f16;  // no kernel adds up so
  EXPECT_FALSE(device->open(refused, 1));
  EXPECT_THAT(told.take(), ElementsAre(testing::StartsWith("workload "), "/"));
}

TEST_F(TracedTest, ShowsACompileAsAStepOfItsTrial) {
  const auto compiler = traced(cpu::make_compiler(), &told);
  const auto kernel = find_kernel("cpu_row_carry", Backend::cpu);
  ASSERT_TRUE(kernel);
  ASSERT_TRUE(compiler->compile(**kernel, workload, variant(), cpu::info().chip));
  EXPECT_THAT(told.take(), ElementsAre(trial(), "compile", "/", "/"));
  Chip gpu = cpu::info().chip;
  gpu.compute_capability = 90;
  ASSERT_TRUE(compiler->compile(**kernel, workload, variant(), gpu));
  EXPECT_THAT(told.take(), ElementsAre(trial(), "compile 90", "/", "/"));
}

}  // namespace
}  // namespace scantune
