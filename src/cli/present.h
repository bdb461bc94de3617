// What is on this machine to hold stored configurations against.
#pragma once

#include <memory>

#include "device/device.h"
#include "gate/staleness.h"

namespace scantune::cli {

// Finds GPUs, NVRTC and the CPU; opens no GPU and starts no process. What is missing is no error.
class Present {
 public:
  Present();

  [[nodiscard]] const gate::Here& here() const { return here_; }

 private:
  gate::Here here_;
  std::unique_ptr<Compiler> cuda_;
  std::unique_ptr<Compiler> cpu_;
};

}  // namespace scantune::cli
