#include "gate/staleness.h"

#include <algorithm>
#include <cmath>

#include "catalog/catalog.h"
#include "wire/best_json.h"

namespace scantune::gate {
namespace {

// "580" of "580.159.04"; "6" of "6.1.0-18-amd64".
std::string major_of(const std::string& version) { return version.substr(0, version.find('.')); }

Aspect compared(const std::string& what, const std::string& then, const std::string& now, const std::string& text) {
  return {what, then == now ? AspectState::holds : AspectState::stale, then, now, then == now ? "" : text};
}

Aspect unknown(const std::string& what, const std::string& then, const std::string& why) {
  return {what, AspectState::unknown, then, "", why};
}

// What a variant is built from, as far as the catalog knows: its family, its parameters, its sources.
Aspect source_aspect(const BestEntry& entry, const Contender& winner) {
  const char* const what = "kernel source";
  const auto kernel = find_kernel(winner.variant.kernel, entry.chip.backend);
  if (!kernel) {
    return {what, AspectState::stale, winner.source_digest, "",
            fmt::format("this scantune has no kernel {}", winner.variant.kernel)};
  }
  if (const std::string foreign = foreign_parameters(**kernel, winner.variant, entry.workload, entry.chip);
      !foreign.empty()) {
    return {what, AspectState::stale, winner.source_digest, "", fmt::format("{}: {}", winner.variant.kernel, foreign)};
  }
  if (winner.source_digest.empty()) {
    return unknown(what, "", "the file does not say what it was built from");
  }
  return compared(what, winner.source_digest, source_digest(**kernel),
                  fmt::format("the sources of {} changed", winner.variant.kernel));
}

Aspect build_aspect(const BestEntry& entry, const Contender& winner, const Here& here, bool same_source,
                    bool same_compiler) {
  const char* const what = "build options";
  const bool gpu = entry.chip.backend == Backend::cuda;
  const Compiler* const compiler = gpu ? here.cuda : here.cpu;
  if (winner.build.empty()) {
    return unknown(what, "", "the file is of before build digests were kept");
  }
  if (compiler == nullptr) {
    return unknown(what, winner.build, gpu ? "NVRTC is missing here" : "no compiler");
  }
  if (!same_source || !same_compiler) {
    return unknown(what, winner.build, "not told apart from the change of sources or compiler");
  }
  const Kernel& kernel = **find_kernel(winner.variant.kernel, entry.chip.backend);
  return compared(what, winner.build, compiler->build_digest(kernel, entry.workload, winner.variant, entry.chip),
                  "it is built with other options, or by another build of the compiler");
}

Aspect compiler_aspect(const BestEntry& entry, const Here& here) {
  const bool gpu = entry.chip.backend == Backend::cuda;
  const char* const what = gpu ? "NVRTC" : "compiler";
  const std::string& now = gpu ? here.cuda_name : here.cpu_name;
  const std::string& then = entry.provenance.compiler;
  if (then.empty() || now.empty()) {
    return unknown(what, then, then.empty() ? "the file does not say" : "NVRTC is missing here");
  }
  return compared(what, then, now, fmt::format("built by {} then, {} now", then, now));
}

Aspect driver_aspect(const BestEntry& entry, const DeviceInfo* device, const std::string& absent) {
  const char* const what = "driver";
  const std::string& then = entry.provenance.driver;
  if (device == nullptr || then.empty()) {
    return unknown(what, then, then.empty() ? "the file does not say" : absent);
  }
  Aspect aspect = compared(what, major_of(then), major_of(device->driver),
                           fmt::format("driver {} then, {} now", then, device->driver));
  aspect.then = then;
  aspect.now = device->driver;
  return aspect;
}

Aspect chip_aspect(const BestEntry& entry, const DeviceInfo* device, const std::string& absent) {
  const char* const what = "chip";
  if (device == nullptr) {
    return unknown(what, entry.chip.name, absent);
  }
  const Chip& then = entry.chip;
  const Chip& now = device->chip;
  const auto limits = [](const Chip& chip) {
    return fmt::format("{} with {} processors and {} MiB of cache", chip.name, chip.multiprocessors,
                       chip.cache_bytes >> 20);
  };
  return compared(what, limits(then), limits(now), fmt::format("{} then, {} now", limits(then), limits(now)));
}

}  // namespace

Staleness staleness_of(const BestEntry& entry, const Here& here) {
  const Contender& winner = entry.contenders.front();
  Staleness staleness{.key = wire::best_key(entry.workload, entry.chip),
                      .workload = entry.workload,
                      .chip = entry.chip.name,
                      .variant = winner.variant,
                      .time = entry.provenance.time,
                      .aspects = {}};
  const auto found =
      std::ranges::find_if(here.devices, [&](const DeviceInfo& device) { return device.chip.name == entry.chip.name; });
  const DeviceInfo* const device = found == here.devices.end() ? nullptr : &*found;
  const std::string absent = entry.chip.backend == Backend::cuda && !here.no_gpu.empty()
                                 ? here.no_gpu
                                 : fmt::format("there is no {} here", entry.chip.name);
  const Aspect source = source_aspect(entry, winner);
  const Aspect compiler = compiler_aspect(entry, here);
  staleness.aspects = {
      source,
      build_aspect(entry, winner, here, source.state == AspectState::holds, compiler.state == AspectState::holds),
      compiler,
      driver_aspect(entry, device, absent),
      chip_aspect(entry, device, absent),
      compared("protocol", digest(entry.protocol), digest(Protocol{}),
               fmt::format("measured under other rules (protocol version {}, this is {})", entry.protocol.version,
                           Protocol{}.version))};
  return staleness;
}

int better_of(const BestEntry& a, bool a_stale, const BestEntry& b, bool b_stale, std::string* why) {
  const auto say = [&](const std::string& text) {
    if (why != nullptr) {
      *why = text;
    }
  };
  if (a_stale != b_stale) {
    say("the other is stale");
    return a_stale ? 1 : 0;
  }
  const double width_a = a.contenders.front().ratio_to_copy.relative_half_width();
  const double width_b = b.contenders.front().ratio_to_copy.relative_half_width();
  if (width_a != width_b) {
    say(fmt::format("known to ± {:.2f}%, the other to ± {:.2f}%", 100 * std::min(width_a, width_b),
                    100 * std::max(width_a, width_b)));
    return width_b < width_a ? 1 : 0;
  }
  if (a.provenance.time != b.provenance.time) {
    say("the other is older");
    return b.provenance.time > a.provenance.time ? 1 : 0;  // UTC, ISO 8601: as text
  }
  say("they do not differ in what counts");
  return 0;
}

}  // namespace scantune::gate
