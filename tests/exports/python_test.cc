// The exports that are Python: what can be said of them without a GPU and without torch.
#include "python.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catalog/catalog.h"
#include "exports/make.h"
#include "inputs.h"

namespace scantune::exports {
namespace {

using testing::HasSubstr;

std::string text_of(const Export& files, std::string_view path) {
  for (const ExportFile& file : files) {
    if (file.path == path) {
      return file.contents;
    }
  }
  ADD_FAILURE() << "no file " << path;
  return {};
}

std::string literal(const Value& value) {
  return std::holds_alternative<int64_t>(value) ? to_string(value) : "'" + to_string(value) + "'";
}

// A case of plan_check.py: what the catalog launches of a variant.
std::string expected_case(const Kernel& kernel, const Variant& variant, const Workload& workload, const Chip& chip) {
  std::string params;
  for (const Setting& setting : variant.settings) {
    params += fmt::format("'{}': {}, ", setting.name, literal(setting.value));
  }
  std::string launches;
  for (const Launch& launch : kernel.launches(variant, workload, chip)) {
    launches += fmt::format("('{}', {}, {}, {}), ", launch.entry, launch.grid_blocks, launch.block_threads,
                            launch.shared_bytes);
  }
  const Geometry g = workload.geometry();
  return fmt::format("('{}', {{{}}}, ({}, {}, {}), ('{}', '{}'), {}, {}, [{}]),\n", kernel.name, params, g.outer, g.n,
                     g.inner, name(workload.dtype), name(workload.accumulator), chip.multiprocessors,
                     kernel.workspace_bytes(variant, workload, chip), launches);
}

std::vector<Workload> workloads() {
  std::vector<Workload> all;
  for (const DType dtype : kAllDTypes) {
    for (const auto& [extents, dim] : std::vector<std::pair<std::vector<int64_t>, int>>{{{32768, 32768}, 1},
                                                                                        {{8388608, 33}, 1},
                                                                                        {{1, 268435456}, 1},
                                                                                        {{3, 67108865}, 1},
                                                                                        {{128, 4000}, 1},
                                                                                        {{32768, 32768}, 0},
                                                                                        {{7, 1000, 9}, 1},
                                                                                        {{131, 8191, 1000}, 1},
                                                                                        {{4194304, 64}, 0},
                                                                                        {{128, 8192, 1024}, 1}}) {
      all.push_back({.shape = {extents, dim}, .dtype = dtype, .accumulator = default_accumulator(dtype)});
    }
  }
  all.push_back({.shape = {{4096, 16384}, 1}, .dtype = DType::i32, .accumulator = DType::i64});
  all.push_back({.shape = {{4096, 16384}, 0}, .dtype = DType::i32, .accumulator = DType::i64});
  return all;
}

TEST_F(PythonExport, OfTritonHoldsWhatTheRulesOfItsConsumersAskAndNothingElse) {
  put(make_triton(standard()).value());
  EXPECT_EQ(python(kScripts + "triton_rules.py " + path("reverse_cumsum.py")), "as it must be\n");
  EXPECT_EQ(python(kScripts + "triton_settings.py " + path("reverse_cumsum.py")), "settings for all\n");
}

TEST_F(PythonExport, OfTritonWithoutRecordedSettingsKeepsTheRulesToo) {
  ExportInput input = standard();
  for (BestEntry& entry : input.entries) {
    entry.chip.name = "NVIDIA A chip of tomorrow";
  }
  const Export files = make_triton(input).value();
  put(files);
  EXPECT_EQ(python(kScripts + "triton_rules.py " + path("reverse_cumsum.py")), "as it must be\n");
  EXPECT_THAT(text_of(files, "PROVENANCE.txt"), HasSubstr("none were measured on this one"));
  EXPECT_EQ(python(kScripts + "triton_settings.py " + path("reverse_cumsum.py")), "settings for all\n");
}

TEST_F(PythonExport, OfTritonRulesAreToldWhereTheyAreBroken) {
  const std::string module = text_of(make_triton(standard()).value(), "reverse_cumsum.py");
  const std::vector<std::pair<std::string, std::string>> breaks = {
      {"import os\n" + module, "imports are"},
      {module + "\nTABLE = {}\n", "neither import, kernel, wrapper nor class"},
      {module + "\nif __name__ == '__main__':\n    pass\n", "__name__"},
      {module + "\ndef get_inputs():\n    return []\n", "get_inputs"},
      {module + "\ndef other(x):\n    return torch.flip(x, [0])\n", "a flip"},
      {module + "\ndef other(x):\n    return x.cumsum(0)\n", "summed by torch"}};
  for (const auto& [text, why] : breaks) {
    put("broken.py", text);
    const std::string command = fmt::format(
        "-c \"import sys; sys.path.insert(0, '{}'); import triton_rules; "
        "print(triton_rules.faults(open('{}').read()))\"",
        kScripts, path("broken.py"));
    EXPECT_THAT(python(command), HasSubstr(why));
  }
}

TEST_F(PythonExport, OfTritonIsForOneChip) {
  ExportInput input = standard();
  input.entries.push_back(input.entries.front());
  input.entries.back().chip.name = "NVIDIA RTX 4090";
  const auto made = make_triton(input);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("--chip"));
}

TEST_F(PythonExport, IsRefusedWhereNothingWasMeasuredOnAGpu) {
  ExportInput input = standard();
  for (BestEntry& entry : input.entries) {
    entry.chip.backend = Backend::cpu;
  }
  EXPECT_FALSE(make_triton(input));
  EXPECT_FALSE(make_torch(input));
}

TEST_F(PythonExport, CompilesAsPython) {
  put(make_torch(standard()).value());
  put(make_triton(standard()).value());
  EXPECT_EQ(modules().size(), 5U);
  python(fmt::format("-m py_compile {}", fmt::join(modules(), " ")));
}

TEST_F(PythonExport, IsTheSameBytesEachTime) {
  EXPECT_EQ(make_torch(standard()).value(), make_torch(standard()).value());
  EXPECT_EQ(make_triton(standard()).value(), make_triton(standard()).value());
}

TEST_F(PythonExport, OfTorchSurvivesWhateverABestFileSays) {
  ExportInput input = standard();
  BestEntry& entry = input.entries.front();
  entry.chip.name = "a\"]\nimport os; os.system('false')  # \\";
  entry.contenders.front().variant.kernel = "x\"} + exit(1) + {\"";
  entry.contenders.front().variant.settings = {{"\"'\n@TUNED@", std::string("'''\"\"\"\n")}};
  put(make_torch(input).value());
  python(fmt::format("-m py_compile {}", fmt::join(modules(), " ")));
  const std::string printed =
      python(fmt::format("-c \"import sys; sys.path.insert(0, '{}'); import tuned; print(tuned.TUNED[0]['chip'])\"",
                         path("scantune_torch")));
  EXPECT_EQ(printed, entry.chip.name + "\n");
}

TEST_F(PythonExport, OfTorchLaunchesAsTheCatalogDoes) {
  Chip chip = *reference_chip(90);
  std::string cases = "[\n";
  size_t families = 0;
  for (const Kernel& kernel : kernels()) {
    if (kernel.backend != Backend::cuda) {
      continue;
    }
    ++families;
    for (const Workload& workload : workloads()) {
      if (!kernel.refuses(workload, chip).empty()) {
        continue;
      }
      const auto all = candidates(workload, chip, {.kernels = {kernel.name}, .settings = {}, .prune = false});
      for (const Candidate& candidate : all.value()) {
        if (candidate.broken.empty()) {
          cases += expected_case(kernel, candidate.variant, workload, chip);
        }
      }
    }
  }
  put("expected.py", cases + "]\n");
  put(make_torch(standard()).value());
  EXPECT_THAT(python(kScripts + "plan_check.py " + path("scantune_torch/plan.py") + " " + path("expected.py")),
              HasSubstr(": 0 wrong"));
  EXPECT_EQ(families, 6U);
}

}  // namespace
}  // namespace scantune::exports
