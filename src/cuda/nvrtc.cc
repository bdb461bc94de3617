#include "cuda/nvrtc.h"

#include <nvrtc.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "cuda/library.h"

namespace scantune::cuda {
namespace {

struct Nvrtc {
  decltype(&nvrtcVersion) version = nullptr;
  decltype(&nvrtcGetErrorString) error_string = nullptr;
  decltype(&nvrtcCreateProgram) create = nullptr;
  decltype(&nvrtcDestroyProgram) destroy = nullptr;
  decltype(&nvrtcAddNameExpression) add_name = nullptr;
  decltype(&nvrtcCompileProgram) compile = nullptr;
  decltype(&nvrtcGetProgramLogSize) log_size = nullptr;
  decltype(&nvrtcGetProgramLog) log = nullptr;
  decltype(&nvrtcGetLoweredName) lowered_name = nullptr;
  decltype(&nvrtcGetCUBINSize) cubin_size = nullptr;
  decltype(&nvrtcGetCUBIN) cubin = nullptr;
  decltype(&nvrtcGetPTXSize) ptx_size = nullptr;
  decltype(&nvrtcGetPTX) ptx = nullptr;
};

template <class Function>
Expected<void> bind(Function& function, const char* name) {
  const auto symbol = find_symbol(LibraryId::nvrtc, name);
  if (!symbol) {
    return tl::unexpected(symbol.error());
  }
  function = reinterpret_cast<Function>(*symbol);
  return {};
}

Expected<Nvrtc> open_nvrtc() {
  Nvrtc api;
  Expected<void> bound;
  const auto add = [&](auto& function, const char* name) {
    if (bound) {
      bound = bind(function, name);
    }
  };
  add(api.version, "nvrtcVersion");
  add(api.error_string, "nvrtcGetErrorString");
  add(api.create, "nvrtcCreateProgram");
  add(api.destroy, "nvrtcDestroyProgram");
  add(api.add_name, "nvrtcAddNameExpression");
  add(api.compile, "nvrtcCompileProgram");
  add(api.log_size, "nvrtcGetProgramLogSize");
  add(api.log, "nvrtcGetProgramLog");
  add(api.lowered_name, "nvrtcGetLoweredName");
  add(api.cubin_size, "nvrtcGetCUBINSize");
  add(api.cubin, "nvrtcGetCUBIN");
  add(api.ptx_size, "nvrtcGetPTXSize");
  add(api.ptx, "nvrtcGetPTX");
  if (!bound) {
    return tl::unexpected(bound.error());
  }
  return api;
}

// A program, destroyed on every way out.
class Program {
 public:
  explicit Program(const Nvrtc& api) : api_(api) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (program_ != nullptr) {
      api_.destroy(&program_);
    }
  }

  nvrtcResult create(const std::vector<SourceFile>& sources) {
    std::vector<const char*> texts;
    std::vector<const char*> names;
    for (size_t i = 1; i < sources.size(); ++i) {
      texts.push_back(sources[i].text.c_str());
      names.push_back(sources[i].path.c_str());
    }
    return api_.create(&program_, sources.front().text.c_str(), sources.front().path.c_str(),
                       static_cast<int>(texts.size()), texts.data(), names.data());
  }

  [[nodiscard]] std::string log() const {
    size_t size = 0;
    if (api_.log_size(program_, &size) != NVRTC_SUCCESS || size == 0) {
      return "";
    }
    std::string text(size, '\0');
    api_.log(program_, text.data());
    text.resize(text.find('\0') == std::string::npos ? size : text.find('\0'));
    return text;
  }

  [[nodiscard]] nvrtcProgram get() const { return program_; }

 private:
  const Nvrtc& api_;
  nvrtcProgram program_ = nullptr;
};

constexpr std::string_view kVirtual = "--gpu-architecture=compute_";

// The line of a compiler's log that says what is wrong. A name that cannot be looked up follows from
// an error in the source where there is one.
std::string first_error(const std::string& log) {
  std::istringstream lines(log);
  std::string line;
  std::string lookup;
  std::string first;
  while (std::getline(lines, line)) {
    if (line.find("error") != std::string::npos || line.find("fatal") != std::string::npos) {
      if (!line.starts_with("__nv_name_map")) {
        return line;
      }
      lookup = lookup.empty() ? line : lookup;
    }
    first = first.empty() ? line : first;
  }
  return lookup.empty() ? first : lookup;
}

// The number before `unit` in a line such as "Used 24 registers, used 1 barriers, 128 bytes smem".
int64_t number_before(std::string_view line, std::string_view unit) {
  const size_t end = line.find(unit);
  if (end == std::string_view::npos) {
    return 0;
  }
  size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') {
    --begin;
  }
  int64_t number = 0;
  std::from_chars(line.data() + begin, line.data() + end, number);
  return number;
}

}  // namespace

bool read_resources(const std::string& log, wire::CompileReply& reply) {
  std::istringstream lines(log);
  std::string line;
  std::vector<bool> seen(reply.entries.size(), false);
  std::string function;
  int64_t local_bytes = 0;  // of the entry and the functions it calls
  while (std::getline(lines, line)) {
    if (const size_t at = line.find("Compiling entry function '"); at != std::string::npos) {
      const size_t begin = line.find('\'', at) + 1;
      function = line.substr(begin, line.find('\'', begin) - begin);
      local_bytes = 0;
    } else if (line.find(" bytes stack frame") != std::string::npos) {
      local_bytes += number_before(line, " bytes stack frame");
    } else if (line.find(" registers") != std::string::npos && line.find("Used ") != std::string::npos) {
      for (size_t i = 0; i < reply.entries.size(); ++i) {
        wire::CompiledEntry& entry = reply.entries[i];
        if (entry.function == function) {
          entry.registers_per_thread = static_cast<int>(number_before(line, " registers"));
          entry.static_shared_bytes = number_before(line, " bytes smem");
          entry.spill_bytes = local_bytes;
          seen[i] = true;
        }
      }
    }
  }
  return std::find(seen.begin(), seen.end(), false) == seen.end();
}

Expected<std::string> nvrtc_version() {
  const auto api = open_nvrtc();
  if (!api) {
    return tl::unexpected(api.error());
  }
  int major = 0;
  int minor = 0;
  if (const nvrtcResult result = api->version(&major, &minor); result != NVRTC_SUCCESS) {
    return fail(ErrorKind::environment, "nvrtcVersion: {}", api->error_string(result));
  }
  return fmt::format("{}.{}", major, minor);
}

Expected<std::string> nvrtc_identity() {
  auto version = nvrtc_version();
  if (!version) {
    return version;
  }
  std::error_code unknown;
  const auto size = std::filesystem::file_size(library_path(LibraryId::nvrtc), unknown);
  return fmt::format("NVRTC {} of {} bytes", *version, unknown ? 0 : size);
}

std::vector<std::string> nvrtc_options(const Chip& chip) {
  return {"--gpu-architecture=" + sm_name(chip),
          "--std=c++17",
          "-default-device",
          "-lineinfo",
          "--ptxas-options=-v",
          "--no-cache"};  // NVRTC's own cache, which keeps no log
}

std::vector<std::string> nvrtc_export_options(const Chip& chip, bool ptx) {
  std::vector<std::string> options = nvrtc_options(chip);
  if (ptx) {
    options.front() = fmt::format("{}{}", kVirtual, chip.compute_capability);
  }
  options.emplace_back("--frandom-seed=scantune");
  return options;
}

wire::CompileReply compile_with_nvrtc(const wire::CompileRequest& request) {
  wire::CompileReply reply;
  const auto api = open_nvrtc();
  if (!api) {
    reply.error = api.error().message;
    return reply;
  }
  if (request.sources.empty()) {
    reply.error = "there is no source to compile";
    return reply;
  }
  Program program(*api);
  const auto check = [&](nvrtcResult result, const char* call) {
    if (reply.error.empty() && result != NVRTC_SUCCESS) {
      reply.error = fmt::format("{}: {}", call, api->error_string(result));
    }
    return reply.error.empty();
  };
  if (!check(program.create(request.sources), "nvrtcCreateProgram")) {
    return reply;
  }
  for (const std::string& expression : request.expressions) {
    if (!check(api->add_name(program.get(), expression.c_str()), "nvrtcAddNameExpression")) {
      return reply;
    }
  }
  std::vector<const char*> options;
  for (const std::string& option : request.options) {
    options.push_back(option.c_str());
  }
  const nvrtcResult compiled = api->compile(program.get(), static_cast<int>(options.size()), options.data());
  const std::string log = program.log();
  if (compiled != NVRTC_SUCCESS) {
    const std::string said = first_error(log);
    reply.error = said.empty() ? fmt::format("nvrtcCompileProgram: {}", api->error_string(compiled)) : said;
    return reply;
  }

  const bool ptx = std::ranges::any_of(
      request.options, [](const std::string& option) { return std::string_view(option).starts_with(kVirtual); });
  size_t image_bytes = 0;
  if (!check((ptx ? api->ptx_size : api->cubin_size)(program.get(), &image_bytes),
             ptx ? "nvrtcGetPTXSize" : "nvrtcGetCUBINSize")) {
    return reply;
  }
  reply.image.resize(image_bytes);
  if (!check((ptx ? api->ptx : api->cubin)(program.get(), reply.image.data()), ptx ? "nvrtcGetPTX" : "nvrtcGetCUBIN")) {
    return reply;
  }
  while (ptx && reply.image.ends_with('\0')) {
    reply.image.pop_back();  // the size of PTX counts the end of the C string
  }
  for (const std::string& expression : request.expressions) {
    const char* lowered = nullptr;
    if (!check(api->lowered_name(program.get(), expression.c_str(), &lowered), "nvrtcGetLoweredName")) {
      return reply;
    }
    reply.entries.push_back({.function = lowered});
  }
  if (!ptx && !read_resources(log, reply)) {
    reply.error = "NVRTC compiled it, but its log does not say what registers and memory it uses";
  }
  return reply;
}

}  // namespace scantune::cuda
