#include "cuda/cupti_api.h"

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

Expected<CuptiApi> load() {
  if (kSanitized) {
    // CUPTI opens a library with RTLD_DEEPBIND, at which the sanitizers' run time ends the process.
    return fail(ErrorKind::environment,
                "CUPTI cannot be used in a build with AddressSanitizer or ThreadSanitizer: build without");
  }
  // libcupti opens libnvperf_host.so by its bare name: it must be in the process by then.
  if (const auto opened = open_library(LibraryId::nvperf_host); !opened) {
    return tl::unexpected(opened.error());
  }
  CuptiApi api;
#define SCANTUNE_LOAD(function)                                                   \
  if (const auto symbol = find_symbol(LibraryId::cupti, #function); symbol) {     \
    api.function = reinterpret_cast<decltype(api.function)>(*symbol); /* dlsym */ \
  } else {                                                                        \
    return tl::unexpected(symbol.error());                                        \
  }
  SCANTUNE_CUPTI_FUNCTIONS(SCANTUNE_LOAD)
#undef SCANTUNE_LOAD
  return api;
}

// What a user can do about a result; null where there is nothing better than CUPTI's own words.
const char* remedy(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
      return "GPU counters are for administrators on this machine (ERR_NVGPUCTRPERM): run as root or with "
             "CAP_SYS_ADMIN, or load the driver with NVreg_RestrictProfilingToAdminUsers=0";
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
      return "the host of this virtual GPU does not allow counters: ask its administrator to enable profiling for it";
    case CUPTI_ERROR_HARDWARE_BUSY:
      return "another profiler holds the GPU's counters: end it, or pause DCGM with 'dcgmi profpause'";
    case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
      return "another CUPTI tool (nsys, ncu, a framework's profiler) is attached to this process: run without it";
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED:
      return "this virtual GPU has no counters: use a whole GPU, or a vGPU with profiling enabled";
    case CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED:
      return "counters are off under confidential computing: boot the GPU in dev-tools or non-confidential mode";
    case CUPTI_ERROR_CMP_DEVICE_NOT_SUPPORTED:
      return "a mining GPU (CMP) has no counters: use another GPU";
    case CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED:
      return "this MIG instance has no counters: use the whole GPU";
    case CUPTI_ERROR_SLI_DEVICE_NOT_SUPPORTED:
      return "counters are off while SLI is on: turn SLI off";
    case CUPTI_ERROR_WSL_DEVICE_NOT_SUPPORTED:
      return "counters are off under WSL: enable them in the NVIDIA Control Panel (Developer, GPU performance "
             "counters), or use Linux";
    case CUPTI_ERROR_LEGACY_PROFILER_NOT_SUPPORTED:
    case CUPTI_ERROR_NOT_SUPPORTED:
      return "CUPTI has no counters for this GPU (it needs compute capability 7.5 or newer)";
    case CUPTI_ERROR_INVALID_CHIP_NAME:
      return "this CUPTI does not know the GPU: use the CUPTI of a newer CUDA toolkit";
    case CUPTI_ERROR_NOT_INITIALIZED:
    case CUPTI_ERROR_CUDA_COMPILER_NOT_COMPATIBLE:
    case CUPTI_ERROR_NOT_COMPATIBLE:
      return "this CUPTI and the driver do not fit together: update the driver, or use the CUPTI of its CUDA version";
    default:
      return nullptr;
  }
}

}  // namespace

Expected<const CuptiApi*> cupti_api() {
  static const Expected<CuptiApi> api = load();
  if (!api) {
    return tl::unexpected(api.error());
  }
  return &*api;
}

std::string cupti_reason(const CuptiApi& api, const char* call, CUptiResult result) {
  if (const char* advice = remedy(result); advice != nullptr) {
    return advice;
  }
  const char* text = nullptr;
  if (api.cuptiGetResultString(result, &text) != CUPTI_SUCCESS || text == nullptr) {
    text = "unknown error";
  }
  return fmt::format("{} failed: {} ({})", call, text, static_cast<int>(result));
}

}  // namespace scantune::cuda
