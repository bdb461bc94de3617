// An NVML that knows one GPU, "GPU-fake", and says that the processes of $SCANTUNE_FAKE_PROCESSES (ids with blanks
// between) have work on it. Without the variable it does not tell.
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace {

constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;

struct ProcessInfo {
  unsigned pid;
  unsigned long long used_bytes;
  unsigned gpu_instance;
  unsigned compute_instance;
};

int a_gpu;

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): NVML's names
extern "C" {

int nvmlInit_v2() { return kSuccess; }
int nvmlShutdown() { return kSuccess; }

int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  if (std::strcmp(uuid, "GPU-fake") != 0) {
    return kNotFound;
  }
  *device = &a_gpu;
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, ProcessInfo* infos) {
  const char* const text = std::getenv("SCANTUNE_FAKE_PROCESSES");
  if (device != &a_gpu || text == nullptr) {
    return kNotSupported;
  }
  std::istringstream ids(text);
  const unsigned room = infos == nullptr ? 0 : *count;
  unsigned found = 0;
  for (unsigned id = 0; ids >> id; ++found) {
    if (found < room) {
      infos[found] = {id, 0, 0, 0};
    }
  }
  *count = found;
  return found <= room ? kSuccess : kInsufficientSize;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
