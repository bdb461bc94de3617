#include "device/cache_lines.h"

#ifdef __x86_64__
#include <emmintrin.h>
#endif

namespace scantune::cpu {

#ifdef __x86_64__

namespace {
constexpr int64_t kLineBytes = 64;  // of every x86-64 CPU so far
}

bool can_flush_lines() { return true; }

void flush_lines(const std::byte* begin, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kLineBytes) {
    _mm_clflush(begin + at);
  }
  if (bytes > 0) {
    _mm_clflush(begin + bytes - 1);  // of a line that begins before the last step
  }
  _mm_mfence();
}

#else

bool can_flush_lines() { return false; }

void flush_lines(const std::byte* /*begin*/, int64_t /*bytes*/) {}

#endif

}  // namespace scantune::cpu
