// The CUDA driver API, bound at run time. Included by the .cc files of this folder only.
#pragma once

#include <cuda.h>

#include <string>

#include "core/expected.h"
#include "core/record.h"

namespace scantune::cuda {

// The driver's functions, under their names without the prefix: driver.MemAlloc is cuMemAlloc.
struct Driver {
// clang-format off
#define SCANTUNE_DRIVER_FUNCTIONS(F)                                                                             \
  F(GetErrorName) F(GetErrorString) F(Init) F(DriverGetVersion)                                                  \
  F(DeviceGetCount) F(DeviceGet) F(DeviceGetName) F(DeviceGetUuid) F(DeviceGetAttribute) F(DeviceTotalMem)       \
  F(DevicePrimaryCtxRetain) F(DevicePrimaryCtxRelease) F(CtxSetCurrent)                                          \
  F(MemGetInfo) F(MemAlloc) F(MemFree) F(MemsetD8Async) F(MemcpyDtoDAsync) F(MemcpyDtoH)                         \
  F(StreamCreate) F(StreamDestroy) F(StreamSynchronize)                                                          \
  F(EventCreate) F(EventDestroy) F(EventRecord) F(EventSynchronize) F(EventElapsedTime)                          \
  F(ModuleLoadData) F(ModuleUnload) F(ModuleGetFunction) F(FuncGetAttribute) F(FuncSetAttribute)                 \
  F(LaunchKernel) F(LaunchKernelEx) F(OccupancyMaxActiveBlocksPerMultiprocessor)                                                   \
  F(StreamBeginCapture) F(StreamEndCapture)                                                                      \
  F(GraphInstantiateWithFlags) F(GraphLaunch) F(GraphDestroy) F(GraphExecDestroy)
// clang-format on
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member cannot be in parentheses
#define SCANTUNE_DECLARE(name) decltype(&cu##name) name = nullptr;
  SCANTUNE_DRIVER_FUNCTIONS(SCANTUNE_DECLARE)
#undef SCANTUNE_DECLARE
};

// Opens libcuda, binds every function and calls cuInit. Errors are of kind environment: no driver, a
// driver older than CUDA 13, no GPU.
Expected<Driver> open_driver();

// What a failed call means: out of memory, a lost device, or else `otherwise`. The text names the call:
// "cuMemAlloc: out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
Failure describe(const Driver& driver, const char* call, CUresult result, FailureKind otherwise);

// "580.159.04", read from the kernel module's files or NVML; "CUDA 13.0" where neither answers.
std::string driver_version(const Driver& driver);

// The same failure as an Error.
Error to_error(const Failure& failure);

}  // namespace scantune::cuda

// Calls a function of the driver. Where it fails, the enclosing function, whose answer is a
// tl::expected with a Failure, returns what describe() says of it.
#define SCANTUNE_CU(driver, otherwise, function, ...)                                                        \
  do {                                                                                                       \
    if (const CUresult scantune_result = (driver).function(__VA_ARGS__); scantune_result != CUDA_SUCCESS) {  \
      return tl::unexpected(::scantune::cuda::describe(driver, "cu" #function, scantune_result, otherwise)); \
    }                                                                                                        \
  } while (false)
