#include "core/protocol.h"

#include <gtest/gtest.h>

#include <set>

#include "core/digest.h"

namespace scantune {
namespace {

TEST(Digest, IsTheSameOnEveryMachineAndRun) {
  // XXH3_128bits of "" and "abc", from the algorithm's specification and its reference program, xxhsum -H2.
  EXPECT_EQ(digest(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(digest("abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Digest, SeesEveryByte) {
  EXPECT_NE(digest("a"), digest("b"));
  EXPECT_NE(digest(std::string_view("a\0", 2)), digest("a"));
  EXPECT_EQ(digest("a").size(), 32U);
}

TEST(Protocol, DigestChangesWithEachMember) {
  // Names every member, so that one more does not compile until it is tested here.
  Protocol protocol;
  auto& [version, warmup_copies, round_variants, round_copies, short_run_ns, sample_ns, race_min_rounds, race_margin,
         screen_looks, tight_half_width, screen_min_rounds, screen_time_s, final_rounds, final_min_rounds, final_time_s,
         final_variants, disturbance, discard_share, confidence, equivalence] = protocol;
  std::set<std::string> digests = {digest(protocol)};
  size_t expected = 1;
  const auto changes_with = [&](auto& member, auto by) {
    const auto old = member;
    member += by;
    digests.insert(digest(protocol));
    member = old;
    EXPECT_EQ(digests.size(), ++expected);
  };
  for (int* member : {&version, &warmup_copies, &round_variants, &round_copies, &race_min_rounds, &screen_looks.front(),
                      &screen_looks.back(), &screen_min_rounds, &final_rounds, &final_min_rounds, &final_variants}) {
    changes_with(*member, 1);
  }
  for (double* member : {&short_run_ns, &sample_ns, &screen_time_s, &final_time_s}) {
    changes_with(*member, 0.25);
  }
  for (double* member : {&race_margin, &tight_half_width, &disturbance, &discard_share, &confidence, &equivalence}) {
    changes_with(*member, 0.0001);
  }
  EXPECT_EQ(digests.count(digest(protocol)), 1U);
}

}  // namespace
}  // namespace scantune
