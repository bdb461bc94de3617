// scantune: parse, dispatch, exit code.
#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "cli/exit_code.h"

int main(int argc, char** argv) {
  namespace cli = scantune::cli;
  using scantune::ErrorKind;
  try {
    const auto command = cli::parse_command_line(argc, argv);
    if (!command) {
      return cli::report_error(command.error());
    }
    const int code = std::visit([](const auto& chosen) { return cli::run(chosen); }, *command);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      cli::report_error({ErrorKind::environment, "standard output cannot be written"});
      return code == cli::kDone ? cli::kBadInput : code;
    }
    return code;
  } catch (const std::exception& fault) {
    return cli::report_error(
        {ErrorKind::failed, std::string("this should not happen, please report it: ") + fault.what()});
  }
}
