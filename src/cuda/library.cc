#include "cuda/library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace scantune::cuda {
namespace {

namespace fs = std::filesystem;

struct LibraryInfo {
  const char* file;
  const char* what;  // what a user may have to install
};

LibraryInfo describe(LibraryId id) {
  switch (id) {
    case LibraryId::driver:
      return {"libcuda.so.1", "the NVIDIA driver"};
    case LibraryId::nvml:
      return {"libnvidia-ml.so.1", "the NVIDIA driver"};
    case LibraryId::nvrtc:
      return {"libnvrtc.so.13", "NVRTC of CUDA 13 (the toolkit, or the wheel nvidia-cuda-nvrtc)"};
    case LibraryId::cupti:
      return {"libcupti.so.13", "CUPTI of CUDA 13 (the toolkit, or the wheel nvidia-cuda-cupti)"};
    case LibraryId::nvperf_host:
      return {"libnvperf_host.so", "CUPTI of CUDA 13 (the toolkit, or the wheel nvidia-cuda-cupti)"};
  }
  return {"", ""};
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The subfolders of a toolkit, or of a folder of wheels, that hold libraries.
std::vector<fs::path> folders_of(const fs::path& root) {
  std::vector<fs::path> folders = {root / "lib64", root / "lib", root / "extras" / "CUPTI" / "lib64"};
  const auto add_each = [&](const fs::path& parent) {
    std::error_code ignored;
    std::vector<fs::path> found;
    for (fs::directory_iterator it(parent, ignored), end; it != end; it.increment(ignored)) {
      found.push_back(it->path() / "lib");
    }
    std::sort(found.begin(), found.end());
    folders.insert(folders.end(), found.begin(), found.end());
  };
  add_each(root / "targets");                           // targets/x86_64-linux/lib
  folders.push_back(root / "nvidia" / "cu13" / "lib");  // wheels of CUDA 13
  add_each(root / "nvidia");                            // older layout: nvidia/cuda_nvrtc/lib
  return folders;
}

std::optional<fs::path> find_in(const fs::path& root, const char* file) {
  for (const fs::path& folder : folders_of(root)) {
    std::error_code ignored;
    if (fs::exists(folder / file, ignored)) {
      return folder / file;
    }
  }
  return std::nullopt;
}

// Where toolkits are looked for, in order; those that have both NVRTC and CUPTI first, so that the
// two are of one version where possible.
std::vector<fs::path> roots() {
  std::vector<fs::path> roots;
  const auto add = [&](const std::string& root) {
    if (!root.empty() && std::find(roots.begin(), roots.end(), fs::path(root)) == roots.end()) {
      roots.emplace_back(root);
    }
  };
  if (const std::string only = environment("SCANTUNE_CUDA_ROOT"); !only.empty()) {
    add(only);
    return roots;
  }
  add(SCANTUNE_CUDA_ROOT);
  add(environment("CUDA_HOME"));
  add(environment("CUDA_PATH"));
  add("/usr/local/cuda");
  std::stable_partition(roots.begin(), roots.end(), [](const fs::path& root) {
    return find_in(root, describe(LibraryId::nvrtc).file) && find_in(root, describe(LibraryId::cupti).file);
  });
  return roots;
}

struct Opened {
  std::once_flag once;
  void* handle = nullptr;
  std::string path;
  std::string problem;
};

Opened& slot(LibraryId id) {
  static std::array<Opened, 5> opened;  // dlopen's handles are the process's, too
  return opened.at(static_cast<size_t>(id));
}

bool try_open(Opened& opened, const std::string& file, int flags) {
  opened.handle = dlopen(file.c_str(), flags);
  if (opened.handle == nullptr) {
    const char* reason = dlerror();
    opened.problem = reason == nullptr ? "unknown reason" : reason;
    return false;
  }
  link_map* map = nullptr;
  if (dlinfo(opened.handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr) {
    opened.path = map->l_name;
  }
  return true;
}

void open_slot(LibraryId id) {
  Opened& opened = slot(id);
  const LibraryInfo info = describe(id);
  const int flags = RTLD_LAZY | (id == LibraryId::nvperf_host ? RTLD_GLOBAL : RTLD_LOCAL);
  if (id == LibraryId::driver || id == LibraryId::nvml) {
    if (!try_open(opened, info.file, flags)) {
      opened.problem = fmt::format("{} cannot be opened ({}): install {}", info.file, opened.problem, info.what);
    }
    return;
  }
  if (id == LibraryId::cupti) {
    (void)open_library(LibraryId::nvperf_host);  // where it is missing, CUPTI says so when it needs it
  }
  std::string searched;
  for (const fs::path& root : roots()) {
    if (const auto file = find_in(root, info.file)) {
      if (try_open(opened, file->string(), flags)) {
        return;
      }
      opened.problem = fmt::format("{} cannot be opened: {}", file->string(), opened.problem);
      return;  // a toolkit that is broken should be mended, not passed over in silence
    }
    searched += root.string() + ", ";
  }
  if (environment("SCANTUNE_CUDA_ROOT").empty() && try_open(opened, info.file, flags)) {
    return;
  }
  opened.problem = fmt::format(
      "{} was not found (looked in {}{}): install {}, or set CUDA_HOME", info.file, searched,
      environment("SCANTUNE_CUDA_ROOT").empty() ? "ld.so's search path" : "as SCANTUNE_CUDA_ROOT says", info.what);
}

}  // namespace

Expected<void*> open_library(LibraryId id) {
  Opened& opened = slot(id);
  std::call_once(opened.once, open_slot, id);
  if (opened.handle == nullptr) {
    return fail(ErrorKind::environment, "{}", opened.problem);
  }
  return opened.handle;
}

std::string library_path(LibraryId id) { return slot(id).path; }

Expected<void*> find_symbol(LibraryId id, const char* name) {
  const auto handle = open_library(id);
  if (!handle) {
    return tl::unexpected(handle.error());
  }
  void* symbol = dlsym(*handle, name);
  if (symbol == nullptr) {
    return fail(ErrorKind::environment, "{} has no function {}: it is too old or too new for this tool",
                library_path(id), name);
  }
  return symbol;
}

}  // namespace scantune::cuda
