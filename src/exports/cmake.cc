// The format cmake: a folder that a CMake project takes in, with a library of one function a type.
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/version.h"
#include "exports/make.h"
#include "exports/notice.h"
#include "exports/readme.h"
#include "exports/templates.h"
#include "exports/tuned.h"

namespace scantune::exports {
namespace {

constexpr std::string_view kFormat = "cmake";
constexpr std::string_view kWhat = "Reverse cumulative sums, tuned";
constexpr std::string_view kInclude = "include/scantune_kernels/";

// Machine code for the GPUs tuned for, and PTX that later ones compile; sm_80 for all before.
std::string architectures(const ExportInput& input) {
  std::set<int> capabilities;
  for (const BestEntry& entry : input.entries) {
    capabilities.insert(entry.chip.compute_capability);
  }
  std::vector<std::string> names;
  constexpr int kLeast = 80;
  if (*capabilities.begin() > kLeast) {
    names.push_back(fmt::format("{}-real", kLeast));
  }
  for (const int capability : capabilities) {
    names.push_back(fmt::format("{}{}", capability, capability == *capabilities.rbegin() ? "" : "-real"));
  }
  return fmt::format("{}", fmt::join(names, " "));
}

std::string dtypes() {
  std::vector<std::string_view> names;
  for (const TypePair& types : type_pairs()) {
    names.push_back(types.name);
  }
  return fmt::format("{}", fmt::join(names, ";"));
}

}  // namespace

Expected<Export> make_cmake(const ExportInput& input) {
  const std::string script = notice(input, kFormat, kWhat, "# ");
  const std::string code = notice(input, kFormat, kWhat, "// ");
  const std::string version_text(version());
  Export files;
  const auto add = [&](std::string path, std::string contents) {
    files.push_back({std::move(path), std::move(contents)});
  };
  add("CMakeLists.txt", filled(template_text("CMakeLists.txt.in"), {{"NOTICE", script},
                                                                    {"DTYPES", dtypes()},
                                                                    {"ARCHITECTURES", architectures(input)},
                                                                    {"VERSION", version_text}}));
  add("cmake/verify.cmake", filled(template_text("verify.cmake.in"), {{"NOTICE", script}}));
  add("cmake/scantune_kernelsConfig.cmake",
      filled(template_text("scantune_kernelsConfig.cmake.in"), {{"NOTICE", script}}));
  add("cmake/scantune_kernelsConfigVersion.cmake",
      filled(template_text("scantune_kernelsConfigVersion.cmake.in"), {{"NOTICE", script}, {"VERSION", version_text}}));
  add("LICENSE", std::string(licence_text()));
  add("README.md", filled(template_text("cmake_README.md.in"),
                          {{"NOTICE", notice(input, kFormat, kWhat, "    ")}, {"TABLE", tuned_markdown(input)}}));
  std::string all;
  for (const TypePair& types : type_pairs()) {
    all += declarations(types);
    add(fmt::format("{}detail/tuned_{}.h", kInclude, types.name),
        fmt::format("{}#pragma once\n\n#include \"plan.h\"\n\n{}", code, tuned_table(input, types)));
    add(fmt::format("src/reverse_cumsum_{}.cu", types.name),
        filled(template_text("source.cu.in"),
               {{"NOTICE", code}, {"DTYPE", std::string(types.name)}, {"DEFINITION", definitions(types, "")}}));
  }
  add(fmt::format("{}reverse_cumsum.h", kInclude),
      code + "\n" + filled(template_text("reverse_cumsum.h.in"), {{"DECLARATIONS", all}}));
  add(fmt::format("{}detail/plan.h", kInclude), code + "\n" + template_text("plan.h"));
  add(fmt::format("{}detail/run.cuh", kInclude), code + "\n" + template_text("run.cuh"));
  for (const SourceFile& file : kernel_headers()) {
    add(fmt::format("{}kernels/{}", kInclude, file.path), file.text);
  }
  return files;
}

}  // namespace scantune::exports
