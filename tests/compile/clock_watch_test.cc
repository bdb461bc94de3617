#include "cuda/clock_watch.h"

#include <gtest/gtest.h>

namespace scantune::cuda {
namespace {

TEST(ClockWatch, TellsWhatSlowsAGpu) {
  EXPECT_EQ(slowdown_text(0x20), "the driver lowered the clocks, it is too hot");
  EXPECT_EQ(slowdown_text(0x40), "the hardware lowered the clocks, it is too hot");
  EXPECT_EQ(slowdown_text(0x80), "the power supply asked for a brake");
  EXPECT_EQ(slowdown_text(0x08 | 0x40), "a hardware slowdown");
}

TEST(ClockWatch, IdleClocksTheirSettingsAndThePowerCapAreNoDisturbance) {
  for (const uint64_t reason : {0x0, 0x1, 0x2, 0x4, 0x10, 0x100}) {
    EXPECT_EQ(slowdown_text(reason), "") << reason;
  }
}

TEST(ClockWatch, IsMissingForAGpuThatIsNotThere) { EXPECT_EQ(ClockWatch::open("GPU-none"), nullptr); }

}  // namespace
}  // namespace scantune::cuda
