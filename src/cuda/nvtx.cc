// NVTX: ranges for nsys, ncu and other tools. Without one the domain is null, and nothing else is ever called.
#include <nvtx3/nvToolsExt.h>

#include <array>
#include <optional>

#include "cuda/cuda.h"

namespace scantune::cuda {
namespace {

class Nvtx final : public Tracer {
 public:
  explicit Nvtx(nvtxDomainHandle_t domain) : domain_(domain) {
    for (size_t kind = 0; kind < kSpanNames.size(); ++kind) {
      nvtxDomainNameCategoryA(domain_, category(kind), kSpanNames[kind].data());
      names_[kind] = nvtxDomainRegisterStringA(domain_, kSpanNames[kind].data());
    }
  }

  void begin(const Span& span) override {
    const auto kind = static_cast<size_t>(span.kind);
    nvtxEventAttributes_t event{};
    event.version = NVTX_VERSION;
    event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
    event.category = category(kind);
    if (span.text.empty()) {
      event.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
      event.message.registered = names_[kind];
    } else {
      event.messageType = NVTX_MESSAGE_TYPE_ASCII;
      event.message.ascii = span.text.c_str();
    }
    if (span.payload) {
      event.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT64;
      event.payload.ullValue = *span.payload;
    }
    nvtxDomainRangePushEx(domain_, &event);
  }

  void end() override { nvtxDomainRangePop(domain_); }

 private:
  static uint32_t category(size_t kind) { return static_cast<uint32_t>(kind) + 1; }  // 0 is none

  nvtxDomainHandle_t domain_;
  std::array<nvtxStringHandle_t, kSpanNames.size()> names_{};
};

}  // namespace

// The domain is the process's, as is the tool that listens.
Tracer* nvtx() {
  static std::optional<Nvtx> tracer = []() -> std::optional<Nvtx> {
    nvtxDomainHandle_t domain = nvtxDomainCreateA("scantune");
    return domain == nullptr ? std::nullopt : std::optional<Nvtx>(domain);
  }();
  return tracer ? &*tracer : nullptr;
}

}  // namespace scantune::cuda
