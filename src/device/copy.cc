#include "device/copy.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>

namespace scantune::cpu {

void copy(const Leaves& leaves, Team& team, const CopyMethod& method, const void* from, void* to, int64_t bytes) {
  // Pieces are taken in turn, so that a thread that loses its core does not hold up the rest; small
  // copies are cut evenly.
  constexpr int64_t kPieceBytes = int64_t{1} << 20;
  constexpr int64_t kLineBytes = 64;
  const int64_t even = (bytes / method.threads + kLineBytes) / kLineBytes * kLineBytes;
  const int64_t piece_bytes = std::min(kPieceBytes, even);
  Tickets pieces((bytes + piece_bytes - 1) / piece_bytes);
  team.run(method.threads, [&](int /*worker*/) {
    for (int64_t piece = 0; (piece = pieces.take()) >= 0;) {
      const int64_t begin = piece * piece_bytes;
      const int64_t size = std::min(piece_bytes, bytes - begin);
      if (method.streaming) {
        leaves.stream_copy(static_cast<const char*>(from) + begin, static_cast<char*>(to) + begin, size);
      } else {
        std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, static_cast<size_t>(size));
      }
    }
    leaves.fence();
  });
}

std::vector<CopyMethod> copy_methods(const Leaves& leaves, int workers) {
  std::vector<int> counts = {workers, std::max(1, workers / 2), std::max(1, workers / 4), 1};
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  std::vector<CopyMethod> methods;
  for (const int threads : counts) {
    methods.push_back({threads, false});
    if (leaves.streams) {
      methods.push_back({threads, true});
    }
  }
  return methods;
}

CopyMethod fastest_copy(const Leaves& leaves, Team& team, const void* from, void* to, int64_t bytes,
                        const std::function<void()>& before) {
  constexpr int kTimes = 5;
  constexpr int64_t kPartBytes = int64_t{256} << 20;
  const int64_t part = std::min(bytes, kPartBytes);
  const std::vector<CopyMethod> methods = copy_methods(leaves, team.workers());
  std::vector<double> best_s(methods.size(), std::numeric_limits<double>::infinity());
  for (int time = 0; time < kTimes; ++time) {
    for (size_t i = 0; i < methods.size(); ++i) {
      before();
      const auto begin = std::chrono::steady_clock::now();
      copy(leaves, team, methods[i], from, to, part);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
      best_s[i] = std::min(best_s[i], taken.count());
    }
  }
  return methods[static_cast<size_t>(std::min_element(best_s.begin(), best_s.end()) - best_s.begin())];
}

}  // namespace scantune::cpu
