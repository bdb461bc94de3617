// column_split: the reverse cumulative sum of few long columns, in one pass over memory.
//
//     y[o][i][k] = x[o][i][k] + x[o][i+1][k] + ... + x[o][n-1][k]
//
// The tensor is cut into tiles of whole rows or, where rows are wide, of strips of them. The tiles above one another
// are a line, counted from the bottom. Blocks stay, and take tiles by tickets, line by line, so that a block on
// a faster SM takes more:
//
//     slab 3   | tile |   the ragged tile is the one at the top
//     slab 2   | tile |   ^ tickets
//     slab 1   | tile |
//     slab 0   | tile |   ends with row n - 1
//
// A block has slots for kStages tiles in shared memory, kLoaders warps for each slot that fill it, warps that look up
// what lies below tiles, a thread a column, and kWarps warps that scan and write:
//
//     slot 0's loaders   load tile ... sum, publish           load tile ... sum, publish
//     slot 1's loaders         load tile ... sum, publish           load tile ... sum, publish
//     lookers                                look up 0 | look up 1 |              look up 0 | ...
//     scanners                                         | scan, write 0 | scan, write 1 | ...
//
//   1. A slot's loaders load a tile and add it up as it comes in. A tile is made of runs of rows, one a thread that
//      scans; what lies below each run in the tile stays in shared memory, and the column sums of the tile are
//      published in status words. Nothing is waited for between the ticket and that, but memory. Tiles come in
//      groups of 16; who has the last one of a group also publishes the sum of the group.
//   2. The lookers go through the slots in turn. They know the sum of all groups up to that of the block's tile
//      before, and add those since then, and the tiles below this one in its own group:
//
//          groups   | group 9 | group 8 | group 7 | ...                       <- bottom
//          tiles    |  q t2 t1 t0 |
//
//          below(q) = (t2 + (t1 + t0)) + G      G = group 8 + (group 7 + ...), of which most is known
//
//      All words are read at once, and again while some are missing. There is no chain from block to block:
//      what is waited for has waited for sums of tiles alone.
//   3. The scanners find all they need in shared memory. They scan each run from its last row up and write
//      it or, where rows are narrow, put it back into the slot and write the tile as one piece.
//
// Deterministic: what is added, and in which order, depends on the tile alone. So the bits are the same every run,
// whichever block takes a tile.
//
// Forward progress: tickets are taken by blocks that run, in the order of their slots, which are looked up and scanned
// in that order. A tile's loaders wait for nobody but memory until its sums are published; those that then publish
// the sum of a group, and lookers, wait for tiles of lower tickets, and for their groups. So the lowest ticket whose
// sums are missing has a slot, or gets one as soon as the tile in it is written, whose ticket is lower still and
// which waits for words that are all there, or will be.
//
// Parameters
//   T         element type            Acc      type of the sums
//   kAccess   bytes a thread takes of a row at once: columns_access_bytes()
//   kColumns  columns of a tile at most: a power of two, 16 bytes at least, no more than kWarps * 32. Rows of more
//             are cut into strips of as many
//   kTile     elements of a tile at most: whole 16 bytes of every thread that scans, and whole rows of kColumns
//   kWarps    warps that scan: a power of two up to 16
//   kStages   slots: 2 to 14
//   kLoaders  warps that load a slot's tile: 1, 2 or 4, no more than kWarps
//
// Requirements: `in` and `out` are aligned to T and do not overlap. kAccess divides inner * sizeof(T); where the
// pointers are not aligned to it, elements are moved one at a time. outer, n and inner are any 64-bit sizes, with
// fewer than 2^31 tiles in all. `workspace` (column_split_workspace_bytes) need not be initialised:
// column_split_reset clears it, and must run in front of every launch, on the same stream. Launches that run
// at the same time need workspaces of their own. Needs sm_80. Launch rules: column_split.launch.h.
#pragma once

#include "column_split.launch.h"
#include "columns.cuh"
#include "status.cuh"

namespace scantune {

// Clears the ticket counter and all sums.
template <class T, class Acc, int kAccess, int kColumns, int kTile, int kWarps, int kStages, int kLoaders>
__global__ void __launch_bounds__(256) column_split_reset(const T* /*in*/, Output<T, Acc>* /*out*/, void* workspace,
                                                          long long outer, long long n, long long inner) {
  let_next_launch_start();
  wait_for_launch_in_front();
  const long long sums = column_split_sums(outer, n, inner, {kAccess, kColumns, kTile, kWarps, kStages, kLoaders},
                                           static_cast<int>(sizeof(T)));
  clear_words(workspace, kSplitCounterWords + words_of<HandedSum<Acc>>(sums));
}

// A tile of the tensor.
struct ColumnSplitTile {
  long long offset;  // of its first element from the tensor's
  unsigned line;
  unsigned slab;
  int columns;  // that lie in the tensor; 0 where there are no more tiles
  int outside;  // rows above the tensor, which are its first
};

// What those who work on a slot tell one another.
struct ColumnSplitSlot {
  ColumnSplitTile tile;
  unsigned ticket;  // of the tile to be loaded next
  Barrier free;     // the slot may be filled with that one
  Barrier summed;   // the tile is there, and the sums of its runs are
  Barrier known;    // as is what lies below it
};

// The types and sizes of a variant, and what a block knows of the tensor and of its tiles.
template <class Element, class Sum, int kAccessWidth, int kMostColumns, int kMostElements, int kScanWarps, int kSlots,
          int kSlotWarps>
struct ColumnSplit {
  using T = Element;
  using Acc = Sum;
  using Out = Output<T, Acc>;
  using Handed = HandedSum<Acc>;
  using Word = typename Handed::Word;
  using Tile = ColumnTile<T, Acc, kAccessWidth, kMostColumns, kScanWarps, 1>;  // the types of an access
  using Cells = typename Tile::Cells;
  using Sums = typename Tile::Sums;
  // What rows of strips are copied in at most: 16 bytes, where a row of a tile has as many.
  using WideCells = typename BitsOf<(kMostColumns % kPerVector<Element> == 0 ? kAccessBytes : kAccessWidth)>::Type;
  static constexpr ColumnSplitParams kParams = {kAccessWidth, kMostColumns, kMostElements,
                                                kScanWarps,   kSlots,       kSlotWarps};
  static constexpr int kAccess = kAccessWidth;
  static constexpr int kColumns = kMostColumns;
  static constexpr int kStages = kSlots;
  static constexpr int kPer = Tile::kPer;
  static constexpr int kBytes = static_cast<int>(sizeof(T));
  static constexpr int kScanners = kScanWarps * kWarpThreads;  // threads, the first of the block; ...
  static constexpr int kLookers = column_split_look_warps(kParams) * kWarpThreads;  // ... the next ones; ...
  static constexpr int kLoaders = kSlotWarps * kWarpThreads;                        // ... and for each slot these
  static constexpr bool kShifted = kAccess < kAccessBytes;  // tiles need not begin at multiples of 16 bytes
  static constexpr int kDataBytes = column_split_data_bytes(kParams, kBytes);
  static constexpr int kSlotBytes = column_split_slot_bytes(kParams, kBytes, static_cast<int>(sizeof(Acc)));
  static constexpr bool kMayPutBack = sizeof(T) == sizeof(Out);
  static constexpr int kNarrowBytes = 128;  // rows below this are written from the slot, many in one access
  static constexpr int kBatch = kAccess == kAccessBytes ? 8 : 16;  // rows read from shared memory at once
  static constexpr int kParts = kScanWarps / kSlotWarps;           // of a tile
  static constexpr int kStride = kColumns * Handed::kWords;        // words from a sum to the next
  // Sums that a thread looks at: as many as its registers hold, of groups and of tiles.
  static constexpr int kAtOnce = 8 / Handed::kWords;
  static constexpr int kTilesAtOnce = (kSplitFan - 1) / Handed::kWords;
  static_assert(kColumns <= kScanners, "a row of single elements is no wider than the warps that scan it");
  static_assert(kParts * kSlotWarps == kScanWarps, "parts of a tile are alike");
  static_assert(kMostElements % (kScanners * kPer) == 0 && kMostElements % kColumns == 0, "runs have rows");

  const T* in;
  Out* out;
  Word* words;
  long long n;
  long long inner;
  unsigned long long end;  // the address after the tensor
  ColumnSplitTiles tiles;
  unsigned slabs;
  unsigned sums;     // of a line: its tiles and groups
  unsigned count;    // tiles in all
  int pitch;         // bytes from row to row in a slot
  bool in_aligned;   // to kAccess
  bool in_wide;      // each of its rows, to 16 bytes
  bool out_aligned;  // to what accesses become
  bool put_back;     // results, into the slot

  __device__ ColumnSplit(const T* in_, Out* out_, void* workspace, long long outer, long long n_, long long inner_)
      : in(in_),
        out(out_),
        words(reinterpret_cast<Word*>(static_cast<unsigned long long*>(workspace) + kSplitCounterWords)),
        n(n_),
        inner(inner_),
        end(reinterpret_cast<unsigned long long>(in_ + outer * n_ * inner_)),
        tiles(column_split_tiles(n_, inner_, kParams, kBytes)),
        slabs(static_cast<unsigned>(tiles.slabs)),
        sums(slabs + (slabs + kSplitFan - 1) / kSplitFan),
        count(static_cast<unsigned>(outer * tiles.strips) * slabs),
        pitch(tiles.columns * kBytes),
        in_aligned(reinterpret_cast<unsigned long long>(in_) % kAccess == 0),
        in_wide(reinterpret_cast<unsigned long long>(in_) % kAccessBytes == 0 && inner_ * kBytes % kAccessBytes == 0),
        out_aligned(reinterpret_cast<unsigned long long>(out_) % Tile::kOutAccess == 0),
        put_back(kMayPutBack && tiles.flat && pitch < kNarrowBytes) {}

  __device__ __forceinline__ ColumnSplitTile tile_of(unsigned ticket) const {
    const unsigned strips = static_cast<unsigned>(tiles.strips);
    ColumnSplitTile tile;
    tile.line = ticket / slabs;
    tile.slab = ticket % slabs;
    const long long top = n - (tile.slab + 1ll) * tiles.rows;
    const long long left = static_cast<long long>(tile.line % strips) * tiles.columns;
    tile.offset = (tile.line / strips * n + top) * inner + left;
    tile.columns = static_cast<int>(inner - left < tiles.columns ? inner - left : tiles.columns);
    tile.outside = top < 0 ? static_cast<int>(-top) : 0;
    return tile;
  }

  // Where a tile begins in its slot: as far past a multiple of 16 bytes as in memory, if it is copied 16 bytes at a
  // time.
  __device__ __forceinline__ int shift(const ColumnSplitTile& tile) const {
    return kShifted && tiles.flat && in_aligned
               ? static_cast<int>(reinterpret_cast<unsigned long long>(in + tile.offset) % kAccessBytes)
               : 0;
  }

  // The words of the sums of tile `slab` of a line, and of those above it.
  __device__ __forceinline__ Word* tile_words(unsigned line, unsigned slab) const {
    return words + (static_cast<unsigned long long>(line) * sums + slab) * kStride;
  }
  __device__ __forceinline__ Word* group_words(unsigned line, unsigned group) const {
    return tile_words(line, slabs + group);
  }
  // From the words of a tile's first column to those of another. A thread beyond the last looks at that, so that
  // whole warps wait together.
  static __device__ __forceinline__ int column_words(const ColumnSplitTile& tile, int column) {
    return (column < tile.columns ? column : tile.columns - 1) * Handed::kWords;
  }
};

// --- Loaders --------------------------------------------------------------------------------------

// Copies 16 bytes of the tensor that hold elements of a tile, or those of them that lie in the tensor.
template <class Split>
__device__ __forceinline__ void copy_vector(const Split& split, unsigned char* to, unsigned long long from) {
  using T = typename Split::T;
  const unsigned long long begin = reinterpret_cast<unsigned long long>(split.in);
  if (!Split::kShifted || (from >= begin && from + kAccessBytes <= split.end)) {
    async_copy(shared_address(to), reinterpret_cast<const void*>(from));
  } else {
#pragma unroll 1
    for (int e = 0; e < kPerVector<T>; ++e) {
      const unsigned long long element = from + e * sizeof(T);
      if (element >= begin && element < split.end) {
        reinterpret_cast<T*>(to)[e] = *reinterpret_cast<const T*>(element);
      }
    }
  }
}

// Copies rows of a strip from `top` up to `bottom`. A cell is what is moved at once.
template <class Cell, class Split>
__device__ __forceinline__ void copy_strip(const Split& split, unsigned char* data, const ColumnSplitTile& tile,
                                           int top, int bottom, int thread) {
  using T = typename Split::T;
  constexpr int kPer = static_cast<int>(sizeof(Cell) / sizeof(T));
  constexpr int kAcross = Split::kColumns / kPer;
#pragma unroll 4
  for (int i = top * kAcross + thread; i < bottom * kAcross; i += Split::kLoaders) {
    const int column = i % kAcross * kPer;
    if (column < tile.columns) {
      const T* from = split.in + (tile.offset + i / kAcross * split.inner + column);
      if constexpr (sizeof(Cell) == kAccessBytes) {
        async_copy(shared_address(data + i * kAccessBytes), from);
      } else {
        reinterpret_cast<Cell*>(data)[i] = *reinterpret_cast<const Cell*>(from);
      }
    }
  }
}

// Loads the rows of a tile from `top` up to `bottom`, all warps of a slot.
template <class Split>
__device__ __forceinline__ void load_rows(const Split& split, unsigned char* data, const ColumnSplitTile& tile, int top,
                                          int bottom, int thread) {
  using T = typename Split::T;
  if (split.tiles.flat && split.in_aligned) {
    // The vectors that begin in these rows, and in the first ones also the one before.
    const int shift = split.shift(tile);
    const int round = Split::kShifted && top > tile.outside ? kAccessBytes - 1 : 0;
    const int begin = (shift + top * split.pitch + round) / kAccessBytes * kAccessBytes;
    const int end = shift + bottom * split.pitch;
    const unsigned long long image = reinterpret_cast<unsigned long long>(split.in + tile.offset) - shift;
#pragma unroll 4
    for (int at = begin + thread * kAccessBytes; at < end; at += Split::kLoaders * kAccessBytes) {
      copy_vector(split, data + at, image + at);
    }
  } else if (split.tiles.flat) {
    const T* from = split.in + tile.offset;
#pragma unroll 4
    for (int i = top * tile.columns + thread; i < bottom * tile.columns; i += Split::kLoaders) {
      reinterpret_cast<T*>(data)[i] = from[i];
    }
  } else if (split.in_wide) {
    copy_strip<typename Split::WideCells>(split, data, tile, top, bottom, thread);
  } else if (Split::kShifted && split.in_aligned) {
    copy_strip<typename Split::Cells>(split, data, tile, top, bottom, thread);
  } else {
    copy_strip<T>(split, data, tile, top, bottom, thread);
  }
}

// Rows of a column in a slot from `row` up, zeros above `first`.
template <class Split, int kRows>
__device__ __forceinline__ void read_rows(typename Split::Cells (&cells)[kRows], const Split& split,
                                          const unsigned char* column, int row, int first) {
  const unsigned char* at = column + row * split.pitch;
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    cells[i] = typename Split::Cells{};
    if (row - i >= first) {
      cells[i] = *reinterpret_cast<const typename Split::Cells*>(at - i * split.pitch);
    }
  }
}

// Adds up run `run` of the columns of access `cell`; `data` is where the tile begins.
template <class Split>
__device__ __forceinline__ void sum_run(typename Split::Acc* sums, const Split& split, const unsigned char* data,
                                        const ColumnSplitTile& tile, int run, int cell) {
  using Acc = typename Split::Acc;
  const int begin = run * split.tiles.run_rows;
  const int first = begin > tile.outside ? begin : tile.outside;
  typename Split::Sums sum;
#pragma unroll
  for (int e = 0; e < Split::kPer; ++e) {
    sum.x[e] = Acc(0);
  }
#pragma unroll 1
  for (int row = begin + split.tiles.run_rows - 1; row >= first; row -= Split::kBatch) {
    typename Split::Cells cells[Split::kBatch];
    read_rows(cells, split, data + cell * Split::kAccess, row, first);
#pragma unroll
    for (int i = 0; i < Split::kBatch; ++i) {
      const typename Split::Tile::Elements elements = elements_of<typename Split::Tile>(cells[i]);
#pragma unroll
      for (int e = 0; e < Split::kPer; ++e) {
        sum.x[e] += static_cast<Acc>(elements.x[e]);
      }
    }
  }
  *reinterpret_cast<typename Split::Sums*>(sums + run * split.tiles.columns + cell * Split::kPer) = sum;
}

// A tile comes in parts: of each, a thread of its slot adds up one run. How many rows lie above a part.
template <class Split>
__device__ __forceinline__ int rows_before_part(const Split& split, int part) {
  const int runs = (part * Split::kLoaders + split.tiles.across - 1) / split.tiles.across;
  return (runs < split.tiles.runs ? runs : split.tiles.runs) * split.tiles.run_rows;
}

// Replaces the sum of each run of a column by the sum of the runs below it. Returns the sum of all.
template <class Acc>
__device__ __forceinline__ Acc scan_runs(Acc* column, int runs, int columns) {
  constexpr int kBatch = 8;
  Acc below = 0;
#pragma unroll 1
  for (int last = runs - 1; last >= 0; last -= kBatch) {
    Acc sums[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      sums[i] = last - i >= 0 ? column[(last - i) * columns] : Acc(0);
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      if (last - i >= 0) {
        column[(last - i) * columns] = below;
        below = sums[i] + below;
      }
    }
  }
  return below;
}

// The sums of the thread's column that up to kCount neighbouring tiles, or groups, have published. By whole warps.
template <class Split, int kCount>
struct Published {
  using Acc = typename Split::Acc;
  using Word = typename Split::Word;
  typename Split::Handed seen[kCount] = {};

  // Looks at the first `count` of them; `words` are those of the lowest.
  __device__ __forceinline__ void look_at(const Word* words, int count) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (i < count) {
        seen[i] = look<typename Split::Handed>(words, i * Split::kColumns);
      }
    }
  }

  // Looks again at those that were not there until all are; then adds them to `sum`, from the lowest up.
  __device__ __forceinline__ Acc add_to(Acc sum, const Word* words, int count) {
    await_all(
        words, seen, [&](int i) { return i < count; }, [&](int i) { return i * Split::kColumns; });
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (i < count) {
        sum = seen[i].sum() + sum;
      }
    }
    return sum;
  }
};

// Adds any number of them to `sum`.
template <class Split>
__device__ __forceinline__ typename Split::Acc add_published(typename Split::Acc sum, const typename Split::Word* words,
                                                             int count) {
#pragma unroll 1
  for (; count > 0; count -= Split::kAtOnce, words += Split::kAtOnce * Split::kStride) {
    Published<Split, Split::kAtOnce> published;
    published.look_at(words, count);
    sum = published.add_to(sum, words, count);
  }
  return sum;
}

// Has the L2 fetch a tile, where tiles are pieces of memory.
template <class Split>
__device__ __forceinline__ void prefetch_tile(const Split& split, unsigned ticket) {
  if (Split::kShifted || !split.tiles.flat || !split.in_aligned) {
    return;
  }
  const ColumnSplitTile tile = split.tile_of(ticket);
  if (tile.outside == 0) {
    prefetch_to_l2(split.in + tile.offset, static_cast<unsigned>(split.tiles.rows * split.pitch));
  }
}

// The warps of one slot: fill it until there are no more tiles. `thread` counts among them.
template <class Split>
__device__ __forceinline__ void fill_slot(const Split& split, ColumnSplitSlot& slot, unsigned char* data,
                                          typename Split::Acc* sums, int index, int thread) {
  using Acc = typename Split::Acc;
  constexpr int kThreads = Split::kLoaders;
  constexpr int kFirstId = 2;  // of the barriers of parts of the block
  const auto sync_slot = [&] {
    if (kThreads == kWarpThreads) {
      __syncwarp();
    } else {
      sync_part(kFirstId + index, kThreads);
    }
  };
  for (unsigned phase = 0;; phase ^= 1) {
    barrier_wait(&slot.free, phase);
    const unsigned ticket = slot.ticket;
    if (ticket >= split.count) {
      if (thread == 0) {
        slot.tile.columns = 0;
      }
      barrier_arrive(&slot.summed);
      return;
    }
    const ColumnSplitTile tile = split.tile_of(ticket);
    if (thread == 0) {
      slot.tile = tile;
    }
    int top = 0;
#pragma unroll 1
    for (int part = 0; part < Split::kParts; ++part) {
      const int bottom = rows_before_part(split, part + 1);
      if (bottom > tile.outside) {
        load_rows(split, data, tile, top > tile.outside ? top : tile.outside, bottom, thread);
      }
      async_commit();
      top = bottom;
    }
    if (thread == 0 && ticket + gridDim.x < split.count) {
      prefetch_tile(split, ticket + gridDim.x);  // which is next for some block
    }
    // Each part is added up when it is there. One that was is replaced by an empty group, so that the part's copies are
    // always those before the latest kParts - 1 groups, and one loop does for all parts.
    const unsigned char* first = data + split.shift(tile);
#pragma unroll 1
    for (int part = 0; part < Split::kParts; ++part) {
      async_wait<Split::kParts - 1>();
      sync_slot();
      const int run = (part * kThreads + thread) / split.tiles.across;
      const int cell = (part * kThreads + thread) % split.tiles.across;
      if (run < split.tiles.runs && cell * Split::kPer < tile.columns) {
        sum_run(sums, split, first, tile, run, cell);
      }
      async_commit();
    }
    sync_slot();
    typename Split::Word* words = split.tile_words(tile.line, tile.slab);
    for (int column = thread; column < tile.columns; column += kThreads) {
      const Acc sum = scan_runs(sums + column, split.tiles.runs, split.tiles.columns);
      publish(words, column, Split::Handed::of(sum));
    }
    barrier_arrive(&slot.summed);
    if (tile.slab % kSplitFan == kSplitFan - 1) {
      words -= (kSplitFan - 1) * Split::kStride;
      const int lane = thread % kWarpThreads;
      for (int column = thread; column - lane < tile.columns; column += kThreads) {
        const Acc sum = add_published<Split>(Acc(0), words + split.column_words(tile, column), kSplitFan);
        if (column < tile.columns) {
          publish(split.group_words(tile.line, tile.slab / kSplitFan), column, Split::Handed::of(sum));
        }
      }
    }
  }
}

// --- Lookers --------------------------------------------------------------------------------------

// Put what lies below each tile of a block into its slot, in turn: a thread of theirs one column.
template <class Split>
__device__ __forceinline__ void look_up(const Split& split, ColumnSplitSlot* slots, unsigned char* shared, int column) {
  using Acc = typename Split::Acc;
  unsigned line = ~0u;
  int known = 0;  // groups of that line, the lowest, ...
  Acc sum = 0;    // ... and their sum
  int s = 0;
  for (unsigned phase = 0;;) {
    ColumnSplitSlot& slot = slots[s];
    barrier_wait(&slot.summed, phase);
    const ColumnSplitTile tile = slot.tile;
    if (tile.columns > 0) {
      if (tile.line != line) {
        line = tile.line;
        known = 0;
        sum = 0;
      }
      const int group = static_cast<int>(tile.slab / kSplitFan);
      const int tiles_below = static_cast<int>(tile.slab % kSplitFan);
      const int words_to_column = split.column_words(tile, column);
      const typename Split::Word* tile_words = split.tile_words(line, tile.slab - tiles_below) + words_to_column;
      const typename Split::Word* group_words = split.group_words(line, known) + words_to_column;
      const int at_once = tiles_below < Split::kTilesAtOnce ? tiles_below : Split::kTilesAtOnce;
      Published<Split, Split::kTilesAtOnce> tiles;  // on their way while groups are added
      tiles.look_at(tile_words, at_once);
      sum = add_published<Split>(sum, group_words, group - known);
      known = group;
      const Acc below = add_published<Split>(tiles.add_to(Acc(0), tile_words, at_once),
                                             tile_words + at_once * Split::kStride, tiles_below - at_once);
      if (column < tile.columns) {
        reinterpret_cast<Acc*>(shared + s * Split::kSlotBytes + Split::kDataBytes)[column] = below + sum;
      }
    }
    barrier_arrive(&slot.known);
    if (tile.columns == 0) {
      return;
    }
    phase ^= s + 1 == Split::kStages ? 1u : 0u;
    s = s + 1 == Split::kStages ? 0 : s + 1;
  }
}

// --- Scanners -------------------------------------------------------------------------------------

// Where the results of a run go.
enum class SplitWrite {
  slot,      // back into the slot
  accesses,  // to memory, in accesses as wide as those of the input
  elements,  // to memory, one by one: the output is not aligned
};

// Scans the run of the calling thread, given what lies below it. `data` is where the tile begins.
template <class Split, SplitWrite kWrite>
__device__ __forceinline__ void scan_run(const Split& split, const ColumnSplitTile& tile, unsigned char* data,
                                         typename Split::Sums below, int run, int cell) {
  using Tile = typename Split::Tile;
  constexpr int kBatch = kWrite == SplitWrite::elements ? 1 : Split::kBatch;
  const int begin = run * split.tiles.run_rows;
  const int first = begin > tile.outside ? begin : tile.outside;
  unsigned char* column = data + cell * Split::kAccess;
#pragma unroll 1
  for (int row = begin + split.tiles.run_rows - 1; row >= first; row -= kBatch) {
    typename Split::Cells cells[kBatch];
    read_rows(cells, split, column, row, first);
    typename Split::Out* to = split.out + (tile.offset + row * split.inner + cell * Split::kPer);
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const typename Tile::Results results = add_row<Tile>(below, cells[i], split.inner);
      if (row - i >= first) {
        if constexpr (kWrite == SplitWrite::slot) {
          *reinterpret_cast<typename Tile::Results*>(column + (row - i) * split.pitch) = results;
        } else if constexpr (kWrite == SplitWrite::accesses) {
          store_results_of<Tile>(to, results);
        } else {
#pragma unroll
          for (int e = 0; e < Split::kPer; ++e) {
            to[e] = results.y[e];
          }
        }
      }
      to -= split.inner;
    }
  }
}

// Writes a tile that is one piece of memory from its slot, where the results are.
template <class Split>
__device__ __forceinline__ void write_slot(const Split& split, const ColumnSplitTile& tile, const unsigned char* data) {
  using Out = typename Split::Out;
  const int begin = split.shift(tile) + tile.outside * split.pitch;
  const int end = split.shift(tile) + split.tiles.rows * split.pitch;
  unsigned char* image = reinterpret_cast<unsigned char*>(split.out + tile.offset) - split.shift(tile);
  if (reinterpret_cast<unsigned long long>(image) % kAccessBytes == 0) {
    for (int at = begin / kAccessBytes * kAccessBytes + static_cast<int>(threadIdx.x) * kAccessBytes; at < end;
         at += Split::kScanners * kAccessBytes) {
      if (at >= begin && at + kAccessBytes <= end) {
        store_global(image + at, *reinterpret_cast<const Bits128*>(data + at));
      } else {
        for (int e = 0; e < kPerVector<Out>; ++e) {
          const int element = at + e * static_cast<int>(sizeof(Out));
          if (element >= begin && element < end) {
            *reinterpret_cast<Out*>(image + element) = *reinterpret_cast<const Out*>(data + element);
          }
        }
      }
    }
  } else {
    constexpr int kStep = static_cast<int>(sizeof(Out));
    for (int at = begin + static_cast<int>(threadIdx.x) * kStep; at < end; at += Split::kScanners * kStep) {
      *reinterpret_cast<Out*>(image + at) = *reinterpret_cast<const Out*>(data + at);
    }
  }
}

// Empty the slots in turn.
template <class Split>
__device__ __forceinline__ void empty_slots(const Split& split, ColumnSplitSlot* slots, unsigned char* shared,
                                            unsigned* counter) {
  using Acc = typename Split::Acc;
  using Sums = typename Split::Sums;
  const int run = static_cast<int>(threadIdx.x) / split.tiles.across;
  const int cell = static_cast<int>(threadIdx.x) % split.tiles.across;
  const int column = cell * Split::kPer;
  int s = 0;
  for (unsigned phase = 0;;) {
    ColumnSplitSlot& slot = slots[s];
    unsigned char* data = shared + s * Split::kSlotBytes;
    const Acc* carry = reinterpret_cast<const Acc*>(data + Split::kDataBytes);
    const Acc* sums = carry + Split::kColumns;
    barrier_wait(&slot.known, phase);
    const ColumnSplitTile tile = slot.tile;
    if (tile.columns == 0) {
      return;
    }
    unsigned ticket = 0;
    if (threadIdx.x == 0) {
      ticket = take_ticket(counter);  // for the next tile of this slot; it arrives while this one is written
    }
    if (run < split.tiles.runs && column < tile.columns) {
      Sums below = *reinterpret_cast<const Sums*>(sums + run * split.tiles.columns + column);
      const Sums lower = *reinterpret_cast<const Sums*>(carry + column);
#pragma unroll
      for (int e = 0; e < Split::kPer; ++e) {
        below.x[e] += lower.x[e];
      }
      unsigned char* begin = data + split.shift(tile);
      if (Split::kMayPutBack && split.put_back) {
        scan_run<Split, SplitWrite::slot>(split, tile, begin, below, run, cell);
      } else if (split.out_aligned) {
        scan_run<Split, SplitWrite::accesses>(split, tile, begin, below, run, cell);
      } else {
        scan_run<Split, SplitWrite::elements>(split, tile, begin, below, run, cell);
      }
    }
    if (Split::kMayPutBack && split.put_back) {
      sync_part<1>(Split::kScanners);
      write_slot(split, tile, data);
    }
    if (threadIdx.x == 0) {
      slot.ticket = ticket;
    }
    barrier_arrive(&slot.free);
    phase ^= s + 1 == Split::kStages ? 1u : 0u;
    s = s + 1 == Split::kStages ? 0 : s + 1;
  }
}

template <class T, class Acc, int kAccess, int kColumns, int kTile, int kWarps, int kStages, int kLoaders>
__global__ void __launch_bounds__((kWarps + (kColumns + kWarpThreads - 1) / kWarpThreads + kStages * kLoaders) *
                                      kWarpThreads,
                                  1)
    column_split(const T* in, Output<T, Acc>* out, void* workspace, long long outer, long long n, long long inner) {
  using Split = ColumnSplit<T, Acc, kAccess, kColumns, kTile, kWarps, kStages, kLoaders>;
  let_next_launch_start();
  __shared__ ColumnSplitSlot slots[kStages];
  unsigned char* shared = dynamic_shared();
  unsigned* counter = static_cast<unsigned*>(workspace);
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; ++s) {
      barrier_init(&slots[s].free, Split::kScanners);
      barrier_init(&slots[s].summed, Split::kLoaders);
      barrier_init(&slots[s].known, Split::kLookers);
    }
    barrier_init_end();
  }
  __syncthreads();
  const Split split(in, out, workspace, outer, n, inner);
  // A tile that some block will have first, by one thread of each: which block is known once the launch in front has
  // cleared the tickets.
  if (threadIdx.x == Split::kScanners && blockIdx.x < split.count) {
    prefetch_tile(split, blockIdx.x);
  }
  wait_for_launch_in_front();

  const int thread = static_cast<int>(threadIdx.x) - Split::kScanners;
  if (thread < 0) {
    // One by one, so that neighbouring tiles go to different blocks and are there at about the same time.
    for (int s = 0; s < kStages; ++s) {
      if (threadIdx.x == 0) {
        slots[s].ticket = take_ticket(counter);
      }
      barrier_arrive(&slots[s].free);
    }
    empty_slots(split, slots, shared, counter);
  } else if (thread < Split::kLookers) {
    look_up(split, slots, shared, thread);
  } else {
    const int loader = thread - Split::kLookers;
    const int s = loader / Split::kLoaders;
    unsigned char* data = shared + s * Split::kSlotBytes;
    Acc* sums = reinterpret_cast<Acc*>(data + Split::kDataBytes) + kColumns;
    fill_slot(split, slots[s], data, sums, s, loader % Split::kLoaders);
  }
}

}  // namespace scantune
