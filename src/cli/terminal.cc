#include "cli/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <string>

namespace scantune::cli {
namespace {

constexpr int kPipeColumns = 100;

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || term[0] == '\0' || std::strcmp(term, "dumb") == 0;
}

bool utf8_locale() {
  std::setlocale(LC_CTYPE, "");
  return std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int terminal_columns(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::clamp<int>(size.ws_col, 40, 160);
  }
  return kPipeColumns;
}

}  // namespace

report::TextStyle text_style(std::FILE* stream, bool verbose) {
  report::TextStyle style;
  style.verbose = verbose;
  style.utf8 = utf8_locale();
  if (isatty(fileno(stream)) != 0) {
    const char* no_color = std::getenv("NO_COLOR");
    style.color = (no_color == nullptr || no_color[0] == '\0') && !dumb_terminal();
    style.width = terminal_columns(stream);
  }
  return style;
}

report::ProgressStyle progress_style(std::FILE* stream) {
  const bool live = isatty(fileno(stream)) != 0 && !dumb_terminal();
  return live ? report::ProgressStyle::live : report::ProgressStyle::plain;
}

void print(std::FILE* stream, std::string_view text, const report::TextStyle& style) {
  const std::string shown = style.utf8 ? std::string(text) : report::ascii(text);
  std::fwrite(shown.data(), 1, shown.size(), stream);
  std::fflush(stream);
}

void print_json(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace scantune::cli
