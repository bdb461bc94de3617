// Every fault that the doctor knows, on machines that are made up.
#include "doctor/examine.h"

#include <gmock/gmock.h>

#include <functional>

namespace scantune::doctor {
namespace {

using testing::Each;
using testing::Field;
using testing::HasSubstr;

tl::unexpected<Error> missing(const std::string& what) { return fail(ErrorKind::environment, "{}", what); }

Gpu healthy_gpu() {
  Gpu gpu;
  gpu.info.chip = *reference_chip(90);
  gpu.info.chip.name = "NVIDIA H200";
  gpu.info.id = "cuda:0";
  cuda::GpuState state;
  state.memory_bytes = int64_t{140} << 30;
  state.free_bytes = int64_t{139} << 30;
  state.processes = 0;
  state.mig = false;
  state.ecc = true;
  state.uncorrected_errors = 0;
  state.sm_clock_mhz = 345;
  state.max_sm_clock_mhz = 1980;
  state.temperature_c = 34;
  gpu.state = state;
  return gpu;
}

Machine healthy() {
  Machine machine;
  machine.nvidia_hardware = true;
  machine.driver = "580.159.04";
  machine.nvrtc = "13.0, /cuda/lib64/libnvrtc.so.13";
  machine.cupti = "/cuda/lib64/libcupti.so.13";
  machine.gpus = std::vector<Gpu>{healthy_gpu()};
  machine.cpu = "a CPU x 2 cores";
  machine.cpu_counters = {{"cycles", "cycles", 12.0, "", ""}, {"task-clock", "task-clock", 34.0, "ns", ""}};
  machine.folders = {{"cache", "/home/u/.cache/scantune", {}, int64_t{9} << 30},
                     {"results", "results", {}, int64_t{9} << 30}};
  return machine;
}

// The check of a subject on a machine that is healthy but for one thing.
HealthCheck with(const std::function<void(Machine&)>& change, const std::string& subject) {
  Machine machine = healthy();
  change(machine);
  for (const HealthCheck& check : examine(machine)) {
    if (check.subject == subject) {
      return check;
    }
  }
  return {subject, Health::ok, "no such check", ""};
}

HealthCheck with_gpu(const std::function<void(Gpu&)>& change, const std::string& subject) {
  return with([&](Machine& machine) { change(machine.gpus->front()); }, subject);
}

void expect(const HealthCheck& check, Health health, const std::string& what, const std::string& remedy) {
  EXPECT_EQ(name(check.health), name(health)) << check.subject;
  EXPECT_THAT(check.what, HasSubstr(what)) << check.subject;
  EXPECT_THAT(check.remedy, HasSubstr(remedy)) << check.subject;
}

TEST(Examine, FindsNothingWrongWithAHealthyMachine) {
  const std::vector<HealthCheck> checks = examine(healthy());
  EXPECT_THAT(checks, Each(Field(&HealthCheck::health, Health::ok)));
  EXPECT_THAT(checks, Each(Field(&HealthCheck::remedy, "")));
  EXPECT_EQ(checks.size(), 14U);
  EXPECT_EQ(worst(checks), Health::ok);
}

TEST(Examine, EveryFaultHasARemedy) {
  Machine machine = healthy();
  machine.driver = missing("no libcuda.so.1");
  machine.gpus->front().counters = missing("no permission: modprobe option");
  machine.gpus->front().state->ecc = false;
  machine.folders[0].writable = missing("read-only");
  for (const HealthCheck& check : examine(machine)) {
    EXPECT_EQ(check.health == Health::ok, check.remedy.empty()) << check.subject;
  }
  EXPECT_EQ(worst(examine(machine)), Health::broken);
}

TEST(Examine, AMissingDriverIsBrokenOnlyWhereThereIsAGpu) {
  const auto no_driver = [](Machine& m) { m.driver = missing("cannot open libcuda.so.1"); };
  expect(with(no_driver, "driver"), Health::broken, "libcuda.so.1", "install or update NVIDIA's driver");
  expect(with(
             [&](Machine& m) {
               no_driver(m);
               m.nvidia_hardware = false;
             },
             "driver"),
         Health::degraded, "no GPU of NVIDIA's is on the bus", "--device cpu");
}

TEST(Examine, ABuildWithoutCudaIsToldFromAMissingDriver) {
  const auto without = [](Machine& m) {
    m.cuda_built_in = false;
    m.driver = missing("this binary was built without CUDA");
  };
  expect(with(without, "driver"), Health::broken, "built without CUDA", "scripts/run.sh");
}

TEST(Examine, GpusThatTheDriverDoesNotShowAreBroken) {
  expect(with([](Machine& m) { m.gpus->clear(); }, "GPUs"), Health::broken, "shows none", "CUDA_VISIBLE_DEVICES");
  expect(with([](Machine& m) { m.gpus = missing("cuInit failed"); }, "GPUs"), Health::broken, "cuInit failed",
         "see the driver");
  expect(with(
             [](Machine& m) {
               m.gpus->clear();
               m.nvidia_hardware = false;
             },
             "GPUs"),
         Health::degraded, "shows none", "CUDA_VISIBLE_DEVICES");
}

TEST(Examine, MissingNvrtcIsBrokenBesideAGpuAndMissingCuptiIsNot) {
  expect(with([](Machine& m) { m.nvrtc = missing("no libnvrtc.so.13"); }, "NVRTC"), Health::broken,
         "no libnvrtc.so.13: no kernel can be compiled", "SCANTUNE_CUDA_ROOT");
  expect(with([](Machine& m) { m.cupti = missing("no libcupti.so.13"); }, "CUPTI"), Health::degraded,
         "no counter can be read", "SCANTUNE_CUDA_ROOT");
  expect(with(
             [](Machine& m) {
               m.nvrtc = missing("no libnvrtc.so.13");
               m.gpus->clear();
             },
             "NVRTC"),
         Health::degraded, "no libnvrtc.so.13", "SCANTUNE_CUDA_ROOT");
}

TEST(Examine, CountersThatCannotBeReadComeWithTheReasonThatWasGiven) {
  for (const char* reason : {"no permission to read counters: options nvidia NVreg_RestrictProfilingToAdminUsers=0",
                             "another profiler holds the counters of this GPU: end it",
                             "ncu is attached to this process and keeps CUPTI out: run without it"}) {
    expect(with_gpu([&](Gpu& g) { g.counters = missing(reason); }, "counters of cuda:0"), Health::degraded,
           "tuning works", reason);
  }
}

TEST(Examine, AnOldArchitectureIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.info.chip.compute_capability = 75; }, "architecture of cuda:0"), Health::degraded,
         "sm_75, older", "left out");
}

TEST(Examine, MemoryThatOthersHoldIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.state->free_bytes = int64_t{100} << 30; }, "memory of cuda:0"), Health::degraded,
         "100.00 GiB of 140.00 GiB free", "nvidia-smi");
}

TEST(Examine, OtherWorkOnTheGpuIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.state->processes = 2; }, "other work on cuda:0"), Health::degraded,
         "2 other processes", "end it");
}

TEST(Examine, MigIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.state->mig = true; }, "MIG on cuda:0"), Health::degraded, "instance", "-mig 0");
}

TEST(Examine, MemoryErrorsAreBrokenAndMissingEccIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.state->uncorrected_errors = 3; }, "ECC of cuda:0"), Health::broken,
         "3 uncorrected errors", "cannot be trusted");
  expect(with_gpu([](Gpu& g) { g.state->ecc = false; }, "ECC of cuda:0"), Health::degraded, "off", "-e 1");
}

TEST(Examine, LoweredClocksAndHeatAreDegraded) {
  expect(with_gpu([](Gpu& g) { g.state->slowed_by = "a hardware slowdown"; }, "clocks of cuda:0"), Health::degraded,
         "SMs at 345 of at most 1980 MHz, 34 °C; a hardware slowdown", "cooling");
  expect(with_gpu([](Gpu& g) { g.state->temperature_c = 90; }, "clocks of cuda:0"), Health::degraded, "90 °C: hot",
         "cooling");
}

TEST(Examine, WhatNvmlDoesNotTellIsLeftOutAndMissingNvmlIsDegraded) {
  expect(with_gpu([](Gpu& g) { g.state = missing("no libnvidia-ml.so.1"); }, "state of cuda:0"), Health::degraded,
         "no libnvidia-ml.so.1", "install NVML");
  Machine machine = healthy();
  machine.gpus->front().state = cuda::GpuState{};
  EXPECT_EQ(worst(examine(machine)), Health::ok);
  EXPECT_EQ(examine(machine).size(), 10U);
}

TEST(Examine, EveryGpuIsLookedAt) {
  Machine machine = healthy();
  machine.gpus->push_back(healthy_gpu());
  machine.gpus->back().info.id = "cuda:1";
  machine.gpus->back().state->uncorrected_errors = 1;
  const std::vector<HealthCheck> checks = examine(machine);
  EXPECT_THAT(checks, testing::Contains(testing::AllOf(Field(&HealthCheck::subject, "ECC of cuda:1"),
                                                       Field(&HealthCheck::health, Health::broken))));
}

TEST(Examine, CpuCountersThatAreRefusedSayWhy) {
  expect(with(
             [](Machine& m) {
               m.cpu_counters[0].value.reset();
               m.cpu_counters[0].reason = "perf_event_paranoid is 4: sysctl kernel.perf_event_paranoid=2";
             },
             "CPU counters"),
         Health::degraded, "1 of 2 can be read", "kernel.perf_event_paranoid=2");
}

TEST(Examine, AFolderThatCannotBeWrittenIsBrokenAndAFullDiskDegraded) {
  expect(with([](Machine& m) { m.folders[0].writable = missing("Read-only file system"); }, "cache folder"),
         Health::broken, "/home/u/.cache/scantune: Read-only file system", "--cache-dir");
  expect(with([](Machine& m) { m.folders[1].writable = missing("Permission denied"); }, "results folder"),
         Health::broken, "Permission denied", "--out");
  expect(with([](Machine& m) { m.folders[1].free_bytes = 1 << 20; }, "results folder"), Health::degraded,
         "1.00 MiB free", "make room");
}

}  // namespace
}  // namespace scantune::doctor
