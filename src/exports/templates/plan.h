// Which tuned configuration a problem is run with, and as which launches: plain constexpr C++17 that knows no CUDA,
// over the launch rules that scantune itself uses. docs/export.md of scantune describes the rule.
#pragma once

#include <cmath>

#include "column_carry.launch.h"
#include "column_split.launch.h"
#include "long_row.launch.h"
#include "row_carry.launch.h"
#include "short_row.launch.h"
#include "three_pass.launch.h"

namespace scantune_kernels::detail {

using scantune::LaunchDims;
using scantune::Storage;

enum class Family { row_carry, short_row, long_row, three_pass, column_carry, column_split, three_pass_columns };

// The template arguments of a family's kernels; 0 where it has no such parameter.
struct Config {
  Family family;
  int tile;
  int warps;
  int stages;
  int loaders;
  Storage storage;
  int vectors;
  int columns;
  int rows;
  int blocks;
  int interleave;
  int resident;  // blocks that an SM of the chip tuned for holds, where the grid is made for that; else 1
};

// What is summed: element (o, i, k) lies at (o * n + i) * inner + k.
struct Problem {
  long long outer;
  long long n;
  long long inner;
  int element_bytes;
  int accumulator_bytes;
};

// The GPU that it is to run on.
struct Device {
  int compute_capability;  // 90 for sm_90
  int code;                // that the kernels were compiled for: PTX of sm_80 runs on sm_90 as well
  int multiprocessors;
  long long shared_bytes_block;  // that a block may opt into
};

// --- The table ------------------------------------------------------------------------------------

struct Chip {
  const char* name;
  int compute_capability;
  int multiprocessors;
};

// What was tuned on a chip for a shape.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order that people read it
struct Entry {
  int chip;
  long long outer;
  long long n;
  long long inner;
  int config;
  double ratio_to_copy;  // as measured: the time of a copy of the same bytes over its own
};

// What a shape asks of a kernel. Of a kind that nothing was tuned for, a default is taken.
enum class Kind { short_rows, rows, long_rows, columns, few_columns };
constexpr int kKinds = 5;

struct Table {
  const Chip* chips;
  int chip_count;
  const Entry* entries;
  int entry_count;
  const Config* configs;
  const char* const* names;  // of the configurations, as scantune spells them
  int config_count;
  const int* defaults;    // one a kind
  int universal_rows;     // can do any rows, and needs no workspace
  int universal_columns;  // can do any columns
};

// --- Launches -------------------------------------------------------------------------------------

constexpr bool sums_columns(Family family) {
  return family == Family::column_carry || family == Family::column_split || family == Family::three_pass_columns;
}

constexpr scantune::RowCarryParams row_carry_params(const Config& c) { return {c.tile, c.warps, c.stages, c.storage}; }
constexpr scantune::ShortRowParams short_row_params(const Config& c) { return {c.vectors, c.warps}; }
constexpr scantune::LongRowParams long_row_params(const Config& c) {
  return {c.tile, c.warps, c.stages, c.loaders, c.storage};
}
constexpr scantune::ThreePassParams three_pass_params(const Config& c) { return {c.tile, c.warps, c.stages}; }
constexpr scantune::ColumnTileParams column_tile_params(const Config& c, int access) {
  return {access, c.columns, c.warps, c.rows};
}
constexpr scantune::ColumnCarryParams column_carry_params(const Config& c, int access) {
  return {column_tile_params(c, access), c.blocks, c.interleave};
}
constexpr scantune::ColumnSplitParams column_split_params(const Config& c, int access) {
  return {access, c.columns, c.tile, c.warps, c.stages, c.loaders};
}

constexpr int kMostLaunches = 3;

// The launches of a configuration, in order on one stream.
struct Launches {
  int count;
  LaunchDims dims[kMostLaunches];
  long long workspace_bytes;
};

// `access`: bytes that a thread of a column kernel takes at once.
constexpr Launches launches_of(const Config& c, const Problem& p, int access, int multiprocessors) {
  Launches l = {};
  const int element = p.element_bytes;
  const int sum = p.accumulator_bytes;
  const long long resident = static_cast<long long>(multiprocessors) * c.resident;
  switch (c.family) {
    case Family::row_carry:
      l.count = 1;
      l.dims[0] = scantune::row_carry_launch(p.outer, row_carry_params(c), element);
      break;
    case Family::short_row:
      l.count = 1;
      l.dims[0] = scantune::short_row_launch(p.outer, p.n, short_row_params(c), element);
      break;
    case Family::long_row:
      l.count = 2;
      l.dims[0] = scantune::long_row_reset_launch(p.outer, p.n, long_row_params(c), element, sum);
      l.dims[1] = scantune::long_row_launch(p.outer, p.n, long_row_params(c), element, resident);
      l.workspace_bytes = scantune::long_row_workspace_bytes(p.outer, p.n, long_row_params(c), element, sum);
      break;
    case Family::three_pass:
      l.count = 3;
      l.dims[0] = scantune::three_pass_tiles_launch(p.outer, p.n, three_pass_params(c));
      l.dims[1] = scantune::three_pass_prefix_launch(p.outer, three_pass_params(c));
      l.dims[2] = l.dims[0];
      l.workspace_bytes = scantune::three_pass_workspace_bytes(p.outer, p.n, three_pass_params(c), sum);
      break;
    case Family::column_carry:
      l.count = 2;
      l.dims[0] =
          scantune::column_carry_reset_launch(p.outer, p.n, p.inner, column_tile_params(c, access), element, sum);
      l.dims[1] = scantune::column_carry_launch(p.outer, p.n, p.inner, column_carry_params(c, access), element,
                                                multiprocessors);
      l.workspace_bytes =
          scantune::column_carry_workspace_bytes(p.outer, p.n, p.inner, column_tile_params(c, access), element, sum);
      break;
    case Family::column_split:
      l.count = 2;
      l.dims[0] =
          scantune::column_split_reset_launch(p.outer, p.n, p.inner, column_split_params(c, access), element, sum);
      l.dims[1] =
          scantune::column_split_launch(p.outer, p.n, p.inner, column_split_params(c, access), element, sum, resident);
      l.workspace_bytes =
          scantune::column_split_workspace_bytes(p.outer, p.n, p.inner, column_split_params(c, access), element, sum);
      break;
    case Family::three_pass_columns:
      l.count = 3;
      l.dims[0] = scantune::three_pass_columns_launch(p.outer, p.n, p.inner, column_tile_params(c, access), element);
      l.dims[1] = scantune::three_pass_columns_prefix_launch(p.outer, p.inner, column_tile_params(c, access));
      l.dims[2] = l.dims[0];
      l.workspace_bytes = scantune::three_pass_columns_workspace_bytes(p.outer, p.n, p.inner,
                                                                       column_tile_params(c, access), element, sum);
      break;
  }
  return l;
}

// Shared memory that a configuration's kernels declare, at most.
constexpr long long static_shared_bytes(const Config& c, int access, int element_bytes, int accumulator_bytes) {
  switch (c.family) {
    case Family::row_carry:
      return scantune::row_carry_static_shared_bytes(row_carry_params(c), accumulator_bytes);
    case Family::short_row:
      return 0;
    case Family::long_row:
      return scantune::long_row_static_shared_bytes(long_row_params(c), accumulator_bytes);
    case Family::three_pass:
      return scantune::three_pass_static_shared_bytes(three_pass_params(c), accumulator_bytes);
    case Family::column_carry:
      return scantune::column_carry_static_shared_bytes(column_carry_params(c, access), element_bytes,
                                                        accumulator_bytes);
    case Family::column_split:
      return scantune::column_split_static_shared_bytes(column_split_params(c, access));
    case Family::three_pass_columns:
      return scantune::three_pass_columns_static_shared_bytes(column_tile_params(c, access), element_bytes,
                                                              accumulator_bytes);
  }
  return 0;
}

// Whether a column kernel exists for accesses of so many bytes: it was tuned for one width, shapes and pointers may ask
// for a narrower one. Others do not depend on it, and exist for the element's only.
constexpr bool is_possible(const Config& c, int access, int element_bytes, int accumulator_bytes) {
  constexpr int kMostDeclared = 49152;
  if (!sums_columns(c.family)) {
    return access == element_bytes;
  }
  const int across = c.columns * element_bytes / access;
  if (access < element_bytes || across < 1 || across > c.warps * scantune::kWarpThreads) {
    return false;
  }
  if (c.family == Family::column_split) {
    return c.tile / (c.columns * (c.warps * scantune::kWarpThreads / across)) >= 1;
  }
  return static_shared_bytes(c, access, element_bytes, accumulator_bytes) <= kMostDeclared;
}

// Whether a configuration can do a problem on a GPU: never mind how fast.
constexpr bool can_do(const Config& c, const Problem& p, int access, const Device& d) {
  constexpr long long kMostTiles = 2147483647;
  constexpr long long kMostLongRowElements = 1LL << 40;
  constexpr long long kLongestShortRow = 1LL << 29;
  if (sums_columns(c.family) ? !is_possible(c, access, p.element_bytes, p.accumulator_bytes) : p.inner != 1) {
    return false;
  }
  if (c.storage == Storage::bulk && (d.compute_capability < 90 || d.code < 90)) {
    return false;
  }
  if (c.family == Family::short_row && p.n > kLongestShortRow) {
    return false;
  }
  if (c.family == Family::long_row && (p.outer > kMostLongRowElements / p.n ||
                                       p.outer > kMostTiles / scantune::long_row_tiles(p.n, long_row_params(c)))) {
    return false;
  }
  if (c.family == Family::column_carry) {
    const scantune::ColumnTileParams tile = column_tile_params(c, access);
    const long long matrix =
        scantune::columns_strips(p.inner, tile) * scantune::columns_slabs(p.n, tile, p.element_bytes);
    if (p.outer > scantune::kColumnCarryMostTiles / matrix) {
      return false;
    }
  }
  if (c.family == Family::column_split) {
    const scantune::ColumnSplitTiles tiles =
        scantune::column_split_tiles(p.n, p.inner, column_split_params(c, access), p.element_bytes);
    if (tiles.rows < 1 || p.outer > kMostTiles / tiles.strips / tiles.slabs) {
      return false;
    }
  }
  const Launches l = launches_of(c, p, access, d.multiprocessors);
  long long shared = 0;
  for (int i = 0; i < l.count; ++i) {
    shared = l.dims[i].shared_bytes > shared ? l.dims[i].shared_bytes : shared;
  }
  return shared + static_shared_bytes(c, access, p.element_bytes, p.accumulator_bytes) <= d.shared_bytes_block;
}

// --- The choice -----------------------------------------------------------------------------------

// Rows up to 2 KiB are short. Rows of 64 KiB and more are long where there are fewer than 16 an SM: blocks share one.
// Columns are few where they are less than 512 bytes an SM and 1024 rows high or more.
constexpr Kind kind_of(const Problem& p, int multiprocessors) {
  constexpr long long kShortBytes = 2048;
  constexpr long long kLongBytes = 65536;
  constexpr long long kRowsPerMultiprocessor = 16;
  constexpr long long kColumnBytesPerMultiprocessor = 512;
  constexpr long long kHigh = 1024;
  if (p.inner > 1) {
    const bool few = p.outer * p.inner * p.element_bytes < kColumnBytesPerMultiprocessor * multiprocessors;
    return few && p.n >= kHigh ? Kind::few_columns : Kind::columns;
  }
  const long long bytes = p.n * p.element_bytes;
  return bytes <= kShortBytes                                                        ? Kind::short_rows
         : bytes >= kLongBytes && p.outer < kRowsPerMultiprocessor * multiprocessors ? Kind::long_rows
                                                                                     : Kind::rows;
}

constexpr bool same_text(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

// The chip of the table that is most like a GPU: that of its name; else of its compute capability, or of the closest
// one, and of those the one with the closest number of SMs; of equals the first.
inline int closest_chip(const Table& table, const char* name, const Device& d) {
  int best = 0;
  double least = 0;
  for (int i = 0; i < table.chip_count; ++i) {
    const Chip& chip = table.chips[i];
    if (same_text(chip.name, name)) {
      return i;
    }
    constexpr double kFar = 1000;  // more than the SMs of any two GPUs differ by, in powers of two
    const double apart = std::abs(chip.compute_capability - d.compute_capability) * kFar +
                         std::abs(std::log2(static_cast<double>(chip.multiprocessors) / d.multiprocessors));
    if (i == 0 || apart < least) {
      best = i;
      least = apart;
    }
  }
  return best;
}

// How far a shape is from a tuned one: the squares of the differences of outer, n and inner in powers of two.
inline double distance(const Entry& entry, const Problem& p) {
  const auto apart = [](long long a, long long b) {
    const double d = std::log2(static_cast<double>(a)) - std::log2(static_cast<double>(b));
    return d * d;
  };
  return apart(entry.outer, p.outer) + apart(entry.n, p.n) + apart(entry.inner, p.inner);
}

// Where the tensors lie.
struct Buffers {
  int in_alignment;  // powers of two that the pointers are multiples of, up to 256
  int out_alignment;
  int out_bytes;     // of an element of the result
  bool in_place;     // both are the same
  bool whole_lines;  // every row begins and ends at a multiple of 64 bytes: kernels of rows then read no edges twice
};

// Bytes that a column kernel takes at once: what rows and pointers are aligned to. `alignment` is a power of two that
// both pointers are multiples of; the result may be wider than the input.
constexpr int widest_access(const Problem& p, int in_alignment, int out_alignment, int out_bytes) {
  int access = scantune::columns_access_bytes(p.inner, p.element_bytes, out_bytes);
  while (access > p.element_bytes &&
         (in_alignment % access != 0 || out_alignment % (access / p.element_bytes * out_bytes) != 0)) {
    access /= 2;
  }
  return access;
}

// What a problem is run with.
struct Choice {
  int config;  // of the table
  int access;  // of a column kernel; else the element's bytes
  int entry;   // that was tuned for the closest shape; -1: none was, or none of them can do it
  bool found;  // false where the workspace is too small for all that can do it
};

// The first that can do the problem with so much workspace: what was tuned on this chip for shapes of the same kind,
// the closest first (of equals the one that comes first in the table); the default of the kind; what can do everything.
// In place, rows that do not lie in lines of their own are summed by a kernel of columns, which reads an element only
// where it writes it.
inline Choice choose(const Table& table, int chip, const Problem& p, const Device& d, const Buffers& b,
                     long long workspace_bytes) {
  const bool columns = p.inner == 1 && b.in_place && !b.whole_lines;
  const int access = columns ? p.element_bytes : widest_access(p, b.in_alignment, b.out_alignment, b.out_bytes);
  const auto fits = [&](int config) {
    const Config& c = table.configs[config];
    const int width = sums_columns(c.family) ? access : p.element_bytes;
    return (!columns || sums_columns(c.family)) && (!b.in_place || c.family != Family::column_split) &&
           can_do(c, p, width, d) && launches_of(c, p, width, d.multiprocessors).workspace_bytes <= workspace_bytes;
  };
  const auto chosen = [&](int config, int entry) {
    return Choice{config, sums_columns(table.configs[config].family) ? access : p.element_bytes, entry, true};
  };
  const Kind kind = columns ? Kind::columns : kind_of(p, d.multiprocessors);
  int best = -1;
  double least = 0;
  for (int i = 0; i < table.entry_count; ++i) {
    const Entry& entry = table.entries[i];
    const Problem tuned = {entry.outer, entry.n, entry.inner, p.element_bytes, p.accumulator_bytes};
    if (entry.chip != chip || kind_of(tuned, table.chips[chip].multiprocessors) != kind || !fits(entry.config)) {
      continue;
    }
    const double apart = distance(entry, p);
    if (best < 0 || apart < least) {
      best = i;
      least = apart;
    }
  }
  if (best >= 0) {
    return chosen(table.entries[best].config, best);
  }
  const int others[] = {table.defaults[static_cast<int>(kind)],
                        columns || p.inner > 1 ? table.universal_columns : table.universal_rows};
  for (const int config : others) {
    if (fits(config)) {
      return chosen(config, -1);
    }
  }
  return {others[1], access, -1, false};
}

}  // namespace scantune_kernels::detail
