// The gate on a GPU: a kernel that was made slower is right, and slower by what was planted; checks of it come to a
// verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "catalog/catalog.h"
#include "gate/check.h"
#include "gate/planted.h"
#include "gpu.h"
#include "stats/stats.h"
#include "tune/rounds.h"

namespace scantune::cuda {
namespace {

class Gate : public GpuTest {
 protected:
  // A baseline: 30 rounds of one variant, as a best file would hold them.
  static BestEntry recorded(const Workload& job, const Candidate& candidate) {
    BestEntry entry;
    entry.workload = job;
    entry.chip = gpu->info().chip;
    entry.provenance.uuid = gpu->info().uuid;
    entry.provenance.driver = gpu->info().driver;
    Contender winner;
    winner.variant = candidate.variant;
    winner.source_digest = source_digest(*candidate.kernel);
    entry.contenders = {winner};
    const auto session = open(job);
    const Handle handle = load(*session, *candidate.kernel, job, candidate.variant).value();
    EXPECT_TRUE(session->verify(handle));
    RoundTaker taker(job, Backend::cuda, entry.protocol, 1);
    taker.warm_up(*session, {});
    while (entry.rounds.size() < 30) {
      RoundsEnd end = taker.take(*session, Phase::final, {{0, handle}}, {});
      if (end.kind == RoundsEnd::Kind::complete) {
        entry.rounds.push_back(std::move(end.round));
      }
    }
    const stats::Pairs pairs = stats::pairs_of(entry.rounds, Phase::final, 0);
    entry.contenders.front().ratio_to_copy = stats::median_interval(pairs.ratio, 0.95);
    entry.contenders.front().time_ns = stats::median_interval(pairs.time_ns, 0.95);
    entry.copy_time_ns = stats::median_interval(pairs.copy_ns, 0.95);
    return entry;
  }
};

TEST_F(Gate, PassesWhatIsUnchangedAndFindsTwoPercentOfExtraTraffic) {
  const Workload job = workload({16384, 16384});
  if (gpu->memory_needed(job) > gpu->info().free_bytes) {
    GTEST_SKIP() << "needs " << gpu->memory_needed(job) << " bytes of GPU memory";
  }
  const auto all = candidates(job, gpu->info().chip, {.kernels = {"row_carry"}, .settings = {}});
  ASSERT_TRUE(all);
  const auto admitted = std::ranges::find_if(*all, [](const Candidate& candidate) { return candidate.broken.empty(); });
  ASSERT_NE(admitted, all->end());
  const BestEntry entry = recorded(job, *admitted);
  gate::CheckOptions options;
  options.planted = 0.02;
  const EntryCheck check = gate::check_entry(*gpu, *nvrtc, entry, std::nullopt, options, {});
  EXPECT_EQ(check.verdict, CheckVerdict::pass) << check.why;
  ASSERT_TRUE(check.planted);
  std::cout << "planted 2% of traffic: slower by " << 100 * check.planted->slowdown_paired.median << "%, verdict "
            << name(check.planted->verdict) << " after " << check.rounds_now << " rounds, " << check.seconds << " s\n";
  EXPECT_EQ(check.planted->verdict, CheckVerdict::regression);
  EXPECT_GT(check.planted->slowdown_paired.median, 0.01);
  EXPECT_LT(check.planted->slowdown_paired.median, 0.04);
}

TEST_F(Gate, TakesAnOldKernelIntoTheSameRounds) {
  const Workload job = workload({4096, 4096});
  const auto all = candidates(job, gpu->info().chip, {.kernels = {"row_carry"}, .settings = {}});
  ASSERT_TRUE(all);
  const auto admitted = std::ranges::find_if(*all, [](const Candidate& candidate) { return candidate.broken.empty(); });
  ASSERT_NE(admitted, all->end());
  const BestEntry entry = recorded(job, *admitted);
  const auto same = nvrtc->compile(*admitted->kernel, job, admitted->variant, gpu->info().chip);
  ASSERT_TRUE(same) << same.error().what;
  const EntryCheck check = gate::check_entry(*gpu, *nvrtc, entry, gate::Old{*same, {}}, {}, {});
  EXPECT_EQ(check.verdict, CheckVerdict::pass) << check.why;
  EXPECT_NEAR(check.slowdown.median, 0, 0.01) << "the same machine code";
}

}  // namespace
}  // namespace scantune::cuda
