// Opens a journal of many events with and without its index: journal_bench [EVENTS] [FOLDER].
// Build it with cmake --build build/release --target journal_bench.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "journal_scratch.h"
#include "store/journal_tools.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

template <class Body>
double seconds(const Body& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What a run writes of a trial: compiled, verified, and rounds of several trials and copies.
void generate(const fs::path& path, size_t events) {
  std::ofstream file(path);
  const std::vector<JournalWhat> kinds = example::every_kind();
  for (size_t i = 0; i < events; ++i) {
    const std::string context = example::context_id(static_cast<int64_t>(1 + i * 100 / events));
    const auto number = static_cast<int>(i);
    const Trial trial = example::trial(number % 1000);
    switch (i % 5) {
      case 0:
        file << wire::to_line({context, TrialCompiled{trial, 0.5 + number * 1e-6, false}});
        break;
      case 1:
        file << wire::to_line({context, TrialVerified{trial, {}, 98304}});
        break;
      default:
        file << wire::to_line(round_event(number, context));
    }
  }
}

int bench(size_t events, const fs::path& folder) {
  const Scratch scratch(folder);
  const fs::path path = scratch / "journal.jsonl";
  generate(path, events);
  std::printf("%zu events, %.0f bytes each, %.0f MB\n", events,
              static_cast<double>(fs::file_size(path)) / static_cast<double>(events),
              static_cast<double>(fs::file_size(path)) / 1e6);
  const auto report = [&](const char* what, const auto& body) { std::printf("%8.3f s  %s\n", seconds(body), what); };
  std::optional<Journal> journal;
  size_t used = 0;
  report("open without an index", [&] { journal.emplace(open_or_throw(path)); });
  report("close: write the index", [&] { journal.reset(); });
  report("open with the index", [&] { journal.emplace(open_or_throw(path)); });
  report("read the events of one context of 100",
         [&] { used += journal->events(example::context_id(50)).value().size(); });
  constexpr int kAppends = 10000;
  const double appends = seconds([&] {
    for (int i = 0; i < kAppends; ++i) {
      append(*journal, round_event(i));
    }
  });
  std::printf("%8.2f us an append; ", appends / kAppends * 1e6);
  const double synced = seconds([&] {
    for (int i = 0; i < 100; ++i) {
      append(*journal, round_event(i));
      used += journal->sync() ? 1 : 0;
    }
  });
  std::printf("%.2f ms where each is flushed to disk\n", synced / 100 * 1e3);
  report("close after appends", [&] { journal.reset(); });
  report("verify", [&] { used += verify_journal(path)->lines; });
  report("stats", [&] { used += journal_stats(path)->lines; });
  report("compact", [&] { used += compact_journal(path)->lines_before; });
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%8.0f MB of memory at most; %zu lines used\n", static_cast<double>(usage.ru_maxrss) / 1e3, used);
  return 0;
}

}  // namespace
}  // namespace scantune::store

int main(int argc, char** argv) {
  const size_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000000;
  return scantune::store::bench(events, argc > 2 ? argv[2] : std::filesystem::temp_directory_path());
}
