// The CPU as a device: the kernels of kernels/cpu on all cores, compiled into this binary.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/counters.h"
#include "device/device.h"

namespace scantune::cpu {

// What tests set; the defaults are what a user gets.
struct Options {
  std::string isa;           // one of isa_names(); empty: the best
  int threads = 0;           // the most a variant may use; 0: every CPU this process may use
  CountersFactory counters;  // empty: perf_counters
};

// The vector instruction sets this binary was built for and this CPU can run, best first.
std::vector<std::string> isa_names();

// Never fails: there is always a CPU. Limits the memory it offers to what is available now.
std::unique_ptr<Device> open_device(const Options& options = {});

DeviceInfo info();

// Nothing to compile: checks the variant and wraps it.
std::unique_ptr<Compiler> make_compiler();

// The counters of the "core" set on a CPU (perf_event_open), by name.
std::vector<std::string> core_metrics();

// Checks metrics (core, full, none, names, and patterns such as LLC-*, comma-separated in `text`) and gives the
// requested names back. Unknown names, and patterns that match nothing, are bad input.
Expected<std::vector<std::string>> resolve_metrics(const std::string& text);

}  // namespace scantune::cpu
