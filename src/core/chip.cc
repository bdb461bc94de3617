#include "core/chip.h"

#include <algorithm>

#include "core/pattern.h"

namespace scantune {
namespace {

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;

Chip gpu(std::string name, std::string code_name, int compute_capability, int sms, int64_t l2_bytes,
         double dram_bytes_per_s, int threads_per_sm, int blocks_per_sm, int64_t shared_per_block,
         int64_t shared_per_sm) {
  return Chip{.backend = Backend::cuda,
              .name = std::move(name),
              .code_name = std::move(code_name),
              .compute_capability = compute_capability,
              .multiprocessors = sms,
              .cache_bytes = l2_bytes,
              .dram_bytes_per_s = dram_bytes_per_s,
              .max_threads_per_block = 1024,
              .max_threads_per_sm = threads_per_sm,
              .max_blocks_per_sm = blocks_per_sm,
              .registers_per_sm = 65536,
              .max_registers_per_thread = 255,
              .shared_bytes_per_block = shared_per_block,
              .shared_bytes_per_sm = shared_per_sm};
}

}  // namespace

std::string_view name(Backend backend) { return backend == Backend::cuda ? "cuda" : "cpu"; }

std::string sm_name(const Chip& chip) { return fmt::format("sm_{}", chip.compute_capability); }

const std::vector<Chip>& reference_chips() {
  static const std::vector<Chip> chips = {
      gpu("NVIDIA A100-SXM4-80GB", "GA100", 80, 108, 40 * kMiB, 2.039e12, 2048, 32, 163 * kKiB, 164 * kKiB),
      gpu("NVIDIA GeForce RTX 3090", "GA102", 86, 82, 6 * kMiB, 0.936e12, 1536, 16, 99 * kKiB, 100 * kKiB),
      gpu("NVIDIA GeForce RTX 4090", "AD102", 89, 128, 72 * kMiB, 1.008e12, 1536, 24, 99 * kKiB, 100 * kKiB),
      gpu("NVIDIA H200", "GH100", 90, 132, 60 * kMiB, 4.8e12, 2048, 32, 227 * kKiB, 228 * kKiB),
      gpu("NVIDIA B200", "GB100", 100, 148, 126 * kMiB, 8.0e12, 2048, 32, 227 * kKiB, 228 * kKiB),
      gpu("NVIDIA GeForce RTX 5090", "GB202", 120, 170, 96 * kMiB, 1.792e12, 1536, 24, 99 * kKiB, 100 * kKiB),
  };
  return chips;
}

Expected<Chip> reference_chip(int compute_capability) {
  const auto& chips = reference_chips();
  const auto it = std::ranges::find(chips, compute_capability, &Chip::compute_capability);
  if (it == chips.end()) {
    return bad_input("no reference chip for sm_{}; known: sm_80, sm_86, sm_89, sm_90, sm_100, sm_120",
                     compute_capability);
  }
  return *it;
}

Expected<Chip> reference_chip(std::string_view name) {
  std::string known;
  for (const Chip& chip : reference_chips()) {
    if (same_word(name, chip.code_name) || same_word(name, sm_name(chip))) {
      return chip;
    }
    known += (known.empty() ? "" : ", ") + chip.code_name;
  }
  return bad_input("unknown chip; known: {}", known);
}

}  // namespace scantune
