// Machines that exist only as files below a folder.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "device/host.h"

namespace scantune::cpu {
namespace {

namespace fs = std::filesystem;

class HostFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "scantune-host-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
    write("proc/cpuinfo", "processor\t: 0\nmodel name\t: ACME 9000 64-Core\nflags\t: fpu\n");
    write("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    800 kB\n");
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }

  void write_cache(int index, int level, const std::string& type, const std::string& size) const {
    const fs::path cache = fs::path("sys/devices/system/cpu/cpu0/cache") / ("index" + std::to_string(index));
    write(cache / "level", std::to_string(level) + "\n");
    write(cache / "type", type + "\n");
    write(cache / "size", size + "\n");
  }

  fs::path root;
};

TEST_F(HostFiles, GiveTheModelAndTheMemory) {
  const Host host = read_host(root);
  EXPECT_EQ(host.model, "ACME 9000 64-Core");
  EXPECT_EQ(host.memory_bytes, 1000 << 10);
  EXPECT_EQ(host.free_bytes, 800 << 10);
  EXPECT_EQ(host.cache_bytes, 0);
  EXPECT_GE(host.cpus, 1);
}

TEST_F(HostFiles, GiveTheLargestLevelThatHoldsData) {
  write_cache(0, 1, "Data", "48K");
  write_cache(1, 1, "Instruction", "32K");
  write_cache(2, 2, "Unified", "1024K");
  write_cache(3, 3, "Unified", "96M");
  EXPECT_EQ(read_host(root).cache_bytes, int64_t{96} << 20);
}

TEST_F(HostFiles, BoundMemoryByTheControlGroupOfVersion2) {
  write("proc/self/cgroup", "0::/box/inner\n");
  write("sys/fs/cgroup/box/inner/memory.max", "max\n");
  write("sys/fs/cgroup/box/memory.max", "409600\n");
  write("sys/fs/cgroup/box/memory.current", "204800\n");
  write("sys/fs/cgroup/box/memory.stat", "anon 100000\ninactive_file 4096\n");
  const Host host = read_host(root);
  EXPECT_EQ(host.memory_bytes, 409600);
  EXPECT_EQ(host.free_bytes, 409600 - 204800 + 4096);
}

TEST_F(HostFiles, BoundMemoryByTheControlGroupOfVersion1) {
  write("proc/self/cgroup", "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
  write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "300000\n");
  write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "500000\n");
  const Host host = read_host(root);
  EXPECT_EQ(host.memory_bytes, 300000);
  EXPECT_EQ(host.free_bytes, 0);
}

TEST_F(HostFiles, RoundAQuotaOfCpuTimeUp) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(read_host(root).cpus, 1);
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(read_host(root).cpus, read_host().cpus);
}

TEST_F(HostFiles, RoundAQuotaOfVersion1Up) {
  write("proc/self/cgroup", "2:cpu,cpuacct:/box\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "90000\n");
  EXPECT_EQ(read_host(root).cpus, 1);
  write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(read_host(root).cpus, read_host().cpus);
}

TEST(Host, IsReadFromThisMachine) {
  const Host host = read_host();
  EXPECT_FALSE(host.model.empty());
  EXPECT_FALSE(host.kernel_release.empty());
  EXPECT_GT(host.memory_bytes, 0);
  EXPECT_GT(host.free_bytes, 0);
  EXPECT_LE(host.free_bytes, host.memory_bytes);
}

}  // namespace
}  // namespace scantune::cpu
