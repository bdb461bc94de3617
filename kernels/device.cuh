// What the kernels ask of the hardware, in one place: 16-byte accesses, copies that run on their own,
// words that blocks hand to one another, and launches that overlap.
//
// Nothing else in kernels/ contains assembly, so that this file alone has to be replaced for the kernels
// to run elsewhere: the tests run them on a CPU (tests/kernels). C++17; needs no header of the toolkit.
#pragma once

#include "launch.h"

namespace scantune {

// --- 16-byte accesses -----------------------------------------------------------------------------

// 16 bytes as the hardware moves them.
struct alignas(kAccessBytes) Bits128 {
  unsigned x, y, z, w;
};

__device__ __forceinline__ Bits128 load_global(const void* aligned) {
  Bits128 bits;
  asm volatile("ld.global.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(bits.x), "=r"(bits.y), "=r"(bits.z), "=r"(bits.w)
               : "l"(aligned));
  return bits;
}

__device__ __forceinline__ void store_global(void* aligned, Bits128 bits) {
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(aligned), "r"(bits.x), "r"(bits.y), "r"(bits.z), "r"(bits.w)
               : "memory");
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

__device__ __forceinline__ void load_global(const void* aligned, Bits128& bits) { bits = load_global(aligned); }

__device__ __forceinline__ void load_global(const void* aligned, Bits64& bits) {
  asm volatile("ld.global.v2.b32 {%0, %1}, [%2];" : "=r"(bits.x), "=r"(bits.y) : "l"(aligned));
}

__device__ __forceinline__ void load_global(const void* aligned, Bits32& bits) {
  asm volatile("ld.global.b32 %0, [%1];" : "=r"(bits.x) : "l"(aligned));
}

__device__ __forceinline__ void load_global(const void* aligned, Bits16& bits) {
  asm volatile("ld.global.b16 %0, [%1];" : "=h"(bits.x) : "l"(aligned));
}

__device__ __forceinline__ void store_global(void* aligned, Bits64 bits) {
  asm volatile("st.global.v2.b32 [%0], {%1, %2};" : : "l"(aligned), "r"(bits.x), "r"(bits.y) : "memory");
}

__device__ __forceinline__ void store_global(void* aligned, Bits32 bits) {
  asm volatile("st.global.b32 [%0], %1;" : : "l"(aligned), "r"(bits.x) : "memory");
}

__device__ __forceinline__ void store_global(void* aligned, Bits16 bits) {
  asm volatile("st.global.b16 [%0], %1;" : : "l"(aligned), "h"(bits.x) : "memory");
}

// --- Addresses ------------------------------------------------------------------------------------
//
// kept() is its argument, of which the compiler then knows nothing: it keeps it in a register, and does not work it out
// anew for each access from what it was made of, which takes a dozen operations of 64 bits.

template <class T>
__device__ __forceinline__ T* kept(T* global) {
  asm("" : "+l"(global));
  return global;
}

// Where something lies in shared memory.
using SharedAddress = unsigned;

__device__ __forceinline__ SharedAddress shared_address(const void* shared) {
  return static_cast<unsigned>(__cvta_generic_to_shared(shared));
}

__device__ __forceinline__ SharedAddress kept(SharedAddress shared) {
  asm("" : "+r"(shared));
  return shared;
}

// --- Halves ---------------------------------------------------------------------------------------

__device__ __forceinline__ float float_of_f16(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

__device__ __forceinline__ unsigned short f16_of_float(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

__device__ __forceinline__ float float_of_bf16(unsigned short bits) {
  return __uint_as_float(static_cast<unsigned>(bits) << 16);
}

__device__ __forceinline__ unsigned short bf16_of_float(float value) {
  unsigned short bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

// Two at a time, the first in the lower half.
__device__ __forceinline__ unsigned f16s_of_floats(float first, float second) {
  unsigned bits;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
  return bits;
}

__device__ __forceinline__ unsigned bf16s_of_floats(float first, float second) {
  unsigned bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
  return bits;
}

// --- Sums of halves by the matrix units (sm_80) -----------------------------------------------------
//
// A product with a matrix of ones adds up the rows of the other one, in f32: 256 halves in one instruction, where
// widening and adding take 16 a lane. Each lane brings 16 bytes, wherever they come from; which lane then holds which
// part of the sum is left open until total_of(). No factor is 0, so that infinities and NaN come out as they do
// from additions. The order of additions is fixed, but not one of neighbours, and each rounds towards zero.

struct MatrixSum {
  float of_rows[4];
};

// By whole warps.
__device__ __forceinline__ void add_f16s(MatrixSum& sum, Bits128 elements) {
  constexpr unsigned kOnes = 0x3c003c00u;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %8}, {%0, %1, %2, "
      "%3};"
      : "+f"(sum.of_rows[0]), "+f"(sum.of_rows[1]), "+f"(sum.of_rows[2]), "+f"(sum.of_rows[3])
      : "r"(elements.x), "r"(elements.y), "r"(elements.z), "r"(elements.w), "r"(kOnes));
}

__device__ __forceinline__ void add_bf16s(MatrixSum& sum, Bits128 elements) {
  constexpr unsigned kOnes = 0x3f803f80u;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %8}, "
      "{%0, %1, %2, %3};"
      : "+f"(sum.of_rows[0]), "+f"(sum.of_rows[1]), "+f"(sum.of_rows[2]), "+f"(sum.of_rows[3])
      : "r"(elements.x), "r"(elements.y), "r"(elements.z), "r"(elements.w), "r"(kOnes));
}

// The sum of all elements that the warp's lanes brought, in every lane.
__device__ __forceinline__ float total_of(const MatrixSum& sum) {
  // A lane holds two columns, which are alike, of two rows; four lanes hold the same.
  float total = sum.of_rows[0] + sum.of_rows[2];
#pragma unroll
  for (int lanes = 4; lanes < kWarpThreads; lanes *= 2) {
    total += __shfl_xor_sync(kAllLanes, total, lanes);
  }
  return total;
}

// --- Shared memory --------------------------------------------------------------------------------

// The dynamic shared memory of the block, aligned to 128 bytes.
__device__ __forceinline__ unsigned char* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char scantune_dynamic_shared[];
  return scantune_dynamic_shared;
}

// --- cp.async: 16 bytes a thread from global to shared memory (sm_80 and later) ---------------------
//
// A thread's copies come in groups, in order: a commit ends a group, and async_wait<k> waits until no
// more than the k latest groups are under way. Other threads see the data after a barrier only.

__device__ __forceinline__ void async_copy(SharedAddress shared, const void* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" : : "r"(shared), "l"(global) : "memory");
}

__device__ __forceinline__ void async_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }

template <int kUnderWay>
__device__ __forceinline__ void async_wait() {
  asm volatile("cp.async.wait_group %0;" : : "n"(kUnderWay) : "memory");
}

// --- Barriers in shared memory (sm_80) --------------------------------------------------------------
//
// A barrier ends a phase when it was arrived at as often as it was told, and all bytes that copies announced
// are there. Phases count from 0 and are waited for by parity: no thread may fall two phases behind. What
// a thread wrote before it arrived is visible to those that waited.

using Barrier = unsigned long long;

// By one thread, which calls barrier_init_end() after the last; the others may use the barriers after a
// __syncthreads().
__device__ __forceinline__ void barrier_init(Barrier* barrier, unsigned arrivals) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" : : "r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// Once and not for each barrier: it takes about as long as a load from memory.
__device__ __forceinline__ void barrier_init_end() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("fence.mbarrier_init.release.cluster;" : : : "memory");
#endif
}

__device__ __forceinline__ void barrier_arrive(Barrier* barrier) {
  asm volatile("{\n.reg .b64 phase;\nmbarrier.arrive.shared.b64 phase, [%0];\n}\n"
               :
               : "r"(shared_address(barrier))
               : "memory");
}

// Waits until the phase of this parity has ended.
__device__ __forceinline__ void barrier_wait(Barrier* barrier, unsigned parity) {
  unsigned ended;
  do {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n"
        ".reg .pred ended;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2;\n"
        "selp.u32 %0, 1, 0, ended;\n"
        "}\n"
        : "=r"(ended)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
#else
    asm volatile(
        "{\n"
        ".reg .pred ended;\n"
        "mbarrier.test_wait.parity.shared.b64 ended, [%1], %2;\n"
        "selp.u32 %0, 1, 0, ended;\n"
        "}\n"
        : "=r"(ended)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
#endif
  } while (ended == 0);
}

// --- Bulk copies: one thread moves a whole tile, a barrier says when it is there (sm_90) ---------------

// Arrives at the barrier, announces `bytes` to it and starts to copy them. Addresses and `bytes` are
// multiples of 16; `bytes` may be 0.
__device__ __forceinline__ void bulk_load(void* shared, const void* global, unsigned bytes, Barrier* barrier) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
               :
               : "r"(shared_address(barrier)), "r"(bytes)
               : "memory");
  if (bytes > 0) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 :
                 : "r"(shared_address(shared)), "l"(global), "r"(bytes), "r"(shared_address(barrier))
                 : "memory");
  }
#endif
}

// Has the L2 fetch what will be read soon, without a register or a barrier waiting. The address and `bytes`, at least
// one access, are multiples of 16, and all of it can be read. Does nothing before sm_90.
__device__ __forceinline__ void prefetch_to_l2(const void* global, unsigned bytes) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" : : "l"(global), "r"(bytes) : "memory");
#endif
}

// --- Barriers of a part of a block ------------------------------------------------------------------

// As __syncthreads(), for the `threads` threads (whole warps) that call it with this id, from 1 to 15.
template <int kId>
__device__ __forceinline__ void sync_part(int threads) {
  asm volatile("bar.sync %0, %1;" : : "n"(kId), "r"(threads) : "memory");
}

// The same for an id that is not a constant.
__device__ __forceinline__ void sync_part(int id, int threads) {
  asm volatile("bar.sync %0, %1;" : : "r"(id), "r"(threads) : "memory");
}

// --- Words that blocks hand to one another ----------------------------------------------------------
//
// Relaxed: a word is seen whole, sooner or later, and says nothing about any other memory. So what is
// handed over must be in the word itself (status.cuh).

__device__ __forceinline__ unsigned long long load_relaxed(const unsigned long long* word) {
  unsigned long long value;
  asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(value) : "l"(word) : "memory");
  return value;
}

__device__ __forceinline__ void store_relaxed(unsigned long long* word, unsigned long long value) {
  asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" : : "l"(word), "l"(value) : "memory");
}

__device__ __forceinline__ unsigned load_relaxed(const unsigned* word) {
  unsigned value;
  asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(word) : "memory");
  return value;
}

__device__ __forceinline__ void store_relaxed(unsigned* word, unsigned value) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" : : "l"(word), "r"(value) : "memory");
}

// The next of the numbers 0, 1, 2, ... that blocks take from a counter.
__device__ __forceinline__ unsigned take_ticket(unsigned* counter) { return atomicAdd(counter, 1u); }

// --- Launches that overlap (sm_90) ------------------------------------------------------------------
//
// Every kernel lets the launch behind it start at once, and waits for the one in front of it, of whatever kernel,
// before it touches global memory, be it to read what that has written or to write what it may still read. (Prefetches
// may come before.) As all do, whoever has waited for one launch has waited for all before it. Both calls do nothing
// where launches do not overlap.

__device__ __forceinline__ void wait_for_launch_in_front() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" : : : "memory");
#endif
}

__device__ __forceinline__ void let_next_launch_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" : : : "memory");
#endif
}

}  // namespace scantune
