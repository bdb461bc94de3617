// How many variants each strategy measures until it has one as good as the best: by replay of recorded spaces, of which
// every variant was measured. Prints one JSON object; scripts/compare_strategies.py makes docs/search.md's table of it.
//
//   strategies_bench JOURNAL... [--seeds N]
//
// A variant's result is the median ratio to the copy of all its recorded rounds: what a search would find with as many
// rounds. A strategy may have as many requests under way as it likes; they are answered in the order asked.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <string_view>

#include "core/journal.h"
#include "device/recording.h"
#include "stats/stats.h"
#include "strategy/knowledge.h"
#include "strategy/strategy.h"

namespace scantune {
namespace {

constexpr double kNear = 0.005;   // of the best: Protocol::equivalence
constexpr size_t kUnderWay = 24;  // requests at once: a run's 16 compilers and 8 jobs ahead

struct Recorded {
  SearchSpace space;
  std::vector<double> ratio;  // of each candidate; 0 where it failed
};

Recorded recorded_space(const Workload& workload, const Chip& chip, const replay::RecordedContext& context) {
  Recorded recorded{{workload, chip, {}}, {}};
  const auto all = candidates(workload, chip, {.kernels = {}, .settings = {}, .space = {}, .prune = false});
  for (const Candidate& candidate : all.value()) {
    const replay::RecordedTrial* trial = context.find(candidate.variant);
    if (trial == nullptr || !candidate.broken.empty()) {
      continue;
    }
    std::vector<double> ratios;
    for (const replay::Pair& pair : trial->pairs) {
      ratios.push_back(context.rounds[pair.round].mean_copy_ns / pair.time_ns);
    }
    recorded.space.candidates.push_back(candidate);
    recorded.ratio.push_back(trial->failure || ratios.empty() ? 0 : stats::median(ratios));
  }
  return recorded;
}

struct Search {
  size_t until = 0;  // measured until one is near the best; 0 where none was
  size_t in_all = 0;
  double found = 0;  // the best found, relative to the best there is
};

Search search(const Recorded& recorded, StrategyKind kind, uint64_t seed) {
  const auto strategy = make_strategy(kind, recorded.space, seed);
  const Knowledge index(variants_of(recorded.space));
  const double best = std::ranges::max(recorded.ratio);
  Search search;
  double found = 0;
  while (true) {
    const auto requests = strategy->ask(kUnderWay);
    if (requests.empty()) {
      break;
    }
    for (const Request& request : requests) {
      const double ratio = recorded.ratio[index.find(request.variant).value()];
      ++search.in_all;
      found = std::max(found, ratio);
      if (search.until == 0 && found >= best * (1 - kNear)) {
        search.until = search.in_all;
      }
      if (ratio > 0) {
        strategy->tell({request.variant, Measured{Phase::screen, {}, {ratio, ratio, ratio}}});
      } else {
        strategy->tell({request.variant, Failure{FailureKind::launch, "as recorded"}});
      }
    }
  }
  search.found = found / best;
  return search;
}

std::string json(const std::vector<Search>& searches) {
  std::string until;
  std::string in_all;
  std::string found;
  for (const Search& search : searches) {
    const char* comma = until.empty() ? "" : ", ";
    until += comma + (search.until == 0 ? std::string("null") : std::to_string(search.until));
    in_all += fmt::format("{}{}", comma, search.in_all);
    found += fmt::format("{}{:.6f}", comma, search.found);
  }
  return fmt::format(R"({{"until": [{}], "in_all": [{}], "found": [{}]}})", until, in_all, found);
}

int main_of(const std::vector<std::string_view>& arguments) {
  int seeds = 100;
  std::vector<std::string> files;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--seeds" && i + 1 < arguments.size()) {
      const std::string_view text = arguments[++i];
      if (std::from_chars(text.data(), text.data() + text.size(), seeds).ec != std::errc() || seeds < 1) {
        std::fputs("strategies_bench: --seeds: write a number, 1 or more\n", stderr);
        return 2;
      }
    } else {
      files.emplace_back(arguments[i]);
    }
  }
  if (files.empty()) {
    std::fputs("usage: strategies_bench JOURNAL... [--seeds N]\n", stderr);
    return 2;
  }
  std::string spaces;
  for (const std::string& file : files) {
    const auto recording = replay::Recording::open(file);
    if (!recording) {
      std::fprintf(stderr, "strategies_bench: %s\n", recording.error().message.c_str());
      return 2;
    }
    for (const Workload& workload : (*recording)->workloads()) {
      const Recorded recorded = recorded_space(workload, (*recording)->info().chip, **(*recording)->find(workload));
      spaces += fmt::format(
          "{}    {{\"file\": \"{}\", \"workload\": \"{}\", \"chip\": \"{}\", \"variants\": {}, "
          "\"best\": {:.6f}, \"near\": {}",
          spaces.empty() ? "" : ",\n", file, to_string(workload), (*recording)->info().chip.name, recorded.ratio.size(),
          std::ranges::max(recorded.ratio), std::ranges::count_if(recorded.ratio, [&](double ratio) {
            return ratio >= std::ranges::max(recorded.ratio) * (1 - kNear);
          }));
      for (const StrategyKind kind : kAllStrategies) {
        std::vector<Search> searches;
        for (int seed = 1; seed <= seeds; ++seed) {
          searches.push_back(search(recorded, kind, static_cast<uint64_t>(seed)));
        }
        spaces += fmt::format(",\n      \"{}\": {}", name(kind), json(searches));
      }
      spaces += "}";
    }
  }
  std::fputs(fmt::format("{{\"format\": \"scantune-strategies\", \"near\": {}, \"seeds\": {}, \"spaces\": [\n{}\n]}}\n",
                         kNear, seeds, spaces)
                 .c_str(),
             stdout);
  return 0;
}

}  // namespace
}  // namespace scantune

int main(int argc, char** argv) { return scantune::main_of({argv + 1, argv + argc}); }
