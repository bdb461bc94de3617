// A device that answers from a journal (--device replay:FILE): what was measured on one machine is tuned, searched and
// compared again on another, without the device. docs/search.md says how far its answers go.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/device.h"
#include "device/recording.h"

namespace scantune::replay {

// Answers with what was recorded, and compiles nothing. The build digest of a variant is the recorded one, and empty
// where the variant was not recorded for the workload: its compilation fails then (FailureKind::not_recorded).
std::unique_ptr<Compiler> make_compiler(std::shared_ptr<Recording> recording);

// A metric by the name that is asked for, from what was recorded of a launch and its resources (null where these were
// not); nothing where that does not tell.
using MetricReader = std::function<std::optional<MetricValue>(const std::string& name, const LaunchProfile& recorded,
                                                              const EntryResources* resources)>;

// By the name that was asked for then, or the one it was read by.
std::optional<MetricValue> as_recorded(const std::string& name, const LaunchProfile& recorded,
                                       const EntryResources* resources);

// The recorded device. A session answers
//   load, verify   with the recorded resources, or the recorded failure
//   round          with recorded samples, each once, in the order they were taken. A variant's sample keeps its ratio
//   to
//                  the copies of its own round: where that is not the round whose copies answer for the copy, its time
//                  is scaled by what the copies took in the two. Beyond the recorded samples of a variant that did not
//                  fail one of them is drawn again (a bootstrap; the seed is the session's): see Session::resampled
//   profile        with the recorded counters, as `read` reads a name from them; missing ones have no value and a
//   reason
// A variant without what is asked for fails with FailureKind::not_recorded.
std::unique_ptr<Device> make_device(std::shared_ptr<Recording> recording, MetricReader read = as_recorded);

}  // namespace scantune::replay
