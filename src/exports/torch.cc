// The torch export: a Python package that compiles the kernels with NVRTC where it runs.
#include <algorithm>
#include <map>

#include "catalog/catalog.h"
#include "core/sha256.h"
#include "core/version.h"
#include "exports/make.h"
#include "exports/notice.h"
#include "exports/templates.h"

namespace scantune::exports {
namespace {

constexpr std::string_view kPackage = "scantune_torch";

std::string python(const Value& value) {
  const auto* const number = std::get_if<int64_t>(&value);
  return number != nullptr ? fmt::format("{}", *number) : quoted(std::get<std::string>(value));
}

std::string tuned_row(const BestEntry& entry) {
  const Geometry g = entry.workload.geometry();
  const Variant& variant = entry.contenders.front().variant;
  std::string params;
  for (const Setting& setting : variant.settings) {
    params += fmt::format("{}{}: {}", params.empty() ? "" : ", ", quoted(setting.name), python(setting.value));
  }
  return fmt::format(
      "    {{\"chip\": {}, \"capability\": {}, \"geometry\": ({}, {}, {}), \"types\": (\"{}\", \"{}\"),\n"
      "     \"kernel\": {}, \"params\": {{{}}}}},\n",
      quoted(entry.chip.name), entry.chip.compute_capability, g.outer, g.n, g.inner, name(entry.workload.dtype),
      name(entry.workload.accumulator), quoted(variant.kernel), params);
}

// Every file that the GPU's families are made of, once, by its path.
std::map<std::string, std::string> kernel_files() {
  std::map<std::string, std::string> files;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend == Backend::cuda) {
      for (const SourceFile& file : kernel.sources) {
        files[file.path] = file.text;
      }
    }
  }
  return files;
}

std::string provenance(const ExportInput& input, const std::vector<BestEntry>& entries) {
  std::string text = fmt::format(
      "{{\n    \"tool_version\": {},\n    \"best_sha256\": {},\n    \"licence\": {},\n"
      "    \"measured\": [\n",
      quoted(version()), quoted(input.best_digest), quoted(kLicence));
  for (const BestEntry& entry : entries) {
    text += fmt::format("        ({}, {}, {}, {}),\n", quoted(to_string(entry.workload)), quoted(entry.chip.name),
                        quoted(entry.provenance.time), quoted(entry.provenance.driver));
  }
  return text + "    ],\n}\n";
}

}  // namespace

Expected<Export> make_torch(const ExportInput& input) {
  const auto entries = gpu_entries(input, "torch");
  if (!entries) {
    return tl::unexpected(entries.error());
  }
  std::string rows;
  for (const BestEntry& entry : *entries) {
    rows += tuned_row(entry);
  }
  const auto file = [&](std::string_view module, std::string_view what, std::string_view text) {
    return ExportFile{fmt::format("{}/{}.py", kPackage, module),
                      notice(input, "torch", what, "# ") + "\n" + std::string(text)};
  };
  Export files = {file("__init__", "reverse_cumsum and ModelNew for PyTorch", template_text("torch_init.py")),
                  file("gpu", "kernels on a GPU: compiled, loaded and launched", template_text("torch_gpu.py")),
                  file("plan", "which kernel sums a tensor", template_text("torch_plan.py"))};
  std::string all = rows;
  for (const auto& [path, text] : kernel_files()) {
    all += path + text;
    files.push_back({fmt::format("{}/kernels/{}", kPackage, path), text});
  }
  for (const ExportFile& one : files) {
    all += one.contents;
  }
  // Two exports in one process must not name the same operator.
  constexpr size_t kDigits = 12;
  files.push_back(
      file("tuned", "what was tuned",
           filled(template_text("torch_tuned.py"), {{"NAMESPACE", "scantune_" + sha256(all).substr(0, kDigits)},
                                                    {"PROVENANCE", provenance(input, *entries)},
                                                    {"TUNED", rows}})));
  files.push_back({"LICENSE", std::string(licence_text())});
  std::ranges::sort(files, {}, &ExportFile::path);
  return files;
}

}  // namespace scantune::exports
