// NVRTC in child processes, on a machine without a GPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <thread>

#include "catalog/catalog.h"
#include "cuda/cuda.h"
#include "planted.h"

namespace scantune::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

class CompilerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/scantune-compiler-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::filesystem::path cache() const { return folder / "cache"; }

  // The one file of the cache.
  [[nodiscard]] std::filesystem::path cached() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(cache())) {
      files.push_back(entry.path());
    }
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::filesystem::path() : files.front();
  }

  std::filesystem::path folder;
};

std::unique_ptr<Compiler> compiler(CompilerOptions options) {
  if (options.executable == "/proc/self/exe") {
    options.executable = SCANTUNE_BINARY;
  }
  auto made = make_compiler(std::move(options));
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made ? *std::move(made) : nullptr;
}

Chip chip(int compute_capability = 90) { return *reference_chip(compute_capability); }

tl::expected<Artifact, Failure> compile(Compiler& compiler, const char* source = kGoodSource,
                                        const Chip& chip = *reference_chip(90)) {
  return compiler.compile(planted_kernel(source), planted_workload(), planted_variant(), chip);
}

// The children of this process.
std::set<pid_t> children() {
  std::set<pid_t> pids;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    pid_t pid = 0;
    while (file >> pid) {
      pids.insert(pid);
    }
  }
  return pids;
}

pid_t wait_for_a_child() {
  for (int i = 0; i < 1000; ++i) {
    if (const auto pids = children(); !pids.empty()) {
      return *pids.begin();
    }
    std::this_thread::sleep_for(10ms);
  }
  return -1;
}

TEST_F(CompilerTest, CompilesForEveryArchitecture) {
  const auto nvrtc = compiler({.cache_dir = cache()});
  ASSERT_NE(nvrtc, nullptr);
  for (const Chip& chip : reference_chips()) {
    const auto artifact = compile(*nvrtc, kGoodSource, chip);
    ASSERT_TRUE(artifact) << sm_name(chip) << ": " << artifact.error().what;
    EXPECT_THAT(*artifact->image, StartsWith("\x7f"
                                             "ELF"));
    EXPECT_FALSE(artifact->from_cache);
    EXPECT_EQ(artifact->workspace_bytes, 4096);
    ASSERT_EQ(artifact->functions.size(), 2u);
    EXPECT_THAT(artifact->functions[0], HasSubstr("planted"));
    EXPECT_THAT(artifact->functions[1], HasSubstr("second"));
    ASSERT_EQ(artifact->resources.size(), 2u);
    EXPECT_EQ(artifact->resources[0].entry, "planted<float, 8>");
    EXPECT_GT(artifact->resources[0].registers_per_thread, 3);
    // sm_90 and later reserve 1 KiB a block, which the driver counts and ptxas does not.
    EXPECT_EQ(artifact->resources[0].static_shared_bytes, 128) << sm_name(chip);
    EXPECT_EQ(artifact->resources[0].dynamic_shared_bytes, 256);
    EXPECT_EQ(artifact->resources[0].spill_bytes, 0);
    EXPECT_EQ(artifact->resources[0].block_threads, 64);
    EXPECT_EQ(artifact->resources[0].grid_blocks, 7);
    EXPECT_EQ(artifact->resources[1].static_shared_bytes, 0);
  }
}

TEST_F(CompilerTest, ReportsLocalMemoryAsSpills) {
  const auto nvrtc = compiler({.cache_dir = {}});
  ASSERT_NE(nvrtc, nullptr);
  constexpr const char* kSource = R"(
template <class T, int kTile>
__global__ void planted(const T* in, T* out, void*, long long n, long long, long long) {
  T values[64];
  for (int i = 0; i < 64; ++i) values[i] = in[i];
  T sum = 0;
  for (int i = 0; i < n; ++i) sum += values[(i * kTile) % 64], values[i % 64] = sum;
  *out = sum;
}
__global__ void second(const float* in, float* out, void*, long long, long long, long long) { *out = *in; }
)";
  const auto artifact = compile(*nvrtc, kSource);
  ASSERT_TRUE(artifact) << artifact.error().what;
  EXPECT_EQ(artifact->resources[0].spill_bytes, 256);
  EXPECT_EQ(artifact->resources[1].spill_bytes, 0);
}

TEST_F(CompilerTest, TakesFromTheCacheWhatAnEarlierRunCompiled) {
  const auto first = compile(*compiler({.cache_dir = cache()}));
  ASSERT_TRUE(first) << first.error().what;
  // A child that cannot compile: only the cache can answer.
  const auto second = compile(*compiler({.cache_dir = cache(), .executable = "/bin/false"}));
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_TRUE(second->from_cache);
  EXPECT_EQ(*second->image, *first->image);
  EXPECT_EQ(second->functions, first->functions);
  EXPECT_EQ(second->resources, first->resources);
}

TEST_F(CompilerTest, KeepsArchitecturesAndSourcesApartInTheCache) {
  const auto nvrtc = compiler({.cache_dir = cache()});
  ASSERT_TRUE(compile(*nvrtc, kGoodSource, chip(90)));
  const auto other_chip = compile(*nvrtc, kGoodSource, chip(80));
  ASSERT_TRUE(other_chip);
  EXPECT_FALSE(other_chip->from_cache);
  const auto other_source = compile(*nvrtc, (std::string(kGoodSource) + "// changed\n").c_str());
  ASSERT_TRUE(other_source);
  EXPECT_FALSE(other_source->from_cache);
}

TEST_F(CompilerTest, CompilesAgainWhereTheCacheIsDamaged) {
  const auto first = compile(*compiler({.cache_dir = cache()}));
  ASSERT_TRUE(first) << first.error().what;
  const auto size = std::filesystem::file_size(cached());
  const auto damages = {
      +[](const std::filesystem::path& file, uintmax_t size) { std::filesystem::resize_file(file, size / 2); },
      +[](const std::filesystem::path& file, uintmax_t size) {
        std::fstream stream(file, std::ios::in | std::ios::out);
        stream.seekp(static_cast<std::streamoff>(size - 100));
        stream << "damage";
      },
      +[](const std::filesystem::path& file, uintmax_t) { std::filesystem::resize_file(file, 0); }};
  for (const auto damage : damages) {
    damage(cached(), size);
    const auto again = compile(*compiler({.cache_dir = cache()}));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_FALSE(again->from_cache);
    EXPECT_EQ(again->functions, first->functions);
    const auto mended = compile(*compiler({.cache_dir = cache()}));
    ASSERT_TRUE(mended);
    EXPECT_TRUE(mended->from_cache);
  }
}

TEST_F(CompilerTest, WorksWhereTheCacheCannotBeWritten) {
  std::ofstream(folder / "file") << "in the way";
  const auto artifact = compile(*compiler({.cache_dir = folder / "file" / "cache"}));
  ASSERT_TRUE(artifact) << artifact.error().what;
  EXPECT_FALSE(artifact->from_cache);
}

TEST_F(CompilerTest, SaysInOneLineWhatIsWrongWithASource) {
  const auto nvrtc = compiler({.cache_dir = cache()});
  const auto artifact = compile(*nvrtc, R"(
template <class T, int kTile>
__global__ void planted(const T*, T* out, void*, long long, long long, long long) {
  *out = missing;
}
)");
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().kind, FailureKind::compile);
  EXPECT_THAT(artifact.error().what, HasSubstr("planted.cuh(4): error: identifier \"missing\" is undefined"));
  EXPECT_EQ(artifact.error().what.find('\n'), std::string::npos);
  // The child lives on.
  const auto good = compile(*nvrtc);
  EXPECT_TRUE(good) << good.error().what;
}

TEST_F(CompilerTest, GivesUpAtTheTimeLimitAndCompilesTheNext) {
  const auto nvrtc = compiler({.cache_dir = cache(), .processes = 1, .time_limit = 4s});
  const auto start = std::chrono::steady_clock::now();
  const auto endless = compile(*nvrtc, kEndlessSource);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().kind, FailureKind::compile_timeout);
  EXPECT_EQ(endless.error().what, "not compiled within the time limit of 4 s");
  EXPECT_LT(elapsed, 6s);
  EXPECT_TRUE(children().empty());
  const auto good = compile(*nvrtc);
  EXPECT_TRUE(good) << good.error().what;
}

TEST_F(CompilerTest, OutlivesAChildKilledAtWork) {
  const auto nvrtc = compiler({.cache_dir = cache(), .processes = 1});
  auto broken = std::async(std::launch::async, [&] { return compile(*nvrtc, kEndlessSource); });
  const pid_t child = wait_for_a_child();
  ASSERT_GT(child, 0);
  std::this_thread::sleep_for(200ms);
  kill(child, SIGKILL);
  const auto artifact = broken.get();
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().kind, FailureKind::compile);
  EXPECT_EQ(artifact.error().what, "the compiler process died: killed by signal 9 (Killed)");
  const auto good = compile(*nvrtc);
  EXPECT_TRUE(good) << good.error().what;
}

TEST_F(CompilerTest, ReplacesAChildThatWasKilledWhileIdle) {
  const auto nvrtc = compiler({.cache_dir = {}, .processes = 1});
  ASSERT_TRUE(compile(*nvrtc));
  const auto before = children();
  ASSERT_EQ(before.size(), 1u);
  kill(*before.begin(), SIGKILL);
  std::this_thread::sleep_for(100ms);
  const auto good = compile(*nvrtc);
  EXPECT_TRUE(good) << good.error().what;
}

TEST_F(CompilerTest, StopsWhatIsUnderWayWhenCancelled) {
  const auto nvrtc = compiler({.cache_dir = cache(), .processes = 1});
  auto working = std::async(std::launch::async, [&] { return compile(*nvrtc, kEndlessSource); });
  auto waiting = std::async(std::launch::async, [&] { return compile(*nvrtc, kEndlessSource); });
  ASSERT_GT(wait_for_a_child(), 0);
  std::this_thread::sleep_for(300ms);
  const auto start = std::chrono::steady_clock::now();
  nvrtc->cancel();
  EXPECT_FALSE(working.get());
  EXPECT_FALSE(waiting.get());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  const auto good = compile(*nvrtc);
  EXPECT_TRUE(good) << good.error().what;
}

TEST_F(CompilerTest, UsesAsManyProcessesAsItMayAndKeepsThem) {
  const auto nvrtc = compiler({.cache_dir = {}, .processes = 2});
  EXPECT_EQ(nvrtc->concurrency(), 2);
  EXPECT_TRUE(children().empty());  // none before there is work
  std::vector<std::future<bool>> jobs;
  for (int tile = 1; tile <= 6; ++tile) {
    jobs.push_back(std::async(std::launch::async, [&, tile] {
      return nvrtc->compile(planted_kernel(kGoodSource), planted_workload(), planted_variant(tile), chip()).has_value();
    }));
  }
  for (auto& job : jobs) {
    EXPECT_TRUE(job.get());
  }
  EXPECT_GE(children().size(), 1u);
  EXPECT_LE(children().size(), 2u);
}

TEST_F(CompilerTest, CompilesTheSameInProcess) {
  const auto child = compile(*compiler({.cache_dir = {}}));
  const auto inside = compiler({.cache_dir = {}, .in_process = true});
  EXPECT_EQ(inside->concurrency(), 1);
  const auto artifact = compile(*inside);
  ASSERT_TRUE(child && artifact);
  EXPECT_EQ(artifact->functions, child->functions);
  EXPECT_EQ(artifact->resources, child->resources);
}

TEST_F(CompilerTest, SaysWhyAChildCannotWork) {
  const auto missing = compile(*compiler({.cache_dir = {}, .executable = "/nowhere/scantune"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "cannot start /nowhere/scantune: No such file or directory");
  const auto wrong = compile(*compiler({.cache_dir = {}, .executable = "/bin/false"}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what, "the compiler process died: exit code 1");
}

}  // namespace
}  // namespace scantune::cuda
