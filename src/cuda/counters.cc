#include "cuda/counters.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "cuda/cupti_host.h"
#include "cuda/metrics.h"
#include "cuda/range_profiler.h"

namespace scantune::cuda {
namespace {

// The metrics of a profile on this device, ready to be collected.
struct Collection {
  std::vector<std::string> requested;
  std::vector<ResolvedMetric> metrics;  // one per requested name
  std::vector<std::string> terms;       // the CUPTI names collected, each once
  std::unique_ptr<MetricHost> host;
  CollectionPlan plan;
};

// The values of a Collection's terms: [launch][term].
using Values = std::vector<std::vector<double>>;

std::vector<std::string> terms_of(const std::vector<ResolvedMetric>& metrics) {
  std::vector<std::string> terms;
  for (const ResolvedMetric& metric : metrics) {
    for (const std::string& term : metric.terms) {
      if (std::find(terms.begin(), terms.end(), term) == terms.end()) {
        terms.push_back(term);
      }
    }
  }
  return terms;
}

// A metric where no counter was read. launch__* names have their value all the same.
MetricValue without_counters(const std::string& name, const EntryResources& launch, const std::string& reason) {
  const ResolvedMetric metric = resolve_metric(name, [](const std::string&) { return std::nullopt; });
  MetricValue value{name, name, std::nullopt, metric.unit, reason};
  if (metric.from_launch()) {
    value.value = launch_value(name, launch);
    value.reason = value.value ? "" : "the size of the launch is not known";
  }
  return value;
}

class CuptiProfiler final : public Profiler {
 public:
  CuptiProfiler(void* context, int device, RangeMode mode)
      : mode_(mode), ranges_(static_cast<CUcontext>(context), device) {}

  tl::expected<Profile, Failure> profile(const std::vector<ProfiledLaunch>& launches,
                                         const std::vector<std::string>& metrics, const PassHooks& hooks) override {
    const auto values = collect(launches, metrics, hooks);
    if (!values && values.error().kind == Trouble::Kind::device) {
      ranges_.forget();
      return tl::unexpected(Failure{FailureKind::device, values.error().reason});
    }
    Profile profile;
    for (size_t i = 0; i < launches.size(); ++i) {
      LaunchProfile row{launches[i].entry, {}};
      for (size_t m = 0; m < metrics.size(); ++m) {
        row.metrics.push_back(values ? value_of_metric(m, launches[i].resources, (*values)[i])
                                     : without_counters(metrics[m], launches[i].resources, values.error().reason));
      }
      profile.launches.push_back(std::move(row));
    }
    return profile;
  }

  [[nodiscard]] RangeMode range_mode() const override { return mode_; }

 private:
  Result<Values> collect(const std::vector<ProfiledLaunch>& launches, const std::vector<std::string>& metrics,
                         const PassHooks& hooks) {
    const std::vector<std::string> from_launch = launch_metrics();
    const bool counters_wanted = std::any_of(metrics.begin(), metrics.end(), [&](const std::string& name) {
      return std::find(from_launch.begin(), from_launch.end(), name) == from_launch.end();
    });
    if (launches.empty() || !counters_wanted) {
      return trouble(Trouble::Kind::once, "no counter was asked for");
    }
    if (refusal_) {
      return tl::unexpected(*refusal_);
    }
    const auto attempt = [&] {
      return ranges_.enable().and_then([&] { return choose(metrics); }).and_then([&] { return run(launches, hooks); });
    };
    auto values = attempt();
    if (!values && values.error().kind == Trouble::Kind::mode && mode_ == RangeMode::per_kernel && ranges_.enabled()) {
      // A launch of several kernels, or of a graph, has no range of its own in this mode.
      ranges_.disable();
      mode_ = RangeMode::per_launch;
      values = attempt();
    }
    if (!values && values.error().kind == Trouble::Kind::lasting) {
      refusal_ = values.error();
    }
    return values;
  }

  // Resolves the metrics on this chip and plans their passes. Nothing to do where they are those of
  // the profile before.
  Result<void> choose(const std::vector<std::string>& metrics) {
    if (collection_.host != nullptr && collection_.requested == metrics) {
      return {};
    }
    Collection next;
    next.requested = metrics;
    auto host = MetricHost::open(ranges_.chip(), ranges_.availability());
    if (!host) {
      return trouble(Trouble::Kind::lasting, host.error().message);
    }
    next.host = std::move(*host);
    for (const std::string& name : metrics) {
      next.metrics.push_back(
          resolve_metric(name, [&](const std::string& term) { return next.host->properties(term); }));
      if (!next.metrics.back().known) {
        next.metrics.back().reason = fmt::format("{} has no such counter: see 'scantune list metrics'", ranges_.chip());
      }
    }
    if (auto planned = plan(next); !planned) {
      // One name that cannot be collected makes CUPTI refuse the whole list: leave such names out.
      for (ResolvedMetric& metric : next.metrics) {
        if (!metric.terms.empty() && !count_passes(ranges_.chip(), metric.terms, ranges_.availability())) {
          metric.terms.clear();
          metric.known = false;
          metric.reason = "this GPU does not offer the counter as it is set up (MIG, vGPU, another profiler)";
        }
      }
      host = MetricHost::open(ranges_.chip(), ranges_.availability());
      if (!host) {
        return trouble(Trouble::Kind::lasting, host.error().message);
      }
      next.host = std::move(*host);
      if (planned = plan(next); !planned) {
        return planned;
      }
    }
    collection_ = std::move(next);
    return {};
  }

  static Result<void> plan(Collection& collection) {
    collection.terms = terms_of(collection.metrics);
    if (!collection.terms.empty()) {
      auto plan = collection.host->plan(collection.terms);
      if (!plan) {
        return trouble(Trouble::Kind::once, plan.error().message);
      }
      collection.plan = std::move(*plan);
    }
    return {};
  }

  // Kernels of a pass that are not counted.
  static size_t led(const PassHooks& hooks) { return hooks.lead ? hooks.lead_kernels : 0; }

  Result<Values> run(const std::vector<ProfiledLaunch>& launches, const PassHooks& hooks) {
    if (collection_.terms.empty()) {
      return Values(launches.size());
    }
    // Room for one range more, so that a kernel too many is counted and not dropped unseen.
    const auto order = ranges_.configure(collection_.plan, collection_.terms, launches.size() + led(hooks) + 1, mode_)
                           .and_then([&] { return take_passes(launches, hooks); })
                           .and_then([&] { return ranges_.decode(launches.size(), led(hooks)); });
    if (!order) {
      // CUPTI's errors do not tell a device that is gone from a request it does not like.
      if (const auto alive = hooks.synchronize(); !alive && order.error().kind != Trouble::Kind::device) {
        return trouble(alive.error());
      }
      return tl::unexpected(order.error());
    }
    Values values;
    for (const size_t range : *order) {
      auto row = collection_.host->evaluate(ranges_.counter_data(), range, collection_.terms);
      if (!row) {
        return trouble(Trouble::Kind::once, row.error().message);
      }
      values.push_back(std::move(*row));
    }
    return values;
  }

  Result<void> take_passes(const std::vector<ProfiledLaunch>& launches, const PassHooks& hooks) {
    for (int pass = 0; pass < collection_.plan.passes; ++pass) {
      // Outside Start and Stop, so that what it launches is not counted.
      const auto prepared = hooks.before ? hooks.before() : Expected<void>{};
      if (const auto ready = prepared.and_then(hooks.synchronize); !ready) {
        return trouble(ready.error());
      }
      const auto last = ranges_.take_pass(launches, hooks);
      if (!last) {
        return tl::unexpected(last.error());
      }
      if (*last) {
        return {};
      }
    }
    return trouble(Trouble::Kind::mode,
                   fmt::format("CUPTI wanted more than the {} passes it had planned", collection_.plan.passes));
  }

  [[nodiscard]] MetricValue value_of_metric(size_t index, const EntryResources& launch,
                                            const std::vector<double>& values) const {
    const ResolvedMetric& metric = collection_.metrics[index];
    if (metric.terms.empty()) {
      return without_counters(metric.requested, launch, metric.reason);
    }
    double sum = 0;
    for (const std::string& term : metric.terms) {
      const auto at = std::find(collection_.terms.begin(), collection_.terms.end(), term) - collection_.terms.begin();
      sum += values[static_cast<size_t>(at)];
    }
    MetricValue value{metric.requested, metric.read_as, std::nullopt, metric.unit, ""};
    if (std::isfinite(sum)) {
      value.value = sum;
    } else {
      value.reason = "CUPTI has no number for it (under MIG some counters belong to the whole GPU): use a whole GPU";
    }
    return value;
  }

  RangeMode mode_;
  Collection collection_;
  RangeProfiler ranges_;            // after collection_, whose plan CUPTI holds a pointer to until it is disabled
  std::optional<Trouble> refusal_;  // that stands for good
};

}  // namespace

std::unique_ptr<Profiler> make_profiler(void* context, int device, RangeMode mode) {
  return std::make_unique<CuptiProfiler>(context, device, mode);
}

}  // namespace scantune::cuda
