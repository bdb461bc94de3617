// The exports that are what was measured: what their readers rely on, held by tables_check.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "exports/make.h"
#include "python.h"
#include "wire/exchange_json.h"

namespace scantune::exports {
namespace {

using testing::HasSubstr;

constexpr std::array<std::string_view, 6> kTables = {"jsonl",        "csv",     "t4",
                                                     "kernel-tuner", "nvbench", "google-benchmark"};

using TableExport = PythonExport;

Export made(std::string_view format, const ExportInput& input) { return (*find_format(format))->make(input).value(); }

TEST_F(TableExport, HoldsWhatItsReadersRelyOn) {
  for (const std::string_view format : kTables) {
    for (const ExportFile& file : made(format, standard())) {
      put(std::string(format) + "/" + file.path, file.contents);
    }
    EXPECT_GT(std::stoi(python(fmt::format("{}tables_check.py {} {}", kScripts, format, path(format)))), 20) << format;
  }
}

TEST_F(TableExport, IsTheSameBytesEachTimeAndSaysWhereItComesFrom) {
  const ExportInput input = standard();
  for (const std::string_view format : kTables) {
    const Export files = made(format, input);
    EXPECT_EQ(files, made(format, input)) << format;
    const bool told = std::ranges::any_of(
        files, [&](const ExportFile& file) { return file.contents.find(input.best_digest) != std::string::npos; });
    EXPECT_TRUE(told) << format;
    EXPECT_TRUE(std::ranges::any_of(files, [](const ExportFile& file) { return file.path == "LICENSE"; })) << format;
  }
}

TEST_F(TableExport, NamesNoFileAfterWhatABestFileSays) {
  ExportInput input = standard();
  input.entries.resize(2);
  input.entries[0].chip.name = "../../etc/passwd\n=HYPERLINK(\"x\"),\"";
  input.entries[1].chip.name = R"(..\..\etc\passwd =HYPERLINK('x'),')";  // reads the same once it is safe
  for (BestEntry& entry : input.entries) {
    entry.workload.shape = {{64, 64}, 1};
    entry.contenders.front().variant.kernel = "/../=x";
  }
  for (const std::string_view format : kTables) {
    std::set<std::string> paths;
    for (const ExportFile& file : made(format, input)) {
      EXPECT_TRUE(paths.insert(file.path).second) << file.path;
      EXPECT_EQ(file.path.find(".."), std::string::npos) << file.path;
      EXPECT_EQ(file.path.find('/'), std::string::npos) << file.path;
    }
  }
  put(made("csv", input));
  python(kScripts + "tables_check.py csv " + path(""));
}

TEST_F(TableExport, OfT4AndKernelTunerSaysHowAVariantFailed) {
  wire::Sweep sweep{standard().entries.front(), {}};
  Variant variant = sweep.entry.contenders.front().variant;
  variant.settings.front().value = int64_t{12345};
  for (const auto& [kind, in_t4, in_kernel_tuner] :
       {std::tuple{FailureKind::compile, "compile", "CompilationFailedConfig"},
        std::tuple{FailureKind::timeout, "timeout", "RuntimeFailedConfig"},
        std::tuple{FailureKind::wrong_result, "correctness", "RuntimeFailedConfig"},
        std::tuple{FailureKind::constraint, "constraints", "InvalidConfig"}}) {
    sweep.failed = {{variant, {kind, "why"}}};
    EXPECT_THAT(wire::t4_results_json(sweep, {}), HasSubstr(fmt::format("\"invalidity\": \"{}\"", in_t4)));
    const std::string cache = wire::kernel_tuner_json(sweep, variant.kernel, {});
    const size_t at = cache.find("\"12345,");
    ASSERT_NE(at, std::string::npos);
    EXPECT_THAT(cache, HasSubstr(in_kernel_tuner));
  }
}

}  // namespace
}  // namespace scantune::exports
