// A run small enough to be read, with something of everything a file can hold: a winner, an
// equivalent, a baseline of several launches, a variant that did not fit and one that was ruled
// out, counters that were read, renamed and not permitted.
#pragma once

#include "core/outcome.h"

namespace scantune::testing_example {

inline Variant row_carry(int64_t tile, int64_t stages) {
  return {"row_carry", {{"tile", tile}, {"warps", 16}, {"stages", stages}, {"load", std::string("vector")}}};
}

inline Record measured(Variant variant, std::vector<EntryResources> resources, std::optional<Profile> profile) {
  Record record;
  record.variant = std::move(variant);
  record.compiled = true;
  record.compile_s = 0.8125;
  record.verified = true;
  record.resources = std::move(resources);
  record.bytes_in_flight_per_sm = 98304;
  record.profile = std::move(profile);
  record.source_digest = "06b05ab6733a618578af5f94892f3950";
  return record;
}

inline EntryResources launch(std::string entry, int registers, int64_t dynamic_shared_bytes) {
  return {.entry = std::move(entry),
          .registers_per_thread = registers,
          .static_shared_bytes = 80,
          .dynamic_shared_bytes = dynamic_shared_bytes,
          .spill_bytes = 0,
          .block_threads = 512,
          .grid_blocks = 32768,
          .blocks_per_sm = 3};
}

inline Profile counters() {
  const std::string denied =
      "not permitted: run as root, or load the nvidia module with "
      "NVreg_RestrictProfilingToAdminUsers=0";
  return {{{"scantune::row_carry",
            {{"dram__bytes_read.sum", "dram__bytes_read.sum", 4295032832.0, "bytes", ""},
             {"dram__throughput.avg.pct_of_peak_sustained_elapsed",
              "dram__throughput.avg.pct_of_peak_sustained_elapsed", 88.93, "%", ""},
             {"smsp__warp_issue_stalled_long_scoreboard_per_warp_active.pct",
              "smsp__average_warps_issue_stalled_long_scoreboard_per_issue_active.pct", 97.125, "%", ""},
             {"lts__t_sector_hit_rate.pct", "lts__t_sector_hit_rate.pct", std::nullopt, "%", denied}}}}};
}

inline Outcome outcome() {
  Outcome outcome;
  outcome.workload = {.shape = *make_shape({32768, 32768}, 1), .dtype = DType::f32, .accumulator = DType::f32};
  outcome.device = {.chip = *reference_chip(90),
                    .id = "cuda:0",
                    .uuid = "GPU-5c0a5e6e-8c2f-4a55-9b1e-0d3f5a7b9c11",
                    .driver = "580.159",
                    .compiler = "NVRTC 13.0",
                    .memory_bytes = 150754820096,
                    .free_bytes = 150100000768};
  outcome.provenance = {.tool_version = "0.1.0",
                        .time = "2025-11-22T16:51:07Z",
                        .host = "node17",
                        .device = "cuda:0",
                        .uuid = outcome.device.uuid,
                        .driver = outcome.device.driver,
                        .compiler = outcome.device.compiler,
                        .protocol = digest(outcome.protocol),
                        .source = "06b05ab6733a618578af5f94892f3950"};
  outcome.seed = 1;
  outcome.records = {
      measured(row_carry(16384, 2), {launch("scantune::row_carry<float, float, 16384, 16, 2>", 72, 65536)}, {}),
      measured(row_carry(8192, 3), {launch("scantune::row_carry<float, float, 8192, 16, 3>", 40, 98304)}, counters()),
      measured({"three_pass", {{"tile", 4096}, {"warps", 8}, {"stages", 1}}},
               {launch("scantune::block_sums<float, float, 4096, 8>", 32, 0),
                launch("scantune::prefix_of_sums<float>", 24, 0),
                launch("scantune::cumsum_with_prefix<float, float, 4096, 8, 1>", 48, 16384)},
               {}),
  };
  Record spilled = measured(row_carry(65536, 4), {}, {});
  spilled.compiled = false;
  spilled.verified = false;
  spilled.failure = Failure{FailureKind::compile, "ptxas: 512 threads of 160 registers do not fit an SM"};
  Record ruled_out;
  ruled_out.variant = row_carry(64, 2);
  ruled_out.failure = Failure{FailureKind::constraint, "a tile is at least one 16-byte access a thread"};
  outcome.records.push_back(spilled);
  outcome.records.push_back(ruled_out);
  outcome.rounds = {
      {Phase::screen, {{kCopy, 2002112}, {0, 2026432.5}, {1, 2024000}, {2, 3081216}, {kCopy, 2001984}}},
      {Phase::final, {{kCopy, 2002048}, {1, 2018304}, {0, 2021120}, {2, 3080320}, {kCopy, 2001920}}},
      {Phase::final, {{2, 3079936}, {kCopy, 2002176}, {0, 2021888}, {kCopy, 2002048}, {1, 2018560.25}}},
  };
  outcome.ranking = {
      {1, Phase::final, {2018432.125, 2018304, 2018560.25}, {0.9918, 0.9917, 0.9919}},
      {0, Phase::final, {2021504, 2021120, 2021888}, {0.9904, 0.9902, 0.9906}},
      {2, Phase::final, {3080128, 3079936, 3080320}, {0.65, 0.6499, 0.6501}},
  };
  outcome.winner = 1;
  outcome.equivalents = {0};
  outcome.baseline = 2;
  outcome.copy_time_ns = {2002048, 2001920, 2002176};
  outcome.spent = {
      .compile_s = 2.4375, .unasked_s = 0.625, .verify_s = 0.75, .measure_s = 0.5, .profile_s = 1.25, .total_s = 4.5};
  return outcome;
}

// As on a machine without a GPU: many members do not apply.
inline Outcome cpu_outcome() {
  Outcome outcome;
  outcome.workload = {.shape = *make_shape({3, 1000, 7}, 1),
                      .dtype = DType::bf16,
                      .accumulator = DType::f32,
                      .cache = CacheState::hot,
                      .deterministic = true};
  outcome.device.chip = {.backend = Backend::cpu,
                         .name = "AMD EPYC 9755 x 2 cores",
                         .code_name = "avx512",
                         .multiprocessors = 2,
                         .cache_bytes = 33554432};
  outcome.device.id = "cpu";
  outcome.provenance.tool_version = "0.1.0";
  outcome.provenance.time = "2025-11-22T16:51:07Z";
  outcome.seed = 18446744073709551615U;
  Record& record = outcome.records.emplace_back();
  record.variant = {"cpu_two_pass", {{"tile", 4096}, {"threads", 2}}};
  record.compiled = record.verified = true;
  outcome.rounds = {{Phase::screen, {{0, 812.5}, {kCopy, 800}}}};
  outcome.ranking = {{0, Phase::screen, {812.5, 812.5, 812.5}, {0.98, 0.98, 0.98}}};
  outcome.winner = 0;
  outcome.baseline = 0;
  outcome.copy_time_ns = {800, 800, 800};
  outcome.stopped = StopReason::interrupted;
  outcome.stop_detail = "Ctrl-C";
  return outcome;
}

inline BestEntry entry() { return best_entry(outcome()); }
inline BestEntry cpu_entry() { return best_entry(cpu_outcome()); }

}  // namespace scantune::testing_example
