#include "wire/compile_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scantune::wire {
namespace {

using ::testing::HasSubstr;

CompileReply example_reply() {
  CompileReply reply;
  reply.entries = {{.function = "_Z1kv", .registers_per_thread = 40, .static_shared_bytes = 128, .spill_bytes = 8}};
  reply.image = std::string(
      "\x7f"
      "ELF\0\n{}\xff",
      9);
  return reply;
}

TEST(CompileRequest, ReadsBackWhatWasWritten) {
  CompileRequest request;
  request.sources = {{"a.cuh", "#include \"b.h\"\n\"quoted\"\tline\n"}, {"b.h", ""}};
  request.options = {"--gpu-architecture=sm_90"};
  request.expressions = {"scantune::kernel<float, 4096>"};
  const std::string line = to_line(request);
  EXPECT_EQ(line.find('\n'), line.size() - 1);

  const auto read = parse_compile_request(line);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->sources.size(), 2u);
  EXPECT_EQ(read->sources[0].path, "a.cuh");
  EXPECT_EQ(read->sources[0].text, request.sources[0].text);
  EXPECT_EQ(read->options, request.options);
  EXPECT_EQ(read->expressions, request.expressions);
}

TEST(CompileRequest, RefusesWhatIsNoRequest) {
  for (const char* line : {"", "{", "[]", R"({"version":1})", R"({"version":2,"sources":[]})"}) {
    EXPECT_FALSE(parse_compile_request(line)) << line;
  }
}

TEST(CompileReply, ReadsBackWithItsImage) {
  const std::string bytes = to_bytes(example_reply());
  const size_t end = bytes.find('\n');
  auto head = parse_compile_reply(bytes.substr(0, end));
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->image_bytes, 9u);
  const auto reply = complete(*std::move(head), bytes.substr(end + 1));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(*reply, example_reply());
}

TEST(CompileReply, RefusesAnImageThatIsShortOrChanged) {
  const std::string bytes = to_bytes(example_reply());
  const size_t end = bytes.find('\n');
  const auto head = parse_compile_reply(bytes.substr(0, end));
  ASSERT_TRUE(head);
  std::string image = bytes.substr(end + 1);
  EXPECT_FALSE(complete(*head, image.substr(1)));
  image[4] ^= 1;
  EXPECT_FALSE(complete(*head, image));
}

TEST(CompileReply, CarriesAnErrorThatIsNotUtf8) {
  CompileReply reply;
  reply.error = "error: stray \xff in program";
  const std::string bytes = to_bytes(reply);
  const auto head = parse_compile_reply(bytes.substr(0, bytes.find('\n')));
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_THAT(head->reply.error, HasSubstr("error: stray"));
}

}  // namespace
}  // namespace scantune::wire
