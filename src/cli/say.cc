// What every command says: help, the version, errors.
#include <cctype>
#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace scantune::cli {

int run(const SayCommand& command) {
  std::fwrite(command.text.data(), 1, command.text.size(), stdout);
  return kDone;
}

int report_error(const Error& error) {
  std::string line = "scantune: ";
  for (const char c : error.message) {  // may quote what the user typed: it stays one line all the same
    line += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? fmt::format("\\x{:02x}", c) : std::string(1, c);
  }
  line += "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code(error);
}

}  // namespace scantune::cli
