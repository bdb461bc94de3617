// The body of a compiler process (the hidden subcommand compile-server).
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <string>
#include <string_view>

#include "cuda/cuda.h"
#include "cuda/nvrtc.h"
#include "device/subprocess.h"
#include "wire/compile_json.h"

namespace scantune::cuda {
namespace {

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

}  // namespace

int serve_compiles() {
  // Answers go out on a descriptor of their own: what a library prints must not end up among them.
  const int replies = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (replies < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
    return 2;
  }
  exit_when_parent_dies(STDIN_FILENO);

  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = wire::parse_compile_request(line);
    wire::CompileReply reply;
    if (request) {
      reply = compile_with_nvrtc(*request);
    } else {
      reply.error = request.error().message;
    }
    if (!reply.error.empty()) {
      reply.entries.clear();
      reply.image.clear();
    }
    if (!write_all(replies, to_bytes(reply))) {
      return 1;
    }
  }
  return 0;
}

}  // namespace scantune::cuda
