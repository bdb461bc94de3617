// A sum that one block hands to others, in words that are seen whole but in no order.
//
// A word itself says whether the sum is there, so that no other memory, and no fence, is needed to know:
//
//   FlaggedSum      half of each 64-bit word is a flag. A 4-byte sum takes one word, an 8-byte sum two:
//
//                       | flag | sum |          | flag | low half |  | flag | high half |
//
//                   The flag is a number, the turn, so that one word can be handed on several times: who has read the
//                   sum of turn t may overwrite it with that of turn t + 1, where nobody else is to read it.
//   InvertedSum     the bits of a floating-point sum, each inverted, in a word of their size: half as much to clear,
//                   write and read. No sum's word is 0, as the one NaN whose bits are all set is replaced by another.
//
// Words are 0 (no sum) before a launch: they are cleared by a launch in front of it, each time, as
// neither the contents of a workspace nor what an earlier launch left there can be relied on.
#pragma once

#include "device.cuh"

namespace scantune {

template <class Acc>
struct FlaggedSum {
  using Word = unsigned long long;
  static constexpr int kWords = static_cast<int>(sizeof(Acc)) / 4;

  Word word[kWords];

  static __device__ __forceinline__ FlaggedSum of(Acc sum, unsigned turn = 1) {
    unsigned half[kWords];
    memcpy(half, &sum, sizeof sum);
    FlaggedSum made;
#pragma unroll
    for (int w = 0; w < kWords; ++w) {
      made.word[w] = static_cast<Word>(turn) << 32 | half[w];
    }
    return made;
  }
  __device__ __forceinline__ bool is_ready(unsigned turn = 1) const {
    bool ready = true;
#pragma unroll
    for (int w = 0; w < kWords; ++w) {
      ready = ready && static_cast<unsigned>(word[w] >> 32) == turn;
    }
    return ready;
  }
  __device__ __forceinline__ Acc sum() const {  // where it is ready
    unsigned half[kWords];
#pragma unroll
    for (int w = 0; w < kWords; ++w) {
      half[w] = static_cast<unsigned>(word[w]);
    }
    Acc sum;
    memcpy(&sum, half, sizeof sum);
    return sum;
  }
};

template <class Acc, class Bits>
struct InvertedSum {
  using Word = Bits;
  static constexpr int kWords = 1;

  Word word[kWords];

  static __device__ __forceinline__ InvertedSum of(Acc sum) {
    static_assert(sizeof(Acc) == sizeof(Word), "a word holds a sum");
    Word bits;
    memcpy(&bits, &sum, sizeof sum);
    return {{~bits == 0 ? Word(1) : ~bits}};
  }
  __device__ __forceinline__ bool is_ready() const { return word[0] != 0; }
  __device__ __forceinline__ Acc sum() const {  // where it is ready
    const Word bits = ~word[0];
    Acc sum;
    memcpy(&sum, &bits, sizeof sum);
    return sum;
  }
};

// How a sum is handed over whose words are cleared before each launch, and which is written once.
template <class Acc>
struct HandedOnce {
  using Sum = FlaggedSum<Acc>;
};
template <>
struct HandedOnce<float> {
  using Sum = InvertedSum<float, unsigned>;
};
template <>
struct HandedOnce<double> {
  using Sum = InvertedSum<double, unsigned long long>;
};
template <class Acc>
using HandedSum = typename HandedOnce<Acc>::Sum;

// Words of 8 bytes that `sums` sums take.
template <class Sum>
__device__ __forceinline__ long long words_of(long long sums) {
  return ceil_div(sums * Sum::kWords * static_cast<long long>(sizeof(typename Sum::Word)), 8);
}

// Sets `words` words of 8 bytes to no sum, among them a counter for tickets (device.cuh): by all threads of a grid.
__device__ __forceinline__ void clear_words(void* workspace, long long words) {
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
#pragma unroll 8
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < words; i += threads) {
    static_cast<unsigned long long*>(workspace)[i] = 0;
  }
}

// The words of sum `index` lie next to each other, so that neighbouring sums are read together.
template <class Sum>
__device__ __forceinline__ void publish(typename Sum::Word* words, long long index, const Sum& sum) {
#pragma unroll
  for (int w = 0; w < Sum::kWords; ++w) {
    store_relaxed(words + index * Sum::kWords + w, sum.word[w]);
  }
}

// Looks without waiting, at what may be ready or not: the load is on its way while the caller does something else.
template <class Sum>
__device__ __forceinline__ Sum look(const typename Sum::Word* words, long long index) {
  Sum seen;
#pragma unroll
  for (int w = 0; w < Sum::kWords; ++w) {
    seen.word[w] = load_relaxed(words + index * Sum::kWords + w);
  }
  return seen;
}

// Waits until sum `index` of this turn has been published, beginning with what a look has found.
template <class Acc>
__device__ __forceinline__ Acc await(const unsigned long long* words, long long index, unsigned turn,
                                     FlaggedSum<Acc> seen) {
  while (!seen.is_ready(turn)) {
    seen = look<FlaggedSum<Acc>>(words, index);
  }
  return seen.sum();
}

// Waits for several sums together, those of which `wanted(i)` is true: looks at the ones at `index(i)` that `seen` does
// not have yet, until it has all. By a whole warp, whose lanes stay together until the last has all: once they have
// gone apart, each shuffle that follows takes as long as a dozen.
template <class Sum, int kCount, class Wanted, class Index>
__device__ __forceinline__ void await_all(const typename Sum::Word* words, Sum (&seen)[kCount], Wanted wanted,
                                          Index index) {
  for (bool missing = true; __any_sync(kAllLanes, missing);) {
    missing = false;
    words = kept(words);  // else each sum's address would take registers of its own
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (wanted(i) && !seen[i].is_ready()) {
        seen[i] = look<Sum>(words, index(i));
        missing = true;
      }
    }
  }
}

}  // namespace scantune
