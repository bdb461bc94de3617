// What the constraint model needs to know of a chip, and where results are keyed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.h"

namespace scantune {

enum class Backend { cuda, cpu };

std::string_view name(Backend backend);

// One GPU model or one CPU model. Limits that do not apply are 0.
struct Chip {
  Backend backend = Backend::cpu;
  std::string name;             // the key of results: "NVIDIA H200", "AMD EPYC 9755 x 2 cores"
  std::string code_name;        // CUPTI's name of the die ("GH100"), or the CPU's vector ISA ("avx512")
  int compute_capability = 0;   // 90 for sm_90; 0 on a CPU
  int multiprocessors = 0;      // SMs, or logical CPUs this process may use
  int64_t cache_bytes = 0;      // L2 of a GPU, last-level cache of a CPU
  double dram_bytes_per_s = 0;  // data-sheet peak; 0 where unknown

  int max_threads_per_block = 0;
  int max_threads_per_sm = 0;
  int max_blocks_per_sm = 0;
  int registers_per_sm = 0;
  int max_registers_per_thread = 0;
  int64_t shared_bytes_per_block = 0;  // what a block may opt into
  int64_t shared_bytes_per_sm = 0;

  bool operator==(const Chip&) const = default;
};

std::string sm_name(const Chip& chip);  // "sm_90"

// The limits of one GPU of each architecture scantune targets (sm_80, 86, 89, 90, 100, 120), from
// the CUDA C++ Programming Guide 13.0, table "Technical Specifications per Compute Capability":
// what a compile without a GPU, and the tests of the constraint model, are made for.
const std::vector<Chip>& reference_chips();

// The reference chip of an architecture, or an error that lists the known ones.
Expected<Chip> reference_chip(int compute_capability);

// The same by code name ("GH100") or architecture ("sm_90"), in any case.
Expected<Chip> reference_chip(std::string_view name);

}  // namespace scantune
