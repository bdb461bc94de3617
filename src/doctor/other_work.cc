#include "doctor/other_work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cuda/probes.h"

namespace scantune::doctor {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNamed = 3;

fs::path in_proc(int64_t id, const char* file) { return fs::path("/proc") / std::to_string(id) / file; }

// 0 where there is no such process.
int64_t parent_of(int64_t id) {
  std::ifstream file(in_proc(id, "stat"));
  std::string line;
  std::getline(file, line);
  // "4711 (a name, which may hold anything) S 4242 ..."
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) {
    return 0;
  }
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  int64_t parent = 0;
  rest >> state >> parent;
  return parent;
}

bool is_own(int64_t id) {
  const int64_t self = ::getpid();
  while (id > 1 && id != self) {
    id = parent_of(id);
  }
  return id == self;
}

GpuProcess described(int64_t id) {
  std::error_code error;
  GpuProcess process{.id = id, .visible = fs::exists(in_proc(id, "stat"), error), .own = is_own(id), .name = {}};
  std::ifstream file(in_proc(id, "comm"));
  std::getline(file, process.name);
  return process;
}

}  // namespace

std::string others_in_words(const std::vector<GpuProcess>& processes) {
  std::vector<GpuProcess> others;
  std::ranges::copy_if(processes, std::back_inserter(others), [](const GpuProcess& process) { return !process.own; });
  if (others.size() == processes.size()) {
    const auto ours = std::ranges::find(others, false, &GpuProcess::visible);
    if (ours != others.end()) {
      others.erase(ours);
    }
  }
  if (others.empty()) {
    return {};
  }
  std::vector<std::string> names;
  for (const GpuProcess& process : others) {
    if (names.size() == kNamed) {
      names.emplace_back("...");
      break;
    }
    names.push_back(process.name.empty() ? fmt::format("pid {}", process.id)
                                         : fmt::format("{} (pid {})", process.name, process.id));
  }
  return others.size() == 1 ? fmt::format("another process uses this GPU: {}", names.front())
                            : fmt::format("{} other processes use this GPU: {}", others.size(), fmt::join(names, ", "));
}

std::string other_work_on(const std::string& uuid) {
  const auto ids = cuda::compute_processes(uuid);
  if (!ids) {
    return {};
  }
  std::vector<GpuProcess> processes;
  std::ranges::transform(*ids, std::back_inserter(processes), described);
  return others_in_words(processes);
}

}  // namespace scantune::doctor
