// How a family is put on the list of what is emulated: families/FAMILY.cc says which template arguments are
// instantiated, and which variants, in the catalog's words, call for them. README.md says how to add one.
//
// No header of the standard library: every mutant compiles this.
#pragma once

namespace scantune::emulation {

struct Entry {
  const char* name;  // as in the catalog, but for "scantune::"
  void (*function)(const void* in, void* out, void* workspace, long long outer, long long n, long long inner);
};

struct TypePair {
  const char* element;
  const char* accumulator;
};

// What a shape test makes of a variant: lines along which dimension, and how long.
enum class Lines { rows, columns };

struct Family {
  const char* name;
  Lines lines;
  const TypePair* types;
  int type_count;
  const Entry* entries;
  int entry_count;
  const char* const* variants;  // settings: "tile=1024 warps=4 stages=1"
  int variant_count;
};

template <auto kKernel, class In, class Out>
constexpr auto erase_types(void (*)(const In*, Out*, void*, long long, long long, long long)) {
  return +[](const void* in, void* out, void* workspace, long long outer, long long n, long long inner) {
    kKernel(static_cast<const In*>(in), static_cast<Out*>(out), workspace, outer, n, inner);
  };
}

// One instantiation: SCANTUNE_ENTRY(row_carry<float, float, 1024, 4, 1>).
#define SCANTUNE_ENTRY(...) \
  { #__VA_ARGS__, erase_types < &__VA_ARGS__>(&__VA_ARGS__) }

// One set of parameters for all types: SCANTUNE_ENTRIES(row_carry, 1024, 4, 1). Mutants make do with two.
#ifdef SCANTUNE_MUTANT
#define SCANTUNE_ENTRIES(function, ...) \
  SCANTUNE_ENTRY(function<float, float, __VA_ARGS__>), SCANTUNE_ENTRY(function<int, long long, __VA_ARGS__>)
constexpr TypePair kTypes[] = {{"f32", "f32"}, {"i32", "i64"}};
#else
#define SCANTUNE_ENTRIES(function, ...)                                                                           \
  SCANTUNE_ENTRY(function<Half, float, __VA_ARGS__>), SCANTUNE_ENTRY(function<BFloat16, float, __VA_ARGS__>),     \
      SCANTUNE_ENTRY(function<float, float, __VA_ARGS__>), SCANTUNE_ENTRY(function<double, double, __VA_ARGS__>), \
      SCANTUNE_ENTRY(function<int, int, __VA_ARGS__>), SCANTUNE_ENTRY(function<int, long long, __VA_ARGS__>),     \
      SCANTUNE_ENTRY(function<long long, long long, __VA_ARGS__>)
constexpr TypePair kTypes[] = {{"f16", "f32"}, {"bf16", "f32"}, {"f32", "f32"}, {"f64", "f64"},
                               {"i32", "i32"}, {"i32", "i64"},  {"i64", "i64"}};
#endif

template <int kEntries, int kVariants>
constexpr Family make_family(const char* name, Lines lines, const Entry (&entries)[kEntries],
                             const char* const (&variants)[kVariants]) {
  return {name, lines, kTypes, sizeof kTypes / sizeof *kTypes, entries, kEntries, variants, kVariants};
}

// One a file in families/.
namespace families {
const Family& long_row();
const Family& row_carry();
const Family& short_row();
const Family& three_pass();
}  // namespace families

}  // namespace scantune::emulation
