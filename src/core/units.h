// Numbers with units, as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace scantune {

std::string format_bytes(int64_t bytes);      // "4.00 GiB"
std::string format_time(double time_ns);      // "2.018 ms"
std::string format_rate(double bytes_per_s);  // "4257 GB/s": decimal, as data sheets write it
std::string format_seconds(double seconds);   // "6.1 s", "2 min 05 s"

}  // namespace scantune
