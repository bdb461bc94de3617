// A device that answers from a journal: recorded pairs, the copy beside them, and what it says where it has no answer.
#include "device/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "../store/scratch.h"
#include "catalog/catalog.h"
#include "store/journal.h"

namespace scantune::replay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Workload workload(int64_t n = 1024) {
  Workload workload;
  workload.shape = {{1024, n}, 1};
  return workload;
}

Context context(int64_t n = 1024) {
  Context context;
  context.workload = workload(n);
  context.chip = reference_chip(90).value();
  context.driver = "580.1";
  return context;
}

Trial trial(int64_t tile, const std::string& build = "built") {
  return {Variant{"row_carry", {{"tile", tile}}}, build};
}

RoundTaken round_of(std::vector<Sample> samples, std::vector<Trial> trials) {
  return {{Phase::screen, std::move(samples)}, std::move(trials), {}};
}

class Replay : public testing::Test {
 protected:
  // What a run with two variants in two rounds writes, the copies of the second taking twice as long; a third one gave
  // wrong results, and a fourth crashed after a sample.
  void SetUp() override {
    write({RunBegan{context(), provenance(), 1, false}, TrialVerified{trial(1), {{.entry = "one"}}, 0},
           TrialVerified{trial(2), {}, 0}, TrialFailed{trial(3), {FailureKind::wrong_result, "element 7"}},
           TrialVerified{trial(4), {}, 0},
           round_of({{kCopy, 100}, {0, 110}, {1, 120}, {kCopy, 102}}, {trial(1), trial(2)}),
           round_of({{1, 222}, {kCopy, 200}, {0, 220}, {kCopy, 204}}, {trial(4), trial(1)}),
           TrialFailed{trial(4), {FailureKind::crash, "it crashed"}},
           TrialProfiled{trial(1), {{{"one", {{"known", "known", 42.0, "%", ""}}}}}}});
  }

  static Provenance provenance(const std::string& device = "cuda:0") {
    Provenance provenance;
    provenance.device = device;
    provenance.compiler = "NVRTC 13.0";
    return provenance;
  }

  void write(const std::vector<JournalWhat>& events, const Context& of = context()) {
    auto journal = store::Journal::open(path());
    ASSERT_TRUE(journal) << journal.error().message;
    for (const JournalWhat& what : events) {
      ASSERT_TRUE(journal->append({digest(of), what}));
    }
  }

  [[nodiscard]] std::filesystem::path path() const { return scratch / "journal.jsonl"; }

  std::unique_ptr<Session> open(uint64_t seed = 1) {
    device = make_device(Recording::open(path()).value());
    return device->open(workload(), seed).value();
  }

  static tl::expected<Handle, Failure> load(Session& session, int64_t tile) {
    Artifact artifact;
    artifact.variant = trial(tile).variant;
    return session.load(artifact);
  }

  static std::vector<Sample> take(Session& session, const std::vector<Handle>& order) {
    const auto samples = session.round(order, {}, {});
    EXPECT_TRUE(samples) << samples.error().failure.what;
    return samples.value_or(std::vector<Sample>());
  }

  store::Scratch scratch;
  std::unique_ptr<Device> device;
};

TEST_F(Replay, IsTheRecordedDeviceAndSaysThatItIsNot) {
  open();
  const DeviceInfo& info = device->info();
  EXPECT_EQ(info.chip, context().chip);
  EXPECT_EQ(info.id, "replay:" + path().string());
  EXPECT_EQ(info.compiler, "NVRTC 13.0");
  Context ours = context();
  ours.driver = info.driver;
  EXPECT_NE(digest(ours), digest(context())) << "a replay must not continue what was measured";
}

TEST_F(Replay, AnswersARecordedRoundAsItWasTaken) {
  const auto session = open();
  const Handle one = *load(*session, 1);
  const Handle two = *load(*session, 2);
  EXPECT_THAT(take(*session, {two, kCopy, one, kCopy}),
              ElementsAre(Sample{two, 120}, Sample{kCopy, 100}, Sample{one, 110}, Sample{kCopy, 102}));
  EXPECT_EQ(session->resampled(), 0);
}

TEST_F(Replay, KeepsTheRatioToTheCopyOfASamplesOwnRound) {
  const auto session = open();
  const Handle one = *load(*session, 1);
  const Handle four = *load(*session, 4);
  // The first pair of each: of one in the first round, of four in the second, where copies took twice as long.
  const std::vector<Sample> samples = take(*session, {one, kCopy, four, kCopy});
  EXPECT_EQ(samples[0].time_ns, 110);
  EXPECT_EQ(samples[1].time_ns, 100);
  EXPECT_DOUBLE_EQ(samples[2].time_ns, 110) << "220, of a round whose copies took twice as long";
  EXPECT_EQ(session->resampled(), 0) << "scaled, but a sample of its own";
}

TEST_F(Replay, GivesEachSampleOnceAndThenDrawsAgainAndCountsIt) {
  const auto session = open();
  const Handle one = *load(*session, 1);
  EXPECT_EQ(take(*session, {one, kCopy})[0].time_ns, 110);
  EXPECT_EQ(take(*session, {one, kCopy})[0].time_ns, 222);
  std::set<double> ratios;
  for (int i = 0; i < 50; ++i) {
    const auto samples = take(*session, {kCopy, one, kCopy});
    EXPECT_EQ(session->resampled(), 1);
    ratios.insert(std::round(1e6 * samples[1].time_ns / ((samples[0].time_ns + samples[2].time_ns) / 2)));
  }
  EXPECT_THAT(ratios, ElementsAre(std::round(1e6 * 110 / 101), std::round(1e6 * 222 / 202)))
      << "the two recorded pairs, whichever round's copies are beside them";
}

TEST_F(Replay, DrawsTheSameForTheSameSeedOnly) {
  const auto drawn = [&](uint64_t seed) {
    const auto session = open(seed);
    const Handle one = *load(*session, 1);
    std::vector<double> times;
    times.reserve(40);
    for (int i = 0; i < 40; ++i) {
      times.push_back(take(*session, {one, kCopy})[0].time_ns);
    }
    return times;
  };
  EXPECT_EQ(drawn(3), drawn(3));
  EXPECT_NE(drawn(3), drawn(4));
}

TEST_F(Replay, WarmsUpSoThatASampleHasAsManyRunsAsRecorded) {
  const auto session = open();
  const Protocol protocol;
  for (const Sample& sample : take(*session, {kCopy, kCopy})) {
    EXPECT_GE(sample.time_ns, protocol.short_run_ns) << "recorded samples are of one run";
  }
}

TEST_F(Replay, WhatWasNotRecordedIsAnOutcomeOfItsOwn) {
  const auto session = open();
  EXPECT_EQ(load(*session, 9).error().kind, FailureKind::not_recorded);
  const auto recording = Recording::open(path()).value();
  const auto compiler = make_compiler(recording);
  const Kernel& kernel = kernels().front();
  EXPECT_EQ(compiler->compile(kernel, workload(), trial(9).variant, {}).error().kind, FailureKind::not_recorded);
  EXPECT_EQ(compiler->build_digest(kernel, workload(), trial(9).variant, {}), "");
  EXPECT_EQ(compiler->build_digest(kernel, workload(), trial(1).variant, {}), "built");
  // Verified, but never sampled.
  const auto round = session->round(std::vector<Handle>{*load(*session, 2), kCopy}, {}, {});
  EXPECT_TRUE(round);
}

TEST_F(Replay, FailsWhereTheVariantFailed) {
  const auto session = open();
  EXPECT_EQ(session->verify(*load(*session, 3)).error(), (Failure{FailureKind::wrong_result, "element 7"}));
  const Handle four = *load(*session, 4);
  EXPECT_TRUE(session->verify(four));
  EXPECT_EQ(take(*session, {four, kCopy}).size(), 2U) << "the sample that it gave";
  const auto crashed = session->round(std::vector<Handle>{kCopy, four}, {}, {});
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().position, 1U);
  EXPECT_EQ(crashed.error().failure.kind, FailureKind::crash);
}

TEST_F(Replay, AnswersCountersThatWereReadAndSaysWhyOthersAreMissing) {
  const auto session = open();
  const Profile profile = session->profile(*load(*session, 1), {"known", "unknown"}).value();
  ASSERT_EQ(profile.launches.size(), 1U);
  EXPECT_EQ(value_of(profile.launches[0], "known"), 42.0);
  EXPECT_EQ(value_of(profile.launches[0], "unknown"), std::nullopt);
  EXPECT_THAT(profile.launches[0].metrics[1].reason, HasSubstr("not recorded"));
}

TEST_F(Replay, TakesTheLastBuildOfAVariantOnly) {
  write({TrialVerified{trial(1, "rebuilt"), {}, 0}, round_of({{0, 300}, {kCopy, 100}}, {trial(1, "rebuilt")})});
  const auto session = open();
  EXPECT_EQ(take(*session, {*load(*session, 1), kCopy})[0].time_ns, 300);
}

TEST_F(Replay, RefusesAWorkloadThatWasNotRecordedAndNamesThoseThatWere) {
  open();
  const auto refused = device->check(workload(4096));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("1024x4096 f32 dim 1 is not recorded"));
  EXPECT_THAT(refused.error().message, HasSubstr("which has 1024x1024 f32 dim 1"));
  EXPECT_FALSE(device->open(workload(4096), 1));
  EXPECT_TRUE(device->check(workload()));
}

TEST_F(Replay, LeavesOtherChipsOutAndSaysSo) {
  Context other = context(2048);
  other.driver = "581.2";
  write({RunBegan{other, provenance(), 1, false}}, other);
  const auto recording = Recording::open(path()).value();
  EXPECT_THAT(recording->workloads(), ElementsAre(workload(2048)));
  ASSERT_EQ(recording->notes().size(), 1U);
  EXPECT_THAT(recording->notes()[0], HasSubstr("with driver 580.1 is left out"));
}

TEST_F(Replay, RefusesWhatIsNoRecording) {
  const auto message = [&](const std::string& name, const std::string& text) {
    std::ofstream(scratch / name) << text;
    return Recording::open(scratch / name).error().message;
  };
  EXPECT_THAT(message("x.zst", "\x28\xb5\x2f\xfd..."), HasSubstr("zstd -d"));
  EXPECT_THAT(message("x.json", "{}\n"), HasSubstr("not a scantune journal"));
  EXPECT_THAT(Recording::open(scratch / "none.jsonl").error().message, HasSubstr("none.jsonl"));
}

TEST_F(Replay, RefusesAReplayOfAReplay) {
  std::filesystem::remove(path());
  std::filesystem::remove(path().string() + ".index");
  write({RunBegan{context(), provenance("replay:other.jsonl"), 1, false}});
  EXPECT_THAT(Recording::open(path()).error().message, HasSubstr("it was written by a replay itself"));
}

}  // namespace
}  // namespace scantune::replay
