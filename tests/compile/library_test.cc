#include "cuda/library.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace scantune::cuda {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A library is opened once a process, so each of these runs in a process of its own.
class LibraryDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The child must find the folder under the same name; tests that run beside this one must not.
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    folder = fs::temp_directory_path() / fmt::format("scantune-library-test-{}-{}", getuid(), test);
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  fs::path folder;
};

TEST(Library, FindsNvrtcHere) {
  const auto version = find_symbol(LibraryId::nvrtc, "nvrtcVersion");
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_NE(*version, nullptr);
  EXPECT_THAT(library_path(LibraryId::nvrtc), HasSubstr("libnvrtc.so.13"));
}

TEST(Library, NamesAFunctionThatIsNotThere) {
  const auto symbol = find_symbol(LibraryId::nvrtc, "nvrtcMakeCoffee");
  ASSERT_FALSE(symbol);
  EXPECT_EQ(symbol.error().kind, ErrorKind::environment);
  EXPECT_THAT(symbol.error().message, HasSubstr("nvrtcMakeCoffee"));
  EXPECT_THAT(symbol.error().message, HasSubstr("libnvrtc.so.13"));
}

TEST_F(LibraryDeathTest, SaysWhatIsMissingAndWhereItLooked) {
  EXPECT_EXIT(
      {
        setenv("SCANTUNE_CUDA_ROOT", folder.c_str(), 1);
        const auto nvrtc = open_library(LibraryId::nvrtc);
        const auto cupti = open_library(LibraryId::cupti);
        std::cerr << (nvrtc ? "" : nvrtc.error().message) << (cupti ? "" : cupti.error().message);
        std::exit(nvrtc || cupti ? 1 : 0);
      },
      ::testing::ExitedWithCode(0),
      "libnvrtc.so.13 was not found .*scantune-library-test.*install NVRTC of CUDA 13.*"
      "libcupti.so.13 was not found .*install CUPTI");
}

TEST_F(LibraryDeathTest, FindsLibrariesInAFolderOfWheels) {
  const fs::path lib = folder / "nvidia" / "cu13" / "lib";
  fs::create_directories(lib);
  // Any library will do: it is not called.
  Dl_info found{};
  ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "cbrt"), &found), 0);
  fs::copy_file(found.dli_fname, lib / "libnvrtc.so.13", fs::copy_options::overwrite_existing);
  EXPECT_EXIT(
      {
        setenv("SCANTUNE_CUDA_ROOT", folder.c_str(), 1);
        const auto nvrtc = open_library(LibraryId::nvrtc);
        std::cerr << library_path(LibraryId::nvrtc);
        std::exit(nvrtc ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "scantune-library-test-[^/]+/nvidia/cu13/lib/libnvrtc.so.13");
}

TEST_F(LibraryDeathTest, RefusesALibraryThatIsBroken) {
  fs::create_directories(folder / "lib");
  fs::remove(folder / "lib" / "libnvrtc.so.13");
  fs::create_symlink("/dev/null", folder / "lib" / "libnvrtc.so.13");
  EXPECT_EXIT(
      {
        setenv("SCANTUNE_CUDA_ROOT", folder.c_str(), 1);
        const auto nvrtc = open_library(LibraryId::nvrtc);
        std::cerr << (nvrtc ? "" : nvrtc.error().message);
        std::exit(nvrtc ? 1 : 0);
      },
      ::testing::ExitedWithCode(0),
      "scantune-library-test-[^/]+/lib/libnvrtc.so.13 cannot be opened: .*file too short");
}

}  // namespace
}  // namespace scantune::cuda
