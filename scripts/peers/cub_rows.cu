// The peers that CUB makes of a reverse cumulative sum of rows, for peers.py to call through ctypes.
//
//   device scan   cub::DeviceScan::InclusiveScan (one row) and InclusiveScanByKey (many rows, the key is the
//                 number of the row) through reverse iterators: one pass each
//   block scan    a block a row, tiles from right to left by cub::BlockScan, the running sum in its prefix callback
//
// Halves are summed in float. One translation unit a type, so that six compile at once: nvcc -DPEERS_TYPE=f32 -c
// for each of f32 f16 bf16 f64 i32 i64, once more without it for the entry points, and link all with -shared.
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace peers {

// What there is for an element type. Functions return a cudaError_t, or kDoesNotApply.
struct Api {
  int (*device_scan)(const void* in, void* out, long long outer, long long n, void* workspace,
                     size_t* workspace_bytes, cudaStream_t stream);
  int (*block_scan)(int config, const void* in, void* out, long long outer, long long n, cudaStream_t stream);
  int (*block_config)(int config, int* threads, int* items, int* vector);  // not 0 beyond the last
};

constexpr int kDoesNotApply = -1;

const Api* api_f32();
const Api* api_f16();
const Api* api_bf16();
const Api* api_f64();
const Api* api_i32();
const Api* api_i64();

}  // namespace peers

#ifdef PEERS_TYPE

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/reverse_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/block/block_load.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_store.cuh>
#include <cub/device/device_scan.cuh>
#include <cuda/std/functional>

namespace peers {
namespace {

// --- Types ----------------------------------------------------------------------------------------

struct f32 {
  using Element = float;
  using Sum = float;
};
struct f16 {
  using Element = __half;
  using Sum = float;
};
struct bf16 {
  using Element = __nv_bfloat16;
  using Sum = float;
};
struct f64 {
  using Element = double;
  using Sum = double;
};
struct i32 {
  using Element = int;
  using Sum = int;
};
struct i64 {
  using Element = long long;
  using Sum = long long;
};

using Element = PEERS_TYPE::Element;
using Sum = PEERS_TYPE::Sum;

struct Widen {
  __host__ __device__ Sum operator()(Element value) const { return static_cast<Sum>(value); }
};

// Where elements are sums there is nothing to widen, and CUB sees the plain reverse iterator.
auto reversed_input(const Element* end) {
  if constexpr (sizeof(Element) == sizeof(Sum)) {
    return thrust::make_reverse_iterator(end);
  } else {
    return thrust::make_transform_iterator(thrust::make_reverse_iterator(end), Widen{});
  }
}

// --- Device scan ------------------------------------------------------------------------------------

// The row of an element: i / n by a multiplication, exact for 32-bit i and n.
struct RowOf {
  unsigned long long reciprocal;  // 2^64 / n, rounded up; 0 stands for 2^64

  explicit RowOf(unsigned n) : reciprocal(~0ull / n + 1) {}

  __host__ __device__ unsigned operator()(unsigned i) const {
#ifdef __CUDA_ARCH__
    return reciprocal == 0 ? i : static_cast<unsigned>(__umul64hi(i, reciprocal));
#else
    return reciprocal == 0 ? i : static_cast<unsigned>((static_cast<unsigned __int128>(i) * reciprocal) >> 64);
#endif
  }
};

int device_scan(const void* in, void* out, long long outer, long long n, void* workspace, size_t* workspace_bytes,
                cudaStream_t stream) {
  const long long elements = outer * n;
  if (elements > 0xFFFFFFFFll) {
    return kDoesNotApply;
  }
  const auto count = static_cast<uint32_t>(elements);
  const auto from = reversed_input(static_cast<const Element*>(in) + elements);
  const auto to = thrust::make_reverse_iterator(static_cast<Element*>(out) + elements);
  if (outer == 1) {
    return cub::DeviceScan::InclusiveScan(workspace, *workspace_bytes, from, to, ::cuda::std::plus<>{}, count, stream);
  }
  // From the right the rows end as far apart as from the left, so the keys need no reversal.
  const auto rows =
      thrust::make_transform_iterator(thrust::make_counting_iterator(0u), RowOf(static_cast<unsigned>(n)));
  return cub::DeviceScan::InclusiveScanByKey(workspace, *workspace_bytes, rows, from, to, ::cuda::std::plus<>{}, count,
                                             ::cuda::std::equal_to<>{}, stream);
}

// --- Block scan -------------------------------------------------------------------------------------

// The sum of the tiles to the right, which grows with each tile.
struct RunningPrefix {
  Sum sum;

  __device__ Sum operator()(Sum tile) {
    const Sum right = sum;
    sum += tile;
    return right;
  }
};

// Thread 0 has the rightmost elements of a tile. Elements come through shared memory, so that a warp's accesses lie
// side by side at any alignment.
template <int kThreads, int kItems>
__global__ void __launch_bounds__(kThreads) transposed_rows(const Element* in, Element* out, long long outer,
                                                            long long n) {
  using Load = cub::BlockLoad<Element, kThreads, kItems, cub::BLOCK_LOAD_WARP_TRANSPOSE>;
  using Scan = cub::BlockScan<Sum, kThreads, cub::BLOCK_SCAN_WARP_SCANS>;
  using Store = cub::BlockStore<Element, kThreads, kItems, cub::BLOCK_STORE_WARP_TRANSPOSE>;
  __shared__ union {
    typename Load::TempStorage load;
    typename Scan::TempStorage scan;
    typename Store::TempStorage store;
  } shared;
  constexpr int kTile = kThreads * kItems;

  for (long long row = blockIdx.x; row < outer; row += gridDim.x) {
    RunningPrefix right{Sum(0)};
    for (long long end = n; end > 0; end -= kTile) {
      const auto from = thrust::make_reverse_iterator(in + row * n + end);
      const auto to = thrust::make_reverse_iterator(out + row * n + end);
      Element items[kItems];
      if (end >= kTile) {
        Load(shared.load).Load(from, items);
      } else {
        Load(shared.load).Load(from, items, static_cast<int>(end), Element(0));
      }
      __syncthreads();
      Sum sums[kItems];
#pragma unroll
      for (int i = 0; i < kItems; ++i) {
        sums[i] = static_cast<Sum>(items[i]);
      }
      Scan(shared.scan).InclusiveSum(sums, sums, right);
      __syncthreads();
#pragma unroll
      for (int i = 0; i < kItems; ++i) {
        items[i] = static_cast<Element>(sums[i]);
      }
      if (end >= kTile) {
        Store(shared.store).Store(to, items);
      } else {
        Store(shared.store).Store(to, items, static_cast<int>(end));
      }
      __syncthreads();
    }
  }
}

constexpr int kAccessBytes = 16;
constexpr int kPerAccess = kAccessBytes / static_cast<int>(sizeof(Element));

struct alignas(kAccessBytes) Access {
  Element elements[kPerAccess];
};

// The same with 16-byte accesses straight from memory, where rows are a whole number of them long.
template <int kThreads, int kAccesses>
__global__ void __launch_bounds__(kThreads) vector_rows(const Element* in, Element* out, long long outer, long long n) {
  constexpr int kItems = kAccesses * kPerAccess;
  constexpr int kTile = kThreads * kItems;
  using Scan = cub::BlockScan<Sum, kThreads, cub::BLOCK_SCAN_WARP_SCANS>;
  __shared__ typename Scan::TempStorage shared;

  for (long long row = blockIdx.x; row < outer; row += gridDim.x) {
    RunningPrefix right{Sum(0)};
    for (long long end = n; end > 0; end -= kTile) {
      // Access a of this thread, counted from the right, begins here; left of the row there is none.
      const auto begin = [&](int a) { return end - (threadIdx.x * kAccesses + a + 1ll) * kPerAccess; };
      Access accesses[kAccesses];
#pragma unroll
      for (int a = 0; a < kAccesses; ++a) {
        accesses[a] = begin(a) >= 0 ? *reinterpret_cast<const Access*>(in + row * n + begin(a)) : Access{};
      }
      Sum sums[kItems];
#pragma unroll
      for (int i = 0; i < kItems; ++i) {
        sums[i] = static_cast<Sum>(accesses[i / kPerAccess].elements[kPerAccess - 1 - i % kPerAccess]);
      }
      Scan(shared).InclusiveSum(sums, sums, right);
      __syncthreads();
#pragma unroll
      for (int i = 0; i < kItems; ++i) {
        accesses[i / kPerAccess].elements[kPerAccess - 1 - i % kPerAccess] = static_cast<Element>(sums[i]);
      }
#pragma unroll
      for (int a = 0; a < kAccesses; ++a) {
        if (begin(a) >= 0) {
          *reinterpret_cast<Access*>(out + row * n + begin(a)) = accesses[a];
        }
      }
    }
  }
}

struct Config {
  int threads;
  int items;  // a thread
  bool vector;
  void (*kernel)(const Element*, Element*, long long, long long);
};

template <int kThreads, int kAccesses>
constexpr Config vector_config() {
  return {kThreads, kAccesses * kPerAccess, true, vector_rows<kThreads, kAccesses>};
}

template <int kThreads, int kBytes>
constexpr Config transposed_config() {
  static_assert(kThreads * kBytes <= 40960, "a tile lies in shared memory that needs no opting in");
  constexpr int kItems = kBytes / static_cast<int>(sizeof(Element));
  return {kThreads, kItems, false, transposed_rows<kThreads, kItems>};
}

const Config kConfigs[] = {
    vector_config<32, 1>(),       vector_config<32, 2>(),       vector_config<64, 1>(),
    vector_config<64, 2>(),       vector_config<128, 1>(),      vector_config<128, 2>(),
    vector_config<128, 4>(),      vector_config<256, 1>(),      vector_config<256, 2>(),
    vector_config<256, 4>(),      vector_config<512, 1>(),      vector_config<512, 2>(),
    vector_config<512, 4>(),      vector_config<1024, 1>(),     vector_config<1024, 2>(),
    vector_config<1024, 4>(),     transposed_config<32, 8>(),   transposed_config<32, 32>(),
    transposed_config<64, 32>(),  transposed_config<128, 16>(), transposed_config<128, 32>(),
    transposed_config<128, 64>(), transposed_config<256, 16>(), transposed_config<256, 32>(),
    transposed_config<256, 64>(), transposed_config<512, 16>(), transposed_config<512, 32>(),
    transposed_config<512, 64>(),
};
constexpr int kConfigCount = sizeof(kConfigs) / sizeof(kConfigs[0]);

int block_config(int config, int* threads, int* items, int* vector) {
  if (config < 0 || config >= kConfigCount) {
    return kDoesNotApply;
  }
  *threads = kConfigs[config].threads;
  *items = kConfigs[config].items;
  *vector = kConfigs[config].vector ? 1 : 0;
  return 0;
}

int block_scan(int config, const void* in, void* out, long long outer, long long n, cudaStream_t stream) {
  if (config < 0 || config >= kConfigCount || (kConfigs[config].vector && n % kPerAccess != 0)) {
    return kDoesNotApply;
  }
  const Config& chosen = kConfigs[config];
  constexpr long long kMostBlocks = 0x7FFFFFFF;
  const auto grid = static_cast<unsigned>(outer < kMostBlocks ? outer : kMostBlocks);
  chosen.kernel<<<grid, chosen.threads, 0, stream>>>(static_cast<const Element*>(in), static_cast<Element*>(out),
                                                     outer, n);
  return cudaGetLastError();
}

}  // namespace

#define PEERS_JOIN_(a, b) a##b
#define PEERS_JOIN(a, b) PEERS_JOIN_(a, b)

const Api* PEERS_JOIN(api_, PEERS_TYPE)() {
  static const Api api = {device_scan, block_scan, block_config};
  return &api;
}

}  // namespace peers

#else

#include <cub/version.cuh>
#include <cstring>

namespace {

const peers::Api* api_of(const char* dtype) {
  struct Named {
    const char* name;
    const peers::Api* (*api)();
  };
  constexpr Named kTypes[] = {{"f32", peers::api_f32}, {"f16", peers::api_f16}, {"bf16", peers::api_bf16},
                              {"f64", peers::api_f64}, {"i32", peers::api_i32}, {"i64", peers::api_i64}};
  for (const Named& type : kTypes) {
    if (std::strcmp(type.name, dtype) == 0) {
      return type.api();
    }
  }
  return nullptr;
}

}  // namespace

extern "C" {

// Tensors are (outer, n), rows contiguous. With no workspace, says how many bytes it takes.
int peers_cub_device_scan(const char* dtype, const void* in, void* out, long long outer, long long n, void* workspace,
                          size_t* workspace_bytes, cudaStream_t stream) {
  const peers::Api* api = api_of(dtype);
  return api == nullptr ? peers::kDoesNotApply
                        : api->device_scan(in, out, outer, n, workspace, workspace_bytes, stream);
}

int peers_cub_block_scan(const char* dtype, int config, const void* in, void* out, long long outer, long long n,
                         cudaStream_t stream) {
  const peers::Api* api = api_of(dtype);
  return api == nullptr ? peers::kDoesNotApply : api->block_scan(config, in, out, outer, n, stream);
}

int peers_cub_block_config(const char* dtype, int config, int* threads, int* items, int* vector) {
  const peers::Api* api = api_of(dtype);
  return api == nullptr ? peers::kDoesNotApply : api->block_config(config, threads, items, vector);
}

const char* peers_cub_error(int code) {
  return code == peers::kDoesNotApply ? "does not apply" : cudaGetErrorString(static_cast<cudaError_t>(code));
}

int peers_cub_version() { return CUB_VERSION; }

}  // extern "C"

#endif
