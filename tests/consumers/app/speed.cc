// Whether what was tuned is as fast here as scantune measured it: the time of a copy of the same bytes over that of the
// call, each from its own graph of several runs, in turns.
#include <algorithm>

#include "checks.h"
#include "tensor.h"

namespace consumer {
namespace {

using scantune_kernels::Description;
using scantune_kernels::Shape;

constexpr int kRounds = 21;
constexpr double kLeast = 0.99;                             // of the ratio that was measured
constexpr std::size_t kStride = 256;                        // elements: tensors of a set begin at a multiple of it
constexpr std::size_t kMostSets = 127;                      // beside the first
constexpr std::size_t kColdBytes = std::size_t{256} << 20;  // more than any last-level cache

// Runs of one thing, captured: copies of the tensors in turns, so that each run finds its input out of the cache.
class Timed {
 public:
  template <class Call>
  Timed(cudaStream_t stream, int runs, const Call& call) : runs_(runs) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
    for (int run = 0; run < runs; ++run) {
      call(run);
    }
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    check(cudaGraphInstantiate(&executable_, graph, 0), "cudaGraphInstantiate");
    check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    check(cudaEventCreate(&begin_), "cudaEventCreate");
    check(cudaEventCreate(&end_), "cudaEventCreate");
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() {
    cudaGraphExecDestroy(executable_);
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  // Of one run.
  double time_ms(cudaStream_t stream) {
    float time_ms = 0;
    check(cudaEventRecord(begin_, stream), "cudaEventRecord");
    check(cudaGraphLaunch(executable_, stream), "cudaGraphLaunch");
    check(cudaEventRecord(end_, stream), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "the timed runs");
    check(cudaEventElapsedTime(&time_ms, begin_, end_), "cudaEventElapsedTime");
    return time_ms / runs_;
  }

 private:
  int runs_;
  cudaGraphExec_t executable_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

template <class T>
int check_tuned(const char* type, const Extents& e) {
  const Shape shape{e.outer, e.n, e.inner};
  const auto elements = static_cast<std::size_t>(e.elements());
  const std::size_t bytes = elements * sizeof(T);
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  const std::size_t stride = (elements + kStride - 1) / kStride * kStride;
  const std::size_t sets = 1 + std::min<std::size_t>(kMostSets, kColdBytes / (2 * bytes));
  const std::string text = std::to_string(e.outer) + "x" + std::to_string(e.n) + "x" + std::to_string(e.inner);
  Description description = {};
  check(describe(static_cast<const T*>(nullptr), static_cast<T*>(nullptr), shape, 1, description), "describe");
  if (std::string(description.tuned_for).rfind(text + " on ", 0) != 0) {
    return 0;  // not one of those that were exported
  }
  if (2 * sets * stride * sizeof(T) + (std::size_t{1} << 30) > free_bytes) {
    std::printf("  %-4s %s: skipped, it does not fit this GPU's memory\n", type, text.c_str());
    return 0;
  }
  Tensor<T> in(stride * sets);
  Tensor<T> out(stride * sets);
  Workspace workspace(in.data(), out.data(), shape, 1);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  const auto set = [&](int run) { return static_cast<std::size_t>(run) * stride; };
  Timed ours(stream, static_cast<int>(sets), [&](int run) {
    check(reverse_cumsum(in.data() + set(run), out.data() + set(run), shape, 1, workspace.data(), workspace.bytes(),
                         stream),
          "a timed call");
  });
  Timed copy(stream, static_cast<int>(sets), [&](int run) {
    check(cudaMemcpyAsync(out.data() + set(run), in.data() + set(run), bytes, cudaMemcpyDeviceToDevice, stream),
          "a copy");
  });
  std::vector<double> ratios;
  for (int round = 0; round < kRounds + 2; ++round) {
    const double copy_ms = copy.time_ms(stream);
    const double our_ms = ours.time_ms(stream);
    if (round >= 2) {  // the first ones warm up
      ratios.push_back(copy_ms / our_ms);
    }
  }
  check(cudaStreamDestroy(stream), "cudaStreamDestroy");
  std::nth_element(ratios.begin(), ratios.begin() + kRounds / 2, ratios.end());
  const double ratio = ratios[kRounds / 2];
  const bool holds = ratio >= kLeast * description.ratio_to_copy;
  std::printf("  %-4s %s: %.4f of a copy, tuned %.4f (%.3f of that): %s%s\n", type, text.c_str(), ratio,
              description.ratio_to_copy, ratio / description.ratio_to_copy, description.config,
              holds ? "" : "  TOO SLOW");
  return holds ? 0 : 1;
}

}  // namespace

// The geometries of configs/suites/standard.json.
int check_speed() {
  int failed = 0;
  std::printf("speed of what was tuned:\n");
  for (const Extents& e :
       {Extents{32768, 32768, 1}, Extents{1, 32768, 32768}, Extents{128, 8192, 1024}, Extents{1, 4194304, 64},
        Extents{1, 268435456, 1}, Extents{1, 1073741824, 1}, Extents{1, 16777216, 1}, Extents{3, 67108865, 1},
        Extents{64, 4194304, 1}, Extents{1048576, 256, 1}, Extents{8388608, 33, 1}, Extents{65536, 2048, 1},
        Extents{4096, 4096, 1}, Extents{1000, 99991, 1}, Extents{128, 4000, 1}, Extents{32768, 16384, 1}}) {
    failed += check_tuned<float>("f32", e);
    failed += check_tuned<__half>("f16", e);
    failed += check_tuned<__nv_bfloat16>("bf16", e);
    failed += check_tuned<double>("f64", e);
    failed += check_tuned<std::int32_t>("i32", e);
    failed += check_tuned<std::int64_t>("i64", e);
  }
  return failed;
}

}  // namespace consumer
