// What the files of exchange_json.h share.
#pragma once

#include "wire/exchange_json.h"
#include "wire/values_json.h"

namespace scantune::wire {

// "32768x32768 f32 dim 1", with what is unusual of it: "... hot deterministic".
std::string title(const Workload& workload);

// {"written_by", "source_sha256", "licence"}
Json write_origin(const Origin& origin);

Json write_params(const Variant& variant);

double mean(const std::vector<double>& values);
// Of a sample; 0 where there are fewer than two.
double standard_deviation(const std::vector<double>& values);

// Bytes that a scan must read and write.
int64_t bytes_moved(const Workload& workload);

}  // namespace scantune::wire
