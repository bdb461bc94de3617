// Runs the scantune binary in a folder of its own.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace scantune::cli {

struct Finished {
  int code = -1;  // the exit code; 128 + the signal where one ended it
  std::string out;
  std::string err;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline size_t line_count(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Sandbox {
 public:
  Sandbox() {
    std::string pattern = (std::filesystem::temp_directory_path() / "scantune-cli-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(work());
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  // The working folder of every run.
  [[nodiscard]] std::filesystem::path work() const { return root_ / "work"; }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(work())) {
      names.push_back(std::filesystem::relative(entry.path(), work()).string());
    }
    return names;
  }

  // What every file holds, by its name.
  [[nodiscard]] std::map<std::string, std::string> texts() const {
    std::map<std::string, std::string> texts;
    for (const std::string& name : files()) {
      texts[name] = std::filesystem::is_regular_file(work() / name) ? read_text(work() / name) : std::string();
    }
    return texts;
  }

  void write(const std::string& name, const std::string& text) const { std::ofstream(work() / name) << text; }

  // Starts the binary; `environment` holds NAME=VALUE beside a fixed environment. Without a GPU
  // unless asked for, so that runs agree on every machine.
  void start(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    std::vector<std::string> variables = std::move(environment);  // first: the first of a name counts
    variables.insert(variables.end(), {"PATH=/usr/bin:/bin", "HOME=" + root_.string(),
                                       "CUDA_VISIBLE_DEVICES=", "LC_ALL=C.UTF-8", "TERM=xterm"});
    // What finds the CUDA libraries, and what sanitizers are told, is the machine's to say.
    for (const char* name : {"SCANTUNE_CUDA_ROOT", "CUDA_HOME", "CUDA_PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                             "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
      if (const char* value = std::getenv(name)) {
        variables.push_back(std::string(name) + "=" + value);
      }
    }
    arguments.insert(arguments.begin(), SCANTUNE_BINARY);
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> all;
      all.reserve(texts.size() + 1);
      for (std::string& text : texts) {
        all.push_back(text.data());
      }
      all.push_back(nullptr);
      return all;
    };
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    const std::string out = (root_ / "out").string();
    const std::string err = (root_ / "err").string();
    const std::string folder = work().string();
    child_ = fork();
    if (child_ == 0) {
      const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      if (chdir(folder.c_str()) != 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0) {
        _exit(126);
      }
      // A runner in the background may have been told to ignore Ctrl-C; what it starts would, too.
      std::signal(SIGINT, SIG_DFL);
      if (file_size_limit_ > 0) {
        const rlimit limit{file_size_limit_, file_size_limit_};
        std::signal(SIGXFSZ, SIG_IGN);  // writes fail with EFBIG then, as they do with ENOSPC on a full disk
        setrlimit(RLIMIT_FSIZE, &limit);
      }
      execve(argv[0], argv.data(), envp.data());
      _exit(127);
    }
  }

  // No file of a run may grow beyond this many bytes; 0: no limit.
  void limit_file_size(rlim_t bytes) { file_size_limit_ = bytes; }

  void send(int signal) const { kill(child_, signal); }
  [[nodiscard]] pid_t pid() const { return child_; }

  [[nodiscard]] std::string err_so_far() const { return read_text(root_ / "err"); }

  // Waits until standard error holds the text. False where the run ended or 60 s went by before.
  [[nodiscard]] bool wait_for(const std::string& text) const {
    for (int i = 0; i < 6000; ++i) {
      if (err_so_far().find(text) != std::string::npos) {
        return true;
      }
      siginfo_t info{};
      if (waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  Finished finish() {
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(root_ / "out"),
            read_text(root_ / "err")};
  }

  Finished run(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    start(std::move(arguments), std::move(environment));
    return finish();
  }

 private:
  std::filesystem::path root_;
  pid_t child_ = -1;
  rlim_t file_size_limit_ = 0;
};

}  // namespace scantune::cli
