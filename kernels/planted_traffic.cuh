// Extra traffic, to make a kernel slower by a known amount: what a regression gate is tested with
// (scantune check --plant). No family of its own; launched behind one.
//
// Reads kThousandths / 1000 of the output and writes the same values back, 16 bytes at a time: as a copy of that share
// of the tensor does. The middle of the output is taken, which neither a kernel that walks from right to left nor one
// that walks from left to right has touched last, so that it comes from DRAM where the tensor is larger than the L2.
#pragma once

#include "device.cuh"

namespace scantune {

template <class Out, int kThousandths>
__global__ void planted_traffic(const void* /*in*/, Out* out, void* /*workspace*/, long long outer, long long n,
                                long long inner) {
  const long long accesses = outer * n * inner * static_cast<long long>(sizeof(Out)) / kAccessBytes;
  const long long planted = accesses * kThousandths / 1000;
  const long long first = (accesses - planted) / 2;
  Bits128* const words = reinterpret_cast<Bits128*>(out) + first;
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < planted; i += threads) {
    store_global(words + i, load_global(words + i));
  }
}

}  // namespace scantune
