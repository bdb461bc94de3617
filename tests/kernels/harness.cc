#include "harness.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "catalog/catalog.h"
#include "emulation/engine.h"
#include "emulation/memory.h"
#include "emulation/primitives.h"
#include "workload.h"

namespace scantune::emulation {
namespace {

// --- Elements ----------------------------------------------------------------------------------------

template <class Value>
void put(void* tensor, int64_t index, Value value) {
  memcpy(static_cast<unsigned char*>(tensor) + index * static_cast<int64_t>(sizeof value), &value, sizeof value);
}

template <class Value>
Value get(const void* tensor, int64_t index) {
  Value value{};
  memcpy(&value, static_cast<const unsigned char*>(tensor) + index * static_cast<int64_t>(sizeof value), sizeof value);
  return value;
}

void put_real(void* tensor, DType dtype, int64_t index, double value) {
  switch (dtype) {
    case DType::f16:
      return put(tensor, index, f16_of_float(static_cast<float>(value)));
    case DType::bf16:
      return put(tensor, index, bf16_of_float(static_cast<float>(value)));
    case DType::f32:
      return put(tensor, index, static_cast<float>(value));
    default:
      return put(tensor, index, value);
  }
}

double get_real(const void* tensor, DType dtype, int64_t index) {
  switch (dtype) {
    case DType::f16:
      return float_of_f16(get<unsigned short>(tensor, index));
    case DType::bf16:
      return float_of_bf16(get<unsigned short>(tensor, index));
    case DType::f32:
      return get<float>(tensor, index);
    default:
      return get<double>(tensor, index);
  }
}

void put_integer(void* tensor, DType dtype, int64_t index, int64_t value) {
  if (is_floating(dtype)) {
    put_real(tensor, dtype, index, static_cast<double>(value));
  } else if (dtype == DType::i32) {
    put(tensor, index, static_cast<int32_t>(value));
  } else {
    put(tensor, index, value);
  }
}

// --- Inputs and what their sums are ------------------------------------------------------------------

constexpr uint64_t kValueSeed = 7;

int exact_bits(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return static_cast<int>(ExactBits::f16);
    case DType::bf16:
      return static_cast<int>(ExactBits::bf16);
    case DType::f32:
      return static_cast<int>(ExactBits::f32);
    case DType::f64:
      return static_cast<int>(ExactBits::f64);
    case DType::i32:
      return static_cast<int>(ExactBits::i32);
    case DType::i64:
      break;
  }
  return static_cast<int>(ExactBits::i64);
}

// Calls body(flat index, position in its line, the line's number), from the right end of each line to its left.
template <class Body>
void for_lines(const Geometry& g, Body body) {
  for (int64_t line = 0; line < g.outer * g.inner; ++line) {
    for (int64_t i = g.n - 1; i >= 0; --i) {
      body((line / g.inner * g.n + i) * g.inner + line % g.inner, i, line);
    }
  }
}

bool widens(const Workload& workload) { return workload.output_dtype() != workload.dtype; }

// A NaN whose bits are all set, as a float too: the one sum that status.cuh has no word for.
constexpr auto kNanOfOnes = std::bit_cast<double>(~uint64_t{0});

double mixed_or_special(Input input, int64_t index, int64_t i, int64_t line, int64_t n) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto at = static_cast<int64_t>(hash(3, static_cast<u64>(line)) % static_cast<u64>(n));
  if (input == Input::special) {
    if (line % 4 == 0 && i == at) {
      return line % 8 == 0 ? kNanOfOnes : std::numeric_limits<double>::quiet_NaN();
    }
    if (line % 4 == 1 && i == at) {
      return kInfinity;
    }
    if (line % 4 == 2 && (i == at || i == at / 2)) {
      return i == at ? -kInfinity : kInfinity;
    }
    if (line % 4 == 3) {
      return 0;  // a sum whose bits are not set at all
    }
  }
  return mixed_value(kValueSeed, static_cast<u64>(index));
}

void fill(const Trial& trial, void* in) {
  const Workload& workload = trial.workload;
  const Geometry g = workload.geometry();
  for_lines(g, [&](int64_t index, int64_t i, int64_t line) {
    if (trial.input != Input::exact) {
      put_real(in, workload.dtype, index, mixed_or_special(trial.input, index, i, line, g.n));
      return;
    }
    const long long x =
        exact_x(kValueSeed, static_cast<u64>(index), i, g.n, static_cast<u64>(g.inner), exact_bits(workload.dtype));
    put_integer(in, workload.dtype, index, x + (widens(workload) ? kWideningStep : 0));
  });
}

double unit_roundoff(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return 0x1p-11;
    case DType::bf16:
      return 0x1p-8;
    case DType::f32:
      return 0x1p-24;
    default:
      return 0x1p-53;
  }
}

std::string wrong_at(int64_t index, double got, double expected) {
  return "element " + std::to_string(index) + " is " + std::to_string(got) + " and should be " +
         std::to_string(expected);
}

std::string verify_exact(const Trial& trial, const void* out) {
  const Workload& workload = trial.workload;
  const Geometry g = workload.geometry();
  const DType dtype = workload.output_dtype();
  const auto bytes = static_cast<size_t>(size_bytes(dtype));
  std::string wrong;
  for_lines(g, [&](int64_t index, int64_t i, int64_t /*line*/) {
    const long long y = exact_y(kValueSeed, static_cast<u64>(index), exact_bits(workload.dtype)) +
                        (widens(workload) ? (g.n - i) * kWideningStep : 0);
    long long expected = 0;
    put_integer(&expected, dtype, 0, y);
    const auto* got = static_cast<const unsigned char*>(out) + index * static_cast<int64_t>(bytes);
    const bool same =
        memcmp(got, &expected, bytes) == 0 || (y == 0 && is_floating(dtype) && get_real(out, dtype, index) == 0);  // -0
    if (wrong.empty() && !same) {
      wrong = is_floating(dtype)
                  ? wrong_at(index, get_real(out, dtype, index), static_cast<double>(y))
                  : "element " + std::to_string(index) + " is " +
                        std::to_string(dtype == DType::i32 ? get<int32_t>(out, index) : get<int64_t>(out, index)) +
                        " and should be " + std::to_string(y);
    }
  });
  return wrong;
}

// The same bound as on a device (tolerance() in src/device/verify.cc).
std::string verify_bound(const Trial& trial, const void* in, const void* out) {
  const Workload& workload = trial.workload;
  const double summation = 8 * unit_roundoff(workload.accumulator);
  const double rounding = unit_roundoff(workload.dtype);
  const double smallest = workload.dtype == DType::f16 ? 0x1p-25 : 0;
  std::string wrong;
  double sum = 0;
  double magnitude = 0;
  const Geometry g = workload.geometry();
  for_lines(g, [&](int64_t index, int64_t i, int64_t /*line*/) {
    const double x = get_real(in, workload.dtype, index);
    sum = i == g.n - 1 ? x : sum + x;
    magnitude = i == g.n - 1 ? std::fabs(x) : magnitude + std::fabs(x);
    const double y = get_real(out, workload.dtype, index);
    bool right = false;
    if (std::isnan(sum)) {
      right = std::isnan(y);
    } else if (std::isinf(sum)) {
      right = y == sum;
    } else {
      right = std::fabs(y - sum) <= summation * magnitude + rounding * std::fabs(sum) + smallest;
    }
    if (wrong.empty() && !right) {
      wrong = wrong_at(index, y, sum);
    }
  });
  return wrong;
}

// --- From the catalog's words to functions -----------------------------------------------------------

// Without blanks and our namespace, which the catalog and the compiler's preprocessor write differently.
std::string normal(std::string name) {
  for (size_t at = 0; (at = name.find("scantune::")) != std::string::npos;) {
    name.erase(at, strlen("scantune::"));
  }
  name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
  return name;
}

EntryFunction find_entry(const Family& family, const std::string& name) {
  for (int e = 0; e < family.entry_count; ++e) {
    if (normal(family.entries[e].name) == normal(name)) {
      return family.entries[e].function;
    }
  }
  return nullptr;
}

// Two multiprocessors, so that grids which fill the chip are small.
Chip small_chip() {
  Chip chip = *reference_chip(90);
  chip.multiprocessors = 2;
  return chip;
}

constexpr const char* kInputNames[] = {"exact", "mixed", "special"};

}  // namespace

std::string describe(const Trial& trial) {
  return std::string(trial.family->name) + " " + trial.settings + ", " + to_string(trial.workload.geometry()) + " " +
         std::string(name(trial.workload.dtype)) + " summed in " + std::string(name(trial.workload.accumulator)) +
         ", " + kInputNames[static_cast<int>(trial.input)] + " input, tensors " + std::to_string(trial.in_past) +
         " and " + std::to_string(trial.out_past) + " elements past a multiple of 128 bytes" +
         (trial.fewer_blocks ? ", a third of the blocks" : "") + ", seed " + std::to_string(trial.seed);
}

std::string check(const Trial& trial, std::vector<unsigned char>* result) {
  const auto kernel = find_kernel(trial.family->name, Backend::cuda);
  const auto variant = parse_variant(std::string(trial.family->name) + " " + trial.settings);
  if (!kernel || !variant) {
    return "the catalog has no such variant";
  }
  const Workload& workload = trial.workload;
  const Chip chip = small_chip();
  if (!(*kernel)->refuses(workload, chip).empty()) {
    return {};
  }
  std::vector<EmulatedLaunch> launches;
  for (const Launch& launch : (*kernel)->launches(*variant, workload, chip)) {
    const EntryFunction entry = find_entry(*trial.family, launch.entry);
    if (entry == nullptr) {
      return "not instantiated in tests/kernels/families: " + launch.entry;
    }
    // Kernels loop over what lies beyond their grid, however small it is.
    const int64_t blocks = trial.fewer_blocks ? (launch.grid_blocks + 2) / 3 : launch.grid_blocks;
    launches.push_back({launch.entry, entry, blocks, launch.block_threads, launch.shared_bytes, launch.overlaps});
  }
  const Tensor in(static_cast<size_t>(workload.bytes_read()),
                  static_cast<size_t>(trial.in_past * size_bytes(workload.dtype)), false);
  const Tensor out(static_cast<size_t>(workload.bytes_written()),
                   static_cast<size_t>(trial.out_past * size_bytes(workload.output_dtype())), true);
  const auto workspace_bytes = static_cast<size_t>((*kernel)->workspace_bytes(*variant, workload, chip));
  const Tensor workspace(workspace_bytes, 0, true);
  fill(trial, in.data());
  // No test expects a value made of it (src/device/verify.cc).
  memset(out.data(), is_floating(workload.dtype) ? 0xFF : 0x7F, out.bytes());
  poison(workspace.data(), workspace.bytes(), trial.seed + 2);
  const Geometry g = workload.geometry();
  std::string wrong =
      run(launches, {in.data(), out.data(), workspace_bytes > 0 ? workspace.data() : nullptr, g.outer, g.n, g.inner},
          trial.seed);
  if (wrong.empty()) {
    wrong = trial.input == Input::exact ? verify_exact(trial, out.data()) : verify_bound(trial, in.data(), out.data());
  }
  if (result != nullptr) {
    const auto* bytes = static_cast<const unsigned char*>(out.data());
    result->assign(bytes, bytes + out.bytes());
  }
  return wrong;
}

std::vector<Geometry> geometries(const Family& family, const std::string& settings) {
  const auto variant = parse_variant(std::string(family.name) + " " + settings);
  int64_t tile = 0;
  for (const Setting& setting : variant->settings) {
    if (setting.name == "tile") {
      tile = variant->number("tile");
    }
  }
  if (family.lines == Lines::columns) {
    return {{1, 1, 2},   {1, 2, 33},  {2, 3, 31},  {1, 7, 257}, {3, 64, 65},   {1, 127, 128},
            {1, 131, 5}, {2, 33, 96}, {6, 40, 8},  {5, 17, 4},  {1, 256, 40},  {1, 770, 9},
            {2, 509, 3}, {40, 9, 6},  {1, 95, 64}, {2, 70, 3},  {1, 1500, 33}, {1, 4200, 2}};
  }
  if (tile == 0) {
    return {{1, 1, 1},    {1000, 1, 1}, {301, 2, 1},  {77, 3, 1},  {501, 4, 1}, {301, 6, 1},
            {33, 7, 1},   {19, 31, 1},  {9, 32, 1},   {65, 33, 1}, {5, 127, 1}, {17, 128, 1},
            {13, 257, 1}, {3, 1023, 1}, {2, 1031, 1}, {1, 4099, 1}};
  }
  return {{1, 1, 1},
          {3, 2, 1},
          {5, 3, 1},
          {7, 31, 1},
          {4, 33, 1},
          {2, 127, 1},
          {9, tile / 2 + 1, 1},
          {3, tile - 1, 1},
          {2, tile, 1},
          {3, tile + 1, 1},
          {1, 2 * tile + 7, 1},
          {2, 3 * tile - 5, 1},
          {2, tile + tile / 2 + 3, 1},
          {1, 3 * tile + 91, 1},
          {1, 4 * tile + 509, 1},
          {33, 5, 1},
          {1, 7 * tile + 3, 1},
          {2, tile <= 512 ? 70 * tile + 11 : 6 * tile, 1},
          {1,
           tile <= 128   ? 1601 * tile
           : tile <= 256 ? 521 * tile
           : tile <= 512 ? 67 * tile
                         : 11 * tile,
           1}};
}

namespace {

Workload make_workload(const Geometry& geometry, const TypePair& types) {
  Workload workload;
  workload.shape = {{geometry.outer, geometry.n, geometry.inner}, 1};
  workload.dtype = *parse_dtype(types.element);
  workload.accumulator = *parse_dtype(types.accumulator);
  return workload;
}

}  // namespace

std::string check_all(const Family& family, Input input, int rounds) {
  uint64_t trials = 0;
  for (int round = 0; round < rounds; ++round) {
    for (int v = 0; v < family.variant_count; ++v) {
      for (const Geometry& geometry : geometries(family, family.variants[v])) {
        for (int t = 0; t < family.type_count; ++t) {
          Trial trial;
          trial.family = &family;
          trial.settings = family.variants[v];
          trial.workload = make_workload(geometry, family.types[t]);
          trial.input = input;
          if (input != Input::exact && !is_floating(trial.workload.dtype)) {
            continue;
          }
          // Every alignment of both, alike as from an allocator or not.
          const u64 random = hash(11, trials);
          trial.in_past = static_cast<int>(random % 17);
          trial.out_past = random / 17 % 3 != 0 ? trial.in_past : static_cast<int>(random / 51 % 17);
          trial.fewer_blocks = random / 1021 % 3 == 0;
          trial.seed = trials % 2 == 0 ? random % kAdversarialSeeds : random;
          ++trials;
          const std::string wrong = check(trial);
          if (!wrong.empty()) {
            return describe(trial) + ":\n  " + wrong;
          }
        }
      }
    }
  }
  return {};
}

std::string check_repeats(const Family& family) {
  for (int v = 0; v < family.variant_count; ++v) {
    const std::vector<Geometry> all = geometries(family, family.variants[v]);
    for (int t = 0; t < family.type_count; ++t) {
      Trial trial;
      trial.family = &family;
      trial.settings = family.variants[v];
      trial.workload = make_workload(all[all.size() - 6], family.types[t]);
      trial.input = Input::mixed;
      trial.in_past = trial.out_past = 1;
      if (!is_floating(trial.workload.dtype)) {
        continue;
      }
      std::vector<unsigned char> first;
      for (trial.seed = 0; trial.seed < 2 * kAdversarialSeeds; ++trial.seed) {
        std::vector<unsigned char> result;
        std::string wrong = check(trial, &result);
        if (wrong.empty() && trial.seed > 0 && result != first) {
          wrong = "the result differs from that of seed 0";
        }
        if (!wrong.empty()) {
          return describe(trial) + ":\n  " + wrong;
        }
        first = std::move(result);
      }
    }
  }
  return {};
}

}  // namespace scantune::emulation
