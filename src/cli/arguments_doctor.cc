// scantune doctor.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune doctor: what on this machine stands in the way of tuning, or of trusting it, and what to do.\n"
    "\n"
    "Usage: scantune doctor [options]\n"
    "\n"
    "  A line a subject: ok, degraded (tuning works, but not all of it) or broken, with the remedy. Reads one counter\n"
    "  of each GPU, and leaves nothing behind.\n"
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
  add_text(*app, "--cache-dir", doctor.cache_dir, "DIR", kWhere, "the cache a run would use (default as of a run)");
  add_text(*app, "--out", doctor.out, "FILE", kWhere, "the best file a run would write (default results/best.json)");
  add_text(*app, "--format", doctor.format, "text|json", kOutput, "what standard output gets");
  return {app, kHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
