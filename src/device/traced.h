// A device and a compiler that tell a tracer what they are at. Nothing above or below the seam knows of it.
#pragma once

#include <memory>
#include <string>

#include "core/trace.h"
#include "device/device.h"

namespace scantune {

// The payload of a trial's range, by which those of several processes are found: the checksum of the variant's
// spelling.
uint64_t trial_number(const std::string& variant);

// The same one where `tracer` is null, so that nothing is paid where nobody listens. The tracer must outlive it.
//
// A workload's range lasts as long as its session, on the thread that opens and closes that.
std::unique_ptr<Device> traced(std::unique_ptr<Device> device, Tracer* tracer);
std::unique_ptr<Compiler> traced(std::unique_ptr<Compiler> compiler, Tracer* tracer);

}  // namespace scantune
