#include "device/recording.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <set>
#include <utility>

#include "wire/journal_json.h"

namespace scantune::replay {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kReplayed = ", replayed";

bool is_compressed(const std::filesystem::path& path) {
  std::string start(kZstdMagic.size(), '\0');
  std::ifstream(path, std::ios::binary).read(start.data(), static_cast<std::streamsize>(start.size()));
  return start == kZstdMagic;
}

// The trials that an event speaks of.
std::vector<const Trial*> trials_of(const JournalWhat& what) {
  std::vector<const Trial*> trials;
  std::visit(
      [&](const auto& event) {
        if constexpr (requires { event.trial; }) {
          trials.push_back(&event.trial);
        } else if constexpr (requires { event.trials; }) {
          for (const Trial& trial : event.trials) {
            trials.push_back(&trial);
          }
        }
      },
      what);
  return trials;
}

// Takes in what happened to the last build of each variant; what was of builds before it is history.
class Fold {
 public:
  explicit Fold(RecordedContext& into) : into_(into) {}

  template <class T>
  void operator()(const T& /*event*/) {}  // runs, compilations and verdicts: a replay makes its own

  void operator()(const TrialVerified& verified) {
    if (RecordedTrial* trial = find(verified.trial)) {
      trial->verified = true;
      trial->failure.reset();
      trial->resources = verified.resources;
      trial->bytes_in_flight_per_sm = verified.bytes_in_flight_per_sm;
    }
  }
  void operator()(const TrialProfiled& profiled) {
    if (RecordedTrial* trial = find(profiled.trial)) {
      trial->profile = profiled.profile;
    }
  }
  void operator()(const TrialFailed& failed) {
    if (RecordedTrial* trial = find(failed.trial)) {
      trial->failure = failed.failure;
    }
  }
  void operator()(const RoundTaken& taken) {
    RecordedRound round{.copies_ns = {}, .mean_copy_ns = 0, .runs = taken.round.runs};
    for (const Sample& sample : taken.round.samples) {
      if (sample.subject == kCopy) {
        round.copies_ns.push_back(sample.time_ns);
      }
    }
    if (!taken.discarded.empty() || round.copies_ns.empty()) {
      return;
    }
    round.mean_copy_ns = std::accumulate(round.copies_ns.begin(), round.copies_ns.end(), 0.0) /
                         static_cast<double>(round.copies_ns.size());
    for (const Sample& sample : taken.round.samples) {
      if (sample.subject != kCopy) {
        if (RecordedTrial* trial = find(taken.trials.at(static_cast<size_t>(sample.subject)))) {
          trial->pairs.push_back({into_.rounds.size(), sample.time_ns});
        }
      }
    }
    into_.rounds.push_back(std::move(round));
  }

 private:
  RecordedTrial* find(const Trial& trial) {
    RecordedTrial& recorded = into_.trials.at(to_string(trial.variant));
    return recorded.build == trial.build ? &recorded : nullptr;
  }

  RecordedContext& into_;
};

}  // namespace

const RecordedTrial* RecordedContext::find(const Variant& variant) const {
  const auto it = trials.find(to_string(variant));
  return it == trials.end() ? nullptr : &it->second;
}

Expected<std::shared_ptr<Recording>> Recording::open(const std::filesystem::path& path) {
  if (is_compressed(path)) {
    return bad_input("{}: it is compressed; 'zstd -d {}' makes a journal of it that can be replayed", path.string(),
                     path.string());
  }
  auto reader = store::JournalReader::open(path);
  if (!reader) {
    return bad_input("{}", reader.error().message);
  }
  std::shared_ptr<Recording> recording(new Recording(*std::move(reader)));
  recording->notes_ = store::notes(path, recording->reader_.damaged(), recording->reader_.newer());
  if (auto found = recording->find_contexts(); !found) {
    return tl::unexpected(found.error());
  }
  return recording;
}

Expected<void> Recording::find_contexts() {
  const std::string file = reader_.path().string();
  std::map<std::string, RunBegan> last_run;  // by context
  std::vector<std::string> order;            // contexts, the last written last
  bool replays = false;
  for (const store::JournalLine& line : reader_.lines()) {
    if (line.kind() != EventKind::run_began) {
      continue;
    }
    const auto text = reader_.text(line);
    if (!text) {
      return tl::unexpected(text.error());
    }
    const auto head = wire::check_line(*text);
    const auto event = head ? wire::parse_event(head->event) : bad_input("{}", wire::text(head.error()));
    if (!event) {
      notes_.push_back(fmt::format("{}: a run is left out: {}", file, event.error().message));
      continue;
    }
    const auto& began = std::get<RunBegan>(event->what);
    if (is_replay(began.provenance)) {
      replays = true;
      continue;
    }
    std::erase(order, event->context);
    order.push_back(event->context);
    last_run[event->context] = began;
  }
  if (order.empty()) {
    return bad_input("{}: {}", file,
                     replays ? "it was written by a replay itself; replay the journal that it was made from"
                             : "there is no run in it to replay");
  }
  const RunBegan& last = last_run.at(order.back());
  std::set<std::string> others;
  for (const std::string& id : order) {
    const Context& context = last_run.at(id).context;
    if (context.chip == last.context.chip && context.driver == last.context.driver) {
      entries_.push_back({.id = id, .context = context, .read = {}});
    } else {
      others.insert(fmt::format("{} with driver {}", context.chip.name, context.driver));
    }
  }
  for (const std::string& other : others) {
    notes_.push_back(fmt::format("{}: what it holds of {} is left out: the last run in it was on {} with driver {}",
                                 file, other, last.context.chip.name, last.context.driver));
  }
  info_.chip = last.context.chip;
  info_.id = std::string(kReplayPrefix) + file;
  info_.uuid = last.provenance.uuid;
  info_.driver = last.context.driver + std::string(kReplayed);
  info_.compiler = last.provenance.compiler;
  return {};
}

std::vector<Workload> Recording::workloads() const {
  std::vector<Workload> workloads;
  for (const Entry& entry : entries_) {
    workloads.push_back(entry.context.workload);
  }
  return workloads;
}

Expected<const RecordedContext*> Recording::find(const Workload& workload) {
  const std::lock_guard lock(mutex_);
  // The last written first: it may have been recorded under several protocols.
  // NOLINTNEXTLINE(modernize-loop-convert): clang 14 cannot compile the views of GCC 12's library
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    Context asked = entry->context;
    asked.workload = workload;
    if (digest(asked) != entry->id) {
      continue;
    }
    if (!entry->read) {
      if (auto done = read(*entry); !done) {
        return tl::unexpected(done.error());
      }
    }
    return &*entry->read;
  }
  std::string known;
  for (const Workload& recorded : workloads()) {
    const std::string text = to_string(recorded);
    if (known.find(text) == std::string::npos) {
      known += (known.empty() ? "" : ", ") + text;
    }
  }
  return bad_input("{} is not recorded in {}, which has {}", to_string(workload), reader_.path().string(), known);
}

Expected<void> Recording::read(Entry& entry) {
  const auto events = reader_.events(entry.id);
  if (!events) {
    return tl::unexpected(events.error());
  }
  RecordedContext& into = entry.read.emplace();
  into.context = entry.context;
  for (const JournalEvent& event : *events) {
    for (const Trial* trial : trials_of(event.what)) {
      into.trials[to_string(trial->variant)].build = trial->build;
    }
  }
  Fold fold(into);
  for (const JournalEvent& event : *events) {
    std::visit(fold, event.what);
  }
  return {};
}

}  // namespace scantune::replay
