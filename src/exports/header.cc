// The format header: what cmake has, as one file.
#include "core/version.h"
#include "exports/make.h"
#include "exports/notice.h"
#include "exports/templates.h"
#include "exports/tuned.h"

namespace scantune::exports {
namespace {

constexpr std::string_view kFormat = "header";

// A header as a part of a file: without `#pragma once` and without what it includes of its own kind.
std::string part(std::string_view name, std::string_view text) {
  std::string result = fmt::format("\n// ===== {} =====\n\n", name);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line != "#pragma once" && !line.starts_with("#include \"")) {
      result += fmt::format("{}\n", line);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

}  // namespace

Expected<Export> make_header(const ExportInput& input) {
  std::string text = notice(input, kFormat, "Reverse cumulative sums, tuned: all in one header for nvcc", "// ");
  text += "#pragma once\n";
  std::string all;
  std::string tables;
  std::string functions;
  for (const TypePair& types : type_pairs()) {
    all += declarations(types);
    tables += "\n" + tuned_table(input, types);
    functions += "\n" + definitions(types, "inline ");
  }
  text += part("The interface", filled(template_text("reverse_cumsum.h.in"), {{"DECLARATIONS", all}}));
  for (const SourceFile& file : kernel_headers()) {
    text += part(file.path, file.text);
  }
  text += part("The choice", template_text("plan.h"));
  text += part("What runs it", template_text("run.cuh"));
  text += "\n// ===== What was tuned =====\n" + tables;
  text += "\nnamespace scantune_kernels {\n" + functions + "\n}  // namespace scantune_kernels\n";
  return Export{{"scantune_kernels.cuh", std::move(text)}, {"LICENSE", std::string(licence_text())}};
}

}  // namespace scantune::exports
