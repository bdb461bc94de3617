#include "cuda/driver.h"

#include <cctype>
#include <fstream>
#include <sstream>

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

// CUDA 13 needs a driver of its own generation: an older one does not load its cubins.
constexpr int kNeededVersion = 13000;

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

// The first word of a text that reads like "580.159.04".
std::string version_word(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  while (words >> word) {
    const bool digits = word.find_first_not_of("0123456789.") == std::string::npos;
    if (digits && std::isdigit(static_cast<unsigned char>(word.front())) != 0 && word.find('.') != std::string::npos) {
      return word;
    }
  }
  return "";
}

std::string read_all(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// NVML's own ABI, which is stable; its header is not part of every toolkit.
std::string nvml_driver_version() {
  const auto init = find_symbol(LibraryId::nvml, "nvmlInit_v2");
  const auto shutdown = find_symbol(LibraryId::nvml, "nvmlShutdown");
  const auto get = find_symbol(LibraryId::nvml, "nvmlSystemGetDriverVersion");
  if (!init || !shutdown || !get || reinterpret_cast<int (*)()>(*init)() != 0) {
    return "";
  }
  char text[80] = "";
  const int failed = reinterpret_cast<int (*)(char*, unsigned)>(*get)(text, sizeof text);
  reinterpret_cast<int (*)()> (*shutdown)();
  return failed != 0 ? "" : text;
}

// "out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
std::string text(const Driver& driver, CUresult result) {
  const char* name = nullptr;
  const char* words = nullptr;
  driver.GetErrorName(result, &name);
  driver.GetErrorString(result, &words);
  return fmt::format("{} ({})", words == nullptr ? "unknown error" : words,
                     name == nullptr ? std::to_string(static_cast<int>(result)) : name);
}

// Whether an error leaves the context useless, as an illegal access does: every error but those
// that only say no.
bool context_is_lost(CUresult result) {
  switch (result) {
    case CUDA_SUCCESS:
    case CUDA_ERROR_INVALID_VALUE:
    case CUDA_ERROR_OUT_OF_MEMORY:
    case CUDA_ERROR_INVALID_IMAGE:
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
    case CUDA_ERROR_INVALID_SOURCE:
    case CUDA_ERROR_INVALID_PTX:
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    case CUDA_ERROR_NOT_FOUND:
    case CUDA_ERROR_NOT_SUPPORTED:
    case CUDA_ERROR_INVALID_HANDLE:
    case CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES:
    case CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE:
      return false;
    default:
      return true;
  }
}

}  // namespace

Expected<Driver> open_driver() {
  const auto get_proc = find_symbol(LibraryId::driver, "cuGetProcAddress_v2");
  if (!get_proc) {
    return tl::unexpected(get_proc.error());
  }
  const auto get_proc_address = reinterpret_cast<decltype(&cuGetProcAddress)>(*get_proc);

  Driver driver;
  const char* missing = nullptr;
  const auto bind = [&](auto& function, const char* name) {
    void* address = nullptr;
    CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SUCCESS;
    if (get_proc_address(name, &address, CUDA_VERSION, CU_GET_PROC_ADDRESS_DEFAULT, &found) != CUDA_SUCCESS ||
        address == nullptr) {
      missing = missing == nullptr ? name : missing;
    }
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
  };
#define SCANTUNE_BIND(name) bind(driver.name, "cu" #name);
  SCANTUNE_DRIVER_FUNCTIONS(SCANTUNE_BIND)
#undef SCANTUNE_BIND
  if (missing != nullptr) {
    return fail(ErrorKind::environment, "the NVIDIA driver ({}) has no function {}: update it to one for CUDA 13",
                library_path(LibraryId::driver), missing);
  }

  int version = 0;
  if (const CUresult result = driver.DriverGetVersion(&version); result != CUDA_SUCCESS) {
    return fail(ErrorKind::environment, "cuDriverGetVersion: {}", text(driver, result));
  }
  if (version < kNeededVersion) {
    return fail(ErrorKind::environment,
                "the NVIDIA driver {} is for CUDA {}; this tool needs CUDA {} (driver 580 or newer)",
                driver_version(driver), version_text(version), version_text(kNeededVersion));
  }
  if (const CUresult result = driver.Init(0); result != CUDA_SUCCESS) {
    return fail(ErrorKind::environment, "no usable GPU: cuInit: {}", text(driver, result));
  }
  return driver;
}

Failure describe(const Driver& driver, const char* call, CUresult result, FailureKind otherwise) {
  FailureKind kind = otherwise;
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    kind = FailureKind::out_of_memory;
  } else if (context_is_lost(result)) {
    kind = FailureKind::device;
  }
  return {kind, fmt::format("{}: {}", call, text(driver, result))};
}

Error to_error(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::device:
      return {ErrorKind::device_lost, failure.what};
    case FailureKind::out_of_memory:
      return {ErrorKind::environment, failure.what};
    default:
      return {ErrorKind::failed, failure.what};
  }
}

std::string driver_version(const Driver& driver) {
  for (const char* path : {"/sys/module/nvidia/version", "/proc/driver/nvidia/version"}) {
    if (std::string version = version_word(read_all(path)); !version.empty()) {
      return version;
    }
  }
  if (std::string version = nvml_driver_version(); !version.empty()) {
    return version;
  }
  int version = 0;
  driver.DriverGetVersion(&version);
  return "CUDA " + version_text(version);
}

}  // namespace scantune::cuda
