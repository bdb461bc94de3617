#include "wire/bundle_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scantune::wire {
namespace {

Bundle example() {
  const std::string digest(64, 'a');
  BundleKernel kernel;
  kernel.key = "NVIDIA H200|4096x4096x1|f32|f32|cold|any";
  kernel.chip = *reference_chip(90);
  kernel.workload.shape = {{4096, 4096}, 1};
  kernel.promised.variant = {"row_carry", {{"tile", 4096}, {"storage", "async"}}};
  kernel.promised.time_ns = {30000, 29000, 31000};
  kernel.promised.ratio_to_copy = {0.97, 0.96, 0.98};
  kernel.promised.source_digest = "0123";
  kernel.cubin = {"sm_90_aa.cubin", 5, digest};
  kernel.ptx = {"compute_90_bb.ptx", 7, digest};
  kernel.workspace_bytes = 64;
  const Launch launch = {"scantune::f<float>", 128, 256, 65536, true};
  EntryResources resources;
  resources.entry = launch.entry;
  resources.registers_per_thread = 40;
  resources.static_shared_bytes = 64;
  resources.dynamic_shared_bytes = launch.shared_bytes;
  resources.block_threads = launch.block_threads;
  resources.grid_blocks = launch.grid_blocks;
  kernel.launches = {{launch, "_Z1f", resources}};
  return {"0.1.0", "Apache-2.0", digest, {kernel}};
}

TEST(BundleJson, ReadsBackWhatItWrites) {
  const auto read = parse_bundle(bundle_json(example()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
}

TEST(BundleJson, RefusesFilesOutsideTheBundle) {
  for (const char* path : {"../x", "/etc/passwd", "a/b", ".hidden", "-rf", "", "a\\nb"}) {
    std::string text = bundle_json(example());
    const std::string whole = "sm_90_aa.cubin";
    text.replace(text.find(whole), whole.size(), path);
    const auto read = parse_bundle(text);
    ASSERT_FALSE(read) << path;
    EXPECT_THAT(read.error().message, testing::HasSubstr("the name of a file in the manifest's folder"));
  }
}

TEST(BundleJson, RefusesWhatIsNoBundle) {
  for (const char* text : {"", "[]", "{}", R"({"format": "scantune-best", "version": 1})",
                           R"({"format": "scantune-bundle", "version": 2})"}) {
    const auto read = parse_bundle(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
  }
}

}  // namespace
}  // namespace scantune::wire
