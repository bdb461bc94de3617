// Other processes, as /proc shows them.
#pragma once

#include <chrono>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "sandbox.h"

namespace scantune::cli {

// The fields of /proc/PID/stat after the name: state, parent, ...
inline std::vector<std::string> stat_of(const std::string& pid) {
  const std::string text = read_text("/proc/" + pid + "/stat");
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  return {std::istream_iterator<std::string>(rest), {}};
}

inline bool runs(pid_t pid) {
  const auto fields = stat_of(std::to_string(pid));
  return !fields.empty() && fields[0] != "Z" && fields[0] != "X";
}

// The worker of a tool; 0 where it has none.
inline pid_t worker_of(pid_t tool) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const auto fields = stat_of(name);
    if (fields.size() > 1 && fields[1] == std::to_string(tool) && fields[0] != "Z" &&
        read_text(entry.path() / "cmdline").find(std::string("worker\0--device", 15)) != std::string::npos) {
      return std::stoi(name);
    }
  }
  return 0;
}

template <class Condition>
bool within(std::chrono::milliseconds time, Condition condition) {
  using Clock = std::chrono::steady_clock;
  for (const auto deadline = Clock::now() + time; Clock::now() < deadline;) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

}  // namespace scantune::cli
