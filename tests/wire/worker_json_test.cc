#include "wire/worker_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "example.h"

namespace scantune::wire::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What comes back of something that was sent; what was sent is one line.
template <class T>
T sent(const T& value) {
  const std::string line = to_line(value);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  EXPECT_THAT(line, ::testing::StartsWith("{\"version\":1,"));
  if constexpr (std::is_constructible_v<Request, T>) {
    const auto read = parse_request(line);
    EXPECT_TRUE(read) << read.error().message;
    return std::get<T>(read.value());
  } else {
    const auto read = parse_reply(line);
    EXPECT_TRUE(read) << read.error().message;
    return std::get<T>(read.value());
  }
}

TEST(WorkerRequest, ComesBackAsItWasSent) {
  const Workload workload = testing_example::cpu_outcome().workload;
  sent(Hello{});
  EXPECT_EQ(sent(MemoryNeeded{workload}).workload, workload);
  const Open open = sent(Open{workload, std::numeric_limits<uint64_t>::max()});
  EXPECT_EQ(open.workload, workload);
  EXPECT_EQ(open.seed, std::numeric_limits<uint64_t>::max());
  sent(Close{});
  EXPECT_EQ(sent(Unload{7}).handle, 7);
  EXPECT_EQ(sent(Verify{8}).handle, 8);
  const TakeRound round = sent(TakeRound{{kCopy, 3, kCopy, 0}, CacheState::hot, 16});
  EXPECT_THAT(round.order, ElementsAre(kCopy, 3, kCopy, 0));
  EXPECT_EQ(round.cache, CacheState::hot);
  EXPECT_EQ(round.runs, 16);
  const ReadCounters counters = sent(ReadCounters{2, {"a", "b\n"}, 3});
  EXPECT_EQ(counters.warm_runs, 3);
  EXPECT_EQ(sent(SampleCounters{3, {{"c"}, 1500}}).spec, (TimelineSpec{{"c"}, 1500}));
  EXPECT_EQ(counters.handle, 2);
  EXPECT_THAT(counters.metrics, ElementsAre("a", "b\n"));
  sent(Disturbance{});
}

TEST(WorkerRequest, CarriesAnArtifactWithOrWithoutAnImage) {
  Load load;
  load.handle = 5;
  load.variant = testing_example::row_carry(4096, 2);
  load.launches = {{.entry = "k<float>", .grid_blocks = int64_t{1} << 31, .block_threads = 512, .shared_bytes = 99}};
  load.functions = {"_Z1k"};
  load.workspace_bytes = int64_t{1} << 33;
  load.resources = {testing_example::launch("k<float>", 40, 98304)};
  load.has_image = true;
  load.image_bytes = 12345;
  const Load read = sent(load);
  EXPECT_EQ(read.handle, load.handle);
  EXPECT_EQ(read.variant, load.variant);
  ASSERT_EQ(read.launches.size(), 1U);
  EXPECT_EQ(read.launches[0].entry, load.launches[0].entry);
  EXPECT_EQ(read.launches[0].grid_blocks, load.launches[0].grid_blocks);
  EXPECT_EQ(read.launches[0].block_threads, load.launches[0].block_threads);
  EXPECT_EQ(read.launches[0].shared_bytes, load.launches[0].shared_bytes);
  EXPECT_EQ(read.functions, load.functions);
  EXPECT_EQ(read.workspace_bytes, load.workspace_bytes);
  EXPECT_EQ(read.resources, load.resources);
  EXPECT_TRUE(read.has_image);
  EXPECT_EQ(read.image_bytes, load.image_bytes);

  load.has_image = false;
  EXPECT_FALSE(sent(load).has_image);
}

TEST(WorkerReply, ComesBackAsItWasSent) {
  const DeviceInfo device = testing_example::outcome().device;
  const DeviceInfo read = sent(Info{device}).device;
  EXPECT_EQ(read.chip, device.chip);
  EXPECT_EQ(read.id, device.id);
  EXPECT_EQ(read.uuid, device.uuid);
  EXPECT_EQ(read.driver, device.driver);
  EXPECT_EQ(read.compiler, device.compiler);
  EXPECT_EQ(read.memory_bytes, device.memory_bytes);
  EXPECT_EQ(read.free_bytes, device.free_bytes);
  EXPECT_EQ(sent(Info{testing_example::cpu_outcome().device}).device.chip, testing_example::cpu_outcome().device.chip);

  EXPECT_EQ(sent(Memory{int64_t{1} << 50}).bytes, int64_t{1} << 50);
  EXPECT_EQ(sent(Opened{1234.5}).copy_ns, 1234.5);
  sent(Done{});
  const std::vector<EntryResources> resources = {testing_example::launch("k", 255, 1)};
  EXPECT_EQ(sent(Loaded{resources}).resources, resources);
  EXPECT_EQ(sent(Counters{testing_example::counters()}).profile, testing_example::counters());
  const Timeline timeline{{"a", "b"}, {"%", "bytes"}, {{0, 2000, {1.5, 7}}, {2000, 4001, {99, 8}}}};
  EXPECT_EQ(sent(Sampled{timeline}).timeline, timeline);
  EXPECT_EQ(sent(Disturbed{"the GPU lowered its clocks: thermal"}).by, "the GPU lowered its clocks: thermal");
  EXPECT_EQ(sent(Disturbed{}).by, "");
}

TEST(WorkerReply, KeepsEveryBitOfASample) {
  const std::vector<double> times = {0.1, 1e-300, 2002112.0000000002, 3};
  EXPECT_EQ(sent(Samples{times}).times_ns, times);
  EXPECT_TRUE(std::isnan(sent(Samples{{std::nan("")}}).times_ns.at(0)));
}

TEST(WorkerReply, NamesEveryKindOfFailureAndError) {
  for (const FailureKind kind :
       {FailureKind::constraint, FailureKind::compile, FailureKind::compile_timeout, FailureKind::load,
        FailureKind::wrong_result, FailureKind::launch, FailureKind::out_of_memory, FailureKind::timeout,
        FailureKind::crash, FailureKind::device}) {
    const Failed failed = sent(Failed{{kind, "what it was"}, {}});
    EXPECT_EQ(failed.failure.kind, kind);
    EXPECT_EQ(failed.failure.what, "what it was");
    EXPECT_EQ(failed.position, std::nullopt);
  }
  EXPECT_EQ(sent(Failed{{}, 0}).position, 0U);
  for (const ErrorKind kind :
       {ErrorKind::bad_input, ErrorKind::environment, ErrorKind::device_lost, ErrorKind::failed}) {
    const Refused refused = sent(Refused{{kind, "\xff is not UTF-8"}});
    EXPECT_EQ(refused.error.kind, kind);
    EXPECT_THAT(refused.error.message, HasSubstr(" is not UTF-8"));
  }
}

TEST(WorkerBegin, IsALineOfItsOwn) {
  EXPECT_EQ(begin_line(12), "{\"version\":1,\"begin\":12}\n");
  EXPECT_EQ(parse_begin(begin_line(12)), 12U);
  EXPECT_FALSE(parse_begin("{\"version\":1,\"begin\":-1}"));
}

TEST(WorkerLines, OfAnotherVersionAreRefusedInOneLine) {
  const auto reply = parse_reply(R"({"version":9,"reply":"done"})");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().message,
            "the worker's reply cannot be read: it: its version is 9, and this program's is 1: they are not of one "
            "build; start both from the same file");
  EXPECT_THAT(parse_request(R"({"version":0,"request":"hello"})").error().message,
              HasSubstr("the worker's request cannot be read: it: its version is 0"));
}

TEST(WorkerLines, ThatAreNoneAreRefused) {
  for (const char* line : {"", "{", "[]", R"({"request":"hello"})", R"({"version":1})",
                           R"({"version":1,"request":"dance"})", R"({"version":1,"request":"verify"})",
                           R"({"version":1,"request":"round","order":[0.5],"cache":"cold","runs":1})",
                           R"({"version":1,"reply":"done"})"}) {
    EXPECT_FALSE(parse_request(line)) << line;
  }
  for (const char* line : {"", "null", R"({"version":1,"reply":"failed","kind":"tired","what":""})",
                           R"({"version":1,"reply":"refused","kind":"tired","message":""})",
                           R"({"version":1,"reply":"samples"})", R"({"version":1,"request":"hello"})"}) {
    EXPECT_FALSE(parse_reply(line)) << line;
  }
}

}  // namespace
}  // namespace scantune::wire::worker
