#include "gate/measure.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "catalog/catalog.h"
#include "gate/check.h"
#include "stats/stats.h"
#include "wire/best_json.h"

namespace scantune::gate {
namespace {

constexpr size_t kFewestRounds = 2;      // of a baseline: of fewer nothing is known of its noise
constexpr int kFewestSessions = 2;       // of an A/A run
constexpr int kFewestSessionRounds = 5;  // a session's level is their median

// Why a stored variant is none of the family's, empty where it is one.
std::string misfit(const Kernel& kernel, const Variant& variant, const Workload& workload, const Chip& chip) {
  if (std::string refusal = kernel.refuses(workload, chip); !refusal.empty()) {
    return refusal;
  }
  if (std::string foreign = foreign_parameters(kernel, variant, workload, chip); !foreign.empty()) {
    return foreign;
  }
  return broken_constraint(kernel, variant, workload, chip);
}

}  // namespace

Expected<Compiled> compile_stored(Compiler& compiler, const Workload& workload, const Variant& variant,
                                  const Chip& chip) {
  const auto kernel = find_kernel(variant.kernel, chip.backend);
  if (!kernel) {
    return bad_input("the stored variant is of a family that this scantune lacks: {}; tune again", variant.kernel);
  }
  if (const std::string why = misfit(**kernel, variant, workload, chip); !why.empty()) {
    return bad_input("the stored variant is none of this scantune's {}: {}; tune again", variant.kernel, why);
  }
  return Compiled{*kernel, source_digest(**kernel), compiler.compile(**kernel, workload, variant, chip)};
}

Expected<std::unique_ptr<Session>> open_session(Device& device, const Workload& workload, uint64_t seed) {
  return check_memory(device, workload).and_then([&] { return device.open(workload, seed); });
}

bool is_fault_of_machine(const Failure& failure) {
  return failure.kind == FailureKind::device || failure.kind == FailureKind::out_of_memory ||
         failure.kind == FailureKind::compile_timeout;
}

std::vector<std::string> metrics_of(const std::optional<Profile>& profile) {
  std::vector<std::string> names;
  if (profile && !profile->launches.empty()) {
    for (const MetricValue& metric : profile->launches.front().metrics) {
      names.push_back(metric.requested);
    }
  }
  return names;
}

int64_t bytes_in_flight_per_sm(const Variant& variant, const Workload& workload, const Chip& chip,
                               const std::vector<EntryResources>& resources) {
  const auto kernel = find_kernel(variant.kernel, chip.backend);
  if (!kernel || (*kernel)->estimate == nullptr || resources.empty()) {
    return 0;
  }
  const int blocks = std::ranges::min(resources, {}, &EntryResources::blocks_per_sm).blocks_per_sm;
  return blocks * (*kernel)->estimate(variant, workload, chip).bytes_in_flight_per_block;
}

std::string key_of(const BestEntry& entry) { return wire::best_key(entry.workload, entry.chip); }

std::vector<double> ratios_of_winner(const BestEntry& entry) {
  const std::vector<double> finals = stats::pairs_of(entry.rounds, Phase::final, 0).ratio;
  return finals.empty() ? stats::pairs_of(entry.rounds, Phase::screen, 0).ratio : finals;
}

std::string not_comparable(const BestEntry& entry, const DeviceInfo& device, const CheckRule& rule) {
  const Chip& then = entry.chip;
  const Chip& now = device.chip;
  if (then.name != now.name) {
    return fmt::format("the baseline is of another chip: {}, and this is {}; record one here", then.name, now.name);
  }
  if (then.multiprocessors != now.multiprocessors || then.cache_bytes != now.cache_bytes) {
    return fmt::format(
        "the baseline is of another part of this chip: {} SMs and {} MiB of cache, and this has {} and {} (MIG?); "
        "record one here",
        then.multiprocessors, then.cache_bytes >> 20, now.multiprocessors, now.cache_bytes >> 20);
  }
  if (digest(entry.protocol) != digest(Protocol{})) {
    return fmt::format("the baseline was measured under another protocol (version {}, this is version {}); tune again",
                       entry.protocol.version, Protocol{}.version);
  }
  const size_t rounds = ratios_of_winner(entry).size();
  if (rounds < kFewestRounds) {
    return fmt::format("the baseline has {} rounds of its winner, and {} are needed; tune again", rounds,
                       kFewestRounds);
  }
  (void)look_confidence(rule);  // throws what is no rule
  return {};
}

Expected<AaRun> measure_noise(Device& device, Compiler& compiler, const BestEntry& entry, const AaOptions& options,
                              const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  if (std::string why = not_comparable(entry, device.info(), options.rule); !why.empty()) {
    return fail(ErrorKind::failed, "{}", why);
  }
  const Variant& variant = entry.contenders.front().variant;
  const auto compiled = compile_stored(compiler, entry.workload, variant, device.info().chip);
  if (!compiled) {
    return tl::unexpected(compiled.error());
  }
  if (!compiled->artifact) {
    return fail(ErrorKind::failed, "it does not compile: {}", compiled->artifact.error().what);
  }
  AaRun run;
  Sessions ratios;
  while (std::cmp_less(run.sessions.size(), options.sessions)) {
    // A session takes as long as the last one did; the limit counts once there is something to say.
    const double each = run.sessions.empty() ? 0 : seconds() / static_cast<double>(run.sessions.size());
    if (std::cmp_greater_equal(run.sessions.size(), kFewestSessions) && seconds() + each > options.time_s) {
      break;
    }
    options.progress(fmt::format("session {} of {}", run.sessions.size() + 1, options.sessions));
    auto session = open_session(device, entry.workload, options.seed);
    if (!session) {
      return tl::unexpected(session.error());
    }
    RoundTaker taker(entry.workload, device.info().chip.backend, entry.protocol, options.seed + run.sessions.size());
    const RoundsEnd warm = taker.warm_up(**session, stop);
    const auto handle = (*session)->load(*compiled->artifact);
    if (warm.kind == RoundsEnd::Kind::device_lost || !handle) {
      return fail(ErrorKind::device_lost, "{}", handle ? warm.failure.what : handle.error().what);
    }
    if (const auto verified = (*session)->verify(*handle); !verified) {
      return fail(ErrorKind::failed, "it does not verify: {}", verified.error().what);
    }
    std::vector<Round> rounds;
    // Disturbed rounds are taken again, a quarter of all at most.
    for (int taken = 0; std::cmp_less(rounds.size(), options.rounds) && taken < 2 * options.rounds; ++taken) {
      const bool enough = std::cmp_greater_equal(rounds.size(), kFewestSessionRounds) &&
                          std::cmp_greater_equal(run.sessions.size() + 1, kFewestSessions);
      if (enough && seconds() > options.time_s) {
        break;
      }
      RoundsEnd end = taker.take(**session, Phase::final, {{0, *handle}}, stop);
      if (end.kind == RoundsEnd::Kind::stopped) {
        return fail(ErrorKind::failed, "interrupted");
      }
      if (end.kind != RoundsEnd::Kind::complete && end.kind != RoundsEnd::Kind::discarded) {
        return fail(ErrorKind::device_lost, "{}", end.failure.what);
      }
      if (end.kind == RoundsEnd::Kind::complete) {
        rounds.push_back(std::move(end.round));
      }
    }
    ratios.push_back(stats::pairs_of(rounds, Phase::final, 0).ratio);
    run.sessions.push_back(std::move(rounds));
  }
  run.noise =
      noise_of(ratios, options.rule, static_cast<int>(ratios_of_winner(entry).size()), options.draws, options.seed);
  run.noise.key = key_of(entry);
  run.noise.variant = to_string(variant);
  return run;
}

}  // namespace scantune::gate
