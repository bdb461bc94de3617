// A sum that one block hands to others, in words that are seen whole but in no order.
//
// Half of each 64-bit word is a flag, so that no other memory, and no fence, is needed to know whether
// the other half can be read: a 4-byte sum takes one word, an 8-byte sum two, each with a flag of its own.
//
//     4 bytes   | ready | sum |          8 bytes   | ready | low half |  | ready | high half |
//
// The flag is a number, the turn, so that one word can be handed on several times: who has read the sum of
// turn t may overwrite it with that of turn t + 1, where nobody else is to read it.
//
// Words are 0 (no turn) before a launch: they are cleared by a launch in front of it, each time, as
// neither the contents of a workspace nor what an earlier launch left there can be relied on.
#pragma once

#include "device.cuh"

namespace scantune {

template <class Acc>
constexpr int kStatusWords = status_words(static_cast<int>(sizeof(Acc)));

// Sets `words` words to no turn, among them a counter for tickets (device.cuh): by all threads of a grid.
__device__ __forceinline__ void clear_words(void* workspace, long long words) {
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
#pragma unroll 8
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < words; i += threads) {
    static_cast<unsigned long long*>(workspace)[i] = 0;
  }
}

// The words of sum `index` lie next to each other, so that neighbouring sums are read together.
template <class Acc>
__device__ __forceinline__ void publish(unsigned long long* words, long long index, Acc sum, unsigned turn = 1) {
  unsigned half[kStatusWords<Acc>];
  memcpy(half, &sum, sizeof sum);
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    store_relaxed(words + index * kStatusWords<Acc> + w, static_cast<unsigned long long>(turn) << 32 | half[w]);
  }
}

// What a look at a sum's words found, ready or not.
template <class Acc>
struct Glimpse {
  unsigned long long word[kStatusWords<Acc>];
};

// Looks without waiting: the load is on its way while the caller does something else.
template <class Acc>
__device__ __forceinline__ Glimpse<Acc> look(const unsigned long long* words, long long index) {
  Glimpse<Acc> seen;
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    seen.word[w] = load_relaxed(words + index * kStatusWords<Acc> + w);
  }
  return seen;
}

template <class Acc>
__device__ __forceinline__ bool is_ready(const Glimpse<Acc>& seen, unsigned turn = 1) {
  bool ready = true;
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    ready = ready && static_cast<unsigned>(seen.word[w] >> 32) == turn;
  }
  return ready;
}

// The sum, where a look found it ready.
template <class Acc>
__device__ __forceinline__ Acc sum_in(const Glimpse<Acc>& seen) {
  unsigned half[kStatusWords<Acc>];
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    half[w] = static_cast<unsigned>(seen.word[w]);
  }
  Acc sum;
  memcpy(&sum, half, sizeof sum);
  return sum;
}

// Waits until sum `index` of this turn has been published, beginning with what a look has found.
template <class Acc>
__device__ __forceinline__ Acc await(const unsigned long long* words, long long index, unsigned turn,
                                     Glimpse<Acc> seen) {
  unsigned half[kStatusWords<Acc>];
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    while (static_cast<unsigned>(seen.word[w] >> 32) != turn) {
      seen.word[w] = load_relaxed(words + index * kStatusWords<Acc> + w);
    }
    half[w] = static_cast<unsigned>(seen.word[w]);
  }
  Acc sum;
  memcpy(&sum, half, sizeof sum);
  return sum;
}

// Waits for several sums together, those of which `wanted(i)` is true: looks at the ones at `index(i)` that `seen` does
// not have yet, until it has all. By a whole warp, whose lanes stay together until the last has all: once they have
// gone apart, each shuffle that follows takes as long as a dozen.
template <class Acc, int kCount, class Wanted, class Index>
__device__ __forceinline__ void await_all(const unsigned long long* words, Glimpse<Acc> (&seen)[kCount], Wanted wanted,
                                          Index index) {
  for (bool missing = true; __any_sync(kAllLanes, missing);) {
    missing = false;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (wanted(i) && !is_ready(seen[i])) {
        seen[i] = look<Acc>(words, index(i));
        missing = true;
      }
    }
  }
}

}  // namespace scantune
