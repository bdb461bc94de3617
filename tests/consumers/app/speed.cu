// Whether what was tuned is as fast here as scantune measured it, by the rules of its docs/measuring.md: in rounds of
// two copies of the same bytes and the call, in random order, each sample with a cache that holds neither tensor.
#include <algorithm>

#include "checks.h"
#include "tensor.h"

namespace consumer {
namespace {

using scantune_kernels::Description;
using scantune_kernels::Shape;

constexpr int kRounds = 30;
constexpr int kWarmUps = 2;            // rounds that are not counted
constexpr double kLeast = 0.99;        // of the ratio that was measured
constexpr double kShortMs = 0.05;      // a copy that takes less makes samples of several runs ...
constexpr double kSampleMs = 0.5;      // ... that take so long
constexpr std::size_t kStride = 4096;  // bytes: tensors of a set begin at a multiple of it

template <class T>
__global__ void fill_hashed(T* data, std::size_t elements) {
  for (std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x; i < elements;
       i += std::size_t{gridDim.x} * blockDim.x) {
    data[i] = T(static_cast<int>((i * 2654435761u >> 7) % 31u) - 15);
  }
}

// Leaves clean lines of no use to anyone in the cache.
__global__ void read_all(const uint4* data, std::size_t count, unsigned* never_written) {
  unsigned sum = 0;
  for (std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x; i < count;
       i += std::size_t{gridDim.x} * blockDim.x) {
    sum += data[i].x ^ data[i].y ^ data[i].z ^ data[i].w;
  }
  if (sum == 0x9E3779B9u) {
    *never_written = sum;
  }
}

struct Gpu {
  int multiprocessors = 0;
  std::size_t cache_bytes = 0;
  cudaStream_t stream = nullptr;
  uint4* lines = nullptr;  // four times the cache, zeros
  unsigned* never_written = nullptr;

  Gpu() {
    int device = 0;
    int bytes = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device), "cudaDeviceGetAttribute");
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
    cache_bytes = static_cast<std::size_t>(bytes);
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    check(cudaMalloc(&lines, 4 * cache_bytes), "cudaMalloc");
    check(cudaMalloc(&never_written, sizeof(unsigned)), "cudaMalloc");
    check(cudaMemset(lines, 0, 4 * cache_bytes), "cudaMemset");
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;
  ~Gpu() {
    cudaStreamDestroy(stream);
    cudaFree(lines);
    cudaFree(never_written);
  }
  void flush_cache() const {
    read_all<<<8 * multiprocessors, 256, 0, stream>>>(lines, 4 * cache_bytes / sizeof(uint4), never_written);
    check(cudaGetLastError(), "read_all");
  }
};

// One thing to be timed: `call(set)` enqueues a run on a set of tensors. Several runs a sample are a graph.
template <class Call>
class Timed {
 public:
  Timed(const Gpu& gpu, std::size_t runs, std::size_t sets, Call call) : gpu_(gpu), runs_(runs), call_(call) {
    check(cudaEventCreate(&begin_), "cudaEventCreate");
    check(cudaEventCreate(&end_), "cudaEventCreate");
    if (runs_ > 1) {
      cudaGraph_t graph = nullptr;
      check(cudaStreamBeginCapture(gpu_.stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
      for (std::size_t run = 0; run < runs_; ++run) {
        call_(run % sets);
      }
      check(cudaStreamEndCapture(gpu_.stream, &graph), "cudaStreamEndCapture");
      check(cudaGraphInstantiate(&graph_, graph, 0), "cudaGraphInstantiate");
      check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    }
    enqueue_runs();  // the first of a graph pays for its way to the GPU
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() {
    if (graph_ != nullptr) {
      cudaGraphExecDestroy(graph_);
    }
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  void enqueue() {
    gpu_.flush_cache();
    check(cudaEventRecord(begin_, gpu_.stream), "cudaEventRecord");
    enqueue_runs();
    check(cudaEventRecord(end_, gpu_.stream), "cudaEventRecord");
  }
  // Of one run, when the sample has ended.
  double time_ms() const {
    float time_ms = 0;
    check(cudaEventSynchronize(end_), "the timed runs");
    check(cudaEventElapsedTime(&time_ms, begin_, end_), "cudaEventElapsedTime");
    return time_ms / static_cast<double>(runs_);
  }

 private:
  void enqueue_runs() {
    if (graph_ != nullptr) {
      check(cudaGraphLaunch(graph_, gpu_.stream), "cudaGraphLaunch");
    } else {
      call_(0);
    }
  }

  const Gpu& gpu_;
  std::size_t runs_;
  Call call_;
  cudaGraphExec_t graph_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

template <class T>
int check_tuned(const Gpu& gpu, const char* type, const Extents& e) {
  const Shape shape{e.outer, e.n, e.inner};
  const auto elements = static_cast<std::size_t>(e.elements());
  const std::size_t bytes = elements * sizeof(T);
  const std::string text = e.text();
  Description description = {};
  check(describe(static_cast<const T*>(nullptr), static_cast<T*>(nullptr), shape, 1, description), "describe");
  if (std::string(description.tuned_for).rfind(text + " on ", 0) != 0) {
    return 0;  // not one of those that were exported
  }
  // As many tensors as are twice the cache together, for short runs to take turns on.
  const std::size_t stride = (bytes + kStride - 1) / kStride * kStride / sizeof(T);
  const std::size_t more = 2 * bytes >= 2 * gpu.cache_bytes ? 0 : (gpu.cache_bytes + bytes - 1) / bytes;
  const std::size_t sets = 1 + std::min<std::size_t>(more, 512);
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  if (2 * sets * stride * sizeof(T) + (std::size_t{1} << 30) > free_bytes) {
    std::printf("  %-4s %s: skipped, it does not fit this GPU's memory\n", type, text.c_str());
    return 0;
  }
  Tensor<T> in(stride * sets);
  Tensor<T> out(stride * sets);
  fill_hashed<<<8 * gpu.multiprocessors, 256, 0, gpu.stream>>>(in.data(), stride * sets);
  check(cudaGetLastError(), "fill_hashed");
  Workspace workspace(in.data(), out.data(), shape, 1);
  const auto call = [&](std::size_t set) {
    check(reverse_cumsum(in.data() + set * stride, out.data() + set * stride, shape, 1, workspace.data(),
                         workspace.bytes(), gpu.stream),
          "a timed call");
  };
  const auto copied = [&](std::size_t set) {
    check(cudaMemcpyAsync(out.data() + set * stride, in.data() + set * stride, bytes, cudaMemcpyDeviceToDevice,
                          gpu.stream),
          "a copy");
  };
  double copy_ms = 0;
  {
    Timed single(gpu, 1, 1, copied);
    std::vector<double> times_ms;
    for (int i = 0; i < 10; ++i) {
      single.enqueue();
      times_ms.push_back(single.time_ms());
    }
    copy_ms = median(times_ms);
  }
  const std::size_t runs = copy_ms < kShortMs ? static_cast<std::size_t>(std::ceil(kSampleMs / copy_ms)) : 1;
  Timed ours(gpu, runs, sets, call);
  Timed copy(gpu, runs, sets, copied);
  Timed again(gpu, runs, sets, copied);
  std::mt19937 random(1);
  std::vector<double> ratios;
  for (int round = 0; round < kRounds + kWarmUps; ++round) {
    int order[] = {0, 1, 2};
    std::shuffle(order, order + 3, random);
    for (const int which : order) {
      which == 0 ? ours.enqueue() : which == 1 ? copy.enqueue() : again.enqueue();
    }
    if (round >= kWarmUps) {
      ratios.push_back((copy.time_ms() + again.time_ms()) / 2 / ours.time_ms());
    }
  }
  const double ratio = median(ratios);
  const bool holds = ratio >= kLeast * description.ratio_to_copy;
  std::printf("  %-4s %s: %.4f of a copy, tuned %.4f (%.3f of that): %s%s\n", type, text.c_str(), ratio,
              description.ratio_to_copy, ratio / description.ratio_to_copy, description.config,
              holds ? "" : "  TOO SLOW");
  std::fflush(stdout);
  return holds ? 0 : 1;
}

}  // namespace

// The geometries of configs/suites/standard.json.
int check_speed() {
  int failed = 0;
  const Gpu gpu;
  std::printf("speed of what was tuned:\n");
  for (const Extents& e :
       {Extents{32768, 32768, 1}, Extents{1, 32768, 32768}, Extents{128, 8192, 1024}, Extents{1, 4194304, 64},
        Extents{1, 268435456, 1}, Extents{1, 1073741824, 1}, Extents{1, 16777216, 1}, Extents{3, 67108865, 1},
        Extents{64, 4194304, 1}, Extents{1048576, 256, 1}, Extents{8388608, 33, 1}, Extents{65536, 2048, 1},
        Extents{4096, 4096, 1}, Extents{1000, 99991, 1}, Extents{128, 4000, 1}, Extents{32768, 16384, 1}}) {
    failed += check_tuned<float>(gpu, "f32", e);
    failed += check_tuned<__half>(gpu, "f16", e);
    failed += check_tuned<__nv_bfloat16>(gpu, "bf16", e);
    failed += check_tuned<double>(gpu, "f64", e);
    failed += check_tuned<std::int32_t>(gpu, "i32", e);
    failed += check_tuned<std::int64_t>(gpu, "i64", e);
  }
  return failed;
}

}  // namespace consumer
