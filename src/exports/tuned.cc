#include "exports/tuned.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "catalog/embedded.h"
#include "exports/notice.h"
#include "exports/plan_config.h"

namespace scantune::exports {
namespace {

using scantune_kernels::detail::Config;
using scantune_kernels::detail::Family;

std::string_view name(Family family) {
  switch (family) {
    case Family::row_carry:
      return "row_carry";
    case Family::short_row:
      return "short_row";
    case Family::long_row:
      return "long_row";
    case Family::three_pass:
      return "three_pass";
    case Family::column_carry:
      return "column_carry";
    case Family::column_split:
      return "column_split";
    case Family::three_pass_columns:
      return "three_pass_columns";
  }
  return "";
}

std::string_view name(Storage storage) {
  return storage == Storage::bulk ? "bulk" : storage == Storage::async ? "async" : "registers";
}

std::string to_text(const Config& c) {
  return fmt::format("{{Family::{}, {}, {}, {}, {}, Storage::{}, {}, {}, {}, {}, {}, {}}}", name(c.family), c.tile,
                     c.warps, c.stages, c.loaders, name(c.storage), c.vectors, c.columns, c.rows, c.blocks,
                     c.interleave, c.resident);
}

// A workload of the kind that a default is for, which only decides what the catalog makes of its variant.
Workload workload_for(const TypePair& types, bool columns) {
  Workload workload;
  workload.shape = columns ? Shape{{4096, 4096}, 0} : Shape{{4096, 4096}, 1};
  workload.dtype = types.dtype;
  workload.accumulator = types.accumulator;
  return workload;
}

// A table while it is made: each configuration once.
struct Table {
  std::vector<Chip> chips;
  std::vector<std::string> entries;
  std::vector<std::string> tuned_for;
  std::vector<std::string> configs;
  std::vector<std::string> names;

  // Where the thing is in the list, to which it is added if need be.
  template <class T>
  static size_t index_of(std::vector<T>& list, const T& thing) {
    const auto it = std::ranges::find(list, thing);
    if (it != list.end()) {
      return static_cast<size_t>(it - list.begin());
    }
    list.push_back(thing);
    return list.size() - 1;
  }

  size_t add(const Variant& variant, const Workload& workload, const Chip& chip) {
    const std::string config = to_text(config_of(variant, workload, chip));
    const size_t index = index_of(configs, config);
    if (index == names.size()) {
      names.push_back(to_string(variant));
    }
    return index;
  }
};

// The entries of a pair of types. Of several of one shape on one chip, which differ in how they were measured, the one
// that was measured with a cold cache and without further demands.
std::vector<const BestEntry*> entries_of(const ExportInput& input, const TypePair& types) {
  std::vector<const BestEntry*> entries;
  for (const BestEntry& entry : input.entries) {
    if (entry.workload.dtype != types.dtype || entry.workload.accumulator != types.accumulator) {
      continue;
    }
    const auto same = std::ranges::find_if(entries, [&](const BestEntry* other) {
      return other->chip.name == entry.chip.name && other->workload.geometry() == entry.workload.geometry();
    });
    const auto demands = [](const BestEntry& one) {
      return std::pair(one.workload.deterministic, one.workload.cache != CacheState::cold);
    };
    if (same == entries.end()) {
      entries.push_back(&entry);
    } else if (demands(entry) < demands(**same)) {
      *same = &entry;
    }
  }
  return entries;
}

// An array of the lines, or a null pointer where there are none.
std::string array(std::string_view type, std::string_view name, const std::vector<std::string>& lines) {
  return lines.empty() ? fmt::format("  static constexpr {}* {} = nullptr;\n", type, name)
                       : fmt::format("  static constexpr {} {}[] = {{\n      {},\n  }};\n", type, name,
                                     fmt::join(lines, ",\n      "));
}

std::string arguments(const TypePair& types) {
  return fmt::format("const {}* in, {}* out, const Shape& shape, int dim", types.in_type, types.out_type);
}

// The kernels' own types have the bits of the toolkit's and of <cstdint>'s.
std::string casts(const TypePair& types) {
  const auto cast = [](std::string_view qualifier, DType dtype, std::string_view type, std::string_view pointer) {
    const bool same = type == cuda_type(dtype);
    return same ? std::string(pointer)
                : fmt::format("reinterpret_cast<{}{}*>({})", qualifier, cuda_type(dtype), pointer);
  };
  const DType out = is_floating(types.dtype) ? types.dtype : types.accumulator;
  return cast("const ", types.dtype, types.in_type, "in") + ", " + cast("", out, types.out_type, "out");
}

}  // namespace

const std::vector<TypePair>& type_pairs() {
  static const std::vector<TypePair> pairs = {{DType::f32, DType::f32, "f32", "float", "float"},
                                              {DType::f16, DType::f32, "f16", "__half", "__half"},
                                              {DType::bf16, DType::f32, "bf16", "__nv_bfloat16", "__nv_bfloat16"},
                                              {DType::f64, DType::f64, "f64", "double", "double"},
                                              {DType::i32, DType::i32, "i32", "std::int32_t", "std::int32_t"},
                                              {DType::i64, DType::i64, "i64", "std::int64_t", "std::int64_t"},
                                              {DType::i32, DType::i64, "i32_i64", "std::int32_t", "std::int64_t"}};
  return pairs;
}

// Of what the sweeps in docs/tune.md found good on several shapes, what fits every GPU from sm_80 on, in bytes.
std::vector<Variant> default_variants(DType dtype) {
  const int64_t e = size_bytes(dtype);
  return {{"short_row", {{"vectors", 8}, {"warps", 8}}},
          {"row_carry", {{"tile", 16384 / e}, {"warps", 8}, {"stages", 1}, {"storage", "registers"}}},
          {"long_row", {{"tile", 16384 / e}, {"warps", 8}, {"stages", 4}, {"loaders", 1}, {"storage", "async"}}},
          {"column_carry", {{"columns", 512 / e}, {"warps", 8}, {"rows", 8}, {"blocks", 2}, {"interleave", 25}}},
          {"column_split", {{"columns", 256 / e}, {"tile", 16384 / e}, {"warps", 4}, {"stages", 4}, {"loaders", 2}}},
          {"row_carry", {{"tile", 4096 / e}, {"warps", 4}, {"stages", 1}, {"storage", "registers"}}},
          {"three_pass", {{"columns", 256 / e}, {"warps", 8}, {"rows", 8}}}};
}

std::string tuned_name(const TypePair& types) {
  std::string name = "Tuned";
  bool begins = true;
  for (const char c : types.name) {
    if (c != '_') {
      name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    begins = c == '_';
  }
  return name;
}

std::string tuned_table(const ExportInput& input, const TypePair& types) {
  Table table;
  for (const BestEntry& entry : input.entries) {
    Table::index_of(table.chips, entry.chip);
  }
  for (const BestEntry* entry : entries_of(input, types)) {
    const Geometry g = entry->workload.geometry();
    const Contender& winner = entry->contenders.front();
    table.entries.push_back(fmt::format("{{{}, {}, {}, {}, {}, {:.4f}}}", Table::index_of(table.chips, entry->chip),
                                        g.outer, g.n, g.inner, table.add(winner.variant, entry->workload, entry->chip),
                                        winner.ratio_to_copy.median));
    table.tuned_for.push_back(quoted(fmt::format("{} on {}", to_string(g), one_line(entry->chip.name))));
  }
  constexpr size_t kColumns = 3;  // where the defaults of columns begin; the universal ones follow, rows before columns
  std::vector<size_t> defaults;
  for (const Variant& variant : default_variants(types.dtype)) {
    const bool columns =
        defaults.size() == kColumns || defaults.size() == kColumns + 1 || defaults.size() == kColumns + 3;
    defaults.push_back(table.add(variant, workload_for(types, columns), table.chips.front()));
  }
  const size_t universal_columns = defaults.back();
  defaults.pop_back();
  const size_t universal_rows = defaults.back();
  defaults.pop_back();

  std::vector<std::string> chips;
  for (const Chip& chip : table.chips) {
    chips.push_back(
        fmt::format("{{{}, {}, {}}}", quoted(one_line(chip.name)), chip.compute_capability, chip.multiprocessors));
  }
  std::vector<std::string> names;
  for (const std::string& name : table.names) {
    names.push_back(quoted(name));
  }
  return fmt::format(
      "namespace scantune_kernels {{\n"
      "namespace detail {{\n"
      "\n"
      "struct {} {{\n"
      "  using T = {};\n"
      "  using Acc = {};\n"
      "\n"
      "  // Name, compute capability, SMs.\n{}"
      "  // Chip, outer, n, inner, configuration, ratio to a copy.\n{}{}"
      "  // Family, tile, warps, stages, loaders, storage, vectors, columns, rows, blocks, interleave, resident.\n{}{}"
      "  static constexpr int kDefaults[kKinds] = {{{}}};\n"
      "  static constexpr Table kTable = {{kChips, {}, kEntries, {}, kConfigs, kNames, {}, kDefaults, {}, {}}};\n"
      "}};\n"
      "\n"
      "}}  // namespace detail\n"
      "}}  // namespace scantune_kernels\n",
      tuned_name(types), cuda_type(types.dtype), cuda_type(types.accumulator), array("Chip", "kChips", chips),
      array("Entry", "kEntries", table.entries), array("const char*", "kTunedFor", table.tuned_for),
      array("Config", "kConfigs", table.configs), array("const char*", "kNames", names), fmt::join(defaults, ", "),
      chips.size(), table.entries.size(), table.configs.size(), universal_rows, universal_columns);
}

std::string declarations(const TypePair& types) {
  return fmt::format(
      "cudaError_t reverse_cumsum({0}, void* workspace,\n"
      "                           std::size_t& workspace_bytes, cudaStream_t stream = nullptr);\n"
      "cudaError_t describe({0}, Description& description);\n",
      arguments(types));
}

std::string definitions(const TypePair& types, std::string_view prefix) {
  return fmt::format(
      "{2}cudaError_t reverse_cumsum({0}, void* workspace,\n"
      "                           std::size_t& workspace_bytes, cudaStream_t stream) {{\n"
      "  return detail::run<detail::{1}>({3}, shape, dim, workspace, workspace_bytes, stream);\n"
      "}}\n"
      "\n"
      "{2}cudaError_t describe({0}, Description& description) {{\n"
      "  return detail::describe<detail::{1}>(in, out, shape, dim, description);\n"
      "}}\n",
      arguments(types), tuned_name(types), prefix, casts(types));
}

std::vector<SourceFile> kernel_headers() {
  std::vector<SourceFile> ordered;
  std::set<std::string> done;
  const std::function<void(const std::string&)> add = [&](const std::string& path) {
    if (!done.insert(path).second) {
      return;
    }
    const SourceFile file = embedded({path}).front();
    for (size_t at = file.text.find("\n#include \""); at != std::string::npos;
         at = file.text.find("\n#include \"", at + 1)) {
      const size_t begin = file.text.find('"', at) + 1;
      add(file.text.substr(begin, file.text.find('"', begin) - begin));
    }
    ordered.push_back(file);
  };
  for (const char* family : {"row_carry", "short_row", "long_row", "three_pass", "column_carry", "column_split"}) {
    add(std::string(family) + ".launch.h");
  }
  for (const char* family : {"row_carry", "short_row", "long_row", "three_pass", "column_carry", "column_split"}) {
    add(std::string(family) + ".cuh");
  }
  return ordered;
}

}  // namespace scantune::exports
