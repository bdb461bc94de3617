#include "device/replay.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace scantune::replay {
namespace {

// The step of a trial's life at which its recorded failure shows.
enum class Step { compile, load, run, never };

Step step_of(const RecordedTrial& trial) {
  if (!trial.failure) {
    return Step::never;
  }
  switch (trial.failure->kind) {
    case FailureKind::constraint:
    case FailureKind::compile:
    case FailureKind::compile_timeout:
      return Step::compile;
    case FailureKind::load:
    case FailureKind::out_of_memory:
      return Step::load;
    case FailureKind::wrong_result:
    case FailureKind::launch:
    case FailureKind::timeout:
    case FailureKind::crash:
      return Step::run;
    case FailureKind::device:
    case FailureKind::not_recorded:
      return Step::never;  // which says nothing of the variant
  }
  return Step::never;
}

Failure not_recorded(std::string what) { return {FailureKind::not_recorded, std::move(what)}; }

class ReplayCompiler final : public Compiler {
 public:
  explicit ReplayCompiler(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}

  [[nodiscard]] int concurrency() const override { return 1; }

  tl::expected<Artifact, Failure> compile(const Kernel& /*kernel*/, const Workload& workload, const Variant& variant,
                                          const Chip& /*chip*/) override {
    const RecordedTrial* trial = find(workload, variant);
    if (trial == nullptr) {
      return tl::unexpected(not_recorded("the recording has nothing of it"));
    }
    if (step_of(*trial) == Step::compile) {
      return tl::unexpected(*trial->failure);
    }
    Artifact artifact;
    artifact.variant = variant;
    artifact.resources = trial->resources;
    artifact.from_cache = true;
    return artifact;
  }

  [[nodiscard]] std::string build_digest(const Kernel& /*kernel*/, const Workload& workload, const Variant& variant,
                                         const Chip& /*chip*/) const override {
    const RecordedTrial* trial = find(workload, variant);
    return trial == nullptr ? std::string() : trial->build;
  }

 private:
  [[nodiscard]] const RecordedTrial* find(const Workload& workload, const Variant& variant) const {
    const auto context = recording_->find(workload);
    return context ? (*context)->find(variant) : nullptr;
  }

  std::shared_ptr<Recording> recording_;
};

class ReplaySession final : public Session {
 public:
  ReplaySession(std::shared_ptr<Recording> recording, MetricReader read, const RecordedContext& context, uint64_t seed)
      : recording_(std::move(recording)), read_(std::move(read)), context_(context), random_(seed) {}

  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    const RecordedTrial* trial = context_.find(artifact.variant);
    if (trial == nullptr) {
      return tl::unexpected(not_recorded("the recording has nothing of it"));
    }
    if (step_of(*trial) == Step::load) {
      return tl::unexpected(*trial->failure);
    }
    loaded_.push_back({trial});
    return static_cast<Handle>(loaded_.size() - 1);
  }

  void unload(Handle /*handle*/) override {}

  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override {
    return at(handle).trial->resources;
  }

  tl::expected<void, Failure> verify(Handle handle) override {
    const RecordedTrial& trial = *at(handle).trial;
    if (!trial.verified && step_of(trial) == Step::run) {
      return tl::unexpected(*trial.failure);
    }
    if (!trial.verified) {
      return tl::unexpected(not_recorded("the recording ends before it was verified"));
    }
    return {};
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& /*spec*/,
                                                      std::stop_token stop) override;

  [[nodiscard]] int resampled() const override { return resampled_; }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override;

 private:
  struct Loaded {
    const RecordedTrial* trial = nullptr;
    size_t answered = 0;  // how many of its pairs were given
  };
  struct Answer {
    Pair pair;
    bool again = false;  // drawn from pairs that were given before
  };

  [[nodiscard]] const Loaded& at(Handle handle) const { return loaded_.at(static_cast<size_t>(handle)); }
  std::vector<Sample> warm_up(size_t copies) const;
  tl::expected<std::map<Handle, Answer>, RoundFault> answers(std::span<const Handle> order);
  size_t reference_round(const std::map<Handle, Answer>& answers);
  size_t draw(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }

  std::shared_ptr<Recording> recording_;  // which keeps the context
  MetricReader read_;
  const RecordedContext& context_;
  std::mt19937_64 random_;
  std::vector<Loaded> loaded_;
  int resampled_ = 0;
};

// Nothing was kept of copies that warm up. What they decide is how many runs make a sample (Protocol::sample_ns), so
// they take as long as makes that what was recorded.
std::vector<Sample> ReplaySession::warm_up(size_t copies) const {
  const Protocol& protocol = context_.context.protocol;
  const RecordedRound& first = context_.rounds.front();
  const double time_ns =
      first.runs > 1 ? protocol.sample_ns / (first.runs - 0.5) : std::max(first.mean_copy_ns, protocol.short_run_ns);
  return std::vector<Sample>(copies, Sample{kCopy, time_ns});
}

// The next pair of each variant of a round.
tl::expected<std::map<Handle, ReplaySession::Answer>, RoundFault> ReplaySession::answers(
    std::span<const Handle> order) {
  std::map<Handle, Answer> answers;
  for (size_t position = 0; position < order.size(); ++position) {
    if (order[position] == kCopy || answers.contains(order[position])) {
      continue;
    }
    const Loaded& item = at(order[position]);
    const std::vector<Pair>& pairs = item.trial->pairs;
    if (item.answered < pairs.size()) {
      answers[order[position]] = {pairs[item.answered], false};
    } else if (step_of(*item.trial) == Step::run) {
      return tl::unexpected(RoundFault{position, *item.trial->failure});
    } else if (pairs.empty()) {
      return tl::unexpected(RoundFault{position, not_recorded("the recording has no samples of it")});
    } else {
      answers[order[position]] = {pairs[draw(pairs.size())], true};
    }
  }
  for (const auto& [handle, answer] : answers) {
    loaded_[static_cast<size_t>(handle)].answered += answer.again ? 0U : 1U;
  }
  return answers;
}

// The recorded round whose copies answer for the copy: the one that most of the variants' pairs are of, so that most
// times are as they were taken.
size_t ReplaySession::reference_round(const std::map<Handle, Answer>& answers) {
  std::map<size_t, int> count;
  for (const auto& [handle, answer] : answers) {
    count[answer.pair.round] += answer.again ? 0 : 1;
  }
  const auto most = std::ranges::max_element(count, {}, [](const auto& of) { return of.second; });
  if (most != count.end() && most->second > 0) {
    return most->first;
  }
  return draw(context_.rounds.size());
}

tl::expected<std::vector<Sample>, RoundFault> ReplaySession::round(std::span<const Handle> order,
                                                                   const RoundSpec& /*spec*/, std::stop_token stop) {
  resampled_ = 0;
  if (context_.rounds.empty()) {
    return tl::unexpected(RoundFault{std::nullopt, {FailureKind::device, "the recording has no rounds"}});
  }
  if (std::ranges::count(order, kCopy) == std::ssize(order)) {
    return warm_up(order.size());
  }
  const auto found = answers(order);
  if (!found) {
    return tl::unexpected(found.error());
  }
  const RecordedRound& reference = context_.rounds[reference_round(*found)];
  std::vector<Sample> samples;
  size_t copies = 0;
  for (const Handle handle : order) {
    if (stop.stop_requested()) {
      return samples;
    }
    if (handle == kCopy) {
      samples.push_back({kCopy, reference.copies_ns[copies++ % reference.copies_ns.size()]});
      continue;
    }
    const Answer& answer = found->at(handle);
    const RecordedRound& own = context_.rounds[answer.pair.round];
    const bool together = &own == &reference;
    samples.push_back(
        {handle, together ? answer.pair.time_ns : answer.pair.time_ns * reference.mean_copy_ns / own.mean_copy_ns});
    resampled_ += answer.again ? 1 : 0;
  }
  return samples;
}

tl::expected<Profile, Failure> ReplaySession::profile(Handle handle, const std::vector<std::string>& metrics) {
  const RecordedTrial& trial = *at(handle).trial;
  Profile recorded;
  if (trial.profile) {
    recorded = *trial.profile;
  } else {
    for (const EntryResources& entry : trial.resources) {
      recorded.launches.push_back({entry.entry, {}});
    }
  }
  Profile profile;
  for (const LaunchProfile& launch : recorded.launches) {
    const size_t index = profile.launches.size();
    const EntryResources* const resources = index < trial.resources.size() ? &trial.resources[index] : nullptr;
    LaunchProfile& answer = profile.launches.emplace_back(LaunchProfile{launch.entry, {}});
    for (const std::string& metric : metrics) {
      auto value = read_(metric, launch, resources);
      answer.metrics.push_back(value ? *std::move(value)
                                     : MetricValue{metric, metric, {}, {}, "it was not recorded for this variant"});
      answer.metrics.back().requested = metric;
    }
  }
  return profile;
}

class ReplayDevice final : public Device {
 public:
  ReplayDevice(std::shared_ptr<Recording> recording, MetricReader read)
      : recording_(std::move(recording)), read_(std::move(read)) {}

  [[nodiscard]] const DeviceInfo& info() const override { return recording_->info(); }

  [[nodiscard]] Expected<void> check(const Workload& workload) const override {
    const auto context = recording_->find(workload);
    return context ? Expected<void>() : tl::unexpected(context.error());
  }

  [[nodiscard]] int64_t memory_needed(const Workload& /*workload*/) const override { return 0; }

  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    const auto context = recording_->find(workload);
    if (!context) {
      return tl::unexpected(context.error());
    }
    return std::make_unique<ReplaySession>(recording_, read_, **context, seed);
  }

 private:
  std::shared_ptr<Recording> recording_;
  MetricReader read_;
};

}  // namespace

std::unique_ptr<Compiler> make_compiler(std::shared_ptr<Recording> recording) {
  return std::make_unique<ReplayCompiler>(std::move(recording));
}

std::optional<MetricValue> as_recorded(const std::string& name, const LaunchProfile& recorded,
                                       const EntryResources* /*resources*/) {
  const auto found = std::ranges::find_if(
      recorded.metrics, [&](const MetricValue& value) { return value.requested == name || value.read_as == name; });
  return found == recorded.metrics.end() ? std::nullopt : std::optional(*found);
}

std::unique_ptr<Device> make_device(std::shared_ptr<Recording> recording, MetricReader read) {
  return std::make_unique<ReplayDevice>(std::move(recording), std::move(read));
}

}  // namespace scantune::replay
