// Who else computes on a GPU, by an NVML that was made up (fake_nvml.cc).
#include "doctor/other_work.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace scantune::doctor {
namespace {

using testing::HasSubstr;

TEST(OtherWork, IsNamedWhereSomebodyElseHasAContext) {
  const GpuProcess own{.id = 10, .visible = true, .own = true, .name = "scantune"};
  const GpuProcess python{.id = 4711, .visible = true, .own = false, .name = "python3"};
  EXPECT_EQ(others_in_words({}), "");
  EXPECT_EQ(others_in_words({own, own}), "");
  EXPECT_EQ(others_in_words({own, python}), "another process uses this GPU: python3 (pid 4711)");
  EXPECT_EQ(others_in_words({python}), "another process uses this GPU: python3 (pid 4711)")
      << "we have no context where memory ran short";
  EXPECT_EQ(others_in_words({python, own, {.id = 12, .visible = true, .own = false, .name = {}}}),
            "2 other processes use this GPU: python3 (pid 4711), pid 12");
  EXPECT_EQ(others_in_words({python, python, python, python, python}),
            "5 other processes use this GPU: python3 (pid 4711), python3 (pid 4711), python3 (pid 4711), ...");
}

TEST(OtherWork, TakesOneOfTheHostsIdsForOurOwnInAContainer) {
  const GpuProcess host{.id = 90001, .visible = false, .own = false, .name = {}};
  const GpuProcess own{.id = 10, .visible = true, .own = true, .name = {}};
  EXPECT_EQ(others_in_words({host}), "");
  EXPECT_EQ(others_in_words({host, host}), "another process uses this GPU: pid 90001");
  EXPECT_EQ(others_in_words({own, host}), "another process uses this GPU: pid 90001");
}

#ifdef SCANTUNE_FAKE_NVML  // of a build with CUDA
// Loaded first, it answers for the library of its name.
class FakeNvml : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(dlopen(SCANTUNE_FAKE_NVML, RTLD_NOW | RTLD_GLOBAL), nullptr) << dlerror(); }
  static std::string seen(const std::string& ids) {
    setenv("SCANTUNE_FAKE_PROCESSES", ids.c_str(), 1);
    return other_work_on("GPU-fake");
  }
};

TEST_F(FakeNvml, LeavesOutThisProcessAndItsChildren) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    pause();
    _exit(0);
  }
  const std::string ours = std::to_string(getpid()) + " " + std::to_string(child);
  EXPECT_EQ(seen(""), "");
  EXPECT_EQ(seen(ours), "");
  EXPECT_THAT(seen(ours + " " + std::to_string(getppid())), HasSubstr("another process uses this GPU: "));
  EXPECT_THAT(seen(ours + " " + std::to_string(getppid())), HasSubstr("(pid " + std::to_string(getppid()) + ")"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(FakeNvml, SaysNothingWhereItIsNotTold) {
  unsetenv("SCANTUNE_FAKE_PROCESSES");
  EXPECT_EQ(other_work_on("GPU-fake"), "");
  EXPECT_EQ(other_work_on("GPU-unknown"), "");
}
#endif

}  // namespace
}  // namespace scantune::doctor
