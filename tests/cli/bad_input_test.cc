// Bad input gets one line on standard error and exit code 2, and leaves files as they were.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::HasSubstr;

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<std::string> said;  // parts of the line
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }  // NOLINT: GoogleTest looks for this name

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, GetsOneLineAndExitCode2) {
  Sandbox sandbox;
  sandbox.write("not.json", "{");
  sandbox.write("foreign.json", R"({"hello": "world"})");
  sandbox.write("suite.json", R"({"name": "s", "workloads": [{"shape": [4, 4], "dim": 7, "dtype": "f32"}]})");
  sandbox.write("empty.json", R"({"name": "s", "workloads": []})");
  sandbox.write("kernel.json", R"({"kernels": {"cpu_row_cary": {}}})");
  sandbox.write("param.json", R"({"kernels": {"cpu_row_carry": {"tiles": [1024]}}})");
  sandbox.write("value.json", R"({"kernels": {"cpu_row_carry": {"tile": [1024, "wide"]}}})");
  sandbox.write("word.json", R"({"kernels": {"cpu_row_carry": {"store": ["cold"]}}})");
  sandbox.write("none.json", R"({"kernels": {"cpu_row_carry": {"tile": []}}})");
  sandbox.write("twice.json", R"({"kernels": {"cpu_row_carry": {"tile": [1024, 1024]}}})");
  sandbox.write("gpu.json", R"({"kernels": {"row_carry": {"tile": [1024]}}})");
  sandbox.write("space.json", R"({"kernels": {"cpu_row_carry": {"tile": [2048]}}})");
  sandbox.write("corrupt.json", R"({"format":"scantune-best","version":1,"entries":[null,5]})");
  sandbox.write("keyed.json",
                R"({"format":"scantune-best","version":1,"entries":[{"key":"chip|1x1x1|f32|f32|cold|any"}]})");
  sandbox.write("taken.jsonl.index", "precious\n");
  sandbox.write(".locked.jsonl.lock", "precious\n");
  sandbox.write(".locked.json.lock", "precious\n");
  const auto before = sandbox.texts();
  const Finished run = sandbox.run(GetParam().arguments);
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  EXPECT_THAT(run.err, testing::StartsWith("scantune: "));
  for (const std::string& part : GetParam().said) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
  EXPECT_EQ(sandbox.texts(), before) << "a file was left, changed or lost";
}

std::vector<std::string> on_cpu(std::vector<std::string> arguments) {
  std::vector<std::string> all = {"--device", "cpu", "--shape", "16x1000"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Options, BadInput,
    testing::Values(
        Case{"AnUnknownOption", {"--shpae", "4x4"}, {"--shpae", "did you mean --shape?"}},
        Case{"AWildOption", {"--frobnicate"}, {"--frobnicate: unknown option", "scantune --help"}},
        Case{"AMissingValue", {"--shape"}, {"--shape: a value is missing; write --shape AxBx..."}},
        Case{"AnOptionForAValue", {"--shape", "--dim", "1"}, {"--shape: a value is missing before --dim"}},
        Case{"AFlagWithAValue", {"--shape", "4x4", "--quiet=3"}, {"--quiet: it takes no value"}},
        Case{"AShapeWithoutTheOption", {"4096x4096"}, {"4096x4096", "did you mean --shape 4096x4096?"}},
        Case{"AMistypedSubcommand", {"lsit"}, {"did you mean list?"}},
        Case{"Nothing", {}, {"no shape to tune for", "scantune --shape 32768x32768", "scantune --help"}},
        Case{"NoShape", {"--device", "cpu"}, {"no shape", "--shape 32768x32768"}},
        Case{"QuietAndVerbose", on_cpu({"-q", "-v"}), {"-q", "-v"}},
        Case{"AnOptionBeforeList", {"--dtype", "f32", "list", "kernels"}, {"--dtype: give options of list after it"}},
        Case{"AnUnknownTopic", {"list", "kernel"}, {"did you mean kernels?"}},
        Case{"NoTopic", {"list"}, {"devices, kernels, variants, metrics or dtypes"}},
        Case{"AnOptionThatMeansNothing", {"list", "dtypes", "--chip", "GH100"}, {"--chip", "list dtypes"}},
        Case{"TwoShapesForAList",
             {"list", "variants", "--device", "cpu", "--shape", "4", "--shape", "5"},
             {"--shape 5"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Journal, BadInput,
    testing::Values(
        Case{"NoVerb", {"journal"}, {"journal: choose show, stats, compact, merge or verify"}},
        Case{"AnUnknownVerb", {"journal", "verfy"}, {"journal verfy: did you mean verify?"}},
        Case{"AnUnknownOption", {"journal", "show", "--knid", "round"}, {"--knid", "did you mean --kind?"}},
        Case{"AMissingValue", {"journal", "show", "--tail"}, {"--tail: a value is missing; write --tail N"}},
        Case{
            "AnOptionBeforeJournal", {"--dtype", "f32", "journal", "show"}, {"--dtype: give options of journal after"}},
        Case{"AnOptionOfAnotherVerb",
             {"journal", "stats", "--tail", "3"},
             {"--tail: it means nothing to journal stats"}},
        Case{"AFormatForCompact", {"journal", "compact", "--format", "json"}, {"--format", "journal compact"}},
        Case{"AnUnknownFormat", {"journal", "stats", "--format", "xml"}, {"--format xml", "text, json"}},
        Case{"AnUnknownKind", {"journal", "show", "--kind", "rounds"}, {"--kind rounds", "did you mean round?"}},
        Case{"AContextThatIsNone", {"journal", "show", "--context", "H200"}, {"--context H200", "journal stats"}},
        Case{"AWordForATail", {"journal", "show", "--tail", "all"}, {"--tail all: not a number of events"}},
        Case{"ANegativeTail", {"journal", "show", "--tail", "-1"}, {"--tail -1: not a number of events"}},
        Case{"TwoJournalsForShow", {"journal", "show", "a", "b"}, {"journal show b: it takes one journal"}},
        Case{"TheDefaultThatIsMissing", {"journal", "show"}, {"results/journal.jsonl", "No such file"}},
        Case{"AJournalThatIsMissing", {"journal", "compact", "no.jsonl"}, {"no.jsonl", "No such file"}},
        Case{"AJournalThatIsAFolder", {"journal", "verify", "."}, {"cannot read .", "name a regular file"}},
        Case{"AJournalThatIsNone", {"journal", "stats", "foreign.json"}, {"foreign.json: not a scantune journal"}},
        Case{"MergeWithoutOut", {"journal", "merge", "a", "b"}, {"--out is missing"}},
        Case{"MergeToStandardOutput", {"journal", "merge", "a", "b", "--out", "-"}, {"--out -", "write a path"}},
        Case{"MergeOfOne", {"journal", "merge", "a", "--out", "b"}, {"two journals or more"}},
        Case{"MergeOfWhatIsMissing", {"journal", "merge", "a", "b", "--out", "c"}, {"cannot read a: No such file"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, BadInput,
    testing::Values(
        Case{"AWordInAShape", {"--device", "cpu", "--shape", "32768xten"}, {"--shape 32768xten: 'ten' is not a size"}},
        Case{"AnEmptyShape", {"--device", "cpu", "--shape", ""}, {"--shape"}},
        Case{"AZeroExtent", {"--device", "cpu", "--shape", "4x0"}, {"--shape 4x0", "empty"}},
        Case{"ANegativeExtent", {"--device", "cpu", "--shape", "4x-4"}, {"--shape 4x-4"}},
        Case{"AnOverflow", {"--device", "cpu", "--shape", "2^40x2^40"}, {"--shape 2^40x2^40", "2^58"}},
        Case{"TooManyExtents", {"--device", "cpu", "--shape", "1x1x1x1x1x1x1x1x1"}, {"--shape", "8"}},
        Case{"ASecondShape", on_cpu({"--shape", "nope"}), {"--shape nope"}},
        Case{"ANewlineInAShape", {"--device", "cpu", "--shape", "4\nx"}, {"--shape 4\\x0ax"}},
        Case{"ADimOutOfRange", on_cpu({"--dim", "2"}), {"--dim 2", "-2 to 1"}},
        Case{"ADimThatIsNoNumber", on_cpu({"--dim", "x"}), {"--dim x"}},
        Case{"AnUnknownCacheState", on_cpu({"--cache", "warm"}), {"--cache warm", "known: cold, hot"}},
        Case{"AnUnknownDtype", on_cpu({"--dtype", "fp32"}), {"--dtype fp32", "f16, bf16, f32"}},
        Case{"AnAccumulatorThatDoesNotGoWithTheType",
             on_cpu({"--dtype", "f32", "--accumulate", "f64"}),
             {"--accumulate f64", "f32 cannot be summed in f64", "possible: f32"}},
        Case{"AnUnknownAccumulator", on_cpu({"--accumulate", "i128"}), {"--accumulate i128"}},
        Case{"AnUnknownDevice", {"--shape", "4x4", "--device", "tpu"}, {"--device tpu", "auto, cpu, cuda:N"}},
        Case{"AnUnknownKernel", on_cpu({"--kernels", "nope"}), {"--kernels nope", "cpu_row_carry"}},
        Case{"AKernelOfAnotherDevice", on_cpu({"--kernels", "three_pass"}), {"--kernels three_pass"}},
        Case{"AnEmptyKernel", on_cpu({"--kernels", "a,,b"}), {"--kernels a,,b", "empty"}},
        Case{"ASettingWithoutValues", on_cpu({"--set", "tile"}), {"--set tile", "tile=4096,8192"}},
        Case{"AnUnknownParameter", on_cpu({"--set", "colour=red"}), {"--set", "'colour'"}},
        Case{"AnUnknownValue", on_cpu({"--set", "threads=-7"}), {"--set", "threads=-7"}},
        Case{"AnUnknownMetric", on_cpu({"--metrics", "nope"}), {"--metrics nope", "unknown metric 'nope'"}},
        Case{"AGpuMetricOnTheCpu", on_cpu({"--metrics", "seed"}), {"--metrics seed", "counters of a GPU"}},
        Case{"AWordForABudget", on_cpu({"--budget", "soon"}), {"--budget", "'soon'", "60s"}},
        Case{"ABudgetOfNothing", on_cpu({"--budget", "0"}), {"--budget"}},
        Case{"NoVariantsToProfile", on_cpu({"--profiled", "0"}), {"--profiled", "'0'", "all"}},
        Case{
            "CountersOfNone", on_cpu({"--profiled", "all", "--metrics", "none"}), {"--profiled all", "--metrics none"}},
        Case{"AWordForASeed", on_cpu({"--seed", "x"}), {"--seed", "'x'"}},
        Case{"AnUnknownFormat", on_cpu({"--format", "xml"}), {"--format xml", "text, json"}},
        Case{"MoreThanTheMemory", {"--device", "cpu", "--shape", "2^50"}, {"needs", "is free", "try --shape"}},
        Case{"AnUnknownChip", {"list", "variants", "--chip", "GX1"}, {"--chip GX1", "GH100"}},
        Case{"AChipAndADevice", {"list", "variants", "--chip", "GH100", "--device", "cpu"}, {"--chip GH100"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Spaces, BadInput,
    testing::Values(
        Case{"ThatAreMissing", on_cpu({"--space", "no.json"}), {"--space: ", "no.json", "No such file"}},
        Case{"ThatAreFolders", on_cpu({"--space", "."}), {"--space: "}},
        Case{"ThatAreNotJson", on_cpu({"--space", "not.json"}), {"--space not.json: not JSON at line 1, column 2"}},
        Case{"ThatAreSomethingElse", on_cpu({"--space", "foreign.json"}), {"unknown member \"hello\"", "kernels"}},
        Case{"OfUnknownKernels",
             on_cpu({"--space", "kernel.json"}),
             {"--space kernel.json: kernels: unknown kernel 'cpu_row_cary'; known: ", "cpu_row_carry"}},
        Case{"OfUnknownParameters",
             on_cpu({"--space", "param.json"}),
             {"--space param.json: kernels: cpu_row_carry: unknown parameter 'tiles'; it takes tile, prefetch"}},
        Case{"OfValuesOfAnotherKind",
             on_cpu({"--space", "value.json"}),
             {"--space value.json: kernels: cpu_row_carry: tile[1]: 'wide' is not a value of tile; it takes integers"}},
        Case{"OfUnknownWords", on_cpu({"--space", "word.json"}), {"store[0]: 'cold'", "it takes streaming, cached"}},
        Case{"OfNoValues", on_cpu({"--space", "none.json"}), {"--space none.json: ", "at least one value"}},
        Case{"OfAValueThatIsThereTwice", on_cpu({"--space", "twice.json"}), {"tile[1]: 1024 is there twice"}},
        Case{"OfKernelsOfAnotherDevice", on_cpu({"--space", "gpu.json"}), {"--space: no kernel", "a CPU", "row_carry"}},
        Case{"WithoutTheKernelAskedFor",
             on_cpu({"--space", "space.json", "--kernels", "cpu_two_pass"}),
             {"--kernels cpu_two_pass: ", "is not in the space given, which has cpu_row_carry"}},
        Case{"WithoutTheValueAskedFor",
             on_cpu({"--space", "space.json", "--set", "tile=1024"}),
             {"--set: tile=1024 is not in the space; tile takes 2048"}},
        Case{"ForAListOfKernels", {"list", "kernels", "--space", "space.json"}, {"--space", "list kernels"}},
        Case{"NoPruneForAListOfKernels", {"list", "kernels", "--no-prune"}, {"--no-prune", "list kernels"}},
        Case{"OfAListThatAreBad",
             {"list", "variants", "--device", "cpu", "--space", "kernel.json"},
             {"--space kernel.json: kernels: unknown kernel"}}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Files, BadInput,
    testing::Values(
        Case{"ASuiteThatIsMissing", {"--device", "cpu", "--suite", "no.json"}, {"--suite", "no.json"}},
        Case{"ASuiteThatIsNotJson", {"--device", "cpu", "--suite", "not.json"}, {"--suite not.json"}},
        Case{"ASuiteWithABadWorkload", {"--device", "cpu", "--suite", "suite.json"}, {"--suite suite.json", "7"}},
        Case{"ASuiteOfNothing", {"--device", "cpu", "--suite", "empty.json"}, {"--suite empty.json"}},
        Case{"ADimForASuite", {"--device", "cpu", "--suite", "suite.json", "--dim", "0"}, {"--dim"}},
        Case{"AnOutputThatIsNotOurs", on_cpu({"--out", "foreign.json"}), {"foreign.json"}},
        Case{"AnOutputThatIsNotJson", on_cpu({"--out", "not.json"}), {"not.json"}},
        Case{"AnOutputOfACorruptEntry",
             on_cpu({"--out", "corrupt.json", "--journal", "none"}),
             {"--out: corrupt.json: entry 1 of 2: expected an object, found null; name another file or move this"}},
        Case{"AnOutputOfAnEntryWithoutMembers",
             on_cpu({"--out", "keyed.json", "--journal", "none"}),
             {"--out: keyed.json: entry 1 of 1: the member \"workload\" is missing"}},
        Case{"AnOutputWhoseLockIsAnotherFile",
             on_cpu({"--out", "locked.json"}),
             {"--out: ", ".locked.json.lock: it is in the place of the lock of locked.json", "move it away"}},
        Case{"AJournalWhoseIndexIsAnotherFile",
             on_cpu({"--out", "-", "--journal", "taken.jsonl"}),
             {"--journal: taken.jsonl.index: it is in the place of the index of taken.jsonl", "move it away"}},
        Case{"AJournalWhoseLockIsAnotherFile",
             on_cpu({"--out", "-", "--journal", "locked.jsonl"}),
             {"--journal: ", ".locked.jsonl.lock: it is in the place of the lock of locked.jsonl", "move it away"}},
        Case{"AnOutputThatIsAFolder", on_cpu({"--out", "."}), {"--out"}},
        Case{"AnOutputBelowAFile", on_cpu({"--out", "not.json/best.json"}), {"not.json"}},
        Case{"AnOutputWithoutAName", on_cpu({"--out", ""}), {"--out"}},
        Case{"TwoThingsOnStandardOutput", on_cpu({"--out", "-", "--format", "json"}), {"--out -", "--format json"}},
        Case{"AJournalOnStandardOutput", on_cpu({"--journal", "-"}), {"--journal -", "write a path", "none"}},
        Case{"ACacheThatIsAFile", on_cpu({"--cache-dir", "not.json"}), {"--cache-dir", "not.json"}}),
    [](const auto& info) { return info.param.name; });

TEST(BadDevice, SaysWhyThereIsNoSuchGpu) {
  Sandbox sandbox;
  const Finished run = sandbox.run({"--device", "cuda:0", "--shape", "4x1000"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  EXPECT_THAT(run.err, testing::StartsWith("scantune: --device cuda:0: "));
  EXPECT_THAT(sandbox.files(), testing::IsEmpty());
}

TEST(BadOutput, IsFoundBeforeTuningWhereItCannotBeWritten) {
  if (geteuid() == 0) {
    // Root may write anywhere but to a file system that refuses everyone.
    Sandbox sandbox;
    const Finished run = sandbox.run({"--device", "cpu", "--shape", "16x1000", "--out", "/proc/best.json"});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(line_count(run.err), 1U) << run.err;
    EXPECT_EQ(run.out, "");
    return;
  }
  Sandbox sandbox;
  std::filesystem::create_directory(sandbox.work() / "locked");
  std::filesystem::permissions(sandbox.work() / "locked", std::filesystem::perms::owner_read);
  const Finished run = sandbox.run({"--device", "cpu", "--shape", "16x1000", "--out", "locked/best.json"});
  std::filesystem::permissions(sandbox.work() / "locked", std::filesystem::perms::owner_all);
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(line_count(run.err), 1U) << run.err;
  EXPECT_EQ(run.out, "");
}

TEST(BadOutput, BehindALinkMakesNoFolderThatNobodyNamed) {
  Sandbox sandbox;
  std::filesystem::create_symlink("missing/deep/best.json", sandbox.work() / "best.json");
  const Finished run =
      sandbox.run({"--device", "cpu", "--shape", "16x1000", "--out", "best.json", "--journal", "none"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err,
            "scantune: --out: cannot write best.json: it is a link to ./missing/deep/best.json, but the folder "
            "./missing/deep cannot be used: No such file or directory; make it or name another file\n");
  EXPECT_THAT(sandbox.files(), testing::ElementsAre("best.json"));
}

}  // namespace
}  // namespace scantune::cli
