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

int OccupancyLimits::blocks() const { return std::min({slots, threads, registers, shared_memory}); }

std::string_view OccupancyLimits::by() const {
  const int least = blocks();
  // None counts more blocks than there are slots. Of several that bind, those that parameters move come first.
  return least == slots           ? "blocks"
         : registers == least     ? "registers"
         : shared_memory == least ? "shared memory"
                                  : "threads";
}

OccupancyLimits occupancy_limits(int registers_per_thread, int64_t shared_bytes_per_block, int block_threads,
                                 const Chip& chip) {
  constexpr int kWarp = 32;
  const int warps = std::max(1, (block_threads + kWarp - 1) / kWarp);
  OccupancyLimits limits;
  limits.slots = chip.max_blocks_per_sm;
  limits.threads = limits.registers = limits.shared_memory = limits.slots;
  limits.threads = std::min(limits.slots, chip.max_threads_per_sm / (warps * kWarp));
  if (registers_per_thread > 0) {
    const auto warp_registers = static_cast<int>(round_up(int64_t{registers_per_thread} * kWarp, kRegisterUnit));
    limits.registers =
        std::min(limits.slots, chip.registers_per_sm / kSchedulers / warp_registers * kSchedulers / warps);
  }
  if (shared_bytes_per_block > 0) {
    const int64_t block_bytes = round_up(shared_bytes_per_block, kSharedUnit) + kReservedSharedBytes;
    limits.shared_memory = static_cast<int>(std::min<int64_t>(limits.slots, chip.shared_bytes_per_sm / block_bytes));
  }
  return limits;
}

int blocks_per_sm(const ResourceEstimate& estimate, int block_threads, const Chip& chip) {
  return occupancy_limits(estimate.registers_per_thread, estimate.shared_bytes_per_block, block_threads, chip).blocks();
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

int64_t resident_bytes_in_flight(const Kernel& kernel, const Variant& variant, const Workload& workload,
                                 const Chip& chip, const std::vector<EntryResources>& resources) {
  if (kernel.estimate == nullptr || resources.empty()) {
    return 0;
  }
  const int blocks = std::ranges::min_element(resources, {}, &EntryResources::blocks_per_sm)->blocks_per_sm;
  return blocks * kernel.estimate(variant, workload, chip).bytes_in_flight_per_block;
}

double bytes_needed_per_sm(const Chip& chip) {
  return chip.dram_bytes_per_s * kLoadedLatencyS / std::max(1, chip.multiprocessors);
}

}  // namespace scantune
