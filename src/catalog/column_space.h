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

// The values of `columns` that make rows of a tile of these bytes.
Param columns(const std::vector<int64_t>& bytes, const Workload& workload);
// The values of `rows`, given for accesses of 16 bytes: of narrower ones a thread makes more, up to 64.
Param rows(const std::vector<int64_t>& rows, const Workload& workload);
Param warps(const std::vector<int64_t>& warps);
Param blocks(const std::vector<int64_t>& blocks);

// The tile of a variant: it has the parameters columns, warps and rows.
ColumnTileParams tile(const Variant& variant, const Workload& workload);
// The parameter `blocks` of a variant, 1 where it has none: how many blocks an SM is to hold.
int blocks_per_sm(const Variant& variant);

// Bytes of a tile that lie in the tensor.
int64_t tile_bytes(const Variant& variant, const Workload& workload);

// "ACCESS, COLUMNS, WARPS, ROWS", as the kernels take them.
std::string settings(const Variant& variant, const Workload& workload);

// The files a family is compiled from: its own two, those that all share, and others.
std::vector<SourceFile> sources(const std::string& family, const std::vector<std::string>& others = {});

// The rules that all keep to; `estimate` is the family's own.
std::vector<Constraint> constraints(ResourceEstimate (*estimate)(const Variant&, const Workload&, const Chip&));

}  // namespace scantune::column_space
