// The command line as values: what was typed, not yet checked. The only place that knows CLI11.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/expected.h"

namespace scantune::cli {

// Which workload, which device. An option that was not given is empty.
struct Target {
  std::vector<std::string> shapes;
  std::optional<std::string> dim;
  std::optional<std::string> dtype;
  std::optional<std::string> accumulate;
  std::optional<std::string> cache;
  bool deterministic = false;
  std::optional<std::string> device;
  std::optional<std::string> kernels;
  std::vector<std::string> settings;  // "tile=4096,8192"
  std::optional<std::string> space;
  bool no_prune = false;
};

// scantune --shape ...
struct TuneCommand {
  Target target;
  std::optional<std::string> suite;
  std::optional<std::string> metrics;
  std::optional<std::string> profiled;
  std::optional<std::string> budget;
  std::optional<std::string> seed;
  std::optional<std::string> out;
  std::optional<std::string> cache_dir;
  std::optional<std::string> journal;
  std::optional<std::string> format;
  bool fresh = false;
  bool retry_failed = false;
  bool in_process = false;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
};

// scantune list TOPIC
struct ListCommand {
  std::string topic;
  Target target;
  std::optional<std::string> chip;
  std::optional<std::string> format;
  bool all = false;
};

// scantune journal VERB [FILE...]
struct JournalCommand {
  std::string verb;
  std::vector<std::string> files;
  std::optional<std::string> context;
  std::optional<std::string> kind;
  std::optional<std::string> variant;
  std::optional<std::string> tail;
  std::optional<std::string> out;
  std::optional<std::string> format;
};

// scantune report FILE...
struct ReportCommand {
  std::vector<std::string> files;
  std::optional<std::string> out;
  std::optional<std::string> format;
};

// scantune doctor
struct DoctorCommand {
  std::optional<std::string> cache_dir;
  std::optional<std::string> out;
  std::optional<std::string> format;
};

// scantune compile-server: hidden, started by the tool itself.
struct CompileServerCommand {};

// scantune worker --device D: hidden, too; serves a device to the process that started it.
struct WorkerCommand {
  std::string device;
  std::string cache_dir;
};

// Help or the version: text for standard output.
struct SayCommand {
  std::string text;
};

using Command = std::variant<TuneCommand, ListCommand, JournalCommand, ReportCommand, DoctorCommand,
                             CompileServerCommand, WorkerCommand, SayCommand>;

// An error is one line that names the argument. Touches no device and builds no catalog.
Expected<Command> parse_command_line(int argc, const char* const* argv);

}  // namespace scantune::cli
