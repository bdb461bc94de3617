// What the CUDA families that work on tiles of columns have in common: their parameters and the rules over
// them. They sum along a dimension that is not the innermost.
#pragma once

#include <string>
#include <vector>

#include "columns.launch.h"
#include "core/kernel.h"

namespace scantune::column_space {

// Why they cannot do a workload; empty where they can.
std::string refuses(const Workload& workload, const Chip& chip);

// Bytes that a thread takes of a row at once.
int access_bytes(const Workload& workload);

// Parameters. Where the scanned dimension is short, tiles are wide, and where a whole n x inner matrix is
// small, blocks are, too.
Param columns(const Workload& workload);
Param warps(const Workload& workload);
Param rows(const Workload& workload);
Param blocks(const Workload& workload);

// The tile of a variant that has the first three of these.
ColumnTileParams tile(const Variant& variant, const Workload& workload);

// Bytes of a tile that lie in the tensor.
int64_t tile_bytes(const Variant& variant, const Workload& workload);

// "ACCESS, COLUMNS, WARPS, ROWS", as the kernels take them.
std::string settings(const Variant& variant, const Workload& workload);

// The files a family is compiled from: its own two, those that all share, and others.
std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others = {});

// What the kernels can be instantiated with, whatever a user's space has. First among a family's constraints: the
// launch rules count in int, and on these being kept.
Constraint tile_is_possible();
Constraint blocks_are_possible();

// A row of the tile is at least one access, and no wider than the block.
Constraint row_of_accesses();
// A tile is less than twice as wide as the rows of the tensor, unless it is the narrowest.
Constraint not_wider_than_the_rows();
// A tile is less than twice as high as the columns of the tensor, unless its threads hold the fewest rows.
Constraint not_higher_than_the_columns();

// Whether a variant's blocks fit an SM: by their threads, and by the registers they need. `registers` is what a
// thread needs, `blocks` how many of them an SM is to hold.
bool fits_registers(int registers, const ColumnTileParams& tile, int blocks, const Chip& chip);
// Shared memory a block declares: it may have no more than 48 KB of it, and as many blocks must fit.
bool fits_shared_memory(int64_t bytes, int blocks, const Chip& chip);

}  // namespace scantune::column_space
