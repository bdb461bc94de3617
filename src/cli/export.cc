// scantune export: writes what was tuned for other builds.
#include "exports/export.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/options.h"
#include "cli/suggest.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cuda/cuda.h"
#include "exports/notice.h"
#include "exports/select.h"
#include "exports/usable.h"
#include "exports/writer.h"
#include "report/text.h"
#include "store/file.h"
#include "wire/best_json.h"

namespace scantune::cli {
namespace {

using exports::Pick;
using report::plural;

void note(const std::string& text) {
  print(stderr, "scantune: " + exports::one_line(text) + "\n", text_style(stderr, false));
}

void say(const std::string& text) { print(stdout, text, text_style(stdout, false)); }

int list_formats() {
  Table table{{"format", "what it is"}, {}};
  for (const exports::Format& format : exports::formats()) {
    table.rows.push_back({std::string(format.name), std::string(format.summary)});
  }
  say(to_text(table));
  return kDone;
}

Expected<const exports::Format*> format_of(const ExportCommand& command) {
  if (!command.format) {
    return bad_input("export: --format is missing; scantune export --list names the formats");
  }
  auto format = exports::find_format(*command.format);
  if (format) {
    return format;
  }
  std::vector<std::string> known;
  for (const exports::Format& one : exports::formats()) {
    known.emplace_back(one.name);
  }
  const std::string hint = closest(*command.format, known);
  return hint.empty() ? format : bad_input("{}; did you mean {}?", format.error().message, hint);
}

Expected<Pick> pick_of(const ExportCommand& command) {
  Pick pick;
  for (const std::string& shape : command.shapes) {
    const auto extents = parse_extents(shape);
    if (!extents) {
      return at_option("--shape", shape, extents.error());
    }
    pick.shapes.push_back(*extents);
  }
  if (command.dim) {
    int dim = 0;
    const char* const end = command.dim->data() + command.dim->size();
    const auto [stop, error] = std::from_chars(command.dim->data(), end, dim);
    if (command.dim->empty() || error != std::errc() || stop != end) {
      return bad_input("--dim {}: not a dimension; write an integer, such as 0 or -1", *command.dim);
    }
    pick.dim = dim;
  }
  if (command.dtype) {
    const auto dtype = parse_dtype(*command.dtype);
    if (!dtype) {
      return at_option("--dtype", *command.dtype, dtype.error());
    }
    pick.dtype = *dtype;
  }
  pick.chip = command.chip;
  return pick;
}

// The entries of the best file that were asked for.
Expected<exports::ExportInput> input_of(const ExportCommand& command) {
  const auto pick = pick_of(command);
  if (!pick) {
    return tl::unexpected(pick.error());
  }
  const std::string file = command.best.value_or(std::string(kDefaultOut));
  const auto text = store::read_file(file);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const auto entries =
      wire::parse_best(*text).and_then([&](const std::vector<BestEntry>& all) { return exports::select(all, *pick); });
  if (!entries) {
    return fail(entries.error().kind, "{}: {}", file, entries.error().message);
  }
  return exports::export_input(*text, *entries);
}

Expected<int> write(const ExportCommand& command) {
  const auto format = format_of(command);
  if (!format) {
    return tl::unexpected(format.error());
  }
  if (!command.out) {
    return bad_input("export: --out is missing; name the folder to write to with --out DIR");
  }
  auto input = input_of(command);
  if (!input) {
    return tl::unexpected(input.error());
  }
  if ((*format)->kernels) {
    exports::Usable usable = exports::usable_entries(input->entries);
    for (const std::string& text : usable.notes) {
      note(text);
    }
    if (usable.entries.empty()) {
      return bad_input("export --format {}: nothing is left to export; tune on a GPU with this scantune",
                       (*format)->name);
    }
    input->entries = std::move(usable.entries);
  }
  std::array<std::unique_ptr<Compiler>, 2> compilers;  // to cubins and to PTX
  for (const bool ptx : {false, true}) {
    if (!(*format)->compiles) {
      break;
    }
    cuda::CompilerOptions options;
    options.image = ptx ? cuda::CompilerOptions::Image::ptx : cuda::CompilerOptions::Image::cubin;
    options.cache_dir = command.cache_dir ? std::filesystem::path(*command.cache_dir) : default_cache_dir();
    auto made = cuda::make_compiler(options);
    if (!made) {
      return tl::unexpected(made.error());
    }
    compilers.at(ptx ? 1 : 0) = *std::move(made);
    (ptx ? input->ptx_compiler : input->compiler) = compilers.at(ptx ? 1 : 0).get();
  }
  const auto files = (*format)->make(*input);
  if (!files) {
    return tl::unexpected(files.error());
  }
  const auto written = exports::write_export(*command.out, (*format)->name, *input, *files);
  if (!written) {
    return tl::unexpected(written.error());
  }
  std::string text = fmt::format("{}: {} of {}", *command.out, plural(written->files.size(), "file"),
                                 plural(input->entries.size(), "tuned workload"));
  if (written->unchanged > 0) {
    text += fmt::format(", {} unchanged", written->unchanged);
  }
  if (!written->removed.empty()) {
    text += fmt::format(", {} of an earlier export removed", written->removed.size());
  }
  say(text + "\n");
  for (const std::string& name : written->files) {
    say("  " + name + "\n");
  }
  return kDone;
}

}  // namespace

int run(const ExportCommand& command) {
  if (command.list) {
    return list_formats();
  }
  const auto code = write(command);
  return code ? *code : report_error(code.error());
}

}  // namespace scantune::cli
