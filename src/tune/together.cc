#include "tune/together.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "strategy/shared.h"

namespace scantune {
namespace {

// What the devices do reaches the observer one at a time, and as one run.
class JoinedObserver {
 public:
  JoinedObserver(Observer& observer, size_t devices) : observer_(observer), last_(devices) {}

  void event(const Event& event) {
    const std::scoped_lock lock(mutex_);
    observer_.event(event);
  }

  void progress(size_t device, const Progress& progress) {
    const std::scoped_lock lock(mutex_);
    last_[device] = progress;
    Progress joined = progress;
    for (size_t d = 0; d < last_.size(); ++d) {
      if (d == device) {
        continue;
      }
      for (size_t f = 0; f < std::min(joined.families.size(), last_[d].families.size()); ++f) {
        add(joined.families[f], last_[d].families[f]);
      }
      joined.eta_s =
          joined.eta_s && last_[d].eta_s ? std::optional(std::min(*joined.eta_s, *last_[d].eta_s)) : joined.eta_s;
    }
    if (joined.eta_s) {
      *joined.eta_s /= static_cast<double>(last_.size());
    }
    observer_.progress(joined);
  }

 private:
  static void add(Progress::Family& family, const Progress::Family& other) {
    family.done = std::min(family.total, family.done + other.done);
    family.failed += other.failed;
    if (other.best_ratio && (!family.best_ratio || *other.best_ratio > *family.best_ratio)) {
      family.best_ratio = other.best_ratio;
      family.best_time_ns = other.best_time_ns;
    }
  }

  Observer& observer_;
  std::mutex mutex_;
  std::vector<Progress> last_;  // of each device
};

class LaneObserver final : public Observer {
 public:
  LaneObserver(JoinedObserver& joined, size_t device) : joined_(joined), device_(device) {}
  void event(const Event& event) override { joined_.event(event); }
  void progress(const Progress& progress) override { joined_.progress(device_, progress); }

 private:
  JoinedObserver& joined_;
  size_t device_;
};

// Keeps the events of all devices, the first one's beginning first: where that says that what came before it is
// history, nothing of the others may have come before it.
class Keeper {
 public:
  Keeper(const TuneOptions& options, std::vector<JournalEvent>& events) : options_(options), events_(events) {}

  Expected<void> keep(size_t device, JournalEvent event, const std::string& uuid) {
    std::unique_lock lock(mutex_);
    first_has_begun_ = first_has_begun_ || device == 0;
    changed_.notify_all();
    changed_.wait(lock, [&] { return first_has_begun_; });
    if (auto* taken = std::get_if<RoundTaken>(&event.what)) {
      taken->uuid = uuid;
    }
    events_.push_back(event);
    return options_.keep ? options_.keep(event) : Expected<void>();
  }

  void first_has_ended() {
    const std::scoped_lock lock(mutex_);
    first_has_begun_ = true;
    changed_.notify_all();
  }

 private:
  const TuneOptions& options_;
  std::vector<JournalEvent>& events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool first_has_begun_ = false;
};

// The compiler as one of several lanes has it: a lane that ends, as its device is lost, waits for what it has under
// way. Told to cut that short, the compiler would cut short what the others wait for, too.
class CompilerOfLane final : public Compiler {
 public:
  CompilerOfLane(Compiler& compiler, const std::stop_token& stop) : compiler_(compiler), stop_(stop) {}

  [[nodiscard]] int concurrency() const override { return compiler_.concurrency(); }
  tl::expected<Artifact, Failure> compile(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                          const Chip& chip) override {
    return compiler_.compile(kernel, workload, variant, chip);
  }
  [[nodiscard]] std::string build_digest(const Kernel& kernel, const Workload& workload, const Variant& variant,
                                         const Chip& chip) const override {
    return compiler_.build_digest(kernel, workload, variant, chip);
  }
  void cancel() override {
    if (stop_.stop_requested()) {  // of all lanes
      compiler_.cancel();
    }
  }

 private:
  Compiler& compiler_;
  const std::stop_token& stop_;
};

TuneOptions options_of_lane(const TuneOptions& options, size_t device, size_t devices) {
  TuneOptions lane = options;
  lane.search_only = true;
  lane.seed = options.seed;  // the input is the same everywhere
  lane.fresh = options.fresh && device == 0;
  if (device > 0) {
    lane.incumbent.reset();  // the first one tries it
  }
  if (options.budget.trials) {
    const int all = *options.budget.trials;
    const int each = all / static_cast<int>(devices);
    lane.budget.trials = std::max(1, each + (static_cast<int>(device) < all % static_cast<int>(devices) ? 1 : 0));
  }
  return lane;
}

}  // namespace

Expected<Outcome> tune_together(const std::vector<Device*>& devices, Compiler& compiler, const Workload& workload,
                                const std::vector<Candidate>& candidates, Strategy& strategy,
                                const TuneOptions& options, const Provenance& provenance, Observer& observer,
                                const std::stop_token& stop) {
  if (devices.size() == 1) {
    return tune(*devices.front(), compiler, workload, candidates, strategy, options, provenance, observer, stop);
  }
  std::vector<JournalEvent> events;
  Keeper keeper(options, events);
  JoinedObserver joined(observer, devices.size());
  SharedStrategy shared(strategy);
  CompilerOfLane compiler_of_lane(compiler, stop);
  std::vector<std::optional<Expected<Outcome>>> outcomes(devices.size());
  {
    std::vector<std::unique_ptr<Strategy>> strategies;  // all there before any is asked
    for (size_t d = 0; d < devices.size(); ++d) {
      strategies.push_back(shared.lane());
    }
    std::vector<std::jthread> threads;
    for (size_t d = 0; d < devices.size(); ++d) {
      threads.emplace_back([&, d] {
        TuneOptions lane = options_of_lane(options, d, devices.size());
        lane.keep = [&, d](const JournalEvent& event) { return keeper.keep(d, event, devices[d]->info().uuid); };
        LaneObserver lane_observer(joined, d);
        outcomes[d] = tune(*devices[d], compiler_of_lane, workload, candidates, *strategies[d], lane, provenance,
                           lane_observer, stop);
        strategies[d].reset();
        if (d == 0) {
          keeper.first_has_ended();
        }
      });
    }
  }

  TuneOptions rest = options;
  rest.fresh = false;
  rest.history.events.insert(rest.history.events.end(), events.begin(), events.end());
  size_t first = 0;  // that was not lost
  const auto well = [&](size_t d) { return *outcomes[d] && (**outcomes[d]).stopped != StopReason::device_lost; };
  while (first + 1 < devices.size() && !well(first)) {
    ++first;
  }
  if (!*outcomes[first]) {
    return *std::move(outcomes[first]);
  }
  const std::unique_ptr<Strategy> nothing = exhaustive({});  // more to search for
  auto outcome = tune(*devices[first], compiler, workload, candidates, *nothing, rest, provenance, observer, stop);
  if (!outcome) {
    return outcome;
  }
  outcome->resumed = std::ranges::any_of(outcomes, [](const auto& o) { return *o && (**o).resumed; });
  for (const auto& lane : outcomes) {
    if (!*lane) {
      continue;
    }
    const Outcome& of = **lane;
    outcome->discarded_rounds += of.discarded_rounds;
    if (outcome->stopped == StopReason::complete && of.stopped != StopReason::complete &&
        of.stopped != StopReason::device_lost) {
      outcome->stopped = of.stopped;
      outcome->stop_detail = of.stop_detail;
    }
    outcome->spent.compile_s += of.spent.compile_s;
    outcome->spent.unasked_s += of.spent.unasked_s;
  }
  // The wall time of the search and of what came after it; the rest is the first device's.
  const TimeSpent& search = (**outcomes[first]).spent;
  TimeSpent& spent = outcome->spent;
  spent.open_s += search.open_s;
  spent.verify_s += search.verify_s;
  spent.measure_s += search.measure_s;
  spent.idle_s += search.idle_s;
  spent.total_s += search.total_s;
  spent.ready_s += search.ready_s;
  return outcome;
}

}  // namespace scantune
