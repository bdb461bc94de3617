#include "core/units.h"

#include <gtest/gtest.h>

namespace scantune {
namespace {

TEST(Units, BytesAreBinary) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(int64_t{4} << 30), "4.00 GiB");
  EXPECT_EQ(format_bytes(int64_t{1} << 62), "4096.00 PiB");
}

TEST(Units, TimesTakeTheUnitThatKeepsThemReadable) {
  EXPECT_EQ(format_time(0), "0 ns");
  EXPECT_EQ(format_time(850), "850 ns");
  EXPECT_EQ(format_time(20180), "20.18 us");
  EXPECT_EQ(format_time(2.0184e6), "2.018 ms");
  EXPECT_EQ(format_time(3.5e9), "3.500 s");
}

TEST(Units, AValueThatRoundsUpTakesTheNextUnit) {
  EXPECT_EQ(format_bytes((int64_t{1} << 20) - 1), "1.00 MiB");
  EXPECT_EQ(format_time(999.6), "1.00 us");
  EXPECT_EQ(format_time(999'999), "1.000 ms");
  EXPECT_EQ(format_time(999'999'900), "1.000 s");
  EXPECT_EQ(format_rate(99.97e9), "100 GB/s");
  EXPECT_EQ(format_seconds(59.97), "1 min 00 s");
  EXPECT_EQ(format_seconds(3599.7), "1 h 00 min");
}

TEST(Units, RatesAreDecimal) {
  EXPECT_EQ(format_rate(4257e9), "4257 GB/s");
  EXPECT_EQ(format_rate(12.34e9), "12.3 GB/s");
}

TEST(Units, SecondsReadAsADuration) {
  EXPECT_EQ(format_seconds(6.1), "6.1 s");
  EXPECT_EQ(format_seconds(125), "2 min 05 s");
  EXPECT_EQ(format_seconds(7384), "2 h 03 min");
}

}  // namespace
}  // namespace scantune
