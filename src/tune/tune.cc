#include "tune/tune.h"

#include <utility>

#include "core/digest.h"
#include "tune/run.h"

namespace scantune {

Expected<Outcome> tune(Device& device, Compiler& compiler, const Workload& workload,
                       const std::vector<Candidate>& candidates, Strategy& strategy, const TuneOptions& options,
                       Provenance provenance, Observer& observer, std::stop_token stop) {
  if (auto fits = check_memory(device, workload); !fits) {
    return tl::unexpected(fits.error());
  }
  const auto started = std::chrono::steady_clock::now();
  auto session = device.open(workload, options.seed);
  if (!session) {
    return tl::unexpected(session.error());
  }

  Outcome outcome{.workload = workload,
                  .device = device.info(),
                  .protocol = options.protocol,
                  .provenance = std::move(provenance),
                  .seed = options.seed,
                  .records = {},
                  .rounds = {},
                  .ranking = {},
                  .winner = {},
                  .equivalents = {},
                  .baseline = {},
                  .copy_time_ns = {},
                  .stopped = StopReason::complete,
                  .stop_detail = {},
                  .spent = {}};
  {
    Run run(**session, compiler, candidates, strategy, options, outcome, observer, std::move(stop));
    run.search();
    run.final();
    run.conclude();
    run.profile();
  }
  outcome.spent.total_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();

  outcome.provenance.device = outcome.device.id;
  outcome.provenance.uuid = outcome.device.uuid;
  outcome.provenance.driver = outcome.device.driver;
  outcome.provenance.compiler = outcome.device.compiler;
  outcome.provenance.protocol = digest(options.protocol);
  if (outcome.winner) {
    outcome.provenance.source = outcome.records[static_cast<size_t>(*outcome.winner)].source_digest;
  }
  return outcome;
}

}  // namespace scantune
