// The CPU as a device: the kernels of kernels/cpu on all cores, compiled into this binary.
#pragma once

#include <memory>

#include "device/device.h"

namespace scantune::cpu {

// Never fails: there is always a CPU. Limits the memory it offers to what is available now.
std::unique_ptr<Device> open_device();

DeviceInfo info();

// Nothing to compile: checks the variant and wraps it.
std::unique_ptr<Compiler> make_compiler();

// The counters of the "core" set on a CPU (perf_event_open), by name.
std::vector<std::string> core_metrics();

}  // namespace scantune::cpu
