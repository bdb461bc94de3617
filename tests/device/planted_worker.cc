// A worker whose variants do what they are told to: "planted fault=segfault at=round". The first
// argument is a folder for what must be remembered from one process to the next.
//
// fault   none, segfault, abort, hang, stop, kill, exit, throw, wrong, memory, lost, nonsense, close, breaks
//         (the copy after it crashes), company (crashes where another variant is in the round)
// at      load, verify, round, profile
// times   faults this often and behaves afterwards
//
// More arguments: "cpu" serves the real CPU; "ahead" says that a sample begins two later than it does;
// "refused" has no device; "gone=N" has none from the N-th process on; "dies=N" dies over the opening of
// its first N sessions; "version" answers in another version.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "device/cpu.h"
#include "device/worker.h"

namespace scantune {
namespace {

std::filesystem::path memory;
std::vector<std::string> arguments;

bool has(const std::string& argument) { return std::ranges::find(arguments, argument) != arguments.end(); }

int64_t number(const std::string& name) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with(name + "=")) {
      return std::stoll(argument.substr(name.size() + 1));
    }
  }
  return -1;
}

// How often this was called with the name, in all processes.
int64_t count(const std::string& name) {
  std::ofstream(memory / name, std::ios::app) << '.' << std::flush;
  return static_cast<int64_t>(std::filesystem::file_size(memory / name));
}

std::string word(const Variant& variant, const std::string& name) {
  for (const Setting& setting : variant.settings) {
    if (setting.name == name) {
      return to_string(setting.value);
    }
  }
  return "";
}

[[noreturn]] void hang() {
  for (;;) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

class PlantedSession final : public Session {
 public:
  tl::expected<Handle, Failure> load(const Artifact& artifact) override {
    if (artifact.image != nullptr && *artifact.image != "image of " + to_string(artifact.variant)) {
      return tl::unexpected(Failure{FailureKind::load, "not the image that was sent"});
    }
    if (auto done = misbehave(artifact.variant, "load"); !done) {
      return tl::unexpected(done.error());
    }
    variants_[next_] = artifact.variant;
    return next_++;
  }

  void unload(Handle handle) override { variants_.erase(handle); }

  [[nodiscard]] std::vector<EntryResources> resources(Handle handle) const override {
    return {{.entry = to_string(variants_.at(handle)), .registers_per_thread = 40}};
  }

  tl::expected<void, Failure> verify(Handle handle) override {
    std::cout << "what a library prints" << std::endl;
    return misbehave(variants_.at(handle), "verify");
  }

  tl::expected<std::vector<Sample>, RoundFault> round(std::span<const Handle> order, const RoundSpec& spec,
                                                      std::stop_token /*stop*/) override {
    const bool company = std::ranges::any_of(order, [&](Handle h) { return h != kCopy && h != order.front(); });
    std::vector<Sample> samples;
    for (size_t i = 0; i < order.size(); ++i) {
      if (begin_) {
        begin_(has("ahead") ? i - std::min<size_t>(i, 2) : i);
      }
      if (order[i] == kCopy) {
        if (broken_) {
          raise(SIGSEGV);
        }
        samples.push_back({kCopy, 1000});
        continue;
      }
      const Variant& variant = variants_.at(order[i]);
      if (word(variant, "fault") == "company" && company) {
        raise(SIGSEGV);
      }
      if (auto done = misbehave(variant, "round"); !done) {
        const bool lost = done.error().kind == FailureKind::device;
        return tl::unexpected(RoundFault{lost ? std::nullopt : std::optional(i), done.error()});
      }
      samples.push_back({order[i], 2000.0 * spec.runs + static_cast<double>(getpid()) / 1e9});
    }
    return samples;
  }

  void on_begin(const std::function<void(size_t)>& begin) override { begin_ = begin; }
  std::string disturbance() override { return "planted"; }

  tl::expected<Profile, Failure> profile(Handle handle, const std::vector<std::string>& metrics) override {
    if (auto done = misbehave(variants_.at(handle), "profile"); !done) {
      return tl::unexpected(done.error());
    }
    LaunchProfile launch{"planted", {}};
    for (const std::string& metric : metrics) {
      launch.metrics.push_back({metric, metric, 42, "%", ""});
    }
    return Profile{{launch}};
  }

 private:
  tl::expected<void, Failure> misbehave(const Variant& variant, const std::string& at) {
    const std::string times = word(variant, "times");
    if (word(variant, "at") != at || (!times.empty() && count(to_string(variant)) > std::stoll(times))) {
      return {};
    }
    const std::string fault = word(variant, "fault");
    if (fault == "segfault") {
      signal(SIGSEGV, SIG_DFL);  // a sanitizer has a handler of its own
      raise(SIGSEGV);
    } else if (fault == "abort") {
      std::cerr << "free(): invalid pointer" << std::endl;
      std::abort();
    } else if (fault == "hang") {
      hang();
    } else if (fault == "stop") {
      raise(SIGSTOP);
    } else if (fault == "kill") {
      raise(SIGKILL);
    } else if (fault == "exit") {
      _exit(3);
    } else if (fault == "throw") {
      throw std::logic_error("planted exception");
    } else if (fault == "wrong") {
      return tl::unexpected(Failure{FailureKind::wrong_result, "element 7 is 1, not 2"});
    } else if (fault == "memory") {
      throw std::bad_alloc();  // what an allocation that is too large throws, where no sanitizer ends the process for
                               // it
    } else if (fault == "lost") {
      return tl::unexpected(Failure{FailureKind::device, "an illegal memory access was encountered"});
    } else if (fault == "nonsense") {
      if (write(STDIN_FILENO, "{\"version\":1,\n", 14) < 0) {
        _exit(4);
      }
      hang();
    } else if (fault == "close") {
      shutdown(STDIN_FILENO, SHUT_RDWR);
      hang();
    } else if (fault == "breaks") {
      broken_ = true;
    }
    return {};
  }

  std::map<Handle, Variant> variants_;
  Handle next_ = 100;  // not the asker's numbers
  bool broken_ = false;
  std::function<void(size_t)> begin_;
};

class PlantedDevice final : public Device {
 public:
  PlantedDevice() {
    info_.id = "planted";
    info_.chip.name = "Planted";
    info_.memory_bytes = int64_t{1} << 40;
    info_.free_bytes = int64_t{1} << 39;
  }
  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] int64_t memory_needed(const Workload& workload) const override { return 3 * workload.copy_bytes(); }
  Expected<std::unique_ptr<Session>> open(const Workload& workload, uint64_t seed) override {
    if (seed != 1) {
      return bad_input("{}: a seed of {}", to_string(workload), seed);
    }
    if (number("dies") > 0 && count("opened") <= number("dies")) {
      raise(SIGKILL);
    }
    return std::make_unique<PlantedSession>();
  }

 private:
  DeviceInfo info_;
};

Expected<std::unique_ptr<Device>> open_planted() {
  if (has("cpu")) {
    return cpu::open_device();
  }
  if (has("refused") || (number("gone") > 0 && count("started") >= number("gone"))) {
    return fail(ErrorKind::environment, "no planted device is here");
  }
  return std::make_unique<PlantedDevice>();
}

}  // namespace
}  // namespace scantune

int main(int argc, char** argv) {
  scantune::arguments.assign(argv + 1, argv + argc);
  scantune::memory = scantune::arguments.empty() ? "." : scantune::arguments.front();
  if (scantune::has("version")) {
    std::string line;
    std::getline(std::cin, line);
    std::cout << R"({"version":2,"reply":"info","planet":"Mars"})" << std::endl;
    std::getline(std::cin, line);
    return 0;
  }
  return scantune::serve_worker(scantune::open_planted);
}
