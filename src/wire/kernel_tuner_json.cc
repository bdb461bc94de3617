#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "wire/exchange.h"

namespace scantune::wire {
namespace {

constexpr double kNsPerMs = 1e6;

struct Axis {
  std::string name;
  std::vector<Value> values;
};

bool before(const Value& a, const Value& b) { return a < b; }  // integers in front of words

// The values that were seen of each parameter, in the order of the family's parameters.
std::vector<Axis> axes_of(const Sweep& sweep, const std::string& family) {
  std::vector<Axis> axes;
  const auto see = [&](const Variant& variant) {
    if (variant.kernel != family) {
      return;
    }
    for (const Setting& setting : variant.settings) {
      auto axis = std::ranges::find(axes, setting.name, &Axis::name);
      if (axis == axes.end()) {
        axis = axes.insert(axes.end(), {setting.name, {}});
      }
      if (std::ranges::find(axis->values, setting.value) == axis->values.end()) {
        axis->values.push_back(setting.value);
      }
    }
  };
  for (const Contender& contender : sweep.entry.contenders) {
    see(contender.variant);
  }
  for (const FailedVariant& failed : sweep.failed) {
    see(failed.variant);
  }
  for (Axis& axis : axes) {
    std::ranges::sort(axis.values, before);
  }
  return axes;
}

size_t points(const std::vector<Axis>& axes) {
  size_t count = 1;
  for (const Axis& axis : axes) {
    count = count > kMostCachedPoints ? count : count * axis.values.size();
  }
  return count;
}

std::string key_of(const std::vector<Axis>& axes, const Json& params) {
  std::string key;
  for (const Axis& axis : axes) {
    const Json& value = params.at(axis.name);
    key += (key.empty() ? "" : ",") + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return key;
}

Json to_json(const Value& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

// The words by which Kernel Tuner knows what went wrong.
std::string_view error_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::constraint:
      return "InvalidConfig";
    case FailureKind::compile:
    case FailureKind::compile_timeout:
      return "CompilationFailedConfig";
    default:
      return "RuntimeFailedConfig";
  }
}

Json measured(const BestEntry& entry, int index) {
  const Contender& contender = entry.contenders.at(static_cast<size_t>(index));
  std::vector<double> times = samples_ns(entry, index);
  for (double& time : times) {
    time /= kNsPerMs;
  }
  Json point = write_params(contender.variant);
  point["time"] = contender.time_ns.median / kNsPerMs;
  point["benchmark_time"] = std::accumulate(times.begin(), times.end(), 0.0);
  point["times"] = std::move(times);
  point["ratio_to_copy"] = contender.ratio_to_copy.median;
  point["GB/s"] = static_cast<double>(bytes_moved(entry.workload)) / contender.time_ns.median;
  point["timestamp"] = entry.provenance.time;
  return point;
}

// Every point of the product that is not there yet: it breaks a constraint, was pruned or was not tried.
void add_others(Json& cache, const std::vector<Axis>& axes) {
  std::vector<size_t> at(axes.size());
  while (true) {
    Json point = Json::object();
    for (size_t i = 0; i < axes.size(); ++i) {
      point[axes[i].name] = to_json(axes[i].values[at[i]]);
    }
    if (std::string key = key_of(axes, point); !cache.contains(key)) {
      point["time"] = "InvalidConfig";
      cache[std::move(key)] = std::move(point);
    }
    size_t i = axes.size();
    while (i > 0 && ++at[i - 1] == axes[i - 1].values.size()) {
      at[--i] = 0;
    }
    if (i == 0) {
      return;
    }
  }
}

}  // namespace

std::string kernel_tuner_json(const Sweep& sweep, const std::string& family, const Origin& origin) {
  const BestEntry& entry = sweep.entry;
  const std::vector<Axis> axes = axes_of(sweep, family);
  const auto complete = [&](const Variant& variant) {
    return variant.kernel == family && variant.settings.size() == axes.size();
  };
  Json cache = Json::object();
  for (size_t i = 0; i < entry.contenders.size(); ++i) {
    if (complete(entry.contenders[i].variant)) {
      Json point = measured(entry, static_cast<int>(i));
      std::string key = key_of(axes, point);
      cache[std::move(key)] = std::move(point);
    }
  }
  for (const FailedVariant& failed : sweep.failed) {
    if (complete(failed.variant)) {
      Json point = write_params(failed.variant);
      point["time"] = error_of(failed.failure.kind);
      std::string key = key_of(axes, point);
      cache[std::move(key)] = std::move(point);
    }
  }
  if (!axes.empty() && points(axes) <= kMostCachedPoints) {
    add_others(cache, axes);
  }
  Json keys = Json::array();
  Json values = Json::object();
  for (const Axis& axis : axes) {
    keys.push_back(axis.name);
    values[axis.name] = Json::array();
    for (const Value& value : axis.values) {
      values[axis.name].push_back(to_json(value));
    }
  }
  const Geometry g = entry.workload.geometry();
  // Kernel Tuner looks at the last bytes of the file: two closing braces, a line each.
  return to_text({{"device_name", entry.chip.name},
                  {"kernel_name", family},
                  {"problem_size", {g.outer, g.n, g.inner}},
                  {"tune_params_keys", std::move(keys)},
                  {"tune_params", std::move(values)},
                  {"objective", "time"},
                  {"origin", write_origin(origin)},
                  {"workload", write_workload(entry.workload)},
                  {"provenance", write_provenance(entry.provenance)},
                  {"cache", std::move(cache)}});
}

}  // namespace scantune::wire
