#include "cuda/compile_pool.h"

#include <algorithm>
#include <string>
#include <utility>

namespace scantune::cuda {
namespace {

// How long a wait goes on before it looks whether it was cancelled.
constexpr std::chrono::milliseconds kSlice{20};

tl::unexpected<Failure> compile_failure(std::string what) {
  return tl::unexpected(Failure{FailureKind::compile, std::move(what)});
}

}  // namespace

CompilePool::CompilePool(std::filesystem::path executable, int processes, std::chrono::milliseconds time_limit)
    : executable_(std::move(executable)), processes_(std::max(processes, 1)), time_limit_(time_limit) {}

tl::expected<wire::CompileReply, Failure> CompilePool::compile(const wire::CompileRequest& request) {
  uint64_t round = 0;
  {
    const std::lock_guard lock(mutex_);
    round = round_;
  }
  auto child = lease(round);
  if (!child) {
    return tl::unexpected(child.error());
  }
  auto reply = exchange(*child, request, round);
  if (reply) {
    give_back(*std::move(child));
  } else {
    child->kill();
    give_back();
  }
  return reply;
}

void CompilePool::cancel() {
  const std::lock_guard lock(mutex_);
  ++round_;
  freed_.notify_all();
}

tl::expected<Subprocess, Failure> CompilePool::lease(uint64_t round) {
  {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return leased_ < processes_ || round_ != round; });
    if (round_ != round) {
      return compile_failure("cancelled");
    }
    ++leased_;
    while (!idle_.empty()) {
      Subprocess child = std::move(idle_.back());
      idle_.pop_back();
      if (child.idle_and_alive()) {  // or it was killed while nobody needed it
        return child;
      }
    }
  }
  auto child = Subprocess::start(executable_, {"compile-server"});
  if (!child) {
    give_back();
    return compile_failure(child.error().message);
  }
  return *std::move(child);
}

void CompilePool::give_back() {
  const std::lock_guard lock(mutex_);
  --leased_;
  freed_.notify_one();
}

void CompilePool::give_back(Subprocess child) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(child));
  --leased_;
  freed_.notify_one();
}

// Repeats `read`, which takes a deadline, until it has an answer, time is up, or it is cancelled.
Subprocess::Read CompilePool::wait(uint64_t round, Subprocess::Clock::time_point deadline, auto read) {
  for (;;) {
    const Subprocess::Read result = read(std::min(deadline, Subprocess::Clock::now() + kSlice));
    if (result != Subprocess::Read::timeout || Subprocess::Clock::now() >= deadline) {
      return result;
    }
    const std::lock_guard lock(mutex_);
    if (round_ != round) {
      return Subprocess::Read::timeout;
    }
  }
}

tl::expected<wire::CompileReply, Failure> CompilePool::exchange(Subprocess& child, const wire::CompileRequest& request,
                                                                uint64_t round) {
  const auto deadline = Subprocess::Clock::now() + time_limit_;
  const auto broken = [&](Subprocess::Read read) -> tl::unexpected<Failure> {
    if (read == Subprocess::Read::closed) {
      return compile_failure(fmt::format("the compiler process died: {}", child.kill()));
    }
    if (Subprocess::Clock::now() < deadline) {
      return compile_failure("cancelled");
    }
    return tl::unexpected(Failure{
        FailureKind::compile_timeout,
        fmt::format("not compiled within the time limit of {} s", std::chrono::duration<double>(time_limit_).count())});
  };

  if (!child.write(to_line(request))) {
    return broken(Subprocess::Read::closed);
  }
  std::string line;
  const auto read_line = [&](auto until) { return child.read_line(line, until); };
  if (const auto read = wait(round, deadline, read_line); read != Subprocess::Read::ok) {
    return broken(read);
  }
  auto head = wire::parse_compile_reply(line);
  if (!head) {
    return compile_failure(head.error().message);
  }
  std::string image;
  const auto read_image = [&](auto until) { return child.read_bytes(image, head->image_bytes, until); };
  if (const auto read = wait(round, deadline, read_image); read != Subprocess::Read::ok) {
    return broken(read);
  }
  auto reply = wire::complete(*std::move(head), std::move(image));
  if (!reply) {
    return compile_failure(reply.error().message);
  }
  return *std::move(reply);
}

}  // namespace scantune::cuda
