// The single header, taken as it is: a call of each type is compiled, and one is run.
#include <cstdio>
#include <scantune_kernels.cuh>
#include <vector>

namespace {

template <class T, class Out>
bool runs(std::int64_t n) {
  const scantune_kernels::Shape shape{n};
  T* in = nullptr;
  Out* out = nullptr;
  void* workspace = nullptr;
  std::size_t bytes = 0;
  const auto size = static_cast<std::size_t>(n);
  bool right = cudaMalloc(&in, size * sizeof(T)) == cudaSuccess &&
               cudaMalloc(&out, size * sizeof(Out)) == cudaSuccess &&
               cudaMemset(in, 0, size * sizeof(T)) == cudaSuccess &&
               scantune_kernels::reverse_cumsum(in, out, shape, 0, nullptr, bytes) == cudaSuccess &&
               cudaMalloc(&workspace, bytes) == cudaSuccess &&
               scantune_kernels::reverse_cumsum(in, out, shape, 0, workspace, bytes) == cudaSuccess &&
               cudaDeviceSynchronize() == cudaSuccess;
  std::vector<Out> results(size);
  right = right && cudaMemcpy(results.data(), out, size * sizeof(Out), cudaMemcpyDeviceToHost) == cudaSuccess;
  for (const Out& result : results) {
    right = right && static_cast<double>(result) == 0;
  }
  cudaFree(in);
  cudaFree(out);
  cudaFree(workspace);
  return right;
}

}  // namespace

int main() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no GPU\n");
    return 77;
  }
  constexpr std::int64_t kElements = 1000003;
  const bool right = runs<float, float>(kElements) && runs<__half, __half>(kElements) &&
                     runs<__nv_bfloat16, __nv_bfloat16>(kElements) && runs<double, double>(kElements) &&
                     runs<std::int32_t, std::int32_t>(kElements) && runs<std::int64_t, std::int64_t>(kElements) &&
                     runs<std::int32_t, std::int64_t>(kElements);
  std::printf("%s\n", right ? "all is right" : "something is wrong");
  return right ? 0 : 1;
}
