#include "device/traced.h"

#include <map>
#include <utility>

#include "core/digest.h"

namespace scantune {
namespace {

Span span_of_trial(const std::string& variant) {
  return {.kind = Span::Kind::trial, .text = variant, .payload = trial_number(variant)};
}

// A range of a trial with one inside it that says what is done.
class Step {
 public:
  Step(Tracer& tracer, const std::string& variant, Span::Kind kind, std::optional<uint64_t> payload)
      : trial_(&tracer, span_of_trial(variant)), step_(&tracer, {.kind = kind, .payload = payload}) {}

 private:
  Range trial_;
  Range step_;
};

class TracedCompiler final : public Compiler {
 public:
  TracedCompiler(std::unique_ptr<Compiler> compiler, Tracer& tracer)
      : compiler_(std::move(compiler)), tracer_(tracer) {}

  [[nodiscard]] int concurrency() const override { return compiler_->concurrency(); }

  tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                          const Chip& chip) override {
    const auto compute_capability = static_cast<uint64_t>(chip.compute_capability);
    const Step step(tracer_, to_string(variant), Span::Kind::compile,
                    compute_capability > 0 ? std::optional(compute_capability) : std::nullopt);
    return compiler_->compile(kernel, workload, variant, chip);
  }

  [[nodiscard]] std::string build_digest(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                         const Chip& chip) const override {
    return compiler_->build_digest(kernel, workload, variant, chip);
  }

  void cancel() override { compiler_->cancel(); }

 private:
  const std::unique_ptr<Compiler> compiler_;
  Tracer& tracer_;
};

// Every function of Session is passed on, those with a body of their own included.
class TracedSession final : public Session {
 public:
  TracedSession(Range workload, std::unique_ptr<Session> session, int64_t elements, Tracer& tracer)
      : workload_(std::move(workload)),
        session_(std::move(session)),
        elements_(static_cast<uint64_t>(elements)),
        tracer_(tracer) {
    // What a sample enqueues lies in its range, so that a tool that knows which launch was made in which range can
    // show it on the GPU's line, too.
    session_->on_enqueue({.begin =
                              [this](size_t position) {
                                tracer_.begin(span_of_trial(spelling(order_[position])));
                                tracer_.begin({.kind = Span::Kind::time, .payload = runs_});
                              },
                          .end =
                              [this] {
                                tracer_.end();
                                tracer_.end();
                              }});
  }

  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    const std::string variant = to_string(artifact.variant);
    const Step step(tracer_, variant, Span::Kind::load,
                    artifact.image == nullptr ? std::nullopt : std::optional<uint64_t>(artifact.image->size()));
    auto handle = session_->load(artifact);
    if (handle) {
      variants_[*handle] = variant;
    }
    return handle;
  }

  void unload(Handle handle) override {
    session_->unload(handle);
    variants_.erase(handle);
  }

  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override {
    return session_->resources(handle);
  }

  tl::expected<void, Failure> verify(Handle handle) override {
    const Step step(tracer_, spelling(handle), Span::Kind::verify, elements_);
    return session_->verify(handle);
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token stop) override {
    const Range range(&tracer_, {.kind = Span::Kind::round, .payload = order.size()});
    order_.assign(order.begin(), order.end());
    runs_ = static_cast<uint64_t>(spec.runs);
    return session_->round(order, spec, std::move(stop));
  }

  void on_begin(const std::function<void(size_t)>& begin) override { session_->on_begin(begin); }
  [[nodiscard]] int resampled() const override { return session_->resampled(); }
  [[nodiscard]] std::string disturbance() override { return session_->disturbance(); }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override {
    const Step step(tracer_, spelling(handle), Span::Kind::profile, metrics.size());
    return session_->profile(handle, metrics);
  }

  tl::expected<Timeline, Failure> timeline(Handle handle, const TimelineSpec& spec) override {
    const Step step(tracer_, spelling(handle), Span::Kind::profile, spec.metrics.size());
    return session_->timeline(handle, spec);
  }

  void warm_before_profiles(int runs) override { session_->warm_before_profiles(runs); }

 private:
  [[nodiscard]] const std::string& spelling(Handle handle) const {
    static const std::string copy = "copy";
    const auto variant = variants_.find(handle);
    return variant == variants_.end() ? copy : variant->second;
  }

  Range workload_;  // before the session: it ends after that has closed
  const std::unique_ptr<Session> session_;
  const uint64_t elements_;
  Tracer& tracer_;
  std::map<Handle, std::string> variants_;
  std::vector<Handle> order_;  // of the round under way
  uint64_t runs_ = 1;
};

class TracedDevice final : public Device {
 public:
  TracedDevice(std::unique_ptr<Device> device, Tracer& tracer) : device_(std::move(device)), tracer_(tracer) {}

  [[nodiscard]] const DeviceInfo& info() const override { return device_->info(); }
  [[nodiscard]] Expected<void> check(const Workload& workload) const override { return device_->check(workload); }
  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override {
    return device_->memory_needed(workload);
  }

  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    const int64_t bytes = workload.bytes_read() + workload.bytes_written();
    Range range(&tracer_,
                {.kind = Span::Kind::workload, .text = to_string(workload), .payload = static_cast<uint64_t>(bytes)});
    auto session = device_->open(workload, seed);
    if (!session) {
      return session;
    }
    return std::make_unique<TracedSession>(std::move(range), *std::move(session), workload.elements(), tracer_);
  }

 private:
  const std::unique_ptr<Device> device_;
  Tracer& tracer_;
};

}  // namespace

uint64_t trial_number(const std::string& variant) { return checksum(variant); }

std::unique_ptr<Device> traced(std::unique_ptr<Device> device, Tracer* tracer) {
  if (tracer == nullptr) {
    return device;
  }
  return std::make_unique<TracedDevice>(std::move(device), *tracer);
}

std::unique_ptr<Compiler> traced(std::unique_ptr<Compiler> compiler, Tracer* tracer) {
  if (tracer == nullptr) {
    return compiler;
  }
  return std::make_unique<TracedCompiler>(std::move(compiler), *tracer);
}

}  // namespace scantune
