#include "device/host.h"

#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

namespace scantune::cpu {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// A control file that holds one number, or "max" for none.
std::optional<int64_t> read_number(const fs::path& path) { return parse_number(first_line(path)); }

// The value of "name value" in a file of such lines ("name:" as well).
std::optional<int64_t> read_field(const fs::path& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    if (words >> key >> value && (key == name || key == std::string(name) + ":")) {
      return parse_number(value);
    }
  }
  return std::nullopt;
}

std::string read_model(const fs::path& root) {
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos && colon + 2 <= line.size()) {
      return line.substr(colon + 2);
    }
  }
  utsname names{};
  return uname(&names) == 0 ? std::string(names.machine) + " CPU" : "unknown CPU";
}

// The largest level that holds data.
int64_t read_cache_bytes(const fs::path& root) {
  int64_t level = 0;
  int64_t bytes = 0;
  for (int i = 0;; ++i) {
    const fs::path cache = root / "sys/devices/system/cpu/cpu0/cache" / ("index" + std::to_string(i));
    const auto this_level = read_number(cache / "level");
    if (!this_level) {
      return bytes;
    }
    const std::string size = first_line(cache / "size");  // "32768K"
    const auto number = parse_number(size);
    if (number && *this_level > level && first_line(cache / "type") != "Instruction") {
      level = *this_level;
      bytes = *number << (size.ends_with('K') ? 10 : size.ends_with('M') ? 20 : 0);
    }
  }
}

// The folders of the control groups this process is in, its own first and then those around it.
// `controller` empty: version 2.
std::vector<fs::path> group_folders(const fs::path& root, const std::string& controller) {
  std::vector<fs::path> folders;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "4:cpu,cpuacct:/a/b", "0::/a/b"
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool match =
        controller.empty() ? controllers == ",," : controllers.find("," + controller + ",") != std::string::npos;
    if (!match) {
      continue;
    }
    const fs::path base = root / "sys/fs/cgroup" / controller;
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    while (!group.empty()) {
      folders.push_back(base / group);
      group = group.parent_path();
    }
    folders.push_back(base);  // in a container, often the process's own group under another name
  }
  return folders;
}

// CPUs' worth of time that the groups allow, rounded up; very large where they set no quota.
int quota_cpus(const fs::path& root) {
  double cpus = std::numeric_limits<int>::max();
  for (const fs::path& folder : group_folders(root, "")) {
    std::istringstream words(first_line(folder / "cpu.max"));  // "200000 100000", "max 100000"
    double quota_us = 0;
    double period_us = 0;
    if (words >> quota_us >> period_us && period_us > 0) {
      cpus = std::min(cpus, quota_us / period_us);
    }
  }
  for (const fs::path& folder : group_folders(root, "cpu")) {
    const auto quota_us = read_number(folder / "cpu.cfs_quota_us");
    const auto period_us = read_number(folder / "cpu.cfs_period_us");
    if (quota_us && period_us && *quota_us > 0 && *period_us > 0) {
      cpus = std::min(cpus, static_cast<double>(*quota_us) / static_cast<double>(*period_us));
    }
  }
  const int whole = static_cast<int>(cpus);
  return std::max(1, cpus > whole ? whole + 1 : whole);
}

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // more than 1024 CPUs
}

struct GroupFiles {
  std::string controller;
  const char* limit;
  const char* usage;
  const char* reclaimable;  // in memory.stat: page cache the group can drop
};

// Lowers the host's memory to what the groups leave.
void apply_memory_limits(const fs::path& root, const GroupFiles& files, Host& host) {
  for (const fs::path& folder : group_folders(root, files.controller)) {
    const auto limit = read_number(folder / files.limit);
    const auto usage = read_number(folder / files.usage);
    if (!limit || !usage) {
      continue;
    }
    const int64_t reclaimable = read_field(folder / "memory.stat", files.reclaimable).value_or(0);
    host.memory_bytes = std::min(host.memory_bytes, *limit);
    host.free_bytes = std::min(host.free_bytes, std::max<int64_t>(0, *limit - *usage + reclaimable));
  }
}

}  // namespace

Host read_host(const fs::path& root) {
  Host host;
  host.model = read_model(root);
  host.cpus = std::min(affinity_cpus(), quota_cpus(root));
  host.cache_bytes = read_cache_bytes(root);
  host.memory_bytes = read_field(root / "proc/meminfo", "MemTotal").value_or(0) << 10;
  host.free_bytes = read_field(root / "proc/meminfo", "MemAvailable").value_or(0) << 10;
  apply_memory_limits(root, {"", "memory.max", "memory.current", "inactive_file"}, host);
  apply_memory_limits(root, {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}, host);
  utsname names{};
  host.kernel_release = uname(&names) == 0 ? names.release : "";
  return host;
}

}  // namespace scantune::cpu
