// One run of the tuning loop, step by step. tune() is its only caller.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tune/compile_ahead.h"
#include "tune/rounds.h"
#include "tune/tune.h"

namespace scantune {

class Run {
 public:
  Run(Device& device, Compiler& compiler, const std::vector<Candidate>& candidates, Strategy& strategy,
      const TuneOptions& options, Outcome& outcome, Observer& observer, std::stop_token stop);

  // Compile, verify and screen what the strategy asks for; then the final; then the counters. What
  // the journal knows is not done again; a session is opened when there is something to do.
  void search();
  void final();
  void profile();

  // Fills in ranking, winner, equivalents, baseline and the copy's time from what is known.
  void conclude();

  // The last words of the journal, where this run wrote any; and where the time went.
  void end();

  // Why the session could not be opened.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] double elapsed_s() const;
  [[nodiscard]] bool stopping();
  [[nodiscard]] bool broken_off() const;
  [[nodiscard]] bool out_of_budget() const;
  [[nodiscard]] bool all_done() const;
  [[nodiscard]] double final_estimate_s() const;
  [[nodiscard]] double final_round_s(const std::vector<int>& finalists) const;
  [[nodiscard]] int final_size(double round_s) const;

  bool open_session();
  void recall();
  void ask_for_more();
  void guess();
  void try_out(int record);
  [[nodiscard]] CompileAhead::Job job(int record) const;
  [[nodiscard]] bool settled(int record) const;
  void accept(CompileAhead::Done done);
  bool load(int record);  // for a phase after the screen; false where it failed
  void screen_round();
  [[nodiscard]] std::optional<Verdict> judge(int record, double race_margin) const;
  void leave_pool(int record);
  void fail(int record, Failure failure);
  void lose(const std::string& what);
  void tell(int record, What what);
  void tell_measured(int record, Phase phase);
  void tell_verified(int record);
  void take_steps();
  bool read_counters(int record);  // false where the run must end

  // One round; kept rounds are in the outcome afterwards. False where the phase must end.
  bool take_round(Phase phase, std::vector<Loaded>& subjects);

  void keep(JournalWhat what);
  [[nodiscard]] const Trial& trial(int record) const { return trials_[static_cast<size_t>(record)]; }
  [[nodiscard]] Record& record_at(int record) { return outcome_.records[static_cast<size_t>(record)]; }
  Progress::Family& family(int record);

  [[nodiscard]] std::vector<int> finalists() const;
  [[nodiscard]] bool is_baseline(int record) const;
  [[nodiscard]] std::optional<int> best_baseline(const std::vector<Standing>& standings) const;
  [[nodiscard]] std::vector<Standing> standings(Phase phase) const;
  void report(Progress::Stage stage);

  Device& device_;
  Compiler& compiler_;
  const std::vector<Candidate>& candidates_;
  Strategy& strategy_;
  const TuneOptions& options_;
  Outcome& outcome_;
  Observer& observer_;
  std::stop_token stop_;
  const Clock::time_point started_ = Clock::now();
  std::optional<Clock::time_point> ready_;  // when the first variant was ready to be measured

  std::unique_ptr<Session> session_;
  std::optional<Error> error_;
  std::string context_;
  std::optional<Provenance> earlier_;  // who measured what the journal holds
  bool began_ = false;                 // this run has written to the journal

  std::vector<Trial> trials_;             // of each record
  std::map<std::string, int> record_of_;  // variant spelling -> index into candidates and records
  std::map<int, Handle> handles_;         // loaded and verified in this session
  std::vector<Loaded> pool_;              // in the screen
  std::map<int, Interval> screened_ratio_;
  std::set<int> asked_;              // by the strategy, or for the sake of the incumbent
  std::set<int> screened_;           // need no more rounds of the screen
  std::vector<int> settled_before_;  // what the journal knows to be screened or failed, in that order
  double round_s_ = 0;               // the last round of the screen
  double untimed_s_ = 0;             // of the last round, a sample: what is not a timed run, but prepares one
  int measured_ = 0;
  bool strategy_done_ = false;
  bool has_news_ = true;  // the strategy was told something, or has asked for something, since it was asked to guess
  bool final_held_ = false;
  Progress progress_;
  std::map<std::string, size_t> family_of_;  // kernel name -> index into progress_.families
  RoundTaker rounds_;
  CompileAhead compiles_;  // last: its threads end before what they use
};

}  // namespace scantune
