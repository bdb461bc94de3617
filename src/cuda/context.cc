#include "cuda/context.h"

namespace scantune::cuda {

tl::expected<ContextPtr, Failure> Context::open(const Driver& driver, CUdevice device) {
  CUcontext handle = nullptr;
  SCANTUNE_CU(driver, FailureKind::device, DevicePrimaryCtxRetain, &handle, device);
  return std::make_shared<const Context>(driver, device, handle);
}

Context::~Context() { driver_.DevicePrimaryCtxRelease(device_); }

tl::expected<void, Failure> Context::enter() const {
  SCANTUNE_CU(driver_, FailureKind::device, CtxSetCurrent, context_);
  return {};
}

tl::expected<Buffer, Failure> allocate(const ContextPtr& context, int64_t bytes) {
  CUdeviceptr memory = 0;
  SCANTUNE_CU(context->driver(), FailureKind::out_of_memory, MemAlloc, &memory, static_cast<size_t>(bytes));
  return Buffer(context, memory);
}

tl::expected<Module, Failure> load_module(const ContextPtr& context, const std::string& cubin) {
  CUmodule module = nullptr;
  SCANTUNE_CU(context->driver(), FailureKind::load, ModuleLoadData, &module, cubin.data());
  return Module(context, module);
}

tl::expected<Stream, Failure> make_stream(const ContextPtr& context) {
  CUstream stream = nullptr;
  SCANTUNE_CU(context->driver(), FailureKind::device, StreamCreate, &stream, CU_STREAM_NON_BLOCKING);
  return Stream(context, stream);
}

tl::expected<Event, Failure> make_event(const ContextPtr& context) {
  CUevent event = nullptr;
  SCANTUNE_CU(context->driver(), FailureKind::device, EventCreate, &event, CU_EVENT_DEFAULT);
  return Event(context, event);
}

}  // namespace scantune::cuda
