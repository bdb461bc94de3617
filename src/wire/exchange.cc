#include "wire/exchange.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/version.h"

namespace scantune::wire {

std::vector<double> samples_ns(const BestEntry& entry, int subject) {
  std::vector<double> times;
  for (const Round& round : entry.rounds) {
    for (const Sample& sample : round.samples) {
      if (sample.subject == subject) {
        times.push_back(sample.time_ns);
      }
    }
  }
  return times;
}

std::vector<std::string> families_of(const Sweep& sweep) {
  std::vector<std::string> families;
  for (const Contender& contender : sweep.entry.contenders) {
    if (std::ranges::find(families, contender.variant.kernel) == families.end()) {
      families.push_back(contender.variant.kernel);
    }
  }
  return families;
}

std::string title(const Workload& workload) {
  std::string text = to_string(workload);
  if (workload.accumulator != default_accumulator(workload.dtype)) {
    text += fmt::format(" summed in {}", name(workload.accumulator));
  }
  if (workload.cache != CacheState::cold) {
    text += fmt::format(" {}", name(workload.cache));
  }
  return workload.deterministic ? text + " deterministic" : text;
}

Json write_origin(const Origin& origin) {
  return {{"written_by", fmt::format("scantune {}", version())},
          {"source_sha256", origin.sha256},
          {"licence", origin.licence}};
}

Json write_params(const Variant& variant) {
  Json params = Json::object();
  for (const Setting& setting : variant.settings) {
    std::visit([&](const auto& value) { params[setting.name] = value; }, setting.value);
  }
  return params;
}

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(const std::vector<double>& values) {
  if (values.size() < 2) {
    return 0;
  }
  const double middle = mean(values);
  double squares = 0;
  for (const double value : values) {
    squares += (value - middle) * (value - middle);
  }
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

int64_t bytes_moved(const Workload& workload) { return workload.bytes_read() + workload.bytes_written(); }

}  // namespace scantune::wire
