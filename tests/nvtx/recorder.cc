// An NVTX tool: NVTX loads it where NVTX_INJECTION64_PATH names it, and it appends what it is told to the file that
// SCANTUNE_NVTX_RECORD names, a line a call, each in one write, so that a process that is killed loses none:
//   PID THREAD begin DOMAIN CATEGORY PAYLOAD MESSAGE      PAYLOAD is "-" where there is none
//   PID THREAD end DOMAIN
#include <fcntl.h>
#include <nvtx3/nvToolsExt.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace {

struct Domain {
  std::string name;
  std::map<uint32_t, std::string> categories;
};

std::mutex mutex;

Domain* of(nvtxDomainHandle_t handle) { return reinterpret_cast<Domain*>(handle); }

void write_line(const std::string& text) {
  const std::string line = std::to_string(getpid()) + " " + std::to_string(gettid()) + " " + text + "\n";
  static const char* const path = std::getenv("SCANTUNE_NVTX_RECORD");
  static const int file = path == nullptr ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
}

// Handles live as long as the process, as NVTX has it.
nvtxDomainHandle_t create_domain(const char* name) {
  return reinterpret_cast<nvtxDomainHandle_t>(new Domain{name, {}});
}

void name_category(nvtxDomainHandle_t domain, uint32_t category, const char* name) {
  const std::scoped_lock lock(mutex);
  of(domain)->categories[category] = name;
}

nvtxStringHandle_t register_string(nvtxDomainHandle_t /*domain*/, const char* text) {
  return reinterpret_cast<nvtxStringHandle_t>(new std::string(text));
}

int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const std::scoped_lock lock(mutex);
  const std::string payload = event->payloadType == NVTX_PAYLOAD_TYPE_UNSIGNED_INT64
                                  ? std::to_string(event->payload.ullValue)
                                  : std::string("-");
  const std::string message = event->messageType == NVTX_MESSAGE_TYPE_REGISTERED
                                  ? *reinterpret_cast<const std::string*>(event->message.registered)
                                  : std::string(event->message.ascii);
  write_line("begin " + of(domain)->name + " " + of(domain)->categories.at(event->category) + " " + payload + " " +
             message);
  return 0;
}

int pop(nvtxDomainHandle_t domain) {
  const std::scoped_lock lock(mutex);
  write_line("end " + of(domain)->name);
  return 0;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): NVTX's name
extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t export_table) {
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(export_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned int size = 0;
  if (std::getenv("SCANTUNE_NVTX_RECORD") == nullptr || callbacks == nullptr ||
      callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) == 0 ||
      size <= NVTX_CBID_CORE2_DomainCreateA) {
    return 0;
  }
  const auto listen = [&](NvtxCallbackIdCore2 call, auto* function) {
    *table[call] = reinterpret_cast<NvtxFunctionPointer>(function);
  };
  listen(NVTX_CBID_CORE2_DomainCreateA, create_domain);
  listen(NVTX_CBID_CORE2_DomainNameCategoryA, name_category);
  listen(NVTX_CBID_CORE2_DomainRegisterStringA, register_string);
  listen(NVTX_CBID_CORE2_DomainRangePushEx, push);
  listen(NVTX_CBID_CORE2_DomainRangePop, pop);
  return 1;
}
