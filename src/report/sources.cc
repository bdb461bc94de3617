#include "report/sources.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/history_page.h"
#include "report/page_data.h"
#include "report/text.h"
#include "store/file.h"
#include "store/history.h"
#include "store/journal.h"
#include "tune/retold.h"
#include "wire/best_json.h"
#include "wire/document.h"
#include "wire/journal_json.h"
#include "wire/outcome_json.h"
#include "wire/peers_json.h"
#include "wire/profile_json.h"

namespace scantune::report {
namespace {

namespace fs = std::filesystem;

using wire::ReportDocument;
using wire::ReportOutcome;
using wire::ReportSource;

constexpr std::string_view kZstandard = "\x28\xb5\x2f\xfd";
constexpr std::string_view kReplayed = ", replayed";  // what a replay adds to the driver's version
constexpr std::string_view kExpected =
    "expected a best file, a journal, what --format json of a run or of scantune profile printed, a comparison with "
    "peers, or a history of checks";

tl::unexpected<Error> of_file(const fs::path& file, Error error) {
  error.message = fmt::format("{}: {}", file.string(), error.message);
  return tl::unexpected(std::move(error));
}

// A comparison, and the source it came from.
struct PeersFile {
  size_t source = 0;
  wire::Peers peers;
};

// A profile's timeline, and the outcome that the same file tells.
struct TimelineFile {
  std::string name;
  size_t outcome = 0;
  SampledTimeline sampled;
};

class Gatherer {
 public:
  explicit Gatherer(ReportDocument& document) : document_(document) {}

  Expected<void> read(const fs::path& file) {
    auto text = store::read_file(file);
    if (!text) {
      return tl::unexpected(text.error());
    }
    if (text->starts_with(kZstandard)) {
      return bad_input("{}: compressed by zstd; unpack it first: zstd -d {}", file.string(), file.string());
    }
    source_ = static_cast<int>(document_.sources.size());
    document_.sources.push_back({file.string(), "", 0, ""});
    if (wire::looks_like_a_journal(*text)) {
      text->clear();
      return read_journal(file);
    }
    if (is_history(*text)) {
      return read_checks(file);
    }
    const std::string format = wire::format_of(*text);
    if (format == "scantune-best") {
      return read_best(file, *text);
    }
    if (format == "scantune-run") {
      return read_run(file, *text);
    }
    if (format == "scantune-profile") {
      return read_profile(file, *text);
    }
    if (format == "scantune-peers") {
      return read_peers(file, *text);
    }
    return format.empty() ? bad_input("{}: {}", file.string(), kExpected)
                          : bad_input("{}: its format is {}; {}", file.string(), format, kExpected);
  }

  // What needs all files.
  void finish() {
    share_timelines();
    drop_what_is_told_in_full();
    const std::vector<int> joined = join_profiles();
    for (PeersFile& file : peers_) {
      join(file);
    }
    for (ReportSource& source : document_.sources) {
      if (source.kind != "peers" && source.kind != "history") {
        source.outcomes = 0;
      }
    }
    for (const ReportOutcome& outcome : document_.outcomes) {
      ++document_.sources[static_cast<size_t>(outcome.source)].outcomes;
    }
    for (const int source : joined) {
      document_.sources[static_cast<size_t>(source)].outcomes = 1;
    }
    name_apart();
    name_histories(document_);
  }

 private:
  ReportSource& source() { return document_.sources.back(); }

  Expected<void> read_best(const fs::path& file, const std::string& text) {
    source().kind = "best";
    const auto entries = wire::parse_best(text);
    if (!entries) {
      return of_file(file, entries.error());
    }
    for (const BestEntry& entry : *entries) {
      document_.outcomes.push_back(page_outcome(entry, source_));
    }
    return {};
  }

  Expected<void> read_run(const fs::path& file, const std::string& text) {
    source().kind = "run";
    const auto outcomes = wire::parse_run(text);
    if (!outcomes) {
      return of_file(file, outcomes.error());
    }
    for (const Outcome& outcome : *outcomes) {
      document_.outcomes.push_back(page_outcome(outcome, source_));
    }
    return {};
  }

  Expected<void> read_profile(const fs::path& file, const std::string& text) {
    source().kind = "profile";
    auto profile = wire::parse_profile(text);
    if (!profile) {
      return of_file(file, profile.error());
    }
    document_.outcomes.push_back(page_profile(profile->outcome, source_));
    if (profile->timeline) {
      timelines_.push_back({file.string(), document_.outcomes.size() - 1, *std::move(profile->timeline)});
    }
    return {};
  }

  Expected<void> read_journal(const fs::path& file) {
    source().kind = "journal";
    auto journal = store::JournalReader::open(file);
    if (!journal) {
      return tl::unexpected(journal.error());
    }
    size_t untold = 0;
    const std::vector<std::string> contexts = journal->index().contexts();
    for (const std::string& context : contexts) {
      auto events = journal->events(context);
      if (!events) {
        return tl::unexpected(events.error());
      }
      if (const auto outcome = retold(*std::move(events))) {
        document_.outcomes.push_back(page_outcome(*outcome, source_));
      } else {
        ++untold;
      }
    }
    std::string& note = source().note;
    if (untold > 0) {
      note = fmt::format("{} without the start of a run left out", plural(untold, "context"));
    }
    if (const size_t damaged = journal->damaged().size(); damaged > 0) {
      note += fmt::format("{}{} skipped: damaged", note.empty() ? "" : "; ", plural(damaged, "line"));
    }
    return {};
  }

  Expected<void> read_peers(const fs::path& file, const std::string& text) {
    source().kind = "peers";
    auto peers = wire::parse_peers(text);
    if (!peers) {
      return of_file(file, peers.error());
    }
    peers_.push_back({document_.sources.size() - 1, *std::move(peers)});
    return {};
  }

  Expected<void> read_checks(const fs::path& file) {
    source().kind = "history";
    const auto history = store::read_history(file);
    if (!history) {
      return tl::unexpected(history.error());
    }
    std::vector<wire::ReportHistory> histories = page_histories(history->lines, source_, source().note);
    if (const size_t skipped = history->skipped.size(); skipped > 0) {
      std::string& note = source().note;
      note += fmt::format("{}{} skipped: damaged", note.empty() ? "" : "; ", plural(skipped, "line"));
    }
    source().outcomes = histories.size();
    std::ranges::move(histories, std::back_inserter(document_.histories));
    return {};
  }

  void drop_what_is_told_in_full() {
    const auto kind = [&](const ReportOutcome& outcome) -> const std::string& {
      return document_.sources[static_cast<size_t>(outcome.source)].kind;
    };
    const auto same = [](const ReportOutcome& a, const ReportOutcome& b) {
      return wire::best_key(a.workload, a.device.chip) == wire::best_key(b.workload, b.device.chip) &&
             a.device.driver == b.device.driver && a.protocol == b.protocol;
    };
    std::vector<ReportOutcome>& all = document_.outcomes;
    std::vector<size_t> dropped(document_.sources.size(), 0);
    std::vector<bool> drop(all.size(), false);
    for (size_t i = 0; i < all.size(); ++i) {
      drop[i] = kind(all[i]) == "best" && std::ranges::any_of(all, [&](const ReportOutcome& other) {
                  return kind(other) != "best" && kind(other) != "profile" && same(all[i], other);
                });
      dropped[static_cast<size_t>(all[i].source)] += drop[i] ? 1U : 0U;
    }
    std::vector<ReportOutcome> kept;
    for (size_t i = 0; i < all.size(); ++i) {
      if (!drop[i]) {
        kept.push_back(std::move(all[i]));
      }
    }
    all = std::move(kept);
    for (size_t i = 0; i < dropped.size(); ++i) {
      if (dropped[i] > 0) {
        document_.sources[i].note =
            fmt::format("{} shown as another of these files tells it: in full", plural(dropped[i], "workload"));
      }
    }
  }

  // A timeline is shown wherever its variant is, on the chip and with the driver that it was sampled with.
  void share_timelines() {
    for (const TimelineFile& file : timelines_) {
      const ReportOutcome& from = document_.outcomes[file.outcome];
      const Variant variant = from.records.front().variant;
      for (ReportOutcome& outcome : document_.outcomes) {
        const std::optional<int> record = record_of(outcome, variant);
        const bool own = outcome.source == from.source;
        if (record && (own || !is_profile(outcome)) && same_results(from, outcome)) {
          outcome.timelines.push_back({*record, file.name, file.sampled});
        }
      }
    }
  }

  // A profile is told in the sections of its workload, where there are any, and in one of its own else. Gives the
  // sources of those that are.
  std::vector<int> join_profiles() {
    std::vector<ReportOutcome>& all = document_.outcomes;
    std::vector<int> joined;
    for (const ReportOutcome& from : all) {
      if (!is_profile(from)) {
        continue;
      }
      bool told = false;
      for (ReportOutcome& to : all) {
        if (!is_profile(to) && same_results(from, to)) {
          tell(from, to);
          told = true;
        }
      }
      if (told) {
        joined.push_back(from.source);
      }
    }
    std::erase_if(
        all, [&](const ReportOutcome& outcome) { return std::ranges::find(joined, outcome.source) != joined.end(); });
    return joined;
  }

  static void tell(const ReportOutcome& from, ReportOutcome& to) {
    const wire::ReportRecord& told = from.records.front();
    const std::optional<int> record = record_of(to, told.variant);
    if (!record) {  // else they are there already
      for (wire::ReportTimeline timeline : from.timelines) {
        timeline.record.reset();
        timeline.profile = static_cast<int>(to.profiles.size());
        to.timelines.push_back(std::move(timeline));
      }
    }
    to.profiles.push_back({from.source, record, told, from.metrics, from.findings, from.provenance});
  }

  [[nodiscard]] bool is_profile(const ReportOutcome& outcome) const {
    return document_.sources[static_cast<size_t>(outcome.source)].kind == "profile";
  }

  static std::optional<int> record_of(const ReportOutcome& outcome, const Variant& variant) {
    const auto record = std::ranges::find(outcome.records, variant, &wire::ReportRecord::variant);
    return record == outcome.records.end() ? std::nullopt
                                           : std::optional(static_cast<int>(record - outcome.records.begin()));
  }

  // Whether both are of one workload on one chip and driver. A replay answers for the driver it was recorded with.
  static bool same_results(const ReportOutcome& a, const ReportOutcome& b) {
    return wire::best_key(a.workload, a.device.chip) == wire::best_key(b.workload, b.device.chip) &&
           recorded_with(a.device.driver) == recorded_with(b.device.driver);
  }

  static std::string_view recorded_with(std::string_view driver) {
    return driver.ends_with(kReplayed) ? driver.substr(0, driver.size() - kReplayed.size()) : driver;
  }

  void join(PeersFile& file) {
    ReportSource& source = document_.sources[file.source];
    size_t alone = 0;
    for (const wire::PeerWorkload& workload : file.peers.workloads) {
      bool found = false;
      for (ReportOutcome& outcome : document_.outcomes) {
        const Workload& of = outcome.workload;
        if (outcome.device.chip.name == file.peers.gpu && of.dtype == workload.dtype &&
            of.accumulator == default_accumulator(of.dtype) && of.cache == CacheState::cold &&
            of.geometry() == geometry(workload.shape)) {
          outcome.peers = workload.results;
          found = true;
        }
      }
      source.outcomes += found ? 1U : 0U;
      alone += found ? 0U : 1U;
    }
    if (alone > 0) {
      source.note = fmt::format("{} without a result of scantune on that GPU left out", plural(alone, "workload"));
    }
    for (const std::string& version : file.peers.versions) {
      if (std::ranges::find(document_.peer_versions, version) == document_.peer_versions.end()) {
        document_.peer_versions.push_back(version);
      }
    }
  }

  // Outcomes of the same title are told apart by what differs first: chip, driver, file.
  void name_apart() {
    std::vector<std::string> titles;
    for (const ReportOutcome& outcome : document_.outcomes) {
      titles.push_back(outcome.title);
    }
    for (size_t i = 0; i < titles.size(); ++i) {
      ReportOutcome& outcome = document_.outcomes[i];
      bool chip = false;
      bool driver = false;
      bool file = false;
      for (size_t j = 0; j < titles.size(); ++j) {
        if (i == j || titles[i] != titles[j]) {
          continue;
        }
        const ReportOutcome& other = document_.outcomes[j];
        if (other.device.chip.name != outcome.device.chip.name) {
          chip = true;
        } else if (other.device.driver != outcome.device.driver) {
          driver = true;
        } else {
          file = true;
        }
      }
      outcome.title += chip ? ", " + outcome.device.chip.name : "";
      outcome.title += driver ? ", driver " + outcome.device.driver : "";
      outcome.title += file ? ", " + document_.sources[static_cast<size_t>(outcome.source)].file : "";
    }
  }

  ReportDocument& document_;
  std::vector<PeersFile> peers_;
  std::vector<TimelineFile> timelines_;
  int source_ = 0;
};

}  // namespace

Expected<ReportDocument> gather(const std::vector<fs::path>& files, std::string tool_version, std::string time) {
  ReportDocument document;
  document.tool_version = std::move(tool_version);
  document.time = std::move(time);
  Gatherer gatherer(document);
  for (const fs::path& file : files) {
    if (const auto read = gatherer.read(file); !read) {
      return tl::unexpected(read.error());
    }
  }
  gatherer.finish();
  if (document.outcomes.empty() && document.histories.empty()) {
    return bad_input("{}: nothing to report: no result of scantune in it; name a best file, a run or a journal too",
                     files.front().string());
  }
  return document;
}

}  // namespace scantune::report
