// A page in headless Chromium: what its script errors are, and what a script of the test's finds in it.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace scantune::report {

class Browser {
 public:
  Browser() {
    std::string pattern = (std::filesystem::temp_directory_path() / "scantune-page-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  // How the page is looked at.
  struct View {
    int width = 1280;
    int height = 900;
    bool dark = false;
  };

  // Loads the page and, once it has drawn itself, runs `script`: the body of a function that may use `wait()`, whose
  // promise is kept after the next frame, and returns the answer. "errors" of the answer are those of the page's
  // own scripts and what it wrote to the console.
  nlohmann::json ask(const std::string& html, const std::string& script, const View& view) const {
    const std::string head = "<head>";
    const std::string listener =
        "<script>window.errors=[];addEventListener('error',(e)=>errors.push(e.message));"
        "addEventListener('unhandledrejection',(e)=>errors.push(String(e.reason)));"
        "addEventListener('securitypolicyviolation',(e)=>errors.push('asks for '+e.blockedURI));</script>";
    const std::string asker =
        "<script>(async()=>{const wait=()=>new Promise((done)=>setTimeout(done,50));let answer;"
        "try{answer=await (async()=>{" +
        script +
        "})();}catch(e){answer={thrown:e.message};}"
        "answer.errors=errors;const pre=document.createElement('pre');pre.id='answer';"
        "pre.textContent=encodeURIComponent(JSON.stringify(answer));document.body.append(pre);})();</script>";
    std::string page = html;
    page.insert(page.find(head) + head.size(), listener);
    page.insert(page.rfind("</body>"), asker);
    const std::filesystem::path file = root_ / "page.html";
    std::ofstream(file) << page;
    const std::string dom = run(file, view, "--dump-dom --virtual-time-budget=2000");
    const std::string open = "<pre id=\"answer\">";
    const size_t begin = dom.rfind(open);
    if (begin == std::string::npos) {
      ADD_FAILURE() << "the page gave no answer; on standard error: " << console();
      return nlohmann::json::object();
    }
    const size_t end = dom.find("</pre>", begin);
    nlohmann::json answer =
        nlohmann::json::parse(decoded(dom.substr(begin + open.size(), end - begin - open.size())), nullptr, false);
    std::istringstream lines(console());
    for (std::string line; std::getline(lines, line);) {
      if (line.find("CONSOLE") != std::string::npos) {
        answer["errors"].push_back(line);
      }
    }
    return answer;
  }

 private:
  [[nodiscard]] std::string run(const std::filesystem::path& file, const View& view, const std::string& mode) const {
    const std::string command =
        std::string(SCANTUNE_CHROMIUM) +
        " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --enable-logging=stderr" +
        " --user-data-dir=" + (root_ / "profile").string() + " --window-size=" + std::to_string(view.width) + "," +
        std::to_string(view.height) + (view.dark ? " --blink-settings=preferredColorScheme=0" : "") + " " + mode +
        " file://" + file.string() + " 2>" + (root_ / "console").string();
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    std::array<char, 1 << 16> buffer{};
    for (size_t n = 0; pipe != nullptr && (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      out.append(buffer.data(), n);
    }
    if (pipe == nullptr || pclose(pipe) != 0) {
      ADD_FAILURE() << command << " failed: " << console();
    }
    return out;
  }

  [[nodiscard]] std::string console() const {
    std::ifstream file(root_ / "console");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // What encodeURIComponent made.
  static std::string decoded(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += text[i];
      }
    }
    return out;
  }

  std::filesystem::path root_;
};

}  // namespace scantune::report
