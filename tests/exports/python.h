// Tests that hand exported files to Python.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "inputs.h"

namespace scantune::exports {

inline const std::string kScripts = SCANTUNE_SOURCE_DIR "/tests/exports/";

// With a folder of its own, which is removed at its end.
class PythonExport : public testing::Test {
 protected:
  [[nodiscard]] std::string path(std::string_view name) const { return folder_.path() / name; }

  void put(std::string_view name, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }

  void put(const Export& files) const {
    for (const ExportFile& file : files) {
      put(file.path, file.contents);
    }
  }

  // What a Python script prints, where its exit code is 0.
  std::string python(const std::string& arguments) const {
    const std::string command = fmt::format("python3 -B {} > {} 2>&1", arguments, path("printed"));
    const int code = std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe): the test's own words
    std::string printed = folder_.read("printed");
    EXPECT_EQ(code, 0) << printed;
    return printed;
  }

  [[nodiscard]] std::vector<std::string> modules() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.path().extension() == ".py") {
        paths.push_back(entry.path());
      }
    }
    return paths;
  }

 private:
  Folder folder_;
};

}  // namespace scantune::exports
