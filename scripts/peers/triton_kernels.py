"""Reverse cumulative sums as one would write them in Triton: one pass, nothing flipped, the running sum carried."""

import triton
import triton.language as tl


@triton.jit
def short_rows_kernel(x_ptr, y_ptr, outer, n, ROWS: tl.constexpr, BLOCK: tl.constexpr, EVEN: tl.constexpr,
                      SUM: tl.constexpr):
    """A program takes ROWS whole rows at once."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, BLOCK)
    offsets = row[:, None] * n + column[None, :]
    if EVEN:
        tl.store(y_ptr + offsets, tl.cumsum(tl.load(x_ptr + offsets).to(SUM), axis=1, reverse=True))
    else:
        inside = (row < outer)[:, None] & (column < n)[None, :]
        x = tl.load(x_ptr + offsets, mask=inside, other=0).to(SUM)
        tl.store(y_ptr + offsets, tl.cumsum(x, axis=1, reverse=True), mask=inside)


@triton.jit
def rows_kernel(x_ptr, y_ptr, n, BLOCK: tl.constexpr, EVEN: tl.constexpr, STAGES: tl.constexpr, SUM: tl.constexpr):
    """A program walks a row from right to left, BLOCK elements at a time."""
    row = tl.program_id(0).to(tl.int64) * n
    column = tl.arange(0, BLOCK)
    carry = tl.full((), 0, SUM)
    tiles = tl.cdiv(n, BLOCK)
    for i in tl.range(0, tiles, num_stages=STAGES):
        at = (tiles - 1 - i) * BLOCK + column
        if EVEN:
            x = tl.load(x_ptr + row + at).to(SUM)
            tl.store(y_ptr + row + at, tl.cumsum(x, axis=0, reverse=True) + carry)
        else:
            x = tl.load(x_ptr + row + at, mask=at < n, other=0).to(SUM)
            tl.store(y_ptr + row + at, tl.cumsum(x, axis=0, reverse=True) + carry, mask=at < n)
        carry += tl.sum(x, axis=0)


@triton.jit
def columns_kernel(x_ptr, y_ptr, n, inner, ROWS: tl.constexpr, COLUMNS: tl.constexpr, EVEN: tl.constexpr,
                   STAGES: tl.constexpr, SUM: tl.constexpr):
    """A program walks COLUMNS columns from the bottom up, ROWS of their elements at a time."""
    strips = tl.cdiv(inner, COLUMNS)
    outer = (tl.program_id(0) // strips).to(tl.int64)
    column = (tl.program_id(0) % strips) * COLUMNS + tl.arange(0, COLUMNS)
    line = tl.arange(0, ROWS)
    carry = tl.zeros((COLUMNS,), SUM)
    tiles = tl.cdiv(n, ROWS)
    for i in tl.range(0, tiles, num_stages=STAGES):
        at = (tiles - 1 - i) * ROWS + line
        offsets = (outer * n + at)[:, None] * inner + column[None, :]
        if EVEN:
            x = tl.load(x_ptr + offsets).to(SUM)
        else:
            inside = (at < n)[:, None] & (column < inner)[None, :]
            x = tl.load(x_ptr + offsets, mask=inside, other=0).to(SUM)
        y = tl.cumsum(x, axis=0, reverse=True) + carry[None, :]
        if EVEN:
            tl.store(y_ptr + offsets, y)
        else:
            tl.store(y_ptr + offsets, y, mask=inside)
        carry += tl.sum(x, axis=0)


SUM_TYPES = {"f32": tl.float32, "f16": tl.float32, "bf16": tl.float32, "f64": tl.float64, "i32": tl.int32,
             "i64": tl.int64}
SHORT_ROW = 512  # elements up to which a program gets several rows

# Elements a block takes at a time, and warps: 8 to 64 elements a thread.
ROW_TILES = [(4096, 8), (8192, 16), (8192, 8), (2048, 8), (2048, 4), (4096, 16), (16384, 16), (1024, 4), (16384, 32),
             (4096, 4), (32768, 32), (8192, 32), (1024, 8)]
COLUMN_TILES = [(64, 64, 8), (32, 64, 4), (32, 128, 4), (64, 128, 8), (64, 32, 4), (128, 64, 8), (16, 128, 4),
                (128, 32, 8), (128, 128, 16), (32, 256, 8), (256, 32, 8), (16, 64, 4)]
STAGES = (3, 1)


def power_of_two(n):
    return 1 << (n - 1).bit_length()


def row_settings(outer, n):
    """(rows, block, warps, stages), the likely best first."""
    if n <= SHORT_ROW:
        block = power_of_two(n)
        # All of a row at once, so there is nothing to pipeline.
        return [(rows, block, warps, 1) for rows in (16, 4, 64, 1, 32, 8, 128) for warps in (4, 1, 8)
                if 2 <= rows * block / (32 * warps) <= 64]
    return [(1, block, warps, stages) for block, warps in ROW_TILES for stages in STAGES
            if block < 2 * power_of_two(n) and (stages == 1 or block < n)]


def column_settings(n, inner):
    """(rows, columns, warps, stages)"""
    settings = [(rows, columns, warps, stages) for rows, columns, warps in COLUMN_TILES for stages in STAGES
                if columns <= power_of_two(inner) and rows <= power_of_two(n)]
    return settings or [(min(16, power_of_two(n)), min(16, power_of_two(inner)), 4, 1)]


def row_arguments(workload, settings):
    """(kernel, programs, integer arguments, constants and options) of a launch along rows."""
    rows, block, warps, stages = settings
    constants = dict(BLOCK=block, EVEN=workload.outer % rows == 0 and workload.n % block == 0,
                     SUM=SUM_TYPES[workload.dtype], num_warps=warps)
    if workload.n <= SHORT_ROW:
        return short_rows_kernel, -(-workload.outer // rows), (workload.outer, workload.n), dict(constants, ROWS=rows)
    return rows_kernel, workload.outer, (workload.n,), dict(constants, STAGES=stages)


def column_arguments(workload, settings):
    rows, columns, warps, stages = settings
    even = workload.n % rows == 0 and workload.inner % columns == 0
    return (columns_kernel, workload.outer * -(-workload.inner // columns), (workload.n, workload.inner),
            dict(ROWS=rows, COLUMNS=columns, EVEN=even, STAGES=stages, SUM=SUM_TYPES[workload.dtype], num_warps=warps))


def launches(workload):
    """[(settings in words, kernel, programs, integer arguments, options)] that are worth trying."""
    if workload.inner == 1:
        return [("rows={} block={} warps={} stages={}".format(*settings),) + row_arguments(workload, settings)
                for settings in row_settings(workload.outer, workload.n)]
    return [("rows={} columns={} warps={} stages={}".format(*settings),) + column_arguments(workload, settings)
            for settings in column_settings(workload.n, workload.inner)]
