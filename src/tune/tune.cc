#include "tune/tune.h"

#include <utility>

#include "core/digest.h"
#include "tune/run.h"

namespace scantune {

Expected<Outcome> tune(Device& device, Compiler& compiler, const Workload& workload,
                       const std::vector<Candidate>& candidates, Strategy& strategy, const TuneOptions& options,
                       Provenance provenance, Observer& observer, std::stop_token stop) {
  const DeviceInfo& info = device.info();
  provenance.device = info.id;
  provenance.uuid = info.uuid;
  provenance.driver = info.driver;
  provenance.compiler = info.compiler;
  provenance.protocol = digest(options.protocol);

  Outcome outcome;
  outcome.workload = workload;
  outcome.device = info;
  outcome.protocol = options.protocol;
  outcome.provenance = std::move(provenance);
  outcome.seed = options.seed;

  Run run(device, compiler, candidates, strategy, options, outcome, observer, std::move(stop));
  run.search();
  if (!options.search_only) {
    run.final();
  }
  run.conclude();
  if (!options.search_only) {
    run.profile();
  }
  run.end();
  if (run.error()) {
    return tl::unexpected(*run.error());
  }
  if (outcome.winner) {
    outcome.provenance.source = outcome.records[static_cast<size_t>(*outcome.winner)].source_digest;
  }
  return outcome;
}

}  // namespace scantune
