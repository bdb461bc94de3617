// How many variants each strategy measures until it has one as good as the best: by replay of recorded spaces, of which
// every variant was measured. Prints one JSON object; scripts/compare_strategies.py makes docs/search.md's table of it.
//
//   strategies_bench JOURNAL... [--seeds N]
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "../explain/left_out.h"
#include "recorded_space.h"
#include "strategy/guided.h"

namespace scantune {
namespace {

constexpr size_t kUnderWay = 24;  // requests at once: a run's 16 compilers and 8 jobs ahead

std::string json(const std::vector<Search>& searches) {
  std::string until;
  std::string in_all;
  std::string found;
  for (const Search& search : searches) {
    const char* comma = until.empty() ? "" : ", ";
    until += comma + (search.until == 0 ? std::string("null") : std::to_string(search.until));
    in_all += fmt::format("{}{}", comma, search.measured.size());
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
      const RecordedSpace recorded =
          recorded_space(workload, (*recording)->info().chip, **(*recording)->find(workload));
      spaces += fmt::format(
          "{}    {{\"file\": \"{}\", \"workload\": \"{}\", \"chip\": \"{}\", \"variants\": {}, "
          "\"best\": {:.6f}, \"near\": {}",
          spaces.empty() ? "" : ",\n", file, to_string(workload), (*recording)->info().chip.name, recorded.ratio.size(),
          recorded.best(),
          std::ranges::count_if(recorded.ratio, [&](double ratio) { return ratio >= recorded.best() * (1 - kNear); }));
      for (const StrategyKind kind : kAllStrategies) {
        std::vector<Search> searches;
        for (int seed = 1; seed <= seeds; ++seed) {
          // Where a second seed changes nothing, there is no chance in it, and a third would not either.
          if (seed > 2 && searches[0].measured == searches[1].measured) {
            searches.push_back(searches[0]);
            continue;
          }
          const auto strategy = make_strategy(kind, recorded.space, static_cast<uint64_t>(seed));
          searches.push_back(search(recorded, *strategy, kUnderWay));
        }
        spaces += fmt::format(",\n      \"{}\": {}", name(kind), json(searches));
      }
      // guided knows these very recordings; what it is worth without those of the workload at hand is another column.
      const std::vector<explain::RecordedSweep> others = without(workload);
      const auto unseen = guided(recorded.space, {.recorded = &others});
      spaces += fmt::format(",\n      \"guided, unseen\": {}",
                            json(std::vector(static_cast<size_t>(seeds), search(recorded, *unseen, kUnderWay))));
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
