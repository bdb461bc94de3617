// What was tuned, as C++: the tables that exported code chooses from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exports/export.h"

namespace scantune::exports {

// A pair of types that exported functions take.
struct TypePair {
  DType dtype;
  DType accumulator;
  std::string_view name;     // of files and tables: "f32", "i32_i64"
  std::string_view in_type;  // of the functions: "float", "std::int32_t"
  std::string_view out_type;
};

// All that scantune does; the element types first.
const std::vector<TypePair>& type_pairs();

// What a type without tuned entries of a kind is run with, as variants: one for each of detail::Kind in their order,
// then what can do all rows and what can do all columns.
std::vector<Variant> default_variants(DType dtype);

// "TunedF32": its chips, entries and configurations, as a struct of constexpr data in scantune_kernels::detail.
std::string tuned_table(const ExportInput& input, const TypePair& types);
std::string tuned_name(const TypePair& types);

// reverse_cumsum and describe of a type: declarations, or definitions that run the type's table, with `prefix`
// ("inline ") in front of each.
std::string declarations(const TypePair& types);
std::string definitions(const TypePair& types, std::string_view prefix);

// The kernel's headers that exported code is compiled from, in an order in which each comes after what it includes.
std::vector<SourceFile> kernel_headers();

}  // namespace scantune::exports
