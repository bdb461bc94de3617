#include "catalog/occupancy.h"

#include <algorithm>

namespace scantune {
namespace {

// From a load to its data while DRAM is busy: what the copy needs in flight on an H100 (32 KB) and an
// H200 (45 KB), divided by their bandwidth. See docs/tune.md.
constexpr double kLoadedLatencyS = 1.25e-6;

// Registers are handed out to warps in units of this many, from the quarter of the SM's that its scheduler has.
constexpr int kRegisterUnit = 256;
constexpr int kSchedulers = 4;
constexpr int64_t kSharedUnit = 128;
// The driver keeps some of an SM's shared memory for each block.
constexpr int64_t kReservedSharedBytes = 1024;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

int blocks_per_sm(const ResourceEstimate& estimate, int block_threads, const Chip& chip) {
  constexpr int kWarp = 32;
  const int warps = (block_threads + kWarp - 1) / kWarp;
  int blocks = std::min(chip.max_blocks_per_sm, chip.max_threads_per_sm / (warps * kWarp));
  if (estimate.registers_per_thread > 0) {
    const auto warp_registers =
        static_cast<int>(round_up(int64_t{estimate.registers_per_thread} * kWarp, kRegisterUnit));
    blocks = std::min(blocks, chip.registers_per_sm / kSchedulers / warp_registers * kSchedulers / warps);
  }
  if (estimate.shared_bytes_per_block > 0) {
    const int64_t block_bytes = round_up(estimate.shared_bytes_per_block, kSharedUnit) + kReservedSharedBytes;
    blocks = static_cast<int>(std::min<int64_t>(blocks, chip.shared_bytes_per_sm / block_bytes));
  }
  return blocks;
}

double bytes_in_flight_per_sm(const Kernel& kernel, const Variant& variant, const Workload& workload,
                              const Chip& chip) {
  const ResourceEstimate estimate = kernel.estimate(variant, workload, chip);
  const Launch launch = kernel.launches(variant, workload, chip).back();  // those before it prepare it
  const auto sms = static_cast<double>(std::max(1, chip.multiprocessors));
  const double resident =
      std::min(sms * blocks_per_sm(estimate, launch.block_threads, chip), static_cast<double>(launch.grid_blocks));
  return std::min(resident * static_cast<double>(estimate.bytes_in_flight_per_block),
                  static_cast<double>(workload.bytes_read())) /
         sms;
}

double bytes_needed_per_sm(const Chip& chip) {
  return chip.dram_bytes_per_s * kLoadedLatencyS / std::max(1, chip.multiprocessors);
}

}  // namespace scantune
