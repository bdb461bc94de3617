// The primary context of one GPU, and what is made in it: buffers, modules, streams, events. Each
// releases itself. Included by the .cc files of this folder only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/driver.h"

namespace scantune::cuda {

// A GPU's primary context, kept until the last buffer, module, stream or event in it is gone.
class Context {
 public:
  static tl::expected<std::shared_ptr<const Context>, Failure> open(const Driver& driver, CUdevice device);
  Context(const Driver& driver, CUdevice device, CUcontext context)
      : driver_(driver), device_(device), context_(context) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  [[nodiscard]] const Driver& driver() const { return driver_; }
  [[nodiscard]] CUcontext handle() const { return context_; }

  // Makes it the current context of the calling thread, which every call below needs.
  [[nodiscard]] tl::expected<void, Failure> enter() const;

 private:
  Driver driver_;
  CUdevice device_;
  CUcontext context_;
};

using ContextPtr = std::shared_ptr<const Context>;

// Something of a context that is destroyed by one driver call.
template <class Handle, CUresult (*Driver::*kDestroy)(Handle)>
class Owned {
 public:
  Owned() = default;
  Owned(ContextPtr context, Handle handle) : context_(std::move(context)), handle_(handle) {}
  Owned(Owned&& other) noexcept
      : context_(std::move(other.context_)), handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (handle_ != Handle{}) {
      (void)context_->enter();
      (context_->driver().*kDestroy)(handle_);
    }
  }

  [[nodiscard]] Handle get() const { return handle_; }

 private:
  ContextPtr context_;
  Handle handle_ = {};
};

using Buffer = Owned<CUdeviceptr, &Driver::MemFree>;
using Module = Owned<CUmodule, &Driver::ModuleUnload>;
using Stream = Owned<CUstream, &Driver::StreamDestroy>;
using Event = Owned<CUevent, &Driver::EventDestroy>;
using Graph = Owned<CUgraphExec, &Driver::GraphExecDestroy>;

// Each needs the context to be current.
tl::expected<Buffer, Failure> allocate(const ContextPtr& context, int64_t bytes);
tl::expected<Module, Failure> load_module(const ContextPtr& context, const std::string& cubin);
tl::expected<Stream, Failure> make_stream(const ContextPtr& context);
tl::expected<Event, Failure> make_event(const ContextPtr& context);

// Enqueues a kernel of ours with the arguments its signature names, types included.
template <class... Args>
tl::expected<void, Failure> launch(const Context& context, CUstream stream, CUfunction function, int64_t grid_blocks,
                                   int block_threads, Args... args) {
  void* parameters[] = {&args...};
  SCANTUNE_CU(context.driver(), FailureKind::launch, LaunchKernel, function, static_cast<unsigned>(grid_blocks), 1, 1,
              static_cast<unsigned>(block_threads), 1, 1, 0, stream, parameters, nullptr);
  return {};
}

}  // namespace scantune::cuda
