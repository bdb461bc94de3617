#include "tune/compile_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gated_compiler.h"

namespace scantune {
namespace {

using testing::SizeIs;

constexpr std::chrono::milliseconds kNow{0};
constexpr std::chrono::seconds kPatience{20};

Variant variant(int record) { return {"fast", {{"tile", int64_t{record}}}}; }

class CompileAheadTest : public testing::Test {
 protected:
  [[nodiscard]] CompileAhead::Job job(int record) const { return {record, &kernel, variant(record)}; }
  [[nodiscard]] std::vector<CompileAhead::Job> jobs(int first, int last) const {
    std::vector<CompileAhead::Job> all;
    for (int record = first; record <= last; ++record) {
      all.push_back(job(record));
    }
    return all;
  }
  static std::vector<std::string> spelled(std::initializer_list<int> records) {
    std::vector<std::string> all;
    for (const int record : records) {
      all.push_back(to_string(variant(record)));
    }
    return all;
  }

  Kernel kernel;
  Workload workload{.shape = Shape{{64, 64}, 1}};
};

TEST_F(CompileAheadTest, HandsOutWhatWasSubmitted) {
  GatedCompiler compiler(4);
  CompileAhead ahead(compiler, workload, {});
  ahead.submit(job(1));
  EXPECT_EQ(ahead.pending(), 1);
  EXPECT_FALSE(ahead.next(kNow));
  compiler.end_all();
  const auto done = ahead.next(kPatience);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->record, 1);
  EXPECT_EQ(done->artifact->variant, variant(1));
  EXPECT_EQ(ahead.pending(), 0);
}

TEST_F(CompileAheadTest, WhatIsAskedForOvertakesGuesses) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 5));
  ASSERT_TRUE(compiler.begins(variant(1)));
  ahead.submit(job(10));
  ASSERT_TRUE(compiler.begins(variant(10))) << "a thread was left for it";
  ahead.submit(job(11));
  compiler.end(variant(1));
  ASSERT_TRUE(compiler.begins(variant(11)));
  compiler.end(variant(10));
  compiler.end(variant(11));
  ASSERT_TRUE(ahead.next(kPatience));
  ASSERT_TRUE(ahead.next(kPatience));
  ASSERT_TRUE(compiler.begins(variant(2))) << "nothing that was asked for waits any more";
  EXPECT_EQ(compiler.begun(), spelled({1, 10, 11, 2}));
}

TEST_F(CompileAheadTest, LeavesAThreadForWhatIsAskedForNext) {
  GatedCompiler compiler(4);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 10));
  for (const int guess : {1, 2, 3}) {
    ASSERT_TRUE(compiler.begins(variant(guess)));
  }
  ahead.submit(job(20));
  ASSERT_TRUE(compiler.begins(variant(20)));
  EXPECT_THAT(compiler.begun(), SizeIs(4));
}

TEST_F(CompileAheadTest, AGuessThatIsCompiledIsThereWhenItIsAskedFor) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 2));
  compiler.end(variant(1));
  ASSERT_TRUE(compiler.begins(variant(2)));  // so the first one is over
  EXPECT_FALSE(ahead.next(kNow)) << "nobody asked for it";
  ahead.submit(job(1));
  EXPECT_EQ(ahead.pending(), 1);
  const auto done = ahead.next(kNow);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->record, 1);
  EXPECT_EQ(done->artifact->variant, variant(1));
  EXPECT_EQ(ahead.pending(), 0);
  EXPECT_EQ(compiler.begun(), spelled({1, 2}));
}

TEST_F(CompileAheadTest, AGuessThatIsUnderWayIsNotCompiledTwice) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 1));
  ASSERT_TRUE(compiler.begins(variant(1)));
  ahead.submit(job(1));
  EXPECT_FALSE(ahead.next(kNow));
  compiler.end_all();
  const auto done = ahead.next(kPatience);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->record, 1);
  EXPECT_EQ(compiler.begun(), spelled({1}));
  EXPECT_EQ(ahead.unasked_s(), 0);
}

TEST_F(CompileAheadTest, AGuessThatWaitsIsCompiledOnceWhenItIsAskedFor) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 3));
  ASSERT_TRUE(compiler.begins(variant(1)));
  ahead.submit(job(3));
  ASSERT_TRUE(compiler.begins(variant(3)));
  ahead.guess(jobs(2, 3));  // whoever guesses it again is late
  compiler.end_all();
  ASSERT_TRUE(ahead.next(kPatience));
  ASSERT_TRUE(compiler.ends(variant(2)));
  EXPECT_EQ(compiler.begun(), spelled({1, 3, 2}));
  EXPECT_EQ(ahead.pending(), 0);
}

TEST_F(CompileAheadTest, AGuessThatFailsIsToldOfWhenItIsAskedFor) {
  GatedCompiler compiler(2);
  compiler.fail(variant(1));
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 2));
  compiler.end(variant(1));
  ASSERT_TRUE(compiler.begins(variant(2)));
  EXPECT_FALSE(ahead.next(kNow));
  EXPECT_EQ(ahead.pending(), 0);
  ahead.submit(job(1));
  const auto done = ahead.next(kNow);
  ASSERT_TRUE(done);
  ASSERT_FALSE(done->artifact);
  EXPECT_EQ(done->artifact.error().what, "planted");
  EXPECT_EQ(compiler.begun(), spelled({1, 2}));
}

TEST_F(CompileAheadTest, LaterGuessesReplaceThoseThatWait) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 4));
  ASSERT_TRUE(compiler.begins(variant(1)));
  ahead.guess(jobs(7, 8));
  compiler.end_all();
  ASSERT_TRUE(compiler.ends(variant(8)));
  EXPECT_EQ(compiler.begun(), spelled({1, 7, 8}));
}

TEST_F(CompileAheadTest, NoGuessIsBegunOnceTheyAreOver) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  ahead.guess(jobs(1, 4));
  ASSERT_TRUE(compiler.begins(variant(1)));
  ahead.end_guesses();
  compiler.end_all();
  ahead.submit(job(9));
  ASSERT_TRUE(ahead.next(kPatience));
  EXPECT_EQ(compiler.begun(), spelled({1, 9}));
}

TEST_F(CompileAheadTest, MakesSoManyGuessesInVainAndNoMore) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  const auto most = static_cast<int>(ahead.most_guesses());
  ASSERT_GT(most, 1);
  compiler.end_all();
  ahead.guess(jobs(1, 3 * most));
  ASSERT_TRUE(compiler.ends(variant(most)));
  ahead.submit(job(1000));
  ASSERT_TRUE(ahead.next(kPatience));
  EXPECT_THAT(compiler.begun(), SizeIs(most + 1));
  ahead.submit(job(1));  // one of them was right
  ASSERT_TRUE(ahead.next(kPatience));
  ASSERT_TRUE(compiler.ends(variant(most + 1)));
  ahead.submit(job(1001));
  ASSERT_TRUE(ahead.next(kPatience));
  EXPECT_THAT(compiler.begun(), SizeIs(most + 3));
}

TEST_F(CompileAheadTest, ACompilerOfOneThreadGetsNoGuesses) {
  GatedCompiler compiler(1);
  compiler.end_all();
  CompileAhead ahead(compiler, workload, {});
  EXPECT_EQ(ahead.most_guesses(), 0U);
  ahead.guess(jobs(1, 4));
  ahead.submit(job(9));
  ASSERT_TRUE(ahead.next(kPatience));
  EXPECT_EQ(compiler.begun(), spelled({9}));
}

TEST_F(CompileAheadTest, KnowsWhatGuessesInVainHaveTaken) {
  GatedCompiler compiler(2);
  CompileAhead ahead(compiler, workload, {});
  EXPECT_EQ(ahead.unasked_s(), 0);
  ahead.guess(jobs(1, 2));
  ASSERT_TRUE(compiler.begins(variant(1)));
  EXPECT_GT(ahead.unasked_s(), 0) << "under way";
  compiler.end_all();
  ASSERT_TRUE(compiler.ends(variant(2)));
  ahead.submit(job(2));
  ASSERT_TRUE(ahead.next(kPatience));
  EXPECT_GT(ahead.unasked_s(), 0) << "the first was in vain";
  ahead.submit(job(1));
  EXPECT_EQ(ahead.unasked_s(), 0);
}

TEST_F(CompileAheadTest, ItsEndCutsGuessesShort) {
  GatedCompiler compiler(4);
  {
    CompileAhead ahead(compiler, workload, {});
    ahead.guess(jobs(1, 10));
    for (const int guess : {1, 2, 3}) {
      ASSERT_TRUE(compiler.begins(variant(guess)));
    }
  }  // which would last for ever
  EXPECT_THAT(compiler.begun(), SizeIs(3));
  EXPECT_GT(compiler.cancels(), 0);
}

TEST_F(CompileAheadTest, ItsEndCutsShortWhatWasJustAboutToBegin) {
  GatedCompiler compiler(2);
  compiler.hear_no_first_cancel();
  {
    CompileAhead ahead(compiler, workload, {});
    ahead.guess(jobs(1, 1));
    ASSERT_TRUE(compiler.begins(variant(1)));
  }
  EXPECT_GT(compiler.cancels(), 1);
}

TEST_F(CompileAheadTest, ItsEndCancelsNothingWhereNothingIsUnderWay) {
  GatedCompiler compiler(2);
  compiler.end_all();
  {
    CompileAhead ahead(compiler, workload, {});
    ahead.submit(job(1));
    ASSERT_TRUE(ahead.next(kPatience));
  }
  EXPECT_EQ(compiler.cancels(), 0);
}

}  // namespace
}  // namespace scantune
