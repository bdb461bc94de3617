// One run of the tuning loop, step by step. tune() is its only caller.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tune/compile_ahead.h"
#include "tune/rounds.h"
#include "tune/tune.h"

namespace scantune {

class Run {
 public:
  Run(Session& session, Compiler& compiler, const std::vector<Candidate>& candidates, Strategy& strategy,
      const TuneOptions& options, Outcome& outcome, Observer& observer, std::stop_token stop);

  // Compile, verify and screen what the strategy asks for; then the final; then the counters.
  void search();
  void final();
  void profile();

  // Fills in ranking, winner, equivalents, baseline and the copy's time from what is known.
  void conclude();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] double elapsed_s() const;
  [[nodiscard]] bool stopping();
  [[nodiscard]] bool lost() const { return outcome_.stopped == StopReason::device_lost; }
  [[nodiscard]] bool out_of_budget() const;
  [[nodiscard]] bool all_done() const;
  [[nodiscard]] double final_estimate_s() const;

  void ask_for_more();
  void accept(CompileAhead::Done done);
  void screen_batch();
  void fail(int record, Failure failure);
  void lose(const std::string& what);
  void tell(int record, What what);
  void tell_measured(int record, Phase phase);
  bool take_rounds(Phase phase, std::vector<Loaded>& batch, int wanted, int minimum, double time_s);
  [[nodiscard]] std::vector<Loaded> finalists() const;
  [[nodiscard]] bool is_baseline(int record) const;
  [[nodiscard]] std::optional<int> best_baseline(const std::vector<Standing>& standings) const;
  [[nodiscard]] std::vector<Standing> standings(Phase phase) const;
  void report(Progress::Stage stage);

  Session& session_;
  const std::vector<Candidate>& candidates_;
  Strategy& strategy_;
  const TuneOptions& options_;
  Outcome& outcome_;
  Observer& observer_;
  std::stop_token stop_;
  const Clock::time_point started_ = Clock::now();

  std::map<std::string, int> record_of_;  // variant spelling -> index into candidates and records
  std::map<int, Handle> handles_;         // verified records
  std::vector<Loaded> ready_;             // verified, to be screened
  int measured_ = 0;
  bool strategy_done_ = false;
  bool final_held_ = false;
  Progress progress_;
  std::map<std::string, size_t> family_of_;  // kernel name -> index into progress_.families
  RoundTaker rounds_;
  CompileAhead compiles_;  // last: its threads end before what they use
};

}  // namespace scantune
