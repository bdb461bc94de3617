"""Which kernel sums a tensor, and how it is launched. Needs no GPU and no torch."""

import collections
import math

SIZES = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8, "i32": 4, "i64": 8}
CUDA_TYPES = {"f16": "scantune::Half", "bf16": "scantune::BFloat16", "f32": "float", "f64": "double", "i32": "int",
              "i64": "long long"}
WARP = 32
ACCESS = 16  # bytes, the widest access of a thread
MOST_BLOCKS = 2147483647  # of a grid; kernels loop over what lies beyond

# A tensor as kernels see it: element (o, i, k) lies at (o * n + i) * inner + k, and i is summed along.
Geometry = collections.namedtuple("Geometry", "outer n inner")
# Element type and type of the sums. i32 summed in i64 gives i64, as torch has it.
Types = collections.namedtuple("Types", "dtype accumulator")
Chip = collections.namedtuple("Chip", "name capability multiprocessors")
Variant = collections.namedtuple("Variant", "kernel params")
# `resident`: more blocks than the GPU holds at once would find nothing to do, so `blocks` is cut down to those.
Launch = collections.namedtuple("Launch", "entry blocks threads shared_bytes resident")
Plan = collections.namedtuple("Plan", "variant launches workspace_bytes")


def ceil_div(count, size):
    return -(-count // size)


def power_of_two(count):
    return 1 << max(0, count - 1).bit_length()


def launch(function, types, settings, blocks, threads, shared_bytes=0, resident=False):
    arguments = (CUDA_TYPES[types.dtype], CUDA_TYPES[types.accumulator]) + tuple(settings)
    return Launch("scantune::{}<{}>".format(function, ", ".join(map(str, arguments))), min(blocks, MOST_BLOCKS),
                  threads, shared_bytes, resident)


def status_words(types):
    """64-bit words that hand a sum from one block to another."""
    return SIZES[types.accumulator] // 4


# --- Launch rules, those of kernels/FAMILY.launch.h. None where the family does not do the tensor. ------------------


def row_carry(p, g, types, chip):
    if g.inner != 1:
        return None
    shared = 0
    if p["storage"] != "registers":
        shared = p["stages"] * (p["tile"] * SIZES[types.dtype] + (8 if p["storage"] == "bulk" else 0))
    settings = (p["tile"], p["warps"], p["stages"], "scantune::Storage::" + p["storage"])
    return [launch("row_carry", types, settings, g.outer, p["warps"] * WARP, shared)], 0


def short_row(p, g, types, chip):
    capacity = p["vectors"] * WARP * ACCESS
    row_bytes = g.n * SIZES[types.dtype]
    if g.inner != 1 or g.n > 8192 or row_bytes > 4 * capacity:
        return None
    whole = ACCESS // math.gcd(row_bytes, ACCESS)  # rows that end where an access does
    rows = capacity // row_bytes
    rows = rows // whole * whole if rows >= whole else max(1, rows)
    blocks = ceil_div(ceil_div(g.outer, rows), p["warps"])
    return [launch("short_row", types, (p["vectors"], p["warps"]), blocks, p["warps"] * WARP)], 0


def long_row(p, g, types, chip):
    tiles = g.outer * ceil_div(g.n, p["tile"])
    if g.inner != 1 or tiles > MOST_BLOCKS:
        return None
    words = 16 + tiles * p["loaders"] * (status_words(types) if SIZES[types.dtype] == 2 else 2)
    settings = (p["tile"], p["warps"], p["stages"], p["loaders"], "scantune::Storage::" + p["storage"])
    threads = (p["warps"] + 1 + p["stages"] * p["loaders"]) * WARP
    return [launch("long_row_reset", types, settings, ceil_div(words, 256), 256),
            launch("long_row", types, settings, tiles, threads, p["stages"] * p["tile"] * SIZES[types.dtype],
                   resident=True)], 8 * words


ColumnTile = collections.namedtuple("ColumnTile", "access strips slabs settings")


def column_access(g, types):
    """Bytes that a thread of a column kernel takes at once; what they become is no wider than an access."""
    size = SIZES[types.dtype]
    result = SIZES[types.accumulator] if types.dtype == "i32" else size
    return max(size, math.gcd(g.inner * size, ACCESS // result * size))


def column_tile(p, g, types):
    """None where a row of the tile is narrower than an access or wider than the block."""
    size = SIZES[types.dtype]
    access = column_access(g, types)
    across = p["columns"] * size // access
    threads = p["warps"] * WARP
    if across < 1 or across > threads:
        return None
    rows = threads // across * p["rows"]
    return ColumnTile(access, ceil_div(g.inner, p["columns"]), ceil_div(g.n, rows),
                      (access, p["columns"], p["warps"], p["rows"]))


def column_carry(p, g, types, chip):
    tile = column_tile(p, g, types)
    if g.inner == 1 or tile is None:
        return None
    tiles = g.outer * tile.strips * tile.slabs
    if tiles > MOST_BLOCKS:
        return None
    words = 1 + (0 if tile.slabs == 1 else g.outer * g.inner * status_words(types))
    return [launch("column_carry_reset", types, tile.settings, ceil_div(words, 256), 256),
            launch("column_carry", types, tile.settings + (p["blocks"], p["interleave"]),
                   min(tiles, chip.multiprocessors * p["blocks"]), p["warps"] * WARP)], 8 * words


def column_split(p, g, types, chip):
    size = SIZES[types.dtype]
    if g.inner == 1:
        return None
    access = column_access(g, types)
    columns = min(g.inner, p["columns"])
    across = columns * size // access
    runs = p["warps"] * WARP // across if across else 0
    run_rows = p["tile"] // (columns * runs) if runs else 0
    if across * access % 128 != 0 and run_rows % 2 == 0:
        run_rows -= 1
    if run_rows < 1:
        return None
    slabs = ceil_div(g.n, runs * run_rows)
    lines = g.outer * ceil_div(g.inner, columns)
    tiles = lines * slabs
    if tiles > MOST_BLOCKS:
        return None
    words = 16 + lines * (slabs + ceil_div(slabs, 16)) * p["columns"] * status_words(types)
    warps = p["warps"] + ceil_div(p["columns"], WARP) + p["stages"] * p["loaders"]
    slot = (p["tile"] * size + (ACCESS if access < ACCESS else 0) +
            (p["columns"] + p["warps"] * WARP * (access // size)) * SIZES[types.accumulator])
    settings = (access, p["columns"], p["tile"], p["warps"], p["stages"], p["loaders"])
    return [launch("column_split_reset", types, settings, ceil_div(words, 256 * 8), 256),
            launch("column_split", types, settings, tiles, warps * WARP, p["stages"] * slot, resident=True)], 8 * words


def three_pass(p, g, types, chip):
    threads = p["warps"] * WARP
    if g.inner == 1:
        if "tile" not in p:
            return None
        tiles = g.outer * ceil_div(g.n, p["tile"])
        settings = (p["tile"], p["warps"], p["stages"])
        blocks = ceil_div(tiles, p["stages"])
        return [launch("block_sums", types, settings, blocks, threads),
                launch("block_prefix", types, settings, g.outer, threads),
                launch("cumsum_with_prefix", types, settings, blocks, threads)], tiles * SIZES[types.accumulator]
    tile = column_tile(p, g, types) if "columns" in p else None
    if tile is None:
        return None
    tiles = g.outer * tile.strips * tile.slabs
    return [launch("column_sums", types, tile.settings, tiles, threads),
            launch("column_prefix", types, tile.settings, g.outer * ceil_div(g.inner, WARP), threads),
            launch("column_cumsum_with_prefix", types, tile.settings, tiles, threads)], (
                g.outer * tile.slabs * g.inner * SIZES[types.accumulator])


FAMILIES = {"row_carry": row_carry, "short_row": short_row, "long_row": long_row, "column_carry": column_carry,
            "column_split": column_split, "three_pass": three_pass}


def plan_of(variant, g, types, chip):
    """The variant's launches, or None where it does not do the tensor, or is another scantune's."""
    try:
        made = FAMILIES[variant.kernel](variant.params, g, types, chip)
    except KeyError:  # the family, or a parameter of it
        return None
    return made and Plan(variant, *made)


# --- The choice ------------------------------------------------------------------------------------------------------


def regime(g, types, chip):
    """What decides which family is fast; a variant tuned in one says nothing about another."""
    row_bytes = g.n * SIZES[types.dtype]
    if g.inner > 1:
        strips = g.outer * ceil_div(g.inner * SIZES[types.dtype], 256)
        return "few columns" if strips < chip.multiprocessors and g.n >= 4096 else "columns"
    if row_bytes <= 4096:
        return "short rows"
    return "long rows" if g.outer < 16 * chip.multiprocessors and row_bytes >= 131072 else "rows"


def distance(a, b):
    """Between two tensors, in powers of two."""
    return sum(abs(math.log2(x) - math.log2(y)) for x, y in zip(a, b))


def untuned(g, types, chip):
    """Variants for tensors unlike any that was tuned, each but for the last possibly not for the chip."""
    size = SIZES[types.dtype]
    kind = regime(g, types, chip)
    variants = []
    if kind == "short rows":
        variants.append(Variant("short_row", {"vectors": 16, "warps": 8}))
    elif kind == "rows":
        tile, warps = (16384, 4) if g.n * size <= 65536 else (65536, 8)
        variants.append(Variant("row_carry", {"tile": tile // size, "warps": warps, "stages": 1,
                                              "storage": "registers"}))
    elif kind == "long rows":
        variants.append(Variant("long_row", {"tile": 16384 // size, "warps": 8, "stages": 4, "loaders": 1,
                                             "storage": "async"}))
    columns = max(ACCESS // size, min(256 // size, power_of_two(g.inner)))
    if kind == "columns":
        variants.append(Variant("column_carry", {"columns": columns, "warps": 8, "rows": 8, "blocks": 2,
                                                 "interleave": 50}))
    if g.inner > 1:
        variants.append(Variant("three_pass", {"columns": columns, "warps": 16, "rows": 8}))
    else:
        variants.append(Variant("three_pass", {"tile": 16384 // size, "warps": 4, "stages": 1}))
    return variants


def candidates(tuned, g, types, chip):
    """Plans for a tensor, the likely fastest first, each of another variant; the last one is for every chip.

    Of what was tuned for the same types in the same regime: on this chip first, then on chips of its compute
    capability, then on others; there by distance. Behind these what nobody tuned.
    """
    def order(entry):
        return (entry["chip"] != chip.name) + (entry["capability"] != chip.capability), distance(entry["geometry"], g)

    kind = regime(g, types, chip)
    alike = [entry for entry in tuned if Types(*entry["types"]) == types
             and regime(Geometry(*entry["geometry"]), types, chip) == kind]
    variants = [Variant(entry["kernel"], entry["params"]) for entry in sorted(alike, key=order)]
    plans = []
    for variant in variants + untuned(g, types, chip):
        plan = plan_of(variant, g, types, chip)
        if plan is not None and all(plan.variant != other.variant for other in plans):
            plans.append(plan)
    return plans
