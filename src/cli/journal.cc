// scantune journal: looks into journals and cleans them up. What was asked for goes to standard
// output, what was skipped or done to standard error.
#include "store/journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "core/units.h"
#include "report/text.h"
#include "store/journal_tools.h"
#include "wire/journal_json.h"

namespace scantune::cli {
namespace {

using report::plural;

constexpr size_t kPageBytes = size_t{64} << 10;
constexpr size_t kShownDigits = 8;  // of a context's 32: what --context takes

void note(const std::string& text) { print(stderr, "scantune: " + text + "\n", text_style(stderr, false)); }

void say(const std::string& text) { print(stdout, text, text_style(stdout, false)); }

void note_skipped(const std::string& file, const std::vector<JournalDamage>& damaged, size_t newer) {
  for (const std::string& line : store::notes(file, damaged, newer)) {
    note(line);
  }
}

std::string lines_text(size_t lines) { return plural(lines, "line"); }

// The one journal of a verb that takes one.
Expected<std::string> journal_of(const JournalCommand& journal) {
  if (journal.files.size() > 1) {
    return bad_input("journal {} {}: it takes one journal; leave the rest out", journal.verb, journal.files[1]);
  }
  return journal.files.empty() ? std::string(kDefaultJournal) : journal.files.front();
}

// --- show ---

Expected<store::JournalFilter> filter_of(const JournalCommand& journal) {
  store::JournalFilter filter;
  filter.context_prefix = journal.context.value_or("");
  if (filter.context_prefix.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return bad_input("--context {}: not the start of a digest; scantune journal stats lists the contexts",
                     *journal.context);
  }
  if (journal.kind) {
    const auto* const kind = std::ranges::find(kAllEventKinds, *journal.kind, [](EventKind one) { return name(one); });
    if (kind == kAllEventKinds.end()) {
      std::vector<std::string> known(kAllEventKinds.size());
      std::ranges::transform(kAllEventKinds, known.begin(), [](EventKind one) { return std::string(name(one)); });
      const std::string hint = closest(*journal.kind, known);
      return bad_input("--kind {}: unknown kind{}; known: {}", *journal.kind,
                       hint.empty() ? "" : ", did you mean " + hint + "?", fmt::join(known, ", "));
    }
    filter.kind = *kind;
  }
  filter.variant = journal.variant.value_or("");
  if (journal.tail) {
    size_t tail = 0;
    const char* const end = journal.tail->data() + journal.tail->size();
    const auto [stop, error] = std::from_chars(journal.tail->data(), end, tail);
    if (journal.tail->empty() || error != std::errc() || stop != end) {
      return bad_input("--tail {}: not a number of events; write an integer, 0 or more", *journal.tail);
    }
    filter.tail = tail;
  }
  return filter;
}

struct Teller {
  std::string operator()(const RunBegan& began) const {
    return fmt::format("{}{} on {}, driver {}, {}", began.fresh ? "afresh: " : "", to_string(began.context.workload),
                       began.context.chip.name, began.context.driver, began.provenance.time);
  }
  std::string operator()(const TrialCompiled& compiled) const {
    return fmt::format("{}: {}", to_string(compiled.trial.variant),
                       compiled.from_cache ? "from the cache" : "in " + format_seconds(compiled.seconds));
  }
  std::string operator()(const TrialVerified& verified) const { return to_string(verified.trial.variant); }
  std::string operator()(const RoundTaken& taken) const {
    std::string text =
        fmt::format("{}, {} of {}", name(taken.round.phase), plural(taken.round.samples.size(), "sample"),
                    plural(taken.trials.size(), "variant"));
    if (taken.trials.size() == 1) {
      text += ": " + to_string(taken.trials.front().variant);
    }
    return taken.discarded.empty() ? text : fmt::format("{}; does not count: {}", text, taken.discarded);
  }
  std::string operator()(const TrialScreened& screened) const {
    return fmt::format("{}: {}", to_string(screened.trial.variant), name(screened.verdict));
  }
  std::string operator()(const TrialProfiled& profiled) const { return to_string(profiled.trial.variant); }
  std::string operator()(const TrialFailed& failed) const {
    return fmt::format("{}: {}: {}", to_string(failed.trial.variant), name(failed.failure.kind), failed.failure.what);
  }
  std::string operator()(const SearchStepped& stepped) const { return report::step_text(stepped.step); }
  std::string operator()(const RunEnded& ended) const {
    return fmt::format("{} after {}, winner: {}", name(ended.reason), format_seconds(ended.spent.total_s),
                       ended.winner.empty() ? "none" : ended.winner);
  }
};

// What an event says stays one line, whatever a compiler wrote.
std::string on_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string row_text(const store::JournalRow& row) {
  if (row.event == nullptr) {
    return fmt::format("{:>7}  {}\n", row.line, on_one_line(std::string(row.text)));
  }
  return fmt::format("{:>7}  {}  {:<9}  {}\n", row.line, row.event->context.substr(0, kShownDigits),
                     name(kind_of(row.event->what)), on_one_line(std::visit(Teller{}, row.event->what)));
}

Expected<int> show(const JournalCommand& journal, Format format) {
  const auto file = journal_of(journal);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto filter = filter_of(journal);
  if (!filter) {
    return tl::unexpected(filter.error());
  }
  size_t rows = 0;
  std::string page;  // written when it is long enough: a journal may have a million rows
  const auto flush = [&] {
    if (format == Format::json) {
      print_json(stdout, page);
    } else {
      say(page);
    }
    page.clear();
  };
  const auto shown = store::show_journal(*file, *filter, [&](const store::JournalRow& row) {
    if (format == Format::json) {
      page += rows == 0 ? wire::journal_events_head(*file) : ",\n";
      page += wire::journal_events_row(row.line, row.text);
    } else {
      page += row_text(row);
    }
    if (page.size() >= kPageBytes) {
      flush();
    }
    ++rows;
  });
  if (!shown) {
    return tl::unexpected(shown.error());
  }
  if (format == Format::json) {
    page += rows == 0 ? wire::journal_events_head(*file) : "";
    page += wire::journal_events_tail(shown->newer, shown->damaged);
  }
  flush();
  note_skipped(*file, shown->damaged, shown->newer);
  return kDone;
}

// --- stats ---

std::string span_text(const wire::ContextStats& context) {
  if (context.first_time.empty()) {
    return "-";
  }
  return context.first_time == context.last_time ? context.first_time : context.first_time + " to " + context.last_time;
}

std::string stats_text(const wire::JournalStats& stats) {
  std::string text =
      fmt::format("{}: {}, {}\n", stats.file, format_bytes(static_cast<int64_t>(stats.bytes)), lines_text(stats.lines));
  Table events{{"events", ""}, {}};
  for (const EventKind kind : kAllEventKinds) {
    events.rows.push_back({std::string(name(kind)), fmt::format("{}", stats.events.at(static_cast<size_t>(kind)))});
  }
  events.rows.push_back({"of a newer scantune", fmt::format("{}", stats.newer)});
  events.rows.push_back({"damaged lines", fmt::format("{}", stats.damaged.size())});
  text += "\n" + to_text(events);
  Table contexts{{"context", "workload", "chip", "driver", "protocol", "runs", "trials", "failed", "rounds",
                  "discarded", "samples", "history", "runs began"},
                 {}};
  for (const wire::ContextStats& context : stats.contexts) {
    const auto& of = context.context;
    contexts.rows.push_back(
        {context.id.substr(0, kShownDigits), of ? to_string(of->workload) : "-", of ? of->chip.name : "-",
         of ? of->driver : "-", of ? digest(of->protocol).substr(0, kShownDigits) : "-",
         fmt::format("{}", context.runs), fmt::format("{}", context.trials), fmt::format("{}", context.failed_trials),
         fmt::format("{}", context.rounds), fmt::format("{}", context.discarded_rounds),
         fmt::format("{}", context.samples), fmt::format("{}", context.history_events), span_text(context)});
  }
  return contexts.rows.empty() ? text : text + "\n" + to_text(contexts);
}

Expected<int> show_stats(const JournalCommand& journal, Format format) {
  const auto file = journal_of(journal);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto stats = store::journal_stats(*file);
  if (!stats) {
    return tl::unexpected(stats.error());
  }
  if (format == Format::json) {
    print_json(stdout, wire::journal_stats_json(*stats));
  } else {
    say(stats_text(*stats));
  }
  note_skipped(*file, stats->damaged, stats->newer);
  return kDone;
}

// --- compact, merge, verify ---

Expected<int> compact(const JournalCommand& journal, Format /*format*/) {
  const auto file = journal_of(journal);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto done = store::compact_journal(*file);
  if (!done) {
    return tl::unexpected(done.error());
  }
  for (const std::string& line : store::notes(*file, done->damaged, 0, done->damaged.size())) {
    note(line);
  }
  if (done->lines_after == done->lines_before) {
    say(fmt::format("{}: nothing to drop in {}\n", *file, lines_text(done->lines_before)));
    return kDone;
  }
  say(fmt::format(
      "{}: {} of {} kept, {} of {}; dropped: {} from before a fresh start, {} said again later, {} damaged\n", *file,
      done->lines_after, lines_text(done->lines_before), format_bytes(static_cast<int64_t>(done->bytes_after)),
      format_bytes(static_cast<int64_t>(done->bytes_before)), done->history, done->duplicates, done->damaged.size()));
  return kDone;
}

Expected<int> merge(const JournalCommand& journal, Format /*format*/) {
  if (!journal.out) {
    return bad_input("journal merge: --out is missing; name the journal to write with --out FILE");
  }
  if (*journal.out == "-") {
    return bad_input("journal merge: --out -: a journal is a file; write a path, such as results/journal.jsonl");
  }
  if (journal.files.size() < 2) {
    return bad_input("journal merge: it takes two journals or more, as in scantune journal merge A B --out {}",
                     *journal.out);
  }
  const auto merged = store::merge_journals({journal.files.begin(), journal.files.end()}, *journal.out);
  if (!merged) {
    return tl::unexpected(merged.error());
  }
  for (const auto& input : merged->inputs) {
    note_skipped(input.path.string(), input.damaged, 0);
    say(fmt::format("{}: {}, {} identical to one before, {} damaged and left out\n", input.path.string(),
                    lines_text(input.lines), input.identical, input.damaged.size()));
  }
  say(fmt::format("{}: {}, {}, {}\n", *journal.out, lines_text(merged->lines), plural(merged->contexts, "context"),
                  format_bytes(static_cast<int64_t>(merged->bytes))));
  if (merged->continued > 0) {
    note(fmt::format("{} that began afresh {} what another journal holds of the same context",
                     plural(merged->continued, "run"), merged->continued == 1 ? "continues" : "continue"));
  }
  return kDone;
}

Expected<int> verify(const JournalCommand& journal, Format format) {
  const auto file = journal_of(journal);
  if (!file) {
    return tl::unexpected(file.error());
  }
  const auto check = store::verify_journal(*file);
  if (!check) {
    return tl::unexpected(check.error());
  }
  if (format == Format::json) {
    print_json(stdout, wire::journal_check_json(*file, check->bytes, check->lines, check->newer, check->damaged));
  } else {
    say(fmt::format("{}: {}, {}, {}\n", *file, lines_text(check->lines),
                    format_bytes(static_cast<int64_t>(check->bytes)),
                    check->damaged.empty() ? "all whole" : fmt::format("{} damaged", check->damaged.size())));
  }
  for (const std::string& line : store::notes(*file, check->damaged, check->newer, check->damaged.size())) {
    note(line);
  }
  return check->damaged.empty() ? kDone : kFailed;
}

struct Verb {
  std::string_view name;
  Expected<int> (*run)(const JournalCommand&, Format);
  std::string_view options;  // that mean something
};

constexpr std::array<Verb, 5> kVerbs = {{
    {"show", show, "--context --kind --variant --tail --format"},
    {"stats", show_stats, "--format"},
    {"compact", compact, ""},
    {"merge", merge, "--out"},
    {"verify", verify, "--format"},
}};

Expected<void> check_options(const JournalCommand& journal, const Verb& verb) {
  for (const auto& [given, option] :
       {std::pair{journal.context.has_value(), "--context"}, std::pair{journal.kind.has_value(), "--kind"},
        std::pair{journal.variant.has_value(), "--variant"}, std::pair{journal.tail.has_value(), "--tail"},
        std::pair{journal.out.has_value(), "--out"}, std::pair{journal.format.has_value(), "--format"}}) {
    const std::string options = fmt::format(" {} ", verb.options);
    if (given && options.find(fmt::format(" {} ", option)) == std::string::npos) {
      return bad_input("{}: it means nothing to journal {}; leave it out", option, verb.name);
    }
  }
  return {};
}

}  // namespace

int run(const JournalCommand& command) {
  const auto* const verb = std::ranges::find(kVerbs, command.verb, &Verb::name);
  if (verb == kVerbs.end()) {
    const std::string hint = closest(command.verb, {"show", "stats", "compact", "merge", "verify"});
    const std::string choice = "choose show, stats, compact, merge or verify";
    return report_error(
        {ErrorKind::bad_input, command.verb.empty()
                                   ? "journal: " + choice
                                   : fmt::format("journal {}: {}; {}", command.verb,
                                                 hint.empty() ? "unknown" : "did you mean " + hint + "?", choice)});
  }
  const auto format = parse_format(command.format);
  if (!format) {
    return report_error(format.error());
  }
  const auto code = check_options(command, *verb).and_then([&] { return verb->run(command, *format); });
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
