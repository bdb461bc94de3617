// The copy that every time is compared with: the fastest this machine can do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cpu/leaves.h"
#include "cpu/team.h"

namespace scantune::cpu {

struct CopyMethod {
  int threads = 1;
  bool streaming = false;  // non-temporal stores; else memcpy, as the C library does it

  bool operator==(const CopyMethod&) const = default;
};

// Copies `bytes` from one 64-byte aligned buffer to another.
void copy(const Leaves& leaves, Team& team, const CopyMethod& method, const void* from, void* to, int64_t bytes);

// The methods worth trying on a team: thread counts up to all of them, with either kind of store.
std::vector<CopyMethod> copy_methods(const Leaves& leaves, int workers);

// The method with the shortest of a few times on these buffers, each taken after `before()`. Of a large
// buffer only a part is copied to find out.
CopyMethod fastest_copy(const Leaves& leaves, Team& team, const void* from, void* to, int64_t bytes,
                        const std::function<void()>& before);

}  // namespace scantune::cpu
