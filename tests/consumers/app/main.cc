// consumer [SHAPES [SEED]]: checks the exported library on the GPU of this machine. Exit code 0: all is right; 1:
// something is not; 77: there is no GPU.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>

#include "checks.h"

int main(int argc, char** argv) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no GPU\n");
    return 77;
  }
  constexpr int kShapes = 300;
  const int shapes = argc > 1 ? std::atoi(argv[1]) : kShapes;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
  int failed = consumer::check_bad_calls();
  failed += consumer::check_shapes(shapes, seed);
  failed += consumer::check_graphs();
  failed += consumer::check_streams_and_threads();
  failed += consumer::check_speed();
  std::printf("%s\n", failed == 0 ? "all is right" : "something is wrong");
  return failed == 0 ? 0 : 1;
}
