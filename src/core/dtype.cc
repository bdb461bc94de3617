#include "core/dtype.h"

namespace scantune {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  int64_t bytes;
  bool floating;
  DType accumulator;
  std::string_view cuda;
};

constexpr std::array<Row, 6> kRows = {{
    {DType::f16, "f16", 2, true, DType::f32, "scantune::Half"},
    {DType::bf16, "bf16", 2, true, DType::f32, "scantune::BFloat16"},
    {DType::f32, "f32", 4, true, DType::f32, "float"},
    {DType::f64, "f64", 8, true, DType::f64, "double"},
    {DType::i32, "i32", 4, false, DType::i32, "int"},
    {DType::i64, "i64", 8, false, DType::i64, "long long"},
}};

const Row& row(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

}  // namespace

std::string_view name(DType dtype) { return row(dtype).name; }
int64_t size_bytes(DType dtype) { return row(dtype).bytes; }
bool is_floating(DType dtype) { return row(dtype).floating; }
DType default_accumulator(DType dtype) { return row(dtype).accumulator; }
std::string_view cuda_type(DType dtype) { return row(dtype).cuda; }

Expected<void> check_accumulator(DType dtype, DType accumulator) {
  const bool widens = dtype == DType::i32;
  if (accumulator == default_accumulator(dtype) || (widens && accumulator == DType::i64)) {
    return {};
  }
  return bad_input("{} cannot be summed in {}; possible: {}{}", name(dtype), name(accumulator),
                   name(default_accumulator(dtype)), widens ? ", i64" : "");
}

Expected<DType> parse_dtype(std::string_view text) {
  for (const Row& r : kRows) {
    if (r.name == text) {
      return r.dtype;
    }
  }
  return bad_input("unknown dtype '{}'; known: f16, bf16, f32, f64, i32, i64", text);
}

}  // namespace scantune
