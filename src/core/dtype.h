// Element types, under PyTorch's short names.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/expected.h"

namespace scantune {

enum class DType { f16, bf16, f32, f64, i32, i64 };

inline constexpr std::array<DType, 6> kAllDTypes = {DType::f16, DType::bf16, DType::f32,
                                                    DType::f64, DType::i32,  DType::i64};

std::string_view name(DType dtype);
int64_t size_bytes(DType dtype);
bool is_floating(DType dtype);

// The type sums are kept in unless asked otherwise: f32 for halves, else the type itself.
DType default_accumulator(DType dtype);

// Whether sums of a type can be kept in another: in its default, or i32 in i64. Else bad input that names what can.
Expected<void> check_accumulator(DType dtype, DType accumulator);

// The C++ spelling that the CUDA kernels are instantiated with, e.g. "float", "__nv_bfloat16".
std::string_view cuda_type(DType dtype);

Expected<DType> parse_dtype(std::string_view text);

}  // namespace scantune
