#include "cuda/verifier.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "workload.h"

namespace scantune::cuda {
namespace {

using verification::kThreads;
using verification::Report;
using verification::Segments;

// One report each.
enum Checked { output, input, before_output, after_output, before_input, after_input };

constexpr int kBlocksPerSm = 8;  // of kThreads: as many as an SM holds

constexpr uint64_t kNoProbe = ~uint64_t{0};

// The L2 does not replace its oldest lines first: of what it held, about e^-k is left after reading k
// times its size. Twice the size left 5 MB of dirty lines on an H200.
int64_t flush_bytes(const Chip& chip) { return std::max<int64_t>(4 * chip.cache_bytes, int64_t{1} << 20); }

tl::unexpected<Failure> wrong_result(std::string what) {
  return tl::unexpected(Failure{FailureKind::wrong_result, std::move(what)});
}

}  // namespace

int64_t Verifier::footprint(const Workload& workload, const Chip& chip) {
  return flush_bytes(chip) + static_cast<int64_t>(kReports * sizeof(Report)) + verification::sums_bytes(workload);
}

tl::expected<Verifier, Failure> Verifier::create(const ContextPtr& context, CUstream stream, const Artifact& artifact,
                                                 const Workload& workload, const Chip& chip, uint64_t seed) {
  Verifier self;
  self.context_ = context;
  self.stream_ = stream;
  self.workload_ = workload;
  self.geometry_ = workload.geometry();
  self.seed_ = seed;
  self.flat_grid_ = int64_t{std::max(chip.multiprocessors, 1)} * kBlocksPerSm;
  self.flush_bytes_ = flush_bytes(chip);

  auto module = load_module(context, *artifact.image);
  if (!module) {
    return tl::unexpected(module.error());
  }
  self.module_ = *std::move(module);
  for (const std::string& name : artifact.functions) {
    CUfunction function = nullptr;
    SCANTUNE_CU(context->driver(), FailureKind::load, ModuleGetFunction, &function, self.module_.get(), name.c_str());
    self.functions_.push_back(function);
  }

  struct Wanted {
    Buffer Verifier::*buffer;
    int64_t bytes;
  };
  std::vector<Wanted> wanted = {{&Verifier::reports_, kReports * static_cast<int64_t>(sizeof(Report))},
                                {&Verifier::flush_, self.flush_bytes_}};
  if (const int64_t bytes = verification::sums_bytes(workload); bytes > 0) {
    wanted.push_back({&Verifier::sums_, bytes});
  }
  for (const Wanted& want : wanted) {
    auto buffer = allocate(context, want.bytes);
    if (!buffer) {
      return tl::unexpected(buffer.error());
    }
    self.*want.buffer = *std::move(buffer);
  }
  SCANTUNE_CU(context->driver(), FailureKind::device, MemsetD8Async, self.flush_.get(), 0,
              static_cast<size_t>(self.flush_bytes_), stream);
  return self;
}

CUdeviceptr Verifier::report(int index) const { return reports_.get() + static_cast<size_t>(index) * sizeof(Report); }

tl::expected<void, Failure> Verifier::guard(const Guarded& tensor) const {
  const Driver& driver = context_->driver();
  SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, tensor.before(), tensor.pattern, Guarded::kGuardBytes,
              stream_);
  SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, tensor.after(), tensor.pattern,
              static_cast<size_t>(tensor.after_bytes()), stream_);
  return {};
}

tl::expected<void, Failure> Verifier::generate_exact(const Guarded& in) const {
  return launch(*context_, stream_, function(verification::generate_exact), flat_grid_, kThreads, in.data(),
                static_cast<uint64_t>(geometry_.elements()), geometry_.n, static_cast<uint64_t>(geometry_.inner),
                seed_);
}

tl::expected<void, Failure> Verifier::generate_mixed(const Guarded& in) const {
  return launch(*context_, stream_, function(verification::generate_mixed), flat_grid_, kThreads, in.data(),
                static_cast<uint64_t>(geometry_.elements()), seed_);
}

tl::expected<void, Failure> Verifier::flush_cache() const {
  return launch(*context_, stream_, function(verification::flush_cache), flat_grid_, kThreads, flush_.get(),
                static_cast<uint64_t>(flush_bytes_ / 16), reports_.get());
}

tl::expected<void, Failure> Verifier::clear_reports() const {
  // wrong = 0 and first = all ones, by two fills each.
  const Driver& driver = context_->driver();
  SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, reports_.get(), 0, kReports * sizeof(Report), stream_);
  for (int i = 0; i < kReports; ++i) {
    SCANTUNE_CU(driver, FailureKind::device, MemsetD8Async, report(i) + offsetof(Report, first), 0xFF,
                sizeof(Report::first), stream_);
  }
  return {};
}

tl::expected<void, Failure> Verifier::check_guards(const Guarded& in, const Guarded& out) const {
  struct Zone {
    CUdeviceptr begin;
    int64_t bytes;
    unsigned char pattern;
    int report;
  };
  for (const Zone& zone : {Zone{out.before(), Guarded::kGuardBytes, out.pattern, before_output},
                           Zone{out.after(), out.after_bytes(), out.pattern, after_output},
                           Zone{in.before(), Guarded::kGuardBytes, in.pattern, before_input},
                           Zone{in.after(), in.after_bytes(), in.pattern, after_input}}) {
    auto enqueued = launch(*context_, stream_, function(verification::check_guard), flat_grid_, kThreads, zone.begin,
                           static_cast<uint64_t>(zone.bytes), zone.pattern, report(zone.report));
    if (!enqueued) {
      return enqueued;
    }
  }
  return {};
}

std::string Verifier::place(uint64_t element) const {
  const auto inner = static_cast<uint64_t>(geometry_.inner);
  const auto n = static_cast<uint64_t>(geometry_.n);
  return fmt::format("element {} (outer {}, i {}, inner {})", element, element / inner / n, element / inner % n,
                     element % inner);
}

tl::expected<Verifier::Reports, Failure> Verifier::read_reports() const {
  Reports reports;
  SCANTUNE_CU(context_->driver(), FailureKind::device, StreamSynchronize, stream_);
  SCANTUNE_CU(context_->driver(), FailureKind::device, MemcpyDtoH, reports.data(), reports_.get(), sizeof reports);
  return reports;
}

tl::expected<std::string, Failure> Verifier::read_output(const Guarded& out, uint64_t element) const {
  const auto size = static_cast<size_t>(size_bytes(workload_.output_dtype()));
  unsigned char bytes[8] = {};
  SCANTUNE_CU(context_->driver(), FailureKind::device, MemcpyDtoH, bytes, out.data() + element * size, size);
  return verification::value_text(workload_.output_dtype(), bytes);
}

tl::expected<void, Failure> Verifier::judge(const char* test, const Reports& reports, const Guarded& out,
                                            const std::string& expected) const {
  const auto outside = [&](const Report& zone, const char* where) {
    return wrong_result(fmt::format("{}: wrote outside the output: {} bytes {} changed, the lowest at byte {} of {}",
                                    test, zone.wrong, where, zone.first, Guarded::kGuardBytes));
  };
  if (reports[after_output].wrong != 0) {
    return outside(reports[after_output], "after its end");
  }
  if (reports[before_output].wrong != 0) {
    return outside(reports[before_output], "before its begin");
  }
  if (reports[after_input].wrong != 0) {
    return outside(reports[after_input], "after the input's end");
  }
  if (reports[before_input].wrong != 0) {
    return outside(reports[before_input], "before the input's begin");
  }
  if (const Report& x = reports[input]; x.wrong != 0) {
    return wrong_result(
        fmt::format("{}: wrote to the input: {} elements changed, the first {}", test, x.wrong, place(x.first)));
  }
  const Report& y = reports[output];
  if (y.wrong == 0) {
    return {};
  }
  const auto got = read_output(out, y.first);
  if (!got) {
    return tl::unexpected(got.error());
  }
  return wrong_result(fmt::format("{}: {} of {} elements wrong, first {}: got {}, expected {}", test, y.wrong,
                                  geometry_.elements(), place(y.first), *got, expected));
}

tl::expected<void, Failure> Verifier::check_exact(const Guarded& in, const Guarded& out) const {
  auto done = clear_reports();
  if (done) {
    done = launch(*context_, stream_, function(verification::check_exact), flat_grid_, kThreads, in.data(), out.data(),
                  static_cast<uint64_t>(geometry_.elements()), geometry_.n, static_cast<uint64_t>(geometry_.inner),
                  seed_, report(output), report(input));
  }
  if (done) {
    done = check_guards(in, out);
  }
  if (!done) {
    return done;
  }
  const auto reports = read_reports();
  if (!reports) {
    return tl::unexpected(reports.error());
  }
  const uint64_t first = (*reports)[output].first;
  auto expected = exact_y(seed_, first, verification::exact_bits(workload_.dtype));
  if (workload_.output_dtype() != workload_.dtype) {
    const auto i = static_cast<int64_t>(first / static_cast<uint64_t>(geometry_.inner)) % geometry_.n;
    expected += (geometry_.n - i) * kWideningStep;
  }
  return judge("exact test", *reports, out, fmt::format("{}", expected));
}

tl::expected<void, Failure> Verifier::enqueue_bound_check(const Guarded& in, const Guarded& out, uint64_t probe) const {
  const Segments cut = verification::segments(geometry_);
  const int64_t unit_blocks =
      std::min(flat_grid_ * 4, static_cast<int64_t>(cut.units / (kThreads / verification::lanes(geometry_)) + 1));
  const auto lines = static_cast<int64_t>(cut.units / cut.per_line);

  tl::expected<void, Failure> done;
  if (cut.per_line > 1) {
    done = launch(*context_, stream_, function(verification::segment_sums), unit_blocks, kThreads, in.data(), cut,
                  sums_.get());
  }
  if (done && cut.per_line > 1 && verification::lines_are_short(cut)) {
    done = launch(*context_, stream_, function(verification::suffix_sums_short),
                  std::min(flat_grid_, lines / kThreads + 1), kThreads, cut, sums_.get());
  } else if (done && cut.per_line > 1) {
    done = launch(*context_, stream_, function(verification::suffix_sums_long), std::min(flat_grid_, lines),
                  verification::kLongThreads, cut, sums_.get());
  }
  if (done) {
    done = launch(*context_, stream_, function(verification::check_bound), unit_blocks, kThreads, in.data(), out.data(),
                  cut, sums_.get(), verification::tolerance(workload_), probe, report(output));
  }
  return done;
}

tl::expected<void, Failure> Verifier::check_mixed(const Guarded& in, const Guarded& out) const {
  auto done = clear_reports();
  if (done) {
    done = enqueue_bound_check(in, out, kNoProbe);
  }
  if (done) {
    done = check_guards(in, out);
  }
  if (!done) {
    return done;
  }
  auto reports = read_reports();
  if (!reports || (*reports)[output].wrong == 0) {
    return reports ? judge("bound test", *reports, out, "") : tl::unexpected(reports.error());
  }
  // Once more, for what was expected of the first wrong element.
  done = enqueue_bound_check(in, out, (*reports)[output].first);
  if (!done) {
    return done;
  }
  const auto probed = read_reports();
  if (!probed) {
    return tl::unexpected(probed.error());
  }
  const Report& probe = (*probed)[output];
  return judge("bound test", *reports, out, fmt::format("{} +- {:.3g}", probe.expected, probe.bound));
}

}  // namespace scantune::cuda
