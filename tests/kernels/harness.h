// Runs variants of a family under the emulation and compares what they give with the serial sum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/workload.h"
#include "entries.h"

namespace scantune::emulation {

// What is summed (kernels/workload.h).
enum class Input {
  exact,    // telescoping integers: every bit of the result is known
  mixed,    // random values of mixed magnitude, against float64
  special,  // these, with a NaN or infinities in some lines
};

struct Trial {
  const Family* family = nullptr;
  std::string settings;
  Workload workload;
  Input input = Input::exact;
  int in_past = 0;  // elements between a multiple of 128 bytes and the tensor
  int out_past = 0;
  bool fewer_blocks = false;
  uint64_t seed = 0;  // of the order of events
};

std::string describe(const Trial& trial);

// Runs a trial. What was wrong, or an empty string. If `result` is given it gets the output's bytes.
std::string check(const Trial& trial, std::vector<unsigned char>* result = nullptr);

// The workloads of a variant: lines of lengths around its tile and around everything smaller.
std::vector<Geometry> geometries(const Family& family, const std::string& settings);

// Runs every variant of the family on every type and shape with this input; the order of events differs from trial to
// trial. `rounds` says how often. The first failure, in words, or an empty string.
std::string check_all(const Family& family, Input input, int rounds);

// Runs some trials in many orders of events. Their results must agree in every bit.
std::string check_repeats(const Family& family);

}  // namespace scantune::emulation
