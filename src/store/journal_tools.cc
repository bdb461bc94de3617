#include "store/journal_tools.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/digest.h"
#include "store/file.h"
#include "store/journal.h"

namespace scantune::store {
namespace {

namespace fs = std::filesystem;

template <class... Bodies>
struct Overloaded : Bodies... {
  using Bodies::operator()...;
};
template <class... Bodies>
Overloaded(Bodies...) -> Overloaded<Bodies...>;

// The trials that an event is about.
std::vector<Trial> trials_of(const JournalWhat& what) {
  return std::visit(Overloaded{[](const RunBegan&) { return std::vector<Trial>{}; },
                               [](const RunEnded&) { return std::vector<Trial>{}; },
                               [](const SearchStepped&) { return std::vector<Trial>{}; },
                               [](const RoundTaken& taken) { return taken.trials; },
                               [](const auto& one) { return std::vector<Trial>{one.trial}; }},
                    what);
}

std::string key_of(const Trial& trial) { return digest(to_string(trial.variant) + '\n' + trial.build); }

// The line of the last fresh start of each context, by its index.
std::vector<size_t> fresh_starts(const JournalReader& reader) {
  std::vector<size_t> starts(reader.index().contexts().size(), 0);
  for (size_t i = 0; i < reader.lines().size(); ++i) {
    if (const JournalLine& line = reader.lines()[i]; line.good() && line.fresh != 0) {
      starts[line.context] = i;
    }
  }
  return starts;
}

uint64_t size_of(const JournalReader& reader) { return reader.index().end(); }

// Calls `use` with every good line, its number from 0 and its head. `use` returns whether to go on.
Expected<void> for_each_line(JournalReader& reader,
                             const std::function<bool(size_t, const JournalLine&, const wire::LineHead&)>& use) {
  for (size_t i = 0; i < reader.lines().size(); ++i) {
    const JournalLine line = reader.lines()[i];
    if (!line.good()) {
      continue;
    }
    const auto text = reader.text(line);
    if (!text) {
      return tl::unexpected(text.error());
    }
    const auto head = wire::check_line(*text);
    if (!head) {
      return fail(ErrorKind::environment, "cannot read {}: line {} changed while it was read; try again",
                  reader.path().string(), i + 1);
    }
    if (!use(i, line, *head)) {
      return {};
    }
  }
  return {};
}

JournalDamage not_understood(size_t line, const JournalLine& at, const Error& error) {
  return {line + 1, at.offset, at.bytes,
          fmt::format("whole, but not understood: {}; it may be another version's", error.message)};
}

void add_damage(std::vector<JournalDamage>& to, const std::vector<JournalDamage>& more) {
  to.insert(to.end(), more.begin(), more.end());
  std::ranges::sort(to, {}, &JournalDamage::line);
}

// --- stats ---

// What is counted of a context before it is told.
struct Counted {
  wire::ContextStats stats;
  std::unordered_set<std::string> trials;
  std::unordered_set<std::string> failed;
};

void count(Counted& counted, const JournalEvent& event) {
  wire::ContextStats& stats = counted.stats;
  for (const Trial& trial : trials_of(event.what)) {
    counted.trials.insert(key_of(trial));
  }
  if (const auto* began = std::get_if<RunBegan>(&event.what)) {
    ++stats.runs;
    stats.context = began->context;
    const std::string& time = began->provenance.time;
    if (!time.empty()) {
      stats.first_time = stats.first_time.empty() ? time : std::min(stats.first_time, time);
      stats.last_time = std::max(stats.last_time, time);
    }
  } else if (const auto* taken = std::get_if<RoundTaken>(&event.what)) {
    ++stats.rounds;
    stats.discarded_rounds += taken->discarded.empty() ? 0 : 1;
    stats.samples += taken->round.samples.size();
  } else if (const auto* failed = std::get_if<TrialFailed>(&event.what)) {
    counted.failed.insert(key_of(failed->trial));
  }
}

}  // namespace

Expected<wire::JournalStats> journal_stats(const fs::path& path) {
  auto reader = JournalReader::open(path);
  if (!reader) {
    return tl::unexpected(reader.error());
  }
  wire::JournalStats stats;
  stats.file = path.string();
  stats.bytes = size_of(*reader);
  stats.lines = reader->lines().size();
  stats.newer = reader->newer();
  stats.damaged = reader->damaged();
  const std::vector<size_t> starts = fresh_starts(*reader);
  std::vector<Counted> contexts(starts.size());
  std::vector<JournalDamage> unreadable;
  const auto read = for_each_line(*reader, [&](size_t i, const JournalLine& line, const wire::LineHead& head) {
    Counted& counted = contexts[line.context];
    counted.stats.history_events += i < starts[line.context] ? 1 : 0;
    if (line.newer()) {
      return true;
    }
    ++stats.events.at(line.what);
    if (const auto event = wire::parse_event(head.event)) {
      count(counted, *event);
    } else {
      unreadable.push_back(not_understood(i, line, event.error()));
    }
    return true;
  });
  if (!read) {
    return tl::unexpected(read.error());
  }
  add_damage(stats.damaged, unreadable);
  for (size_t i = 0; i < contexts.size(); ++i) {
    contexts[i].stats.id = reader->index().contexts()[i];
    contexts[i].stats.trials = contexts[i].trials.size();
    contexts[i].stats.failed_trials = contexts[i].failed.size();
    stats.contexts.push_back(std::move(contexts[i].stats));
  }
  return stats;
}

Expected<JournalCheck> verify_journal(const fs::path& path) {
  auto reader = JournalReader::open(path);
  if (!reader) {
    return tl::unexpected(reader.error());
  }
  JournalCheck check{size_of(*reader), reader->lines().size(), reader->newer(), reader->damaged()};
  std::vector<JournalDamage> unreadable;
  const auto read = for_each_line(*reader, [&](size_t i, const JournalLine& line, const wire::LineHead& head) {
    if (!line.newer()) {
      if (const auto event = wire::parse_event(head.event); !event) {
        unreadable.push_back(not_understood(i, line, event.error()));
      }
    } else if (const auto json = wire::check_json(head.event); !json) {
      unreadable.push_back(not_understood(i, line, json.error()));
    }
    return true;
  });
  if (!read) {
    return tl::unexpected(read.error());
  }
  add_damage(check.damaged, unreadable);
  return check;
}

namespace {

// Picks the lines to show.
class Picker {
 public:
  Picker(JournalReader& reader, const JournalFilter& filter) : reader_(reader), filter_(filter) {}

  // Whether a line is to be shown; row() is then what to show.
  Expected<bool> pick(size_t i) {
    const JournalLine line = reader_.lines()[i];
    if (!line.good() || (filter_.kind && line.kind() != filter_.kind) || (line.newer() && !filter_.variant.empty()) ||
        !reader_.index().context_of(line).starts_with(filter_.context_prefix)) {
      return false;
    }
    const auto text = reader_.text(line);
    if (!text) {
      return tl::unexpected(text.error());
    }
    const auto head = wire::check_line(*text);
    // The spelling is in the text as it is, so that most lines need not be parsed.
    if (!head || head->event.find(filter_.variant) == std::string_view::npos) {
      return false;
    }
    row_ = {i + 1, head->event, nullptr};
    if (line.newer()) {
      return true;
    }
    auto event = wire::parse_event(head->event);
    if (!event) {
      unreadable_.push_back(not_understood(i, line, event.error()));
      return false;
    }
    event_ = *std::move(event);
    row_.event = &event_;
    return filter_.variant.empty() || std::ranges::any_of(trials_of(event_.what), [&](const Trial& trial) {
             return to_string(trial.variant).find(filter_.variant) != std::string::npos;
           });
  }

  [[nodiscard]] const JournalRow& row() const { return row_; }
  [[nodiscard]] const std::vector<JournalDamage>& unreadable() const { return unreadable_; }

 private:
  JournalReader& reader_;
  const JournalFilter& filter_;
  JournalEvent event_;
  JournalRow row_;
  std::vector<JournalDamage> unreadable_;
};

}  // namespace

Expected<JournalShown> show_journal(const fs::path& path, const JournalFilter& filter,
                                    const std::function<void(const JournalRow&)>& show) {
  auto reader = JournalReader::open(path);
  if (!reader) {
    return tl::unexpected(reader.error());
  }
  Picker picker(*reader, filter);
  // The last so many are found from the end, so that the rest is not parsed.
  size_t begin = filter.tail ? reader->lines().size() : 0;
  for (size_t left = filter.tail.value_or(0); left > 0 && begin > 0; --begin) {
    const auto picked = picker.pick(begin - 1);
    if (!picked) {
      return tl::unexpected(picked.error());
    }
    left -= *picked ? 1 : 0;
  }
  std::vector<JournalDamage> damaged = reader->damaged();
  const size_t unreadable = picker.unreadable().size();
  for (size_t i = begin; i < reader->lines().size(); ++i) {
    const auto picked = picker.pick(i);
    if (!picked) {
      return tl::unexpected(picked.error());
    }
    if (*picked) {
      show(picker.row());
    }
  }
  // With a tail, each line was looked at twice.
  add_damage(damaged,
             {picker.unreadable().begin() + static_cast<std::ptrdiff_t>(unreadable), picker.unreadable().end()});
  return JournalShown{reader->newer(), std::move(damaged)};
}

namespace {

// The compiled, verified and profiled events that a later one of the same trial makes idle.
class Duplicates {
 public:
  // To be asked from the last line to the first.
  bool is_one(const wire::LineHead& head) {
    if (head.kind != EventKind::compiled && head.kind != EventKind::verified && head.kind != EventKind::profiled) {
      return false;
    }
    const auto event = wire::parse_event(head.event);
    return event &&
           !seen_.insert(fmt::format("{} {} {}", head.context, head.kind_name, key_of(trials_of(event->what).front())))
                .second;
  }

 private:
  std::unordered_set<std::string> seen_;
};

// Hands the lines to a sink, a newline after each.
Expected<void> copy_lines(JournalReader& reader, const std::vector<size_t>& numbers, const Sink& sink) {
  for (const size_t i : numbers) {
    const auto text = reader.text(reader.lines()[i]);
    if (!text) {
      return tl::unexpected(text.error());
    }
    sink(*text);
    sink("\n");
  }
  return {};
}

// Writes the index of a journal that was written as a whole. It saves time, nothing else.
void write_index(const fs::path& path) {
  if (auto reader = JournalReader::open(path)) {
    static_cast<void>(reader->save_index());
  }
}

}  // namespace

Expected<Compacted> compact_journal(const fs::path& path) {
  // First, so that a journal that is missing is not made.
  if (const auto readable = JournalReader::open(path); !readable) {
    return tl::unexpected(readable.error());
  }
  const auto target = prepare_file(path, "results/journal.jsonl");
  if (!target) {
    return tl::unexpected(target.error());
  }
  if (const auto free = JournalIndex::check_place(*target); !free) {
    return tl::unexpected(free.error());
  }
  const auto lock = FileLock::take(*target, std::chrono::milliseconds(0), "wait for it to end");
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  auto reader = JournalReader::open(*target);
  if (!reader) {
    return tl::unexpected(reader.error());
  }
  Compacted done;
  done.bytes_before = size_of(*reader);
  done.lines_before = reader->lines().size();
  done.damaged = reader->damaged();
  const std::vector<size_t> starts = fresh_starts(*reader);
  std::vector<size_t> kept;
  Duplicates duplicates;
  for (size_t i = reader->lines().size(); i-- > 0;) {
    const JournalLine line = reader->lines()[i];
    if (!line.good()) {
      continue;
    }
    if (!line.newer() && i < starts[line.context]) {
      ++done.history;
      continue;
    }
    const auto text = reader->text(line);
    if (!text) {
      return tl::unexpected(text.error());
    }
    const auto head = wire::check_line(*text);
    if (!head) {
      return fail(ErrorKind::environment, "cannot compact {}: line {} changed while it was read; try again",
                  path.string(), i + 1);
    }
    if (duplicates.is_one(*head)) {
      ++done.duplicates;
    } else {
      kept.push_back(i);
    }
  }
  std::ranges::reverse(kept);
  done.lines_after = kept.size();
  done.bytes_after = done.bytes_before;
  if (kept.size() == reader->lines().size()) {
    return done;
  }
  const auto written = write_atomically(*target, [&](const Sink& sink) { return copy_lines(*reader, kept, sink); });
  if (!written) {
    return tl::unexpected(written.error());
  }
  done.bytes_after = 0;
  for (const size_t i : kept) {
    done.bytes_after += reader->lines()[i].bytes + 1;
  }
  write_index(*target);
  return done;
}

namespace {

// One line of one input.
struct Source {
  size_t input = 0;
  size_t line = 0;
};

// What of one context goes into the result, in order.
struct Gathered {
  std::vector<Source> history;
  std::vector<std::vector<Source>> current;  // of each input that has any
};

class Merger {
 public:
  void add(JournalReader reader) {
    const size_t input = readers_.size();
    readers_.push_back(std::move(reader));
    JournalReader& added = readers_.back();
    starts_.push_back(fresh_starts(added));
    std::vector<size_t> gathered(added.index().contexts().size());
    for (size_t i = 0; i < gathered.size(); ++i) {
      gathered[i] = place_of(added.index().contexts()[i]);
      gathered_[gathered[i]].current.emplace_back();
    }
    for (size_t i = 0; i < added.lines().size(); ++i) {
      const JournalLine& line = added.lines()[i];
      if (line.good()) {
        Gathered& to = gathered_[gathered[line.context]];
        (i < starts_.back()[line.context] ? to.history : to.current.back()).push_back({input, i});
      }
    }
  }

  // Hands the result to the sink, and counts.
  Expected<void> write(Merged& merged, const Sink& sink) {
    for (Gathered& one : gathered_) {
      // Those that began afresh come first: what counts in the others is then not before their start.
      std::stable_partition(one.current.begin(), one.current.end(),
                            [&](const std::vector<Source>& lines) { return is_fresh(lines); });
      ++merged.contexts;
      if (auto done = write_lines(one.history, nullptr, merged, sink); !done) {
        return done;
      }
      bool has_begun = false;
      for (const std::vector<Source>& lines : one.current) {
        if (auto done = write_lines(lines, &has_begun, merged, sink); !done) {
          return done;
        }
      }
    }
    return {};
  }

 private:
  size_t place_of(const std::string& context) {
    const auto [it, inserted] = places_.try_emplace(context, gathered_.size());
    if (inserted) {
      gathered_.emplace_back();
    }
    return it->second;
  }

  bool is_fresh(const std::vector<Source>& lines) const {
    return !lines.empty() && readers_[lines.front().input].lines()[lines.front().line].fresh != 0;
  }

  // `has_begun`: whether what counts of the context has begun afresh; none where history is written.
  Expected<void> write_lines(const std::vector<Source>& lines, bool* has_begun, Merged& merged, const Sink& sink) {
    for (const Source& source : lines) {
      JournalReader& reader = readers_[source.input];
      const JournalLine at = reader.lines()[source.line];
      const auto text = reader.text(at);
      if (!text) {
        return tl::unexpected(text.error());
      }
      if (!wire::check_line(*text)) {
        return fail(ErrorKind::environment, "cannot read {}: line {} changed while it was read; try again",
                    reader.path().string(), source.line + 1);
      }
      const std::string continued = wire::without_fresh(*text);
      // The same event of two inputs is one; two of one input are two. Whether it began afresh does
      // not make it another, so that merging a result again adds nothing.
      const auto [owner, is_new] = owners_.try_emplace(digest(continued), source.input);
      if (!is_new && owner->second != source.input) {
        ++merged.inputs[source.input].identical;
        continue;
      }
      const bool continues = at.fresh != 0 && has_begun != nullptr && std::exchange(*has_begun, true);
      const std::string_view written = continues ? std::string_view(continued) : *text;
      merged.continued += continues ? 1 : 0;
      ++merged.lines;
      merged.bytes += written.size() + 1;
      sink(written);
      sink("\n");
    }
    return {};
  }

  std::vector<JournalReader> readers_;
  std::vector<std::vector<size_t>> starts_;  // of each input
  std::unordered_map<std::string, size_t> places_;
  std::vector<Gathered> gathered_;  // in the order the contexts first appear
  std::unordered_map<std::string, size_t> owners_;
};

}  // namespace

Expected<Merged> merge_journals(const std::vector<fs::path>& inputs, const fs::path& out) {
  Merger merger;
  Merged merged;
  for (const fs::path& input : inputs) {
    auto reader = JournalReader::open(input);
    if (!reader) {
      return tl::unexpected(reader.error());
    }
    std::error_code ignored;
    if (fs::equivalent(input, out, ignored)) {
      return bad_input("{}: it is one of the journals to merge; name a file that does not exist", out.string());
    }
    merged.inputs.push_back(
        {.path = input, .lines = reader->lines().size(), .newer = reader->newer(), .damaged = reader->damaged()});
    merger.add(*std::move(reader));
  }
  std::error_code ignored;
  if (fs::exists(out, ignored)) {
    return bad_input("{}: it exists; name a file that does not", out.string());
  }
  const auto target = prepare_file(out, "results/journal.jsonl");
  if (!target) {
    return tl::unexpected(target.error());
  }
  if (const auto free = JournalIndex::check_place(*target, "move it away or name another file"); !free) {
    return tl::unexpected(free.error());
  }
  const auto lock = FileLock::take(*target, std::chrono::milliseconds(0), "wait for it to end, or name another file");
  if (!lock) {
    return tl::unexpected(lock.error());
  }
  const auto written = write_atomically(*target, [&](const Sink& sink) { return merger.write(merged, sink); });
  if (!written) {
    return tl::unexpected(written.error());
  }
  write_index(*target);
  return merged;
}

}  // namespace scantune::store
