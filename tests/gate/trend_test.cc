// Histories, staleness and which of two entries is kept.
#include "gate/trend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "gate/staleness.h"

namespace scantune::gate {
namespace {

using testing::HasSubstr;

HistoryLine line(const std::string& key, double ratio, const std::string& time) {
  HistoryLine line;
  line.key = key;
  line.time = time;
  line.commit = "c" + time;
  line.ratio_to_copy = {ratio, ratio, ratio};
  return line;
}

TEST(Trend, FindsACreepThatNoSingleCheckWould) {
  std::vector<HistoryLine> history;
  for (int i = 0; i < 20; ++i) {
    history.push_back(line("a", (i < 12 ? 0.95 : 0.94) + 1e-4 * (i % 3), std::to_string(i)));
    history.push_back(line("b", 0.5, std::to_string(i)));
  }
  const auto change = level_change_in(history, "a");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->time, "12");
  EXPECT_EQ(change->commit, "c12");
  EXPECT_EQ(change->runs, 20);
  EXPECT_NEAR(change->before, 0.9501, 1e-4);
  EXPECT_NEAR(change->after, 0.9401, 1e-4);
  EXPECT_FALSE(level_change_in(history, "b"));
  EXPECT_FALSE(level_change_in(history, "none"));
}

TEST(Trend, IsSilentWhereAChangeMayBeChanceOrDoesNotMatter) {
  std::vector<HistoryLine> few;
  std::vector<HistoryLine> small;
  for (int i = 0; i < 20; ++i) {
    if (i < 6) {
      few.push_back(line("a", i < 3 ? 0.95 : 0.94, std::to_string(i)));
    }
    small.push_back(line("a", (i < 10 ? 0.95 : 0.949) + 1e-5 * (i % 3), std::to_string(i)));
  }
  EXPECT_FALSE(level_change_in(few, "a"));
  EXPECT_FALSE(level_change_in(small, "a"));
}

TEST(Trend, TakesTheLastEstimateOfTheNoise) {
  std::vector<HistoryLine> history(3, line("a", 0.9, "1"));
  history[0].noise = Noise{.key = "a", .variant = {}, .session_sd = 0.1};
  history[1].noise = Noise{.key = "a", .variant = {}, .session_sd = 0.2};
  EXPECT_EQ(noise_in(history, "a")->session_sd, 0.2);
  EXPECT_FALSE(noise_in(history, "b"));
}

class StalenessTest : public testing::Test {
 protected:
  StalenessTest() {
    entry.chip = *reference_chip(90);
    entry.workload.shape = *make_shape({4096, 4096}, 1);
    const auto all = candidates(entry.workload, entry.chip, {.kernels = {"row_carry"}, .settings = {}});
    const auto admitted = std::ranges::find_if(*all, [](const Candidate& c) { return c.broken.empty(); });
    Contender winner;
    winner.variant = admitted->variant;
    winner.source_digest = source_digest(*admitted->kernel);
    entry.contenders = {winner};
    entry.provenance.driver = "580.159.04";
    entry.provenance.compiler = "NVRTC 13.0";
    DeviceInfo gpu;
    gpu.chip = entry.chip;
    gpu.driver = "580.95.05";
    here.devices = {gpu};
    here.cuda_name = "NVRTC 13.0";
  }

  AspectState state(const std::string& what) {
    const Staleness staleness = staleness_of(entry, here);
    return std::ranges::find(staleness.aspects, what, &Aspect::what)->state;
  }

  BestEntry entry;
  Here here;
};

TEST_F(StalenessTest, HoldsUnderAnotherMinorDriver) {
  EXPECT_FALSE(staleness_of(entry, here).stale());
  EXPECT_EQ(state("driver"), AspectState::holds);
  EXPECT_EQ(state("build options"), AspectState::unknown) << "the file is of before build digests";
}

TEST_F(StalenessTest, IsLostWithAnyOfWhatItRestsOn) {
  const BestEntry good = entry;
  entry.contenders.front().source_digest = "0";
  EXPECT_EQ(state("kernel source"), AspectState::stale);
  entry = good;
  entry.contenders.front().variant.kernel = "gone";
  EXPECT_EQ(state("kernel source"), AspectState::stale);
  entry = good;
  entry.contenders.front().variant.settings.push_back({"more", int64_t{1}});
  EXPECT_EQ(state("kernel source"), AspectState::stale);
  entry = good;
  entry.provenance.driver = "570.1";
  EXPECT_EQ(state("driver"), AspectState::stale);
  entry.provenance.compiler = "NVRTC 12.9";
  EXPECT_EQ(state("NVRTC"), AspectState::stale);
  entry = good;
  entry.chip.multiprocessors = 16;
  EXPECT_EQ(state("chip"), AspectState::stale);
  entry = good;
  entry.protocol.final_rounds = 31;
  EXPECT_EQ(state("protocol"), AspectState::stale);
  EXPECT_TRUE(staleness_of(entry, here).stale());
}

TEST_F(StalenessTest, WithoutAGpuChecksWhatItCan) {
  here.devices.clear();
  here.no_gpu = "libcuda.so.1 cannot be opened";
  here.cuda_name.clear();
  EXPECT_EQ(state("kernel source"), AspectState::holds);
  EXPECT_EQ(state("protocol"), AspectState::holds);
  for (const char* what : {"driver", "chip", "NVRTC"}) {
    EXPECT_EQ(state(what), AspectState::unknown) << what;
  }
  EXPECT_FALSE(staleness_of(entry, here).stale());
}

TEST_F(StalenessTest, OfTwoKeepsTheValidThenTheTighterThenTheNewer) {
  BestEntry other = entry;
  entry.contenders.front().ratio_to_copy = {0.95, 0.94, 0.96};
  other.contenders.front().ratio_to_copy = {0.95, 0.949, 0.951};
  std::string why;
  EXPECT_EQ(better_of(entry, false, other, true, &why), 0);
  EXPECT_THAT(why, HasSubstr("stale"));
  EXPECT_EQ(better_of(entry, true, other, false), 1);
  EXPECT_EQ(better_of(entry, false, other, false, &why), 1);
  EXPECT_THAT(why, HasSubstr("±"));
  other.contenders = entry.contenders;
  entry.provenance.time = "2026-01-01T00:00:00Z";
  other.provenance.time = "2026-01-02T00:00:00Z";
  EXPECT_EQ(better_of(entry, true, other, true, &why), 1);
  EXPECT_THAT(why, HasSubstr("older"));
  EXPECT_EQ(better_of(other, true, entry, true), 0);
  EXPECT_EQ(better_of(entry, false, entry, false), 0);
}

}  // namespace
}  // namespace scantune::gate
