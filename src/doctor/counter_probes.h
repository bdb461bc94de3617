// Whether the counters of each GPU can be read, tried in a process of its own: a driver or CUPTI that crashes there
// costs a line of the doctor's and not the doctor.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/expected.h"

namespace scantune::doctor {

struct CounterProbes {
  std::vector<Expected<void>> results;  // one a GPU, in the order of their numbers, as far as the process came
  std::string ended;                    // why it came no further; empty where it ended by itself

  [[nodiscard]] Expected<void> of(size_t gpu) const;
};

// How a probe says what came of the next GPU.
using Tell = std::function<void(const Expected<void>&)>;

// Runs `probe` in a child process and waits for it. To be called before this process touches CUDA, which does not
// survive a fork, and while it has one thread.
CounterProbes probe_apart(const std::function<void(const Tell&)>& probe);

}  // namespace scantune::doctor
