#include "checks.h"

#include <set>
#include <thread>

#include "tensor.h"

namespace consumer {
namespace {

using scantune_kernels::Description;
using scantune_kernels::Shape;

int report(const std::string& what) {
  std::printf("WRONG %s\n", what.c_str());
  return 1;
}

// A shape of rank 1 to 4 with about so many elements, biased to what is awkward: 1, sizes around powers of two.
struct Drawn {
  std::vector<std::int64_t> extents;
  int dim;

  Extents reduced() const {
    Extents e = {1, 1, 1};
    for (int i = 0; i < static_cast<int>(extents.size()); ++i) {
      (i < dim ? e.outer : i == dim ? e.n : e.inner) *= extents[static_cast<std::size_t>(i)];
    }
    return e;
  }
  std::string text() const {
    std::string text;
    for (const std::int64_t extent : extents) {
      text += (text.empty() ? "" : "x") + std::to_string(extent);
    }
    return text + " dim " + std::to_string(dim);
  }
};

Drawn draw(std::mt19937& random) {
  constexpr std::int64_t kMostElements = 1 << 22;
  Drawn drawn;
  const int rank = 1 + static_cast<int>(random() % 4);
  std::int64_t left = kMostElements;
  for (int i = 0; i < rank; ++i) {
    int most = 0;
    while ((std::int64_t{2} << most) <= left) {
      ++most;
    }
    std::int64_t extent = std::int64_t{1} << (random() % static_cast<unsigned>(most + 1));
    extent += static_cast<std::int64_t>(random() % 3) - 1;                                 // around a power of two
    extent = random() % 4 == 0 ? 1 + static_cast<std::int64_t>(random()) % left : extent;  // or anything
    extent = extent < 1 ? 1 : extent > left ? left : extent;
    drawn.extents.push_back(extent);
    left /= extent;
  }
  for (std::size_t i = drawn.extents.size(); i > 1; --i) {
    std::swap(drawn.extents[i - 1], drawn.extents[random() % i]);
  }
  drawn.dim = static_cast<int>(random() % static_cast<unsigned>(rank));
  return drawn;
}

template <class T, class Out>
int check_shape(const char* type, const Drawn& drawn, unsigned seed, std::set<std::string>& configs) {
  std::mt19937 random(seed);
  const Extents e = drawn.reduced();
  const Shape shape(drawn.extents.data(), static_cast<int>(drawn.extents.size()));
  const int dim = random() % 2 == 0 ? drawn.dim : drawn.dim - shape.rank();
  const auto elements = static_cast<std::size_t>(e.elements());
  std::vector<T> input;
  std::vector<Out> expected;
  fill(e, seed, input, expected);
  Tensor<T> in(elements, random() % 3 == 0 ? random() % 9 : 0);
  in.put(input);
  const bool in_place = std::is_same_v<T, Out> && random() % 3 == 0;
  Tensor<Out> other(in_place ? 1 : elements, random() % 3 == 0 ? random() % 9 : 0);
  Out* out = in_place ? reinterpret_cast<Out*>(in.data()) : other.data();
  Description description = {};
  check(describe(in.data(), out, shape, dim, description), "describe");
  configs.insert(description.config);
  const std::string what = std::string(type) + " " + drawn.text() + (in_place ? " in place" : "") + " with " +
                           description.config + " (accesses of " + std::to_string(description.access_bytes) + " bytes)";
  Workspace workspace(in.data(), out, shape, dim);
  check(reverse_cumsum(in.data(), out, shape, dim, workspace.data(), workspace.bytes()), what.c_str());
  check(cudaDeviceSynchronize(), what.c_str());
  const std::vector<Out> actual = in_place ? [&] {
    const std::vector<T> values = in.get();
    return std::vector<Out>(values.begin(), values.end());
  }() : other.get();
  if (const std::int64_t at = first_wrong(actual, expected); at >= 0) {
    return report(what + ": element " + std::to_string(at) + " is " +
                  std::to_string(value(actual[static_cast<std::size_t>(at)])) + ", not " +
                  std::to_string(value(expected[static_cast<std::size_t>(at)])));
  }
  return in.whole() && other.whole() ? 0 : report(what + ": it wrote beside the tensor");
}

// What has `sums` for its sums.
std::vector<float> differences(const Extents& e, const std::vector<float>& sums) {
  std::vector<float> values = sums;
  const auto inner = static_cast<std::size_t>(e.inner);
  for (std::size_t at = 0; at + inner < values.size(); ++at) {
    if (at / inner % static_cast<std::size_t>(e.n) + 1 < static_cast<std::size_t>(e.n)) {
      values[at] -= sums[at + inner];
    }
  }
  return values;
}

}  // namespace

int check_shapes(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::set<std::string> configs;
  int failed = 0;
  for (int i = 0; i < count; ++i) {
    const Drawn drawn = draw(random);
    const unsigned own = random();
    switch (i % 7) {
      case 0:
        failed += check_shape<float, float>("f32", drawn, own, configs);
        break;
      case 1:
        failed += check_shape<__half, __half>("f16", drawn, own, configs);
        break;
      case 2:
        failed += check_shape<__nv_bfloat16, __nv_bfloat16>("bf16", drawn, own, configs);
        break;
      case 3:
        failed += check_shape<double, double>("f64", drawn, own, configs);
        break;
      case 4:
        failed += check_shape<std::int32_t, std::int32_t>("i32", drawn, own, configs);
        break;
      case 5:
        failed += check_shape<std::int64_t, std::int64_t>("i64", drawn, own, configs);
        break;
      default:
        failed += check_shape<std::int32_t, std::int64_t>("i32 in i64", drawn, own, configs);
        break;
    }
  }
  std::printf("%d random shapes: %d wrong; configurations used:\n", count, failed);
  for (const std::string& config : configs) {
    std::printf("  %s\n", config.c_str());
  }
  return failed;
}

int check_graphs() {
  constexpr unsigned kReplays = 5;
  int failed = 0;
  // Long rows, rows and both kinds of columns: kernels with and without a workspace.
  for (const Extents& e :
       {Extents{1, 5000011, 1}, Extents{300, 9001, 1}, Extents{1, 3000, 520}, Extents{1, 200000, 16}}) {
    const Shape shape{e.outer, e.n, e.inner};
    const auto elements = static_cast<std::size_t>(e.elements());
    Tensor<float> in(elements);
    Tensor<float> between(elements);
    Tensor<float> out(elements);
    Workspace workspace(in.data(), between.data(), shape, 1);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    // Sums of sums: the kernels of the second call start while those of the first end, on whose results they depend,
    // as they do on the workspace.
    const auto call_twice = [&] {
      check(reverse_cumsum(in.data(), between.data(), shape, 1, workspace.data(), workspace.bytes(), stream), "a call");
      check(reverse_cumsum(between.data(), out.data(), shape, 1, workspace.data(), workspace.bytes(), stream),
            "a call on the result of another");
    };
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "cudaStreamBeginCapture");
    call_twice();
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
    for (unsigned replay = 0; replay < kReplays; ++replay) {
      std::vector<float> sums;
      std::vector<float> expected;
      fill(e, replay + 1, sums, expected);
      in.put(differences(e, sums));
      for (const bool captured : {true, false}) {
        out.put(std::vector<float>(elements, -1));
        if (captured) {
          check(cudaGraphLaunch(executable, stream), "cudaGraphLaunch");
        } else {
          call_twice();
        }
        check(cudaStreamSynchronize(stream), "two calls");
        for (const auto& [tensor, wanted] : {std::pair(&between, &sums), std::pair(&out, &expected)}) {
          if (first_wrong(tensor->get(), *wanted) >= 0) {
            failed += report(std::string(captured ? "a graph" : "a stream") + " of two calls with " + e.text() +
                             ", time " + std::to_string(replay) + ", call " + (tensor == &between ? "1" : "2"));
          }
        }
      }
    }
    check(cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
    check(cudaGraphDestroy(graph), "cudaGraphDestroy");
    check(cudaStreamDestroy(stream), "cudaStreamDestroy");
  }
  std::printf("graphs and streams of two calls, on other data each time: %d wrong\n", failed);
  return failed;
}

int check_streams_and_threads() {
  constexpr int kThreads = 4;
  constexpr int kCalls = 20;
  std::vector<int> failed(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &failed] {
      const Extents e = t % 2 == 0 ? Extents{1, 3000000 + t, 1} : Extents{1, 40000, 32 + t};
      const Shape shape{e.outer, e.n, e.inner};
      const auto elements = static_cast<std::size_t>(e.elements());
      std::vector<float> input;
      std::vector<float> expected;
      fill(e, static_cast<unsigned>(t + 1), input, expected);
      Tensor<float> in(elements);
      in.put(input);
      // Two streams a thread, each with its own output and workspace, filled at once.
      Tensor<float> left(elements);
      Tensor<float> right(elements);
      Tensor<float>* const out[2] = {&left, &right};
      Workspace first(in.data(), left.data(), shape, 1);
      Workspace second(in.data(), right.data(), shape, 1);
      cudaStream_t streams[2];
      for (cudaStream_t& stream : streams) {
        check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
      }
      for (int call = 0; call < kCalls; ++call) {
        Workspace& workspace = call % 2 == 0 ? first : second;
        check(reverse_cumsum(in.data(), out[call % 2]->data(), shape, 1, workspace.data(), workspace.bytes(),
                             streams[call % 2]),
              "a call of several");
      }
      for (int s = 0; s < 2; ++s) {
        check(cudaStreamSynchronize(streams[s]), "a stream of several");
        failed[static_cast<std::size_t>(t)] +=
            first_wrong(out[s]->get(), expected) >= 0 ? report("a stream of several") : 0;
        check(cudaStreamDestroy(streams[s]), "cudaStreamDestroy");
      }
    });
  }
  int all = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads[static_cast<std::size_t>(t)].join();
    all += failed[static_cast<std::size_t>(t)];
  }
  std::printf("%d threads with two streams each: %d wrong\n", kThreads, all);
  return all;
}

int check_bad_calls() {
  constexpr std::size_t kElements = 4096;
  Tensor<float> in(kElements);
  Tensor<float> out(kElements);
  float* const x = in.data();
  float* const y = out.data();
  Workspace workspace(x, y, Shape{1, kElements}, 1);
  std::size_t none = 1;
  std::size_t bytes = workspace.bytes();
  int failed = 0;
  const auto refused = [&](cudaError_t error, const char* what) {
    failed += error == cudaErrorInvalidValue ? 0 : report(std::string(what) + " is not refused");
  };
  const auto taken = [&](cudaError_t error, const char* what) {
    failed += error == cudaSuccess ? 0 : report(std::string(what) + " is refused");
  };
  auto* const odd = reinterpret_cast<float*>(reinterpret_cast<char*>(x) + 2);
  refused(reverse_cumsum(x, y, Shape{1, kElements}, 2, workspace.data(), bytes), "a dimension that there is not");
  refused(reverse_cumsum(x, y, Shape{1, kElements}, -3, workspace.data(), bytes), "a dimension before the first");
  refused(reverse_cumsum(x, y, Shape{1, -5}, 1, workspace.data(), bytes), "a negative extent");
  refused(reverse_cumsum(x, y, Shape{}, 0, workspace.data(), bytes), "a shape without extents");
  refused(reverse_cumsum(x, y, Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, workspace.data(), bytes), "nine extents");
  refused(reverse_cumsum(x, y, Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}, 1, workspace.data(), bytes),
          "a shape that overflows");
  refused(reverse_cumsum(odd, y, Shape{1, 100}, 1, workspace.data(), bytes), "a misaligned input");
  refused(reverse_cumsum(x, x + 1, Shape{1, 100}, 1, workspace.data(), bytes), "an overlap");
  refused(reverse_cumsum(static_cast<const float*>(nullptr), y, Shape{1, 100}, 1, workspace.data(), bytes), "no input");
  refused(reverse_cumsum(x, y, Shape{64, 64}, 0, workspace.data(), none), "a workspace of one byte");
  refused(reverse_cumsum(reinterpret_cast<std::int32_t*>(x), reinterpret_cast<std::int64_t*>(x), Shape{1, 100}, 1,
                         workspace.data(), bytes),
          "a wider result in place");
  taken(reverse_cumsum(x, y, Shape{0, 5}, 1, workspace.data(), bytes), "an empty tensor");
  taken(reverse_cumsum(x, y, Shape{7}, -1, workspace.data(), bytes), "a vector");
  taken(reverse_cumsum(x, y, Shape{1, kElements}, 1, workspace.data(), none),
        "a small workspace, where rows need none");
  check(cudaDeviceSynchronize(), "calls that are refused");
  std::printf("bad calls: %d wrong\n", failed);
  return failed;
}

}  // namespace consumer
