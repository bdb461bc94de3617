// scantune export.
#include <memory>

#include "cli/arguments.h"

namespace scantune::cli {
namespace {

constexpr const char* kHead =
    "scantune export: writes what was tuned for other builds, as source, tables or machine code.\n"
    "\n"
    "Usage: scantune export --format NAME --out DIR [options]\n"
    "       scantune export --list\n"
    "\n"
    "Examples:\n"
    "  scantune export --format cmake --out third_party/scantune_kernels\n"
    "  scantune export --best results/h200-standard.json --format header --out include\n"
    "  scantune export --format csv --out tables --dtype f32 --chip GH100\n";

constexpr const char* kTail =
    "\nFiles that scantune did not write, or that were changed since, are never replaced: docs/export.md.\n"
    "Exit codes: 0 done, 2 bad input or environment.\n";

}  // namespace

Subcommand export_arguments(CLI::App& root) {
  auto command = std::make_shared<ExportCommand>();
  ExportCommand& wanted = *command;
  CLI::App* app = root.add_subcommand("export", "export");
  add_texts(*app, "--shape", wanted.shapes, "AxBx...", kWhat, "only entries of this shape; repeatable");
  add_text(*app, "--dim", wanted.dim, "N", kWhat, "only entries that sum along this dimension");
  add_text(*app, "--dtype", wanted.dtype, "TYPE", kWhat, "only entries of this element type");
  add_text(*app, "--chip", wanted.chip, "NAME", kWhat, "only entries of this chip: NVIDIA H200, GH100 or sm_90");
  add_text(*app, "--best", wanted.best, "FILE", kOutput, "the best file (default results/best.json)");
  add_text(*app, "--format", wanted.format, "NAME", kOutput, "what to write; --list names the formats");
  add_text(*app, "--out", wanted.out, "DIR", kOutput, "the folder to write to; it is created");
  add_text(*app, "--cache-dir", wanted.cache_dir, "DIR", kOutput, "compiled kernels (default ~/.cache/scantune)");
  add_flag(*app, "--list", wanted.list, kOutput, "the formats");
  return {app, kHead, kTail, [command] { return *command; }};
}

}  // namespace scantune::cli
