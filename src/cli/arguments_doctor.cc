// scantune doctor.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune doctor: what on this machine stands in the way of tuning, and what to do about it.\n"
    "\n"
    "Usage: scantune doctor [options]\n"
    "\n"
    "  A line a subject: ok, degraded (tuning works, but not all of it) or broken, with the remedy.\n"
    "  Reads one counter of each GPU, and leaves nothing behind.\n"
    "\n"
    "Examples:\n"
    "  scantune doctor\n"
    "  scantune doctor --out /data/best.json --cache-dir /scratch/cubins\n"
    "  scantune doctor --format json\n";

constexpr const char* kTail = "\nExit codes: 0 nothing is broken, 1 something is, 2 bad input.\n";

}  // namespace

Subcommand doctor_arguments(CLI::App& root) {
  auto command = std::make_shared<DoctorCommand>();
  DoctorCommand& doctor = *command;
  CLI::App* app = root.add_subcommand("doctor", "doctor");
  add_text(*app, "--cache-dir", doctor.cache_dir, "DIR", kWhere, "the cache that a run would use");
  add_text(*app, "--out", doctor.out, "FILE", kWhere, "the best file that a run would write");
  add_text(*app, "--format", doctor.format, "text|json", kOutput, "what standard output gets");
  return {app, kHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
