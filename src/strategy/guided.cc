#include "strategy/guided.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "explain/diagnosis.h"
#include "explain/moves.h"
#include "strategy/baselines.h"
#include "strategy/knowledge.h"

namespace scantune {
namespace {

// A better ratio than this, relative, is something better.
constexpr double kBetter = 0.001;
// How much what is uncertain is preferred: so many standard deviations count as promise.
constexpr double kCuriosity = 0.5;
// What advice of the rules adds to what is expected, to the logarithm of the ratio; half as much for each move that
// stands before it, and for each time that the same advice led to nothing better.
constexpr double kAdvised = 0.05;
// At the copy's roof little is left: after so many in a row that were not better it ends.
constexpr int kPatienceAtRoof = 3;
// Nothing is left where not even so many standard deviations above what is expected would be better.
constexpr double kHope = 3;

class Guided final : public Strategy {
 public:
  Guided(const SearchSpace& space, const GuidedOptions& options)
      : space_(space),
        options_(options),
        known_(variants_of(space)),
        expectation_(space.workload, space.chip, space.candidates, {.recorded = options.recorded}),
        subjects_(space.candidates.size()),
        baselines_(usual_baselines(space)),
        profiled_(space.candidates.size()) {
    for (size_t i = 0; i < subjects_.size(); ++i) {
      subjects_[i].workload = space.workload;
      subjects_[i].chip = space.chip;
      subjects_[i].variant = space.candidates[i].variant;
    }
  }

  void tell(const Event& event) override {
    const auto point = known_.find(event.variant);
    if (!point) {
      return;
    }
    explain::Subject& subject = subjects_[*point];
    if (const auto* verified = std::get_if<Verified>(&event.what)) {
      subject.resources = verified->resources;
      subject.bytes_in_flight_per_sm = verified->bytes_in_flight_per_sm;
    } else if (const auto* profiled = std::get_if<Profiled>(&event.what)) {
      subject.profile = profiled->profile;
      profiled_[*point] = true;
    } else if (const auto* measured = std::get_if<Measured>(&event.what)) {
      if (measured->phase == Phase::screen && !known_.known(*point)) {
        take_in(*point, *measured);
      }
    } else if (const auto* failure = std::get_if<Failure>(&event.what)) {
      if (known_.known(*point)) {
        profiled_[*point] = true;  // its counters could not be read: nothing else is asked of it now
      } else {
        end_step(*point, std::nullopt, failure->what);
      }
    }
    known_.tell(event);
  }

  std::vector<Request> ask(size_t n) override {
    if (n == 0) {
      return {};
    }
    for (size_t i = 0; i < known_.size(); ++i) {
      if (known_.awaited(i)) {
        return {};  // what comes of it decides what is next
      }
    }
    const std::optional<size_t> best = known_.best();
    if (best && !profiled_[*best]) {
      profiled_[*best] = true;  // asked for once: who cannot answer need not
      return {{space_.candidates[*best].variant, Request::Want::profile}};
    }
    std::optional<SearchStep> step = best ? next_from(*best) : start();
    if (!step) {
      step = baseline();
    }
    if (!step) {
      return {};
    }
    step->number = ++steps_;
    known_.ask(*known_.find(step->to));
    Request request{step->to, Request::Want::measure};
    under_way_ = std::move(step);
    return {std::move(request)};
  }

  // The baseline, which is measured whatever is found, then what would be next if nothing more were learned.
  [[nodiscard]] std::vector<Variant> likely(size_t n) const override {
    std::vector<size_t> points;
    std::ranges::copy_if(baselines_, std::back_inserter(points), [&](size_t i) { return untried(i); });
    if (const std::optional<size_t> best = known_.best()) {
      const explain::Subject& from = subjects_[*best];
      for (const Prospect& prospect : prospects(from, explain::diagnose(from))) {
        points.push_back(prospect.point);
      }
    } else {
      // Nothing is known yet that these should be better than.
      std::ranges::copy(by_promise(kCuriosity, [&](size_t i) { return !candidate(i).kernel->baseline; }),
                        std::back_inserter(points));
    }
    std::vector<Variant> variants;
    for (size_t i = 0; i < std::min(n, points.size()); ++i) {
      variants.push_back(candidate(points[i]).variant);
    }
    return variants;
  }

  std::vector<SearchStep> take_steps() override { return std::exchange(ended_, {}); }

  [[nodiscard]] std::string why_done() const override { return why_done_; }

 private:
  [[nodiscard]] const Candidate& candidate(size_t point) const { return space_.candidates[point]; }

  [[nodiscard]] bool untried(size_t point) const { return !known_.known(point) && !known_.awaited(point); }

  void take_in(size_t point, const Measured& measured) {
    const double ratio = measured.ratio_to_copy.median;
    const std::optional<size_t> before = known_.best();
    const bool better = !before || ratio > known_.ratio(*before) * (1 + kBetter);
    subjects_[point].ratio_to_copy = ratio;
    subjects_[point].time_ns = measured.time_ns.median;
    expectation_.observe(point, ratio);
    if (!candidate(point).kernel->baseline) {
      in_vain_ = better ? 0 : in_vain_ + 1;
    }
    end_step(point, ratio, {}, better);
  }

  void end_step(size_t point, std::optional<double> ratio, std::string failure, bool better = false) {
    if (under_way_ && under_way_->to == candidate(point).variant) {
      under_way_->measured_ratio = ratio;
      under_way_->failure = std::move(failure);
      under_way_->best = better;
      ended_.push_back(*std::exchange(under_way_, std::nullopt));
    }
  }

  SearchStep step_to(size_t point, std::string rule) const {
    SearchStep step;
    step.rule = std::move(rule);
    step.to = candidate(point).variant;
    if (const auto outlook = expectation_.of(point)) {
      step.predicted_ratio = outlook->ratio();
    }
    return step;
  }

  // Those with a model that were not tried and that `may` says, the highest expectation plus so many standard
  // deviations first.
  template <class May>
  [[nodiscard]] std::vector<size_t> by_promise(double curiosity, May may) const {
    std::vector<std::pair<double, size_t>> promises;
    for (size_t i = 0; i < known_.size(); ++i) {
      const auto outlook = expectation_.of(i);
      if (untried(i) && outlook && may(i)) {
        promises.emplace_back(outlook->log_ratio + curiosity * outlook->sd, i);
      }
    }
    std::ranges::stable_sort(promises, std::greater<>(), [](const auto& of) { return of.first; });
    std::vector<size_t> points;
    std::ranges::transform(promises, std::back_inserter(points), [](const auto& of) { return of.second; });
    return points;
  }

  template <class May>
  [[nodiscard]] std::optional<size_t> most_promising(double curiosity, May may) const {
    const std::vector<size_t> points = by_promise(curiosity, may);
    return points.empty() ? std::nullopt : std::optional(points.front());
  }

  std::optional<SearchStep> start() {
    auto first = most_promising(-kCuriosity, [&](size_t i) { return !candidate(i).kernel->baseline; });
    if (!first) {
      first = most_promising(-kCuriosity, [](size_t) { return true; });  // there are only baselines
    }
    if (!first) {
      return std::nullopt;
    }
    return step_to(*first, expectation_.recorded() ? "start: of what was recorded of like workloads, most speaks for it"
                                                   : "start: nothing was recorded of like workloads");
  }

  // Where unsure, stages 1, 2 and 3 are tried.
  [[nodiscard]] std::optional<size_t> another_stage(const Variant& from) const {
    return most_promising(kCuriosity, [&](size_t i) {
      const Variant& to = candidate(i).variant;
      if (to.kernel != from.kernel || to.settings.size() != from.settings.size()) {
        return false;
      }
      bool stages = false;
      for (size_t p = 0; p < to.settings.size(); ++p) {
        if (to.settings[p] == from.settings[p]) {
          continue;
        }
        const auto* value = std::get_if<int64_t>(&to.settings[p].value);
        if (to.settings[p].name != "stages" || value == nullptr || *value > 3) {
          return false;
        }
        stages = true;
      }
      return stages;
    });
  }

  std::optional<SearchStep> next_from(size_t best) {
    const explain::Subject& from = subjects_[best];
    const double ratio = *from.ratio_to_copy;
    if (ratio >= 1 - options_.roof_margin && in_vain_ >= kPatienceAtRoof) {
      why_done_ = fmt::format("{:.3f} of the copy: nothing is left to find", ratio);
      return std::nullopt;
    }
    if (in_vain_ >= options_.patience) {
      why_done_ = fmt::format("{} variants in a row were no better", in_vain_);
      return std::nullopt;
    }
    const explain::Diagnosis diagnosis = explain::diagnose(from);
    std::optional<SearchStep> step = by_rules(from, diagnosis);
    if (!step) {
      why_done_ = "no variant that the rules allow is expected to be better";
      return std::nullopt;
    }
    step->from = from.variant;
    step->limit = name(diagnosis.limit());
    for (const explain::Evidence& evidence : diagnosis.first().evidence) {
      step->read.push_back({evidence.metric, evidence.value, evidence.unit});
    }
    return step;
  }

  std::optional<SearchStep> by_rules(const explain::Subject& from, const explain::Diagnosis& diagnosis) {
    if (diagnosis.limit() == explain::Limit::unknown) {
      if (const auto stage = another_stage(from.variant)) {
        return step_to(*stage, "unsure: stages 1, 2 and 3 are tried");
      }
    }
    const std::vector<Prospect> all = prospects(from, diagnosis);
    if (all.empty()) {
      return std::nullopt;
    }
    const Prospect& first = all.front();
    if (!first.move) {
      return step_to(first.point, "no rule speaks against it, and most is expected of it");
    }
    const explain::Move& why = *first.move;
    return step_to(first.point, fmt::format("{}: {}, as {}", explain::description(why.limit), to_string(why.advice),
                                            why.advice.why));
  }

  // A variant that may be better than the best, and the advice that leads to it, if any.
  struct Prospect {
    size_t point = 0;
    double promise = 0;
    std::optional<explain::Move> move;
  };

  // Those that no rule speaks against, the most promising first.
  [[nodiscard]] std::vector<Prospect> prospects(const explain::Subject& from,
                                                const explain::Diagnosis& diagnosis) const {
    std::set<size_t> tried;
    for (size_t i = 0; i < known_.size(); ++i) {
      if (!untried(i)) {
        tried.insert(i);
      }
    }
    const std::vector<explain::Move> advised = explain::moves(from, diagnosis, space_.candidates, expectation_, tried);
    const double to_beat = std::log(*from.ratio_to_copy * (1 + kBetter));
    std::vector<Prospect> all;
    for (size_t i = 0; i < known_.size(); ++i) {
      const auto outlook = expectation_.of(i);
      if (!untried(i) || !outlook || candidate(i).kernel->baseline ||
          outlook->log_ratio + kHope * outlook->sd < to_beat ||
          !explain::broken_rule(from, diagnosis, candidate(i)).empty()) {
        continue;
      }
      Prospect prospect{.point = i, .promise = outlook->log_ratio + kCuriosity * outlook->sd, .move = std::nullopt};
      if (const auto move = std::ranges::find(advised, i, &explain::Move::candidate); move != advised.end()) {
        const auto place = static_cast<double>(move - advised.begin());
        prospect.promise += kAdvised * std::exp2(-place);
        prospect.move = *move;
      }
      all.push_back(std::move(prospect));
    }
    std::ranges::stable_sort(all, std::greater<>(), &Prospect::promise);
    return all;
  }

  // What speed-ups are quoted against, at the end.
  std::optional<SearchStep> baseline() {
    const auto point = std::ranges::find_if(baselines_, [&](size_t i) { return untried(i); });
    return point == baselines_.end()
               ? std::nullopt
               : std::optional(step_to(*point, "the baseline: what speed-ups are quoted against"));
  }

  SearchSpace space_;
  GuidedOptions options_;
  Knowledge known_;
  explain::Expectation expectation_;
  std::vector<explain::Subject> subjects_;  // of each candidate
  std::vector<size_t> baselines_;
  std::vector<bool> profiled_;  // its counters are known, or were asked for in vain
  int steps_ = 0;
  int in_vain_ = 0;
  std::optional<SearchStep> under_way_;
  std::vector<SearchStep> ended_;
  std::string why_done_;
};

}  // namespace

std::unique_ptr<Strategy> guided(const SearchSpace& space, const GuidedOptions& options) {
  return std::make_unique<Guided>(space, options);
}

}  // namespace scantune
