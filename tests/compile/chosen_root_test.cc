// The CUDA root whose headers the program was built with (with scripts/test.sh --with-cuda: the wheels) comes before
// any other toolkit of the machine. The tests beside this one then prove that what lies there works.
#include <gtest/gtest.h>

#include <filesystem>

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

namespace fs = std::filesystem;

const fs::path kChosenRoot = SCANTUNE_CUDA_ROOT;

// Whether `path` lies under the chosen root; links are followed on both sides.
bool is_chosen(const fs::path& path) {
  const fs::path relative = fs::canonical(path).lexically_relative(fs::canonical(kChosenRoot));
  return !relative.empty() && *relative.begin() != "..";
}

TEST(ChosenRoot, IsWhereLibrariesAreOpenedFrom) {
  for (const LibraryId id : {LibraryId::nvrtc, LibraryId::cupti, LibraryId::nvperf_host}) {
    const auto handle = open_library(id);
    ASSERT_TRUE(handle) << handle.error().message;
    EXPECT_TRUE(is_chosen(library_path(id))) << library_path(id) << " is not under " << kChosenRoot;
  }
}

}  // namespace
}  // namespace scantune::cuda
