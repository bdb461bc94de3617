// Takes memory out of all caches of the CPU, line by line.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scantune::cpu {

// Whether this CPU can be told to.
bool can_flush_lines();

// Writes back and drops every cache line that holds one of the `bytes` bytes from `begin` on, in all caches of the
// machine, and waits for that. Nothing where it cannot be done.
void flush_lines(const std::byte* begin, int64_t bytes);

}  // namespace scantune::cpu
