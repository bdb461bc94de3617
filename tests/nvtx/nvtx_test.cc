// What a tool that listens to NVTX is told by the binary (recorder.cc is one).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "cuda/cuda.h"
#include "device/traced.h"
#include "sandbox.h"

namespace scantune::cli {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

struct Range {
  std::string process = {};
  std::string path = {};  // the kinds it lies in, and its own: "session/workload/trial/verify"
  std::string payload = {};
  std::string text = {};
  bool ended = false;
};

// The ranges of a recording in the order of their beginnings.
std::vector<Range> ranges_of(const std::string& record) {
  std::vector<Range> ranges;
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> open;  // of each thread
  std::istringstream lines(record);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string process;
    std::string thread;
    std::string what;
    std::string domain;
    words >> process >> thread >> what >> domain;
    EXPECT_EQ(domain, "scantune") << line;
    auto& stack = open[{process, thread}];
    if (what == "end") {
      EXPECT_FALSE(stack.empty()) << line;
      if (!stack.empty()) {
        ranges[stack.back()].ended = true;
        stack.pop_back();
      }
      continue;
    }
    Range range{.process = process};
    std::string kind;
    words >> kind >> range.payload >> std::ws;
    std::getline(words, range.text);
    range.path = (stack.empty() ? "" : ranges[stack.back()].path + "/") + kind;
    stack.push_back(ranges.size());
    ranges.push_back(std::move(range));
  }
  return ranges;
}

struct Recorded {
  Finished run;
  std::vector<Range> ranges;
  std::string process;  // of the command

  // The ranges at a path, in the command's process.
  [[nodiscard]] std::vector<Range> at(const std::string& path) const {
    std::vector<Range> found;
    std::ranges::copy_if(ranges, std::back_inserter(found),
                         [&](const Range& range) { return range.process == process && range.path == path; });
    return found;
  }
};

Recorded record(const std::vector<std::string>& arguments) {
  Sandbox sandbox;
  sandbox.start(arguments, {"NVTX_INJECTION64_PATH=" SCANTUNE_NVTX_RECORDER,
                            "SCANTUNE_NVTX_RECORD=" + (sandbox.work() / "nvtx").string()});
  Recorded recorded;
  recorded.process = std::to_string(sandbox.pid());
  recorded.run = sandbox.finish();
  recorded.ranges = ranges_of(read_text(sandbox.work() / "nvtx"));
  return recorded;
}

const std::string kVariant = "cpu_row_carry tile=1024 prefetch=falling threads=1 unroll=4 store=streaming";

std::vector<std::string> a_profile(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"profile", "--device",  "cpu",        "--shape",  "64x1024", "--variant",
                                        kVariant,  "--metrics", "task-clock", "--rounds", "3",       "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Nvtx, NestsSessionWorkloadTrialAndItsStepsWithPayloads) {
  const Recorded recorded = record(a_profile({"--in-process"}));
  ASSERT_EQ(recorded.run.code, 0) << recorded.run.err;
  ASSERT_THAT(recorded.ranges, Not(IsEmpty()));
  for (const Range& range : recorded.ranges) {
    EXPECT_TRUE(range.ended) << range.path << ' ' << range.text;
    EXPECT_EQ(range.process, recorded.process);
    if (range.path.ends_with("/trial")) {
      EXPECT_EQ(range.payload, std::to_string(trial_number(range.text)));
      EXPECT_TRUE(range.text == kVariant || range.text == "copy") << range.text;
    }
  }
  const auto only = [&](const std::string& path) {
    const auto found = recorded.at(path);
    EXPECT_EQ(found.size(), 1U) << path;
    return found.empty() ? Range{} : found.front();
  };
  EXPECT_EQ(only("session").text, "scantune profile");
  EXPECT_EQ(only("session").payload, "1");
  EXPECT_EQ(only("session/workload").text, "64x1024 f32 dim 1");
  EXPECT_EQ(only("session/workload").payload, "524288") << "bytes read and written";
  EXPECT_EQ(only("session/workload/trial/compile").text, "compile");
  EXPECT_EQ(only("session/workload/trial/load").text, "load");
  EXPECT_EQ(only("session/workload/trial/verify").payload, "65536") << "elements";
  EXPECT_EQ(only("session/workload/trial/profile").payload, "1") << "counters";
  // A round to warm up, then those that were asked for, each with the copy twice; more where one was disturbed.
  const auto rounds = recorded.at("session/workload/round");
  const auto times = recorded.at("session/workload/round/trial/time");
  EXPECT_GE(rounds.size(), 4U);
  size_t samples = 0;
  for (const Range& round : rounds) {
    samples += std::stoul(round.payload);
  }
  EXPECT_EQ(times.size(), samples);
  EXPECT_EQ(times.front().payload, "1") << "runs of a sample";
  EXPECT_GE(std::ranges::count(recorded.at("session/workload/round/trial"), kVariant, &Range::text), 3);
}

TEST(Nvtx, ShowsInTheWorkersProcessWhatRunsThere) {
  const Recorded recorded = record(a_profile({}));
  ASSERT_EQ(recorded.run.code, 0) << recorded.run.err;
  EXPECT_EQ(recorded.at("session/workload/trial/verify").size(), 1U);
  EXPECT_THAT(recorded.at("session/workload/round/trial/time"), IsEmpty()) << "another process's";
  Recorded worker = recorded;
  for (const Range& range : recorded.ranges) {
    worker.process = range.process == recorded.process ? worker.process : range.process;
  }
  ASSERT_NE(worker.process, recorded.process);
  ASSERT_EQ(worker.at("session").size(), 1U);
  EXPECT_EQ(worker.at("session").front().text, "scantune worker");
  EXPECT_EQ(worker.at("session").front().payload, "-") << "nobody tells it how many there will be";
  EXPECT_EQ(worker.at("session/workload/trial/verify").size(), 1U);
  EXPECT_GE(worker.at("session/workload/round/trial/time").size(), 9U);
  EXPECT_EQ(worker.at("session/workload/trial").front().payload, recorded.at("session/workload/trial").back().payload);
}

TEST(Nvtx, ShowsTuningWithItsCompilesOnThreadsOfTheirOwn) {
  const Recorded recorded = record({"--device", "cpu", "--in-process", "--shape", "64x1024", "--kernels",
                                    "cpu_row_carry", "--budget", "4", "--metrics", "none", "--quiet"});
  ASSERT_EQ(recorded.run.code, 0) << recorded.run.err;
  EXPECT_EQ(recorded.at("session").front().text, "scantune tune");
  EXPECT_GE(recorded.at("trial/compile").size(), 4U);
  EXPECT_GE(recorded.at("session/workload/trial/verify").size(), 4U);
  EXPECT_THAT(recorded.at("session/workload/trial/profile"), IsEmpty());
  std::set<std::string> compiled;
  for (const Range& range : recorded.at("trial")) {
    compiled.insert(range.text);
  }
  for (const Range& range : recorded.at("session/workload/trial")) {
    EXPECT_THAT(compiled, Contains(range.text));
  }
}

TEST(Nvtx, IsNothingWhereNoToolListens) {
  EXPECT_EQ(std::getenv("NVTX_INJECTION64_PATH"), nullptr);
  EXPECT_EQ(cuda::nvtx(), nullptr);
  Sandbox sandbox;
  const Finished run = sandbox.run(a_profile({}), {"NVTX_INJECTION64_PATH=/no/such/tool.so"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
}

}  // namespace
}  // namespace scantune::cli
