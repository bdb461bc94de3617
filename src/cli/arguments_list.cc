// scantune list.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune list: shows what there is to tune with.\n"
    "\n"
    "Usage: scantune list devices|kernels|variants|metrics|dtypes [options]\n"
    "\n"
    "  devices    the GPUs and the CPU of this machine\n"
    "  kernels    the kernel families, their parameters and the values each takes\n"
    "  variants   every variant that would be tried, one a line, as --kernels and --set accept them\n"
    "  metrics    hardware counters and their passes; with --chip also of GPUs that are not here\n"
    "  dtypes     element types\n"
    "\n"
    "Examples:\n"
    "  scantune list kernels\n"
    "  scantune list variants --shape 4096x4096 --device cpu\n"
    "  scantune list metrics --chip GH100\n";

constexpr const char* kTail = "\nExit codes: 0 done, 2 bad input or environment.\n";

}  // namespace

Subcommand list_arguments(CLI::App& root) {
  auto command = std::make_shared<ListCommand>();
  ListCommand& list = *command;
  CLI::App* app = root.add_subcommand("list", "list");
  Target& target = list.target;
  app->add_option("topic", list.topic)->group("");
  add_texts(*app, "--shape", target.shapes, "AxBx...", kWhat,
            "kernels, variants: for this shape (default 32768x32768)");
  add_text(*app, "--dim", target.dim, "N", kWhat, "kernels, variants: scanned dimension (default -1)");
  add_text(*app, "--dtype", target.dtype, "TYPE", kWhat, "kernels, variants: element type (default f32)");
  add_text(*app, "--accumulate", target.accumulate, "TYPE", kWhat, "kernels, variants: the type of sums (i64 for i32)");
  add_text(*app, "--kernels", target.kernels, "A,B", kWhat, "variants: only these families");
  add_texts(*app, "--set", target.settings, "P=V,V", kWhat, "variants: only these values of a parameter; repeatable");
  add_text(*app, "--space", target.space, "FILE", kWhat, "variants: of a JSON space of your own (docs/tune.md)");
  add_flag(*app, "--no-prune", target.no_prune, kWhat, "variants: also what cannot be best (docs/tune.md)");
  add_text(*app, "--device", target.device, "NAME", kWhere,
           "for auto, cuda:N, cpu or replay:JOURNAL (not topics devices, dtypes)");
  add_text(*app, "--chip", list.chip, "NAME", kWhere,
           "for a GPU that is not here, by code name, such as GH100 or GB202");
  add_text(*app, "--metrics", list.metrics, "A,B", kOutput,
           "metrics: only these: core, seed, stalls, memory, full, names, lts__*");
  add_flag(*app, "--all", list.all, kOutput, "metrics: all of the chip's; variants: those ruled out, too");
  add_text(*app, "--format", list.format, "text|json", kOutput, "what standard output gets");
  return {app, kHead, kTail, [command] { return *command; },
          [command] { return command->topic.empty() ? "TOPIC" : command->topic; }};
}

}  // namespace scantune::cli
