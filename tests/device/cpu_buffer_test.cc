#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/buffer.h"

namespace scantune::cpu {
namespace {

using ::testing::IsEmpty;

TEST(Buffer, IsAlignedForStreamingStoresWhateverItsSize) {
  for (const int64_t bytes : {1, 100, 4096, 5'000'001}) {
    const auto buffer = Buffer::allocate(bytes);
    ASSERT_TRUE(buffer.has_value());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % Buffer::kAlignment, 0U);
    EXPECT_EQ(buffer->size(), bytes);
    buffer->data()[0] = std::byte{1};
    buffer->data()[bytes - 1] = std::byte{1};
  }
}

TEST(Buffer, SeesAByteWrittenBeforeOrPastItAndMendsIt) {
  auto buffer = Buffer::allocate(1000);
  ASSERT_TRUE(buffer.has_value());
  EXPECT_THAT(buffer->check_canaries(), IsEmpty());
  buffer->data()[-3] = std::byte{0};
  EXPECT_EQ(buffer->check_canaries(), "wrote before the output: 1 bytes, the nearest 3 bytes before it");
  EXPECT_THAT(buffer->check_canaries(), IsEmpty());
  buffer->data()[1000] = std::byte{0};
  buffer->data()[1001] = std::byte{0};
  EXPECT_EQ(buffer->check_canaries(), "wrote past the output: 2 bytes, the nearest 0 bytes past its end");
  buffer->data()[-Buffer::kCanaryBytes] = std::byte{0};
  buffer->data()[1000 + Buffer::kCanaryBytes - 1] = std::byte{0};
  EXPECT_EQ(buffer->check_canaries(),
            "wrote before the output: 1 bytes, the nearest 4096 bytes before it; "
            "wrote past the output: 1 bytes, the nearest 4095 bytes past its end");
}

TEST(Buffer, SaysWhatCouldNotBeAllocated) {
  const auto buffer = Buffer::allocate(int64_t{1} << 60);
  ASSERT_FALSE(buffer.has_value());
  EXPECT_EQ(buffer.error().kind, ErrorKind::environment);
  EXPECT_THAT(buffer.error().message, ::testing::HasSubstr("cannot allocate 1024.00 PiB"));
}

}  // namespace
}  // namespace scantune::cpu
