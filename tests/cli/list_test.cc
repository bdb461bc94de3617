#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "catalog/catalog.h"
#include "cuda/cuda.h"
#include "device/cpu.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(ListDevices, AlwaysHasTheCpuAndSaysWhyThereIsNoGpu) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"list", "devices"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("\ncpu "));
  EXPECT_THAT(run.out, HasSubstr(cpu::info().chip.name));
  EXPECT_THAT(run.err, StartsWith("scantune: no GPU: "));
  const auto json = nlohmann::json::parse(sandbox.run({"list", "devices", "--format", "json"}).out);
  EXPECT_EQ(json["devices"].back()["id"], "cpu");
}

TEST(ListKernels, ShowsEveryFamilyAndItsParameters) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"list", "kernels"});
  EXPECT_EQ(run.code, 0);
  for (const Kernel& kernel : kernels()) {
    EXPECT_THAT(run.out, HasSubstr(kernel.name + " (" + std::string(name(kernel.backend))));
  }
  EXPECT_THAT(run.out, ContainsRegex("\n  tile=[0-9]+,"));
  EXPECT_EQ(nlohmann::json::parse(sandbox.run({"list", "kernels", "--format", "json"}).out)["kernels"].size(),
            kernels().size());
}

TEST(ListKernels, KeepsToTheDeviceAskedFor) {
  Sandbox sandbox;
  const std::string out = sandbox.run({"list", "kernels", "--device", "cpu"}).out;
  EXPECT_THAT(out, HasSubstr("(cpu"));
  EXPECT_THAT(out, Not(HasSubstr("(cuda")));
}

TEST(ListVariants, PrintsWhatKernelsAndSetAccept) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"list", "variants", "--device", "cpu", "--shape", "16x1000"});
  EXPECT_EQ(run.code, 0);
  const auto lines = lines_of(run.out);
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    ASSERT_TRUE(parse_variant(line)) << line;
  }
  // The last of them pasted back selects it and nothing else.
  const Variant last = *parse_variant(lines.back());
  std::vector<std::string> arguments = {"list",    "variants", "--device",  "cpu",
                                        "--shape", "16x1000",  "--kernels", last.kernel};
  for (const Setting& setting : last.settings) {
    arguments.insert(arguments.end(), {"--set", setting.name + "=" + to_string(setting.value)});
  }
  EXPECT_EQ(sandbox.run(arguments).out, lines.back() + "\n");
}

TEST(ListVariants, AreOfAGpuThatIsNotHereByItsCodeName) {
  Sandbox sandbox;
  const std::vector<std::string> arguments = {"list", "variants", "--chip", "GH100", "--shape", "4096x4096"};
  const Finished run = sandbox.run(arguments);
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, HasSubstr("row_carry tile="));
  EXPECT_THAT(run.out, HasSubstr("three_pass tile="));
  EXPECT_THAT(run.err, HasSubstr("variants admitted for 4096x4096 f32 dim 1 on NVIDIA H200"));
  EXPECT_THAT(run.out, Not(HasSubstr("ruled out")));
  std::vector<std::string> all = arguments;
  all.emplace_back("--all");
  EXPECT_THAT(sandbox.run(all).out, HasSubstr("  # ruled out: "));
  std::vector<std::string> as_json = all;
  as_json.insert(as_json.end(), {"--format", "json"});
  const auto json = nlohmann::json::parse(sandbox.run(as_json).out);
  EXPECT_GT(json["variants"].size(), lines_of(run.out).size());
}

TEST(ListMetrics, OfTheCpuAreThoseItReads) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"list", "metrics", "--device", "cpu"});
  EXPECT_EQ(run.code, 0);
  for (const std::string& metric : cpu::core_metrics()) {
    EXPECT_THAT(run.out, HasSubstr("\n" + metric + " "));
  }
  EXPECT_EQ(line_count(sandbox.run({"list", "metrics", "--device", "cpu", "--all"}).out),
            cpu::known_counters().size() + 1);
}

TEST(ListMetrics, OfAGpuNeedNoGpu) {
  Sandbox sandbox;
  const auto known = cuda::list_metrics("GH100", false);
  const Finished run = sandbox.run({"list", "metrics", "--chip", "GH100"});
  if (!known) {
    // Without CUPTI, the line says what is missing.
    EXPECT_EQ(known.error().kind, ErrorKind::environment);
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.err, "scantune: --chip GH100: " + known.error().message + "\n");
    return;
  }
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(line_count(run.out), known->size() + 1);
  EXPECT_THAT(run.out, ContainsRegex("\nlts__t_sector_hit_rate.pct +2 +% "));
  const auto json = nlohmann::json::parse(sandbox.run({"list", "metrics", "--chip", "GH100", "--format", "json"}).out);
  EXPECT_EQ(json["metrics"].size(), known->size());
}

TEST(List, TakesTheNameOfAChipInAnyCase) {
  Sandbox sandbox;
  for (const char* topic : {"kernels", "variants", "metrics"}) {
    const Finished upper = sandbox.run({"list", topic, "--chip", "GB202"});
    const Finished lower = sandbox.run({"list", topic, "--chip", "gb202"});
    EXPECT_EQ(lower.code, upper.code) << topic << ": " << lower.err;
    EXPECT_EQ(lower.out, upper.out) << topic;
  }
  // A chip that only CUPTI knows.
  const Finished metrics = sandbox.run({"list", "metrics", "--chip", "tu102"});
  EXPECT_EQ(metrics.code, cuda::list_metrics("TU102", false) ? 0 : 2) << metrics.err;
}

TEST(ListDtypes, HasEveryTypeAndItsSums) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"list", "dtypes"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(line_count(run.out), kAllDTypes.size() + 1);
  EXPECT_THAT(run.out, ContainsRegex("\nf16 +2 +f32 "));
  EXPECT_THAT(run.out, ContainsRegex("\nf32 +4 +f32 +cuda, cpu"));
  for (const DType dtype : kAllDTypes) {
    EXPECT_THAT(run.out, ContainsRegex(fmt::format("\n{} [^\n]*cpu", name(dtype))));
  }
  EXPECT_EQ(nlohmann::json::parse(sandbox.run({"list", "dtypes", "--format", "json"}).out)["dtypes"].size(),
            kAllDTypes.size());
}

}  // namespace
}  // namespace scantune::cli
