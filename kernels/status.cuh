// A sum that one block hands to others, in words that are seen whole but in no order.
//
// Half of each 64-bit word is a flag, so that no other memory, and no fence, is needed to know whether
// the other half can be read: a 4-byte sum takes one word, an 8-byte sum two, each with a flag of its own.
//
//     4 bytes   | ready | sum |          8 bytes   | ready | low half |  | ready | high half |
//
// Words are 0 (not ready) before a launch: they are cleared by a launch in front of it, each time, as
// neither the contents of a workspace nor what an earlier launch left there can be relied on.
#pragma once

#include "device.cuh"

namespace scantune {

template <class Acc>
constexpr int kStatusWords = status_words(static_cast<int>(sizeof(Acc)));

// The words of sum `index` lie next to each other, so that neighbouring sums are read together.
template <class Acc>
__device__ __forceinline__ void publish(unsigned long long* words, long long index, Acc sum) {
  constexpr unsigned long long kReady = 1ull << 32;
  unsigned half[kStatusWords<Acc>];
  memcpy(half, &sum, sizeof sum);
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    store_relaxed(words + index * kStatusWords<Acc> + w, kReady | half[w]);
  }
}

// Waits until sum `index` has been published.
template <class Acc>
__device__ __forceinline__ Acc await(const unsigned long long* words, long long index) {
  unsigned half[kStatusWords<Acc>];
#pragma unroll
  for (int w = 0; w < kStatusWords<Acc>; ++w) {
    unsigned long long word;
    do {
      word = load_relaxed(words + index * kStatusWords<Acc> + w);
    } while ((word >> 32) == 0);
    half[w] = static_cast<unsigned>(word);
  }
  Acc sum;
  memcpy(&sum, half, sizeof sum);
  return sum;
}

}  // namespace scantune
