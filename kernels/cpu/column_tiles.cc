// How tensors with inner > 1 are cut in tiles, and the memory that families need for that.
#include "cpu/families.h"

namespace scantune::cpu {
namespace {

constexpr int64_t kLowWidth = 256;
constexpr int64_t kLeastHeight = 64;

}  // namespace

ColumnTiles::Place ColumnTiles::place(int64_t ticket) const {
  const int64_t group = count() / (levels() * strips()) - 1 - ticket / strips() / levels();
  return {group * slabs, levels() - 1 - ticket / strips() % levels(), ticket % strips()};
}

ColumnBlock ColumnTiles::block(const Place& place, void* sums) const {
  const auto& [slab, level, strip] = place;
  const int64_t lines = std::min(tensor.n - level * height, height);
  const int64_t more_slabs = std::min(slabs, tensor.outer - slab) - 1;
  const int64_t begin = slab * tensor.n + level * height;
  return {tensor.in,     tensor.out,
          tensor.n,      tensor.inner,
          begin,         begin + lines + more_slabs * tensor.n,
          strip * width, std::min(tensor.inner, (strip + 1) * width),
          sums};
}

ColumnTiles low_tiles(const Tensor& tensor, int64_t tile) {
  const int64_t width = std::min(tensor.inner, kLowWidth);
  const int64_t height = std::clamp<int64_t>(tile / width, std::min(kLeastHeight, tensor.n), tensor.n);
  const int64_t slabs = height < tensor.n ? 1 : std::clamp<int64_t>(tile / (tensor.n * width), 1, tensor.outer);
  return {tensor, width, height, slabs};
}

ColumnSums::ColumnSums(const ColumnTiles& tiles, int accumulator_bytes, Workspace& workspace)
    : tiles_(tiles), accumulator_bytes_(accumulator_bytes) {
  const Tensor& tensor = tiles.tensor;
  const int64_t bytes = tensor.outer * (tiles.levels() - 1) * tensor.inner * accumulator_bytes;
  const auto lines = static_cast<size_t>(bytes / static_cast<int64_t>(sizeof(Workspace::Line)) + 1);
  workspace.column_sums.resize(std::max(workspace.column_sums.size(), lines));
  memory_ = workspace.column_sums.front().bytes;
}

std::byte* ColumnSums::of(const ColumnTiles::Place& place) const {
  const int64_t line = place.slab * (tiles_.levels() - 1) + place.level - 1;
  return memory_ + (line * tiles_.tensor.inner + place.strip * tiles_.width) * accumulator_bytes_;
}

int64_t workspace_bytes(int64_t outer, int64_t n, int64_t inner, int accumulator_bytes) {
  constexpr int64_t kSmallestTile = 1024;  // of the spaces in src/catalog
  const auto tile_bytes = static_cast<int64_t>(sizeof(TileState) + sizeof(Sum));
  if (inner == 1) {
    return (outer * n / kSmallestTile + 1) * 2 * tile_bytes;  // tile_chain keeps two sums a tile
  }
  const int64_t cuts = outer * ((n - 1) / kLeastHeight);
  const int64_t strips = (inner + kLowWidth - 1) / kLowWidth;
  return cuts * (inner * accumulator_bytes + strips * tile_bytes) + outer * strips * (cuts > 0 ? tile_bytes : 0);
}

}  // namespace scantune::cpu
