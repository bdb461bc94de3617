// The device side of verification (kernels/verify.cuh) for one workload: generates inputs, checks
// outputs, and empties the cache. Included by the .cc files of this folder only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/workload.h"
#include "cuda/context.h"
#include "cuda/verification.h"
#include "device/device.h"

namespace scantune::cuda {

// A tensor in device memory between two guard zones, which hold a pattern that nobody may change.
struct Guarded {
  static constexpr int64_t kGuardBytes = int64_t{2} << 20;  // also keeps the data aligned as an allocation is

  Buffer buffer;
  int64_t bytes = 0;
  unsigned char pattern = 0;

  // Bytes of device memory for a tensor.
  static int64_t footprint(int64_t bytes) { return 2 * kGuardBytes + (bytes + 15) / 16 * 16; }

  [[nodiscard]] CUdeviceptr before() const { return buffer.get(); }
  [[nodiscard]] CUdeviceptr data() const { return buffer.get() + kGuardBytes; }
  [[nodiscard]] CUdeviceptr after() const { return data() + static_cast<CUdeviceptr>(bytes); }
  [[nodiscard]] int64_t after_bytes() const { return footprint(bytes) - kGuardBytes - bytes; }
};

class Verifier {
 public:
  // Poisons every byte with this: NaN in the floating types, -1 in the others.
  static constexpr unsigned char kPoison = 0xFF;

  // Bytes of device memory that create() takes.
  static int64_t footprint(const Workload& workload, const Chip& chip);

  // `artifact` is of verification::kernel(). The context must be current here and in every call.
  static tl::expected<Verifier, Failure> create(const ContextPtr& context, CUstream stream, const Artifact& artifact,
                                                const Workload& workload, const Chip& chip, uint64_t seed);

  // Writes the patterns of a tensor's guard zones. All of these enqueue and return.
  tl::expected<void, Failure> guard(const Guarded& tensor) const;
  tl::expected<void, Failure> generate_exact(const Guarded& in) const;
  tl::expected<void, Failure> generate_mixed(const Guarded& in) const;  // floating types only
  tl::expected<void, Failure> flush_cache() const;

  // Wait for the stream, and say what is wrong (wrong_result), or that the device is lost.
  tl::expected<void, Failure> check_exact(const Guarded& in, const Guarded& out) const;
  tl::expected<void, Failure> check_mixed(const Guarded& in, const Guarded& out) const;

 private:
  static constexpr int kReports = 6;
  using Reports = std::array<verification::Report, kReports>;

  Verifier() = default;

  tl::expected<void, Failure> clear_reports() const;
  tl::expected<void, Failure> check_guards(const Guarded& in, const Guarded& out) const;
  tl::expected<void, Failure> enqueue_bound_check(const Guarded& in, const Guarded& out, uint64_t probe) const;
  tl::expected<Reports, Failure> read_reports() const;
  tl::expected<std::string, Failure> read_output(const Guarded& out, uint64_t element) const;
  // `expected` is the text of what the first wrong element should have been.
  tl::expected<void, Failure> judge(const char* test, const Reports& reports, const Guarded& out,
                                    const std::string& expected) const;
  [[nodiscard]] CUfunction function(verification::Entry entry) const { return functions_.at(entry); }
  [[nodiscard]] CUdeviceptr report(int index) const;
  [[nodiscard]] std::string place(uint64_t element) const;

  ContextPtr context_;
  CUstream stream_ = nullptr;
  Module module_;
  std::vector<CUfunction> functions_;
  Workload workload_;
  Geometry geometry_;
  uint64_t seed_ = 0;
  int64_t flat_grid_ = 0;  // blocks that fill the GPU
  Buffer reports_;
  Buffer sums_;  // of the bound test, where it needs any
  Buffer flush_;
  int64_t flush_bytes_ = 0;
};

}  // namespace scantune::cuda
