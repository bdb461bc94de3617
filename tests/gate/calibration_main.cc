// gate_calibration STUDY [DRAWS]: the error rates of checks drawn from a recorded study, as JSON, for
// scripts/gate_study.py
// --table.
#include <cstdio>
#include <cstdlib>

#include "calibration.h"

int main(int argc, char** argv) {
  namespace gate = scantune::gate;
  namespace store = scantune::store;
  namespace wire = scantune::wire;
  const auto draws = argc == 3 ? static_cast<int>(std::strtol(argv[2], nullptr, 10)) : 10'000;  // 0: no number
  if (argc < 2 || argc > 3 || draws < 1) {
    std::fputs("usage: gate_calibration results/h200-gate.json [DRAWS]\n", stderr);
    return 2;
  }
  const auto text = store::read_file(argv[1]);
  const auto studies = text ? wire::parse_studies(*text) : tl::unexpected(text.error());
  if (!studies) {
    std::fprintf(stderr, "gate_calibration: %s\n", studies.error().message.c_str());
    return 2;
  }
  std::string rows;
  for (const wire::Study& study : *studies) {
    const gate::ErrorRates rates = gate::error_rates(gate::of_study(study), draws);
    rows += fmt::format(
        R"({}{{"key": "{}", "draws": {}, "flagged": {}, "inconclusive": {}, "planted_found": {}, "slower_found": {}}})",
        rows.empty() ? "" : ",\n", study.key, draws, rates.same.flagged_share(), rates.same.inconclusive_share(),
        rates.planted.flagged_share(), rates.slower.flagged_share());
  }
  std::printf("[%s]\n", rows.c_str());
  return 0;
}
