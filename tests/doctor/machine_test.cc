// The look at the machine the tests run on: what is the same on all of them.
#include "doctor/machine.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "../store/scratch.h"
#include "doctor/counter_probes.h"

namespace scantune::doctor {
namespace {

using store::Scratch;
using testing::HasSubstr;

TEST(Machine, LooksAtFoldersThatDoNotExistYetAndLeavesNothingBehind) {
  const Scratch scratch;
  const Machine machine = look({scratch / "a/b/cache", scratch / "results"});
  ASSERT_EQ(machine.folders.size(), 2U);
  EXPECT_EQ(machine.folders[0].purpose, "cache");
  for (const Folder& folder : machine.folders) {
    EXPECT_TRUE(folder.writable) << folder.writable.error().message;
    EXPECT_GT(folder.free_bytes.value_or(0), 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch / ""));
}

TEST(Machine, SeesAFileInThePlaceOfAFolder) {
  const Scratch scratch;
  std::ofstream(scratch / "file") << "text";
  const Machine machine = look({scratch / "file/cache", scratch / "results"});
  ASSERT_FALSE(machine.folders[0].writable);
  EXPECT_THAT(machine.folders[0].writable.error().message, HasSubstr("file is not a folder"));
}

TEST(Machine, KnowsItsCpuAndTriesItsCounters) {
  const Scratch scratch;
  const Machine machine = look({scratch / "cache", scratch / "results"});
  EXPECT_FALSE(machine.cpu.empty());
  ASSERT_FALSE(machine.cpu_counters.empty());
  for (const MetricValue& metric : machine.cpu_counters) {
    EXPECT_NE(metric.value.has_value(), !metric.reason.empty()) << metric.requested;
  }
}

TEST(CounterProbes, TellWhatCameOfEachGpu) {
  const CounterProbes probes = probe_apart([](const Tell& tell) {
    tell({});
    tell(fail(ErrorKind::environment, "counters are for\nadministrators"));
  });
  ASSERT_EQ(probes.results.size(), 2U);
  EXPECT_TRUE(probes.of(0));
  EXPECT_EQ(probes.of(1).error().message, "counters are for administrators");
  EXPECT_EQ(probes.ended, "");
  EXPECT_THAT(probes.of(2).error().message, HasSubstr("was not there"));
}

TEST(CounterProbes, OutliveACrashAndNameItsSignal) {
  const CounterProbes probes = probe_apart([](const Tell& tell) {
    tell({});
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would take it for its own
    raise(SIGSEGV);
  });
  EXPECT_TRUE(probes.of(0)) << "what was known before counts";
  ASSERT_FALSE(probes.of(1));
  EXPECT_THAT(probes.of(1).error().message, HasSubstr("by signal 11 ("));
}

}  // namespace
}  // namespace scantune::doctor
