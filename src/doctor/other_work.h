// Who else computes on a GPU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scantune::doctor {

// A process with a context on a GPU.
struct GpuProcess {
  int64_t id = 0;
  bool visible = true;  // in this process's /proc; an id of another container's is not
  bool own = false;     // this process, or one that it has started
  std::string name;     // empty where it is not known
};

// "another process uses this GPU: python3 (pid 4711)", "2 other processes use this GPU: ..."; empty where there is none
// but our own. In a container NVML may give ids of the host: where none of the visible ones is ours, one of the others
// is taken for it, so that nobody is accused for nothing.
std::string others_in_words(const std::vector<GpuProcess>& processes);

// The same of a GPU ("GPU-...", as in DeviceInfo), asked of NVML; empty where NVML does not tell.
std::string other_work_on(const std::string& uuid);

}  // namespace scantune::doctor
