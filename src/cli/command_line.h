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
  std::optional<std::string> strategy;
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
  std::optional<std::string> metrics;
  std::optional<std::string> format;
  bool all = false;
};

// What profile and compare have in common: how a few given variants are measured.
struct MeasureArguments {
  std::optional<std::string> metrics;
  std::optional<std::string> rounds;
  std::optional<std::string> repeats;
  std::optional<std::string> warm_runs;
  std::optional<std::string> seed;
  std::optional<std::string> cache_dir;
  std::optional<std::string> format;
  bool in_process = false;
  bool quiet = false;
};

// scantune profile --shape ...
struct ProfileCommand {
  Target target;
  MeasureArguments measure;
  std::optional<std::string> variant;
  std::optional<std::string> kernel;
  std::optional<std::string> best;  // empty text: the default file
  std::optional<std::string> chip;
  bool passes = false;
  bool timeline = false;
};

// scantune compare A B
struct CompareCommand {
  std::vector<std::string> sides;
  Target target;
  MeasureArguments measure;
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

// scantune check --baseline FILE ...
struct CheckCommand {
  Target target;  // shapes and device; the rest of it means nothing here
  std::optional<std::string> suite;
  std::optional<std::string> baseline;
  std::optional<std::string> against;
  bool retune = false;
  bool aa = false;
  std::optional<std::string> sessions;
  std::optional<std::string> plant;
  std::optional<std::string> threshold;
  std::optional<std::string> confidence;
  std::optional<std::string> max_time;
  std::optional<std::string> seed;
  std::optional<std::string> history;
  std::optional<std::string> commit;
  std::vector<std::string> formats;
  std::vector<std::string> outs;
  std::vector<int> out_formats;  // of each out: the index of the format given before it, -1 where none was
  std::optional<std::string> cache_dir;
  bool in_process = false;
  bool quiet = false;
  bool verbose = false;
};

// scantune verify FILE, scantune show FILE
struct VerifyCommand {
  std::vector<std::string> files;
  std::optional<std::string> format;
  bool quiet = false;
};
struct ShowCommand {
  std::vector<std::string> files;
  std::optional<std::string> format;
};

// scantune merge FILE FILE... --out FILE
struct MergeCommand {
  std::vector<std::string> files;
  std::optional<std::string> out;
};

// scantune export --format NAME --out DIR
struct ExportCommand {
  std::vector<std::string> shapes;
  std::optional<std::string> dim;
  std::optional<std::string> dtype;
  std::optional<std::string> chip;
  std::optional<std::string> best;
  std::optional<std::string> format;
  std::optional<std::string> out;
  std::optional<std::string> cache_dir;
  bool list = false;
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

using Command = std::variant<TuneCommand, ProfileCommand, CompareCommand, ReportCommand, CheckCommand, ExportCommand,
                             VerifyCommand, ShowCommand, MergeCommand, ListCommand, JournalCommand, DoctorCommand,
                             CompileServerCommand, WorkerCommand, SayCommand>;

// An error is one line that names the argument. Touches no device and builds no catalog.
Expected<Command> parse_command_line(int argc, const char* const* argv);

}  // namespace scantune::cli
