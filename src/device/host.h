// What the machine offers this process: processors and memory within its affinity mask and control
// groups. Files are read below `root`, so that tests can show it another machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace scantune::cpu {

struct Host {
  std::string model;           // "AMD EPYC 9755 128-Core Processor"
  int cpus = 1;                // logical CPUs this process may use at once
  int64_t cache_bytes = 0;     // last-level cache that one CPU sees; 0 where unknown
  int64_t memory_bytes = 0;    // what this process may use in all
  int64_t free_bytes = 0;      // what it may still take without pushing others out
  std::string kernel_release;  // "6.1.0-18-amd64"
};

Host read_host(const std::filesystem::path& root = "/");

}  // namespace scantune::cpu
