// The program of one mutant (mutants.cmake): it passes if the emulation finds something wrong. With --control it is
// the same program around the kernels as they are, and passes if nothing is wrong.
#include <cstdio>
#include <cstring>
#include <string>

#include "harness.h"

namespace scantune::emulation {

const Family& family_under_test();

namespace {

std::string first_failure() {
  const Family& family = family_under_test();
  for (const Input input : {Input::exact, Input::mixed, Input::special}) {
    std::string wrong = check_all(family, input, input == Input::exact ? 4 : 1);
    if (!wrong.empty()) {
      return wrong;
    }
  }
  return check_repeats(family);
}

}  // namespace
}  // namespace scantune::emulation

int main(int argc, char** argv) {
  const bool control = argc > 1 && strcmp(argv[1], "--control") == 0;
  const std::string wrong = scantune::emulation::first_failure();
  printf("%s\n", wrong.empty() ? "nothing is wrong" : wrong.c_str());
  return wrong.empty() == control ? 0 : 1;
}
