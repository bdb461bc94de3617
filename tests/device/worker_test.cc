// Workers and what goes wrong in them: planted faults (planted_worker.cc) and the real CPU.
#include "device/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <thread>

#include "device/cpu.h"

namespace scantune {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The fields of /proc/PID/stat after the name: state, parent, ...; empty where there is no such process.
std::vector<std::string> stat_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> fields;
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::copy(std::istream_iterator<std::string>(rest), {}, std::back_inserter(fields));
  return fields;
}

bool runs(pid_t pid) {
  const auto fields = stat_of(std::to_string(pid));
  return !fields.empty() && fields[0] != "Z" && fields[0] != "X";
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      if (const auto fields = stat_of(name); fields.size() > 1 && fields[1] == std::to_string(parent)) {
        children.push_back(std::stoi(name));
      }
    }
  }
  return children;
}

template <class Condition>
bool within(milliseconds time, Condition condition) {
  for (const auto deadline = Clock::now() + time; Clock::now() < deadline;) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  return condition();
}

Workload small() {
  Workload workload;
  workload.shape = *make_shape({64, 4096}, 1);
  return workload;
}

Variant variant_of(const std::string& text) {
  auto variant = parse_variant(text);
  EXPECT_TRUE(variant) << text;
  return variant ? *variant : Variant{};
}

Artifact artifact_of(const std::string& text) {
  Artifact artifact;
  artifact.variant = variant_of(text);
  artifact.image = std::make_shared<const std::string>("image of " + to_string(artifact.variant));
  return artifact;
}

class Worker : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "scantune-worker-XXXXXX").string();
    memory = mkdtemp(pattern.data());
  }
  void TearDown() override {
    session.reset();
    device.reset();
    EXPECT_THAT(children_of(getpid()), IsEmpty()) << "a worker was left behind";
    std::filesystem::remove_all(memory);
  }

  [[nodiscard]] WorkerOptions options(std::vector<std::string> arguments = {}) const {
    WorkerOptions options;
    options.executable = SCANTUNE_PLANTED_WORKER;
    options.arguments = std::move(arguments);
    options.arguments.insert(options.arguments.begin(), memory.string());
    options.limits.load = options.limits.sample = options.limits.verify = options.limits.profile = kLimit;
    return options;
  }

  void start(std::vector<std::string> arguments = {}) { start_with(options(std::move(arguments))); }

  void start_with(WorkerOptions options) {
    auto opened = open_worker_device(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    device = *std::move(opened);
    auto workload = device->open(small(), 1);
    ASSERT_TRUE(workload) << workload.error().message;
    session = *std::move(workload);
  }

  Handle load(const std::string& text) {
    const auto handle = session->load(artifact_of(text));
    EXPECT_TRUE(handle) << handle.error().what;
    return handle ? *handle : kCopy;
  }

  auto round(const std::vector<Handle>& order) { return session->round(order, {}, {}); }

  static pid_t worker() {
    const auto children = children_of(getpid());
    EXPECT_THAT(children, SizeIs(1));
    return children.empty() ? -1 : children.front();
  }

  static constexpr milliseconds kLimit{500};

  std::filesystem::path memory;
  std::unique_ptr<Device> device;
  std::unique_ptr<Session> session;
};

// --- Without faults ----------------------------------------------------------------------------------

TEST_F(Worker, ServesTheCpuAsIfItWereInThisProcess) {
  start({"cpu"});
  const auto here = cpu::open_device();
  EXPECT_EQ(device->info().chip, here->info().chip);
  EXPECT_EQ(device->info().id, "cpu");
  EXPECT_EQ(device->info().driver, here->info().driver);
  EXPECT_EQ(device->info().compiler, here->info().compiler);
  EXPECT_EQ(device->memory_needed(small()), here->memory_needed(small()));
  const Handle scan = load("cpu_row_carry tile=1024 prefetch=falling threads=1 unroll=4 store=streaming");
  ASSERT_TRUE(session->verify(scan));
  const std::vector<Handle> order = {kCopy, scan, scan, kCopy};
  const auto samples = round(order);
  ASSERT_TRUE(samples) << samples.error().failure.what;
  ASSERT_EQ(samples->size(), order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ((*samples)[i].subject, order[i]);
    EXPECT_GT((*samples)[i].time_ns, 100);
  }
  const auto profile = session->profile(scan, {"task-clock"});
  ASSERT_TRUE(profile);
  ASSERT_EQ(profile->launches.size(), 1U);
  EXPECT_EQ(profile->launches[0].entry, "cpu_row_carry");
  const auto refused = session->load(artifact_of("cpu_row_carry tile=7"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FailureKind::load);
}

TEST_F(Worker, PassesOnWhatASessionSays) {
  start();
  const Handle fine = load("planted fault=none");
  ASSERT_THAT(session->resources(fine), SizeIs(1));
  EXPECT_EQ(session->resources(fine)[0].entry, "planted fault=none");
  EXPECT_EQ(session->disturbance(), "planted");
  const auto samples = session->round(std::vector<Handle>{fine, kCopy}, {.cache = CacheState::hot, .runs = 3}, {});
  ASSERT_TRUE(samples);
  EXPECT_EQ((*samples)[0].subject, fine);
  EXPECT_NEAR((*samples)[0].time_ns, 6000, 1);
  EXPECT_EQ((*samples)[1], (Sample{kCopy, 1000}));
  const auto profile = session->profile(fine, {"a", "b"});
  ASSERT_TRUE(profile);
  EXPECT_EQ(value_of(profile->launches.at(0), "b"), 42);
  session->unload(fine);
  const auto unloaded = round({kCopy, fine});
  ASSERT_FALSE(unloaded);
  EXPECT_EQ(unloaded.error().position, 1U);
  EXPECT_EQ(unloaded.error().failure.kind, FailureKind::launch);
}

TEST_F(Worker, SendsImagesLargerThanASocketBuffer) {
  WorkerOptions patient = options();  // a megabyte takes its time where the machine is busy
  patient.limits = WorkerLimits{};
  start_with(std::move(patient));
  Artifact artifact;
  artifact.variant = variant_of("planted fault=none name=" + std::string(1 << 20, 'x'));
  artifact.image = std::make_shared<const std::string>("image of " + to_string(artifact.variant));
  const auto handle = session->load(artifact);
  ASSERT_TRUE(handle) << handle.error().what;
  EXPECT_TRUE(session->verify(*handle));
}

TEST_F(Worker, ServesOneWorkloadAfterTheOther) {
  start();
  const pid_t first = worker();
  session.reset();
  auto next = device->open(small(), 1);
  ASSERT_TRUE(next);
  session = *std::move(next);
  EXPECT_EQ(worker(), first);
  EXPECT_TRUE(session->verify(load("planted fault=none")));
}

TEST_F(Worker, ServesTwoSessionsAtOnce) {
  start();
  const auto other = device->open(small(), 1);
  ASSERT_TRUE(other);
  EXPECT_THAT(children_of(getpid()), SizeIs(2));
  EXPECT_TRUE(session->verify(load("planted fault=none")));
  const auto handle = (*other)->load(artifact_of("planted fault=none"));
  ASSERT_TRUE(handle);
  EXPECT_TRUE((*other)->verify(*handle));
}

// --- Faults that are a variant's ---------------------------------------------------------------------

struct Planted {
  std::string fault;
  FailureKind kind;
  std::string text;
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest's name for it
void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.fault; }

class WorkerFaults : public Worker, public ::testing::WithParamInterface<Planted> {};

INSTANTIATE_TEST_SUITE_P(
    All, WorkerFaults,
    ::testing::Values(Planted{"segfault", FailureKind::crash, "its process ended: killed by signal 11"},
                      Planted{"abort", FailureKind::crash, "killed by signal 6 (Aborted); it said: free(): invalid"},
                      Planted{"throw", FailureKind::crash, "killed by signal 6 (Aborted); it said:   what():  planted"},
                      Planted{"kill", FailureKind::crash, "killed by signal 9"},
                      Planted{"exit", FailureKind::crash, "exit code 3"},
                      Planted{"hang", FailureKind::timeout, "not done within its time limit of 0.5 s"},
                      Planted{"stop", FailureKind::timeout, "its process was stopped by a signal"},
                      Planted{"nonsense", FailureKind::crash, "the worker's reply cannot be read: not JSON"},
                      Planted{"close", FailureKind::crash, "its process ended"},
                      Planted{"lost", FailureKind::crash, "an illegal memory access"},
                      Planted{"memory", FailureKind::out_of_memory, "no memory is left"},
                      Planted{"wrong", FailureKind::wrong_result, "element 7 is 1, not 2"}),
    [](const auto& info) { return info.param.fault; });

TEST_P(WorkerFaults, CostTheVariantAtFaultAndNoOther) {
  start();
  const Handle before = load("planted fault=none name=before");
  const Handle after = load("planted fault=none name=after");
  const auto expect_blame = [&](const Failure& failure, const char* where) {
    EXPECT_EQ(failure.kind, GetParam().kind) << where << ": " << failure.what;
    EXPECT_THAT(failure.what, HasSubstr(GetParam().text)) << where;
    EXPECT_EQ(failure.what.find('\n'), std::string::npos) << where;
    EXPECT_TRUE(session->verify(before)) << where;
    const auto samples = round({before, kCopy, after});
    ASSERT_TRUE(samples) << where << ": " << samples.error().failure.what;
    EXPECT_THAT(*samples, SizeIs(3)) << where;
    EXPECT_EQ(session->resources(after).at(0).entry, "planted fault=none name=after") << where;
  };
  const std::string fault = "planted fault=" + GetParam().fault;

  const auto loaded = session->load(artifact_of(fault + " at=load"));
  ASSERT_FALSE(loaded);
  expect_blame(loaded.error(), "load");

  const auto verified = session->verify(load(fault + " at=verify"));
  ASSERT_FALSE(verified);
  expect_blame(verified.error(), "verify");

  const Handle bad = load(fault + " at=round");
  ASSERT_TRUE(session->verify(bad));
  const auto samples = round({kCopy, before, bad, after, kCopy});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().position, 2U);
  expect_blame(samples.error().failure, "round");

  const auto profile = session->profile(load(fault + " at=profile"), {"m"});
  ASSERT_FALSE(profile);
  expect_blame(profile.error(), "profile");
}

TEST_F(Worker, BlamesTheVariantThatWasAheadOfWhatHadBegun) {
  start({"ahead"});
  std::vector<Handle> order;
  for (const char* name : {"a", "b", "c"}) {
    order.push_back(load(std::string("planted fault=none name=") + name));
  }
  order.insert(order.begin() + 2, load("planted fault=lost at=round"));
  const auto samples = round(order);
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().position, 2U);
  EXPECT_EQ(samples.error().failure.kind, FailureKind::crash);
}

TEST_F(Worker, BlamesTheVariantThatBreaksWhatRunsAfterIt) {
  start();
  const Handle innocent = load("planted fault=none");
  const Handle breaks = load("planted fault=breaks at=round");
  const auto samples = round({breaks, innocent, kCopy});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().position, 0U);
  EXPECT_EQ(samples.error().failure.kind, FailureKind::crash);
  EXPECT_TRUE(round({innocent, kCopy}));
}

// --- Faults that are nobody's ------------------------------------------------------------------------

TEST_F(Worker, BlamesNobodyForWhatDoesNotHappenAgain) {
  start();
  const Handle innocent = load("planted fault=none");
  for (const char* fault : {"kill", "stop", "segfault"}) {
    const std::string once = fmt::format("planted fault={} times=1 at=", fault);
    EXPECT_TRUE(session->load(artifact_of(once + "load"))) << fault;
    EXPECT_TRUE(session->verify(load(once + "verify"))) << fault;
    EXPECT_TRUE(session->profile(load(once + "profile"), {})) << fault;
    const auto samples = round({innocent, load(once + "round"), kCopy});
    ASSERT_TRUE(samples) << fault << ": " << samples.error().failure.what;
    EXPECT_THAT(*samples, SizeIs(3)) << fault;
  }
}

TEST_F(Worker, IsReplacedWhereItWasKilledWhileItHadNothingToDo) {
  start();
  const Handle handle = load("planted fault=none");
  const pid_t first = worker();
  kill(first, SIGKILL);
  ASSERT_TRUE(within(milliseconds(2000), [&] { return !runs(first); }));
  EXPECT_EQ(session->disturbance(), "");
  EXPECT_TRUE(session->verify(handle));
  EXPECT_NE(worker(), first);
  EXPECT_EQ(session->disturbance(), "planted");
}

TEST_F(Worker, IsReplacedWithinASecondOnTheCpu) {
  start({"cpu"});
  const Handle handle = load("cpu_row_carry tile=1024 prefetch=falling threads=1 unroll=4 store=streaming");
  ASSERT_TRUE(round({handle, kCopy}));
  kill(worker(), SIGKILL);
  const auto begin = Clock::now();
  ASSERT_TRUE(round({handle, kCopy}));
  const double taken_s = seconds_since(begin);
  std::cout << "a round with a fresh worker on the CPU took " << 1e3 * taken_s << " ms\n";
  EXPECT_LT(taken_s, 5);
}

TEST_F(Worker, LosesItsDeviceWhereNoFreshOneOpensIt) {
  start({"gone=2"});
  const Handle handle = load("planted fault=none");
  const Handle bad = load("planted fault=segfault at=round");
  const auto samples = round({handle, bad});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().failure.kind, FailureKind::device);
  EXPECT_EQ(samples.error().position, std::nullopt);
  EXPECT_THAT(samples.error().failure.what, HasSubstr("no planted device is here"));
  const auto verified = session->verify(handle);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().kind, FailureKind::device);
}

TEST_F(Worker, LosesItsDeviceWhereRoundsFailAndNoVariantIsToBlame) {
  start();
  const auto samples = round({load("planted fault=none"), load("planted fault=company"), kCopy});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().failure.kind, FailureKind::device);
  EXPECT_EQ(samples.error().position, std::nullopt);
  EXPECT_THAT(samples.error().failure.what, HasSubstr("3 rounds in a row failed, and no variant is to blame"));
}

TEST_F(Worker, MayDieOnceOverTheOpeningOfAWorkload) {
  start({"dies=1"});
  EXPECT_TRUE(session->verify(load("planted fault=none")));
}

// --- Errors of the device ----------------------------------------------------------------------------

TEST_F(Worker, SaysInOneLineWhyThereIsNoDevice) {
  const auto refused = open_worker_device(options({"refused"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::environment);
  EXPECT_EQ(refused.error().message, "no planted device is here");

  const auto version = open_worker_device(options({"version"}));
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().message,
            "the worker process did not start: the worker's reply cannot be read: it: its version is 2, and this "
            "program's is 1: they are not of one build; start both from the same file");

  WorkerOptions none = options();
  none.executable = "/bin/false";
  const auto started = open_worker_device(none);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "the worker process did not start: its process ended: exit code 1");
  none.executable = "/nowhere";
  EXPECT_THAT(open_worker_device(none).error().message, HasSubstr("cannot start /nowhere: No such file"));
}

TEST_F(Worker, SaysWhyAWorkloadCannotBeOpened) {
  auto opened = open_worker_device(options({"dies=2"}));
  ASSERT_TRUE(opened);
  device = *std::move(opened);
  const auto refused = device->open(small(), 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(refused.error().message, HasSubstr("a seed of 2"));
  const auto died = device->open(small(), 1);
  ASSERT_FALSE(died);
  EXPECT_EQ(died.error().kind, ErrorKind::failed);
  EXPECT_THAT(died.error().message, HasSubstr("64x4096 f32 dim 1: the worker process could not open it: "));
  EXPECT_TRUE(device->open(small(), 1));
}

// --- Stopping, and what is left behind ---------------------------------------------------------------

TEST_F(Worker, EndsARoundWithinAMomentWhenAskedToStop) {
  WorkerOptions patient = options();
  patient.limits.sample = std::chrono::seconds(100);
  start_with(patient);
  const Handle handle = load("planted fault=hang at=round");
  std::stop_source stop;
  const std::jthread asks([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop.request_stop();
  });
  const auto begin = Clock::now();
  const auto samples = session->round(std::vector<Handle>{kCopy, handle}, {}, stop.get_token());
  EXPECT_LT(seconds_since(begin), 1);
  ASSERT_TRUE(samples);
  EXPECT_THAT(*samples, IsEmpty());
}

TEST_F(Worker, EndsEverythingWithinAMomentWhenTheToolStops) {
  WorkerOptions patient = options();
  std::stop_source stop;
  patient.limits.verify = std::chrono::seconds(100);
  patient.stop = stop.get_token();
  start_with(patient);
  const Handle handle = load("planted fault=hang at=verify");
  const std::jthread asks([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop.request_stop();
  });
  const auto begin = Clock::now();
  const auto verified = session->verify(handle);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().kind, FailureKind::device);
  EXPECT_EQ(verified.error().what, "interrupted");
  EXPECT_EQ(session->load(artifact_of("planted fault=none")).error().what, "interrupted");
  const auto samples = round({kCopy});
  EXPECT_TRUE(samples && samples->empty());
  session.reset();
  device.reset();
  EXPECT_LT(seconds_since(begin), 1);
}

// A tool that holds a worker, and is killed.
class ToolWithWorker {
 public:
  ToolWithWorker(const WorkerOptions& options, const std::string& fault) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    tool_ = fork();
    if (tool_ == 0) {
      close(ends[0]);
      auto device = open_worker_device(options);
      auto session = device ? (*device)->open(small(), 1) : tl::unexpected(device.error());
      if (!session) {
        _exit(1);
      }
      const auto children = children_of(getpid());
      if (children.size() != 1 || write(ends[1], children.data(), sizeof(pid_t)) != sizeof(pid_t)) {
        _exit(1);
      }
      const auto handle = (*session)->load(artifact_of(fault));
      static_cast<void>((*session)->verify(*handle));
      _exit(0);
    }
    close(ends[1]);
    EXPECT_EQ(read(ends[0], &worker_, sizeof worker_), static_cast<ssize_t>(sizeof worker_));
    close(ends[0]);
  }
  ToolWithWorker(const ToolWithWorker&) = delete;
  ToolWithWorker& operator=(const ToolWithWorker&) = delete;
  ~ToolWithWorker() { end(); }

  void end() {
    if (tool_ > 0) {
      kill(tool_, SIGKILL);
      waitpid(tool_, nullptr, 0);
      tool_ = -1;
    }
  }
  [[nodiscard]] pid_t worker() const { return worker_; }

 private:
  pid_t tool_ = -1;
  pid_t worker_ = -1;
};

TEST_F(Worker, DoesNotOutliveAToolThatIsKilled) {
  for (const char* fault : {"hang", "stop"}) {
    WorkerOptions patient = options();
    patient.limits.verify = std::chrono::seconds(100);
    ToolWithWorker tool(patient, fmt::format("planted fault={} at=verify", fault));
    ASSERT_GT(tool.worker(), 0);
    const std::string pid = std::to_string(tool.worker());
    // It is at it: asleep, or stopped.
    std::this_thread::sleep_for(milliseconds(100));
    ASSERT_TRUE(runs(tool.worker()));
    if (std::string(fault) == "stop") {
      ASSERT_TRUE(within(milliseconds(5000), [&] { return stat_of(pid).at(0) == "T"; }));
    }
    tool.end();
    EXPECT_TRUE(within(milliseconds(2000), [&] { return !runs(tool.worker()); })) << fault;
  }
}

TEST_F(Worker, IsOutOfReachOfCtrlC) {
  start();
  const pid_t pid = worker();
  EXPECT_NE(getpgid(pid), getpgrp());
  kill(pid, SIGINT);
  EXPECT_TRUE(session->verify(load("planted fault=none")));
  EXPECT_EQ(worker(), pid);
}

}  // namespace
}  // namespace scantune
