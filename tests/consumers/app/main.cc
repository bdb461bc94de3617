// consumer [checks|speed] [SHAPES [SEED]]: checks the exported library on the GPU of this machine, or times what was
// tuned; without a word, both. Exit code 0: all is right; 1: something is not; 2: bad input; 77: there is no GPU.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "checks.h"

int main(int argc, char** argv) {
  const bool only_checks = argc > 1 && std::strcmp(argv[1], "checks") == 0;
  const bool only_speed = argc > 1 && std::strcmp(argv[1], "speed") == 0;
  const int at = only_checks || only_speed ? 2 : 1;
  constexpr int kShapes = 300;
  const int shapes = argc > at ? std::atoi(argv[at]) : kShapes;
  const unsigned seed = argc > at + 1 ? static_cast<unsigned>(std::atoi(argv[at + 1])) : 1;
  if (shapes < 1) {
    std::fprintf(stderr, "usage: consumer [checks|speed] [SHAPES [SEED]]\n");
    return 2;
  }
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no GPU\n");
    return 77;
  }
  int failed = 0;
  if (!only_speed) {
    failed += consumer::check_bad_calls();
    failed += consumer::check_shapes(shapes, seed);
    failed += consumer::check_graphs();
    failed += consumer::check_streams_and_threads();
  }
  failed += only_checks ? 0 : consumer::check_speed();
  std::printf("%s\n", failed == 0 ? "all is right" : "something is wrong");
  return failed == 0 ? 0 : 1;
}
