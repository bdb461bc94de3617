// Stands in for kernels/device.cuh: the same functions, and what CUDA C++ brings along, on a CPU. What they do is in
// engine.cc. The build turns a kernel's `__shared__ T v[n];` into `auto& v = shared<T[n], __COUNTER__>();`, as every
// block has a v of its own.
#pragma once

#include <cstring>

#include "emulation/primitives.h"
#include "launch.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define threadIdx (::scantune::emulation::thread_index)
#define blockIdx (::scantune::emulation::block_index)
#define blockDim (::scantune::emulation::block_size)
#define gridDim (::scantune::emulation::grid_size)

namespace scantune::emulation {

// One object a block, declaration and instantiation.
template <class Type, int kDeclaration>
Type& shared() {
  static const char key = 0;
  return *static_cast<Type*>(shared_variable(&key, sizeof(Type), alignof(Type)));
}

template <class Value>
Value exchange(Collective kind, unsigned mask, Value value, unsigned operand) {
  static_assert(sizeof(Value) <= sizeof(unsigned long long));
  unsigned long long bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = collective(kind, mask, bits, operand);
  memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace scantune::emulation

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
inline void __syncthreads() { scantune::emulation::block_barrier(); }

inline void __syncwarp(unsigned mask = 0xffffffffu) {
  scantune::emulation::collective(scantune::emulation::Collective::sync, mask, 0, 0);
}

template <class Value>
Value __shfl_sync(unsigned mask, Value value, int lane) {
  return scantune::emulation::exchange(scantune::emulation::Collective::shuffle, mask, value,
                                       static_cast<unsigned>(lane));
}
template <class Value>
Value __shfl_down_sync(unsigned mask, Value value, unsigned distance) {
  return scantune::emulation::exchange(scantune::emulation::Collective::shuffle_down, mask, value, distance);
}
template <class Value>
Value __shfl_up_sync(unsigned mask, Value value, unsigned distance) {
  return scantune::emulation::exchange(scantune::emulation::Collective::shuffle_up, mask, value, distance);
}
template <class Value>
Value __shfl_xor_sync(unsigned mask, Value value, int lanes) {
  return scantune::emulation::exchange(scantune::emulation::Collective::shuffle_xor, mask, value,
                                       static_cast<unsigned>(lanes));
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return static_cast<unsigned>(
      scantune::emulation::collective(scantune::emulation::Collective::ballot, mask, predicate != 0 ? 1 : 0, 0));
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0 ? 1 : 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask ? 1 : 0; }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }

template <class Value>
Value __ldg(const Value* address) {
  return *address;
}

inline unsigned atomicAdd(unsigned* word, unsigned value) { return scantune::emulation::atomic_add(word, value); }

inline float __uint_as_float(unsigned bits) {
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}
inline unsigned __float_as_uint(float value) {
  unsigned bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// NOLINTEND(readability-identifier-naming)

namespace scantune {

struct alignas(kAccessBytes) Bits128 {
  unsigned x, y, z, w;
};

// The accesses themselves are seen by the engine, as every access that is compiled is.
inline Bits128 load_global(const void* aligned) {
  emulation::check_alignment(aligned, sizeof(Bits128));
  return *static_cast<const Bits128*>(aligned);
}

// The same for narrower accesses, each aligned to its size.
struct alignas(8) Bits64 {
  unsigned x, y;
};
struct Bits32 {
  unsigned x;
};
struct Bits16 {
  unsigned short x;
};

template <int kBytes>
struct BitsOf;
template <>
struct BitsOf<16> {
  using Type = Bits128;
};
template <>
struct BitsOf<8> {
  using Type = Bits64;
};
template <>
struct BitsOf<4> {
  using Type = Bits32;
};
template <>
struct BitsOf<2> {
  using Type = Bits16;
};

template <class Bits>
void load_global(const void* aligned, Bits& bits) {
  emulation::check_alignment(aligned, sizeof bits);
  bits = *static_cast<const Bits*>(aligned);
}

template <class Bits>
void store_global(void* aligned, Bits bits) {
  emulation::check_alignment(aligned, sizeof bits);
  *static_cast<Bits*>(aligned) = bits;
}

using emulation::bf16_of_float;
using emulation::f16_of_float;
using emulation::float_of_bf16;
using emulation::float_of_f16;
inline unsigned f16s_of_floats(float first, float second) {
  return f16_of_float(first) | static_cast<unsigned>(f16_of_float(second)) << 16;
}
inline unsigned bf16s_of_floats(float first, float second) {
  return bf16_of_float(first) | static_cast<unsigned>(bf16_of_float(second)) << 16;
}

// The hardware spreads the sum over the lanes in a way of its own; here each lane keeps what it brought.
struct MatrixSum {
  float of_rows[4];
};

template <class Widen>
void add_halves(MatrixSum& sum, const Bits128& elements, Widen widen) {
  unsigned short bits[kAccessBytes / 2];
  memcpy(bits, &elements, sizeof bits);
  for (const unsigned short element : bits) {
    sum.of_rows[0] += widen(element);
  }
}
inline void add_f16s(MatrixSum& sum, const Bits128& elements) { add_halves(sum, elements, float_of_f16); }
inline void add_bf16s(MatrixSum& sum, const Bits128& elements) { add_halves(sum, elements, float_of_bf16); }

inline float total_of(const MatrixSum& sum) {
  float total = sum.of_rows[0];
  for (int lanes = 1; lanes < kWarpThreads; lanes *= 2) {
    total += __shfl_xor_sync(0xffffffffu, total, lanes);
  }
  return total;
}

template <class T>
T* kept(T* address) {
  return address;
}

using SharedAddress = unsigned char*;
inline SharedAddress shared_address(void* shared) { return static_cast<unsigned char*>(shared); }

using emulation::async_commit;
using emulation::async_copy;
using emulation::dynamic_shared;
template <int kUnderWay>
void async_wait() {
  emulation::async_wait(kUnderWay);
}

using Barrier = unsigned long long;
using emulation::barrier_arrive;
using emulation::barrier_init;
using emulation::barrier_init_end;
using emulation::barrier_wait;
using emulation::bulk_load;
using emulation::prefetch_to_l2;
template <int kId>
void sync_part(int threads) {
  emulation::part_barrier(kId, threads);
}
inline void sync_part(int id, int threads) { emulation::part_barrier(id, threads); }

using emulation::load_relaxed;
using emulation::store_relaxed;
inline unsigned take_ticket(unsigned* counter) { return emulation::atomic_add(counter, 1); }

using emulation::let_next_launch_start;
using emulation::wait_for_launch_in_front;

}  // namespace scantune
