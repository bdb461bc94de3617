// The worker's side: the body of the hidden subcommand "worker".
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "device/subprocess.h"
#include "device/worker.h"
#include "wire/worker_json.h"

namespace scantune {
namespace {

namespace worker = wire::worker;

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(written < 0 ? 0 : written));
  }
  return true;
}

worker::Failed failed(Failure failure) { return {std::move(failure), std::nullopt}; }

class Server {
 public:
  explicit Server(const std::function<Expected<std::unique_ptr<Device>>()>& open_device) : open_device_(open_device) {}

  worker::Reply answer(const worker::Request& request, std::shared_ptr<const std::string> image) {
    image_ = std::move(image);
    begun_.reset();
    try {
      return std::visit([this](const auto& asked) { return answer_to(asked); }, request);
    } catch (const std::bad_alloc&) {
      return worker::Failed{{FailureKind::out_of_memory, "no memory is left on this machine"}, begun_};
    }
  }

 private:
  void begin(size_t position) {
    begun_ = position;
    // Where nobody reads it any more, nobody needs it.
    static_cast<void>(write_all(Subprocess::kThird, worker::begin_line(position)));
  }

  worker::Reply answer_to(const worker::Hello& /*asked*/) {
    auto device = open_device_();
    if (!device) {
      return worker::Refused{device.error()};
    }
    device_ = *std::move(device);
    return worker::Info{device_->info()};
  }

  worker::Reply answer_to(const worker::MemoryNeeded& asked) {
    if (device_ == nullptr) {
      return nothing_open();
    }
    return worker::Memory{device_->memory_needed(asked.workload)};
  }

  worker::Reply answer_to(const worker::Open& asked) {
    if (device_ == nullptr) {
      return nothing_open();
    }
    close();
    auto session = device_->open(asked.workload, asked.seed);
    if (!session) {
      return worker::Refused{session.error()};
    }
    session_ = *std::move(session);
    session_->on_begin([this](size_t position) { begin(position); });
    const std::vector<Handle> copy = {kCopy};
    const auto started = std::chrono::steady_clock::now();
    const auto samples = session_->round(copy, {.cache = asked.workload.cache, .runs = 1}, {});
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - started;
    if (!samples) {
      return worker::Refused{{ErrorKind::device_lost, "the copy failed: " + samples.error().failure.what}};
    }
    return worker::Opened{taken.count()};
  }

  worker::Reply answer_to(const worker::Close& /*asked*/) {
    close();
    return worker::Done{};
  }

  worker::Reply answer_to(const worker::Load& asked) {
    if (session_ == nullptr) {
      return nothing_open();
    }
    Artifact artifact;
    artifact.variant = asked.variant;
    artifact.launches = asked.launches;
    artifact.functions = asked.functions;
    artifact.workspace_bytes = asked.workspace_bytes;
    artifact.resources = asked.resources;
    artifact.image = std::exchange(image_, nullptr);
    const auto handle = session_->load(artifact);
    if (!handle) {
      return failed(handle.error());
    }
    handles_[asked.handle] = *handle;
    return worker::Loaded{session_->resources(*handle)};
  }

  worker::Reply answer_to(const worker::Unload& asked) {
    if (const auto found = handles_.find(asked.handle); found != handles_.end()) {
      session_->unload(found->second);
      handles_.erase(found);
    }
    return worker::Done{};
  }

  worker::Reply answer_to(const worker::Verify& asked) {
    const auto found = handles_.find(asked.handle);
    if (found == handles_.end()) {
      return failed(not_loaded(asked.handle));
    }
    begin(0);
    const auto verified = session_->verify(found->second);
    if (!verified) {
      return failed(verified.error());
    }
    return worker::Done{};
  }

  worker::Reply answer_to(const worker::TakeRound& asked) {
    if (session_ == nullptr) {
      return nothing_open();
    }
    std::vector<Handle> order;
    for (size_t i = 0; i < asked.order.size(); ++i) {
      const auto found = handles_.find(asked.order[i]);
      if (asked.order[i] != kCopy && found == handles_.end()) {
        return worker::Failed{not_loaded(asked.order[i]), i};
      }
      order.push_back(asked.order[i] == kCopy ? kCopy : found->second);
    }
    const auto samples = session_->round(order, {.cache = asked.cache, .runs = asked.runs}, {});
    if (!samples) {
      return worker::Failed{samples.error().failure, samples.error().position};
    }
    worker::Samples answer;
    for (const Sample& sample : *samples) {
      answer.times_ns.push_back(sample.time_ns);
    }
    return answer;
  }

  worker::Reply answer_to(const worker::ReadCounters& asked) {
    const auto found = handles_.find(asked.handle);
    if (found == handles_.end()) {
      return failed(not_loaded(asked.handle));
    }
    begin(0);
    session_->warm_before_profiles(asked.warm_runs);
    auto profile = session_->profile(found->second, asked.metrics);
    if (!profile) {
      return failed(profile.error());
    }
    return worker::Counters{*std::move(profile)};
  }

  worker::Reply answer_to(const worker::SampleCounters& asked) {
    const auto found = handles_.find(asked.handle);
    if (found == handles_.end()) {
      return failed(not_loaded(asked.handle));
    }
    begin(0);
    auto timeline = session_->timeline(found->second, asked.spec);
    if (!timeline) {
      return failed(timeline.error());
    }
    return worker::Sampled{*std::move(timeline)};
  }

  worker::Reply answer_to(const worker::Disturbance& /*asked*/) {
    return worker::Disturbed{session_ == nullptr ? "" : session_->disturbance()};
  }

  static Failure not_loaded(int handle) {
    return {FailureKind::launch, fmt::format("handle {} is not loaded", handle)};
  }
  static worker::Refused nothing_open() { return {{ErrorKind::failed, "nothing is open"}}; }

  void close() {
    handles_.clear();
    session_.reset();
  }

  const std::function<Expected<std::unique_ptr<Device>>()>& open_device_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Session> session_;  // of the device
  std::map<int, Handle> handles_;     // the asker's, to the session's
  std::shared_ptr<const std::string> image_;
  std::optional<size_t> begun_;
};

// A Load's image; nothing where the asker went away before it had sent all of it.
std::shared_ptr<const std::string> read_image(const worker::Load& load) {
  std::string image(load.image_bytes, '\0');
  if (!std::cin.read(image.data(), static_cast<std::streamsize>(image.size()))) {
    return nullptr;
  }
  return std::make_shared<const std::string>(std::move(image));
}

bool is(int file, mode_t type) {
  struct stat status {};
  return fstat(file, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

void detach_from_terminal_and_parent() {
  exit_when_parent_dies(STDIN_FILENO);
  // That takes a thread that runs: what is stopped or stuck in a driver is the kernel's to end. Should
  // the parent have died before this line, its socket is closed already.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // whoever started this handles Ctrl-C
  // A crash is an answer here, and not worth writing the tensors to a file. 1 rather than 0, as 0 does
  // not keep a core from being piped to a program (core(5)).
  const rlimit no_core{1, 1};
  setrlimit(RLIMIT_CORE, &no_core);
}

}  // namespace

int serve_worker(const std::function<Expected<std::unique_ptr<Device>>()>& open_device) {
  if (!is(STDIN_FILENO, S_IFSOCK) || !is(STDOUT_FILENO, S_IFSOCK) || !is(Subprocess::kThird, S_IFIFO)) {
    std::cerr << "scantune worker is started by scantune itself\n";
    return 2;
  }
  // Answers go out on a descriptor of their own: what a library prints must not end up among them.
  const int replies = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, Subprocess::kThird + 1);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (replies < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
    return 2;
  }
  fcntl(Subprocess::kThird, F_SETFD, FD_CLOEXEC);
  detach_from_terminal_and_parent();

  Server server(open_device);
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = worker::parse_request(line);
    worker::Reply reply;
    if (!request) {
      reply = worker::Refused{request.error()};
    } else {
      std::shared_ptr<const std::string> image;
      if (const auto* load = std::get_if<worker::Load>(&*request); load != nullptr && load->has_image) {
        image = read_image(*load);
        if (image == nullptr) {
          return 0;
        }
      }
      reply = server.answer(*request, std::move(image));
    }
    if (!write_all(replies, to_line(reply))) {
      return 1;
    }
  }
  return 0;
}

}  // namespace scantune
