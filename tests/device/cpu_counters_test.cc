#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "device/counters.h"
#include "device/cpu.h"

namespace scantune::cpu {
namespace {

using ::testing::HasSubstr;

TEST(Counters, SayWhyTheyWereRefusedAndWhatToDo) {
  EXPECT_EQ(refusal(EACCES, true, "3"),
            "perf_event_paranoid is 3: not permitted; run 'sysctl kernel.perf_event_paranoid=1' as root");
  EXPECT_THAT(refusal(EPERM, true, "-1"), HasSubstr("seccomp"));
  EXPECT_THAT(refusal(EPERM, true, ""), HasSubstr("CAP_PERFMON"));
  EXPECT_THAT(refusal(ENOENT, true, "2"), HasSubstr("virtual machine"));
  EXPECT_EQ(refusal(ENOENT, false, "2"), "this kernel has no such counter");
  EXPECT_THAT(refusal(ENOSYS, true, ""), HasSubstr("no perf_event_open"));
  EXPECT_THAT(refusal(EMFILE, true, ""), HasSubstr("ulimit"));
  EXPECT_THAT(refusal(EIO, true, ""), HasSubstr("perf_event_open failed"));
}

TEST(Counters, HaveAValueOrAReasonAndNeverBoth) {
  std::vector<std::string> names = {"no-such-counter"};
  for (const CounterInfo& info : known_counters()) {
    names.push_back(info.name);
  }
  const auto counters = perf_counters(names);
  counters->start();
  const auto values = counters->stop();
  ASSERT_EQ(values.size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(values[i].requested, names[i]);
    EXPECT_NE(values[i].value.has_value(), !values[i].reason.empty()) << names[i];
  }
  EXPECT_THAT(values[0].reason, HasSubstr("no counter of this name"));
}

// Where the kernel counts at all, it counts what a thread started later does as well.
TEST(Counters, CountThreadsStartedAfterThem) {
  const auto counters = perf_counters({"task-clock"});
  std::atomic<double> sink = 0;
  std::thread thread;
  counters->start();
  thread = std::thread([&] {
    double x = 1;
    for (int i = 0; i < 20'000'000; ++i) {
      x = x * 1.0000001 + 1e-9;
    }
    sink = x;
  });
  thread.join();
  const auto values = counters->stop();
  if (values[0].value) {
    EXPECT_GT(*values[0].value, 5e6) << "ns; the thread alone takes longer";
  } else {
    EXPECT_FALSE(values[0].reason.empty());
  }
}

TEST(CpuMetrics, AreResolvedByNameOrSet) {
  EXPECT_EQ(resolve_metrics("core"), core_metrics());
  EXPECT_EQ(resolve_metrics("none"), std::vector<std::string>{});
  EXPECT_EQ(resolve_metrics("cycles,page-faults,cycles"), (std::vector<std::string>{"cycles", "page-faults"}));
  for (const std::string text : {"dram__bytes.sum", "", "cycles,", "core,wrong"}) {
    const auto resolved = resolve_metrics(text);
    ASSERT_FALSE(resolved.has_value()) << text;
    EXPECT_EQ(resolved.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(resolved.error().message, HasSubstr("unknown metric"));
    EXPECT_THAT(resolved.error().message, HasSubstr("instructions"));
  }
}

TEST(CpuMetrics, OfTheCoreSetAreAllKnown) {
  for (const std::string& name : core_metrics()) {
    EXPECT_TRUE(std::any_of(known_counters().begin(), known_counters().end(), [&](const CounterInfo& info) {
      return info.name == name;
    })) << name;
  }
}

}  // namespace
}  // namespace scantune::cpu
