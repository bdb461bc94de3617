import torch
import torch.nn as nn
import triton
import triton.language as tl


@triton.jit
def publish(words_ptr, at, value, WIDE: tl.constexpr):
    """Hands a sum to other programs: each 64-bit word is 32 bits of it and a flag, so that no word is half there."""
    if WIDE:
        bits = value.to(tl.int64, bitcast=True)
        tl.atomic_xchg(words_ptr + 2 * at, (bits & 0xFFFFFFFF) | (1 << 32), sem="relaxed")
        tl.atomic_xchg(words_ptr + 2 * at + 1, ((bits >> 32) & 0xFFFFFFFF) | (1 << 32), sem="relaxed")
    else:
        bits = value.to(tl.int32, bitcast=True).to(tl.int64)
        tl.atomic_xchg(words_ptr + at, (bits & 0xFFFFFFFF) | (1 << 32), sem="relaxed")


@triton.jit
def words_when_ready(pointers, wanted):
    """The words of these pointers, read again until all of them have their flag; 0 with a flag where not wanted."""
    words = tl.load(pointers, mask=wanted, other=1 << 32, volatile=True)
    while tl.min(words) < (1 << 32):
        words = tl.load(pointers, mask=wanted, other=1 << 32, volatile=True)
    return words & 0xFFFFFFFF


@triton.jit
def sums_when_ready(words_ptr, at, wanted, SUM: tl.constexpr, WIDE: tl.constexpr):
    """What others published at these places; 0 where not wanted."""
    if WIDE:
        low = words_when_ready(words_ptr + 2 * at, wanted)
        high = words_when_ready(words_ptr + 2 * at + 1, wanted)
        return (low | (high << 32)).to(SUM, bitcast=True)
    else:
        return words_when_ready(words_ptr + at, wanted).to(tl.int32).to(SUM, bitcast=True)


@triton.jit
def appended(sum_a, before_a, sum_b, before_b):
    """Of two stretches, one after the other: the sum of both, and of all but the last element."""
    return sum_a + sum_b, sum_a + before_b


@triton.jit
def sums_before(x, WIDTH: tl.constexpr):
    """As reverse_sums, each element itself left out."""
    if WIDTH == 1:
        _, before = tl.associative_scan((x, tl.zeros_like(x)), 1, appended)
        return before
    else:
        low, high = tl.split(tl.reshape(x, (x.shape[0], x.shape[1], WIDTH // 2, 2)))
        pair = tl.reshape(low + high, (x.shape[0], x.shape[1], WIDTH // 2))
        right = sums_before(pair, WIDTH // 2)
        return tl.reshape(tl.join(right + high, right), x.shape)


@triton.jit
def reverse_sums(x, WIDTH: tl.constexpr):
    """Reverse cumulative sums of rows: [rows, vectors, WIDTH], where a row's last vector comes first.

    A scan from the last vector to the first needs no reversal of what lies in registers, which costs ten shuffles an
    element, and a thread's own vector, WIDTH elements as they lie in memory, needs none.
    """
    if WIDTH == 1:
        return tl.cumsum(x, axis=1)
    else:
        return x + sums_before(x, WIDTH)


@triton.jit
def places(BLOCK: tl.constexpr, WIDTH: tl.constexpr):
    """Where a tile's elements lie in memory, vectors from the last to the first: [1, vectors, WIDTH]."""
    vector = BLOCK // WIDTH - 1 - tl.arange(0, BLOCK // WIDTH)
    return vector[None, :, None] * WIDTH + tl.arange(0, WIDTH)[None, None, :]


@triton.jit
def short_rows_kernel(x_ptr, y_ptr, outer, n, ROWS: tl.constexpr, BLOCK: tl.constexpr, WIDTH: tl.constexpr,
                      EVEN: tl.constexpr, SUM: tl.constexpr):
    """A program takes ROWS whole rows at once."""
    row = (tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS))[:, None, None]
    column = places(BLOCK, WIDTH)
    offsets = row * n + column
    if EVEN:
        tl.store(y_ptr + offsets, reverse_sums(tl.load(x_ptr + offsets).to(SUM), WIDTH))
    else:
        inside = (row < outer) & (column < n)
        x = tl.load(x_ptr + offsets, mask=inside, other=0).to(SUM)
        tl.store(y_ptr + offsets, reverse_sums(x, WIDTH), mask=inside)


@triton.jit
def rows_kernel(x_ptr, y_ptr, n, BLOCK: tl.constexpr, WIDTH: tl.constexpr, EVEN: tl.constexpr, ALIGNED: tl.constexpr,
                STAGES: tl.constexpr, SUM: tl.constexpr):
    """A program walks a row from right to left. Rows that begin anywhere are walked in tiles of aligned memory."""
    begin = tl.program_id(0).to(tl.int64) * n
    column = places(BLOCK, WIDTH)
    carry = tl.full((), 0, SUM)
    if ALIGNED:
        at = begin + n // BLOCK * BLOCK
    else:
        at = (begin + n - 1) // BLOCK * BLOCK
    whole = tl.maximum(at - begin, 0) // BLOCK
    if not EVEN:
        first = tl.maximum(begin - at, 0).to(tl.int32)
        last = (begin + n - at).to(tl.int32)
        inside = (column >= first) & (column < last)
        x = tl.load(x_ptr + at + column, mask=inside, other=0).to(SUM)
        tl.store(y_ptr + at + column, reverse_sums(x, WIDTH), mask=inside)
        carry += tl.sum(x)
    for _ in tl.range(0, whole.to(tl.int32), num_stages=STAGES):
        at -= BLOCK
        x = tl.load(x_ptr + at + column).to(SUM)
        tl.store(y_ptr + at + column, reverse_sums(x, WIDTH) + carry)
        carry += tl.sum(x)
    if not ALIGNED:
        at -= BLOCK
        inside = column >= tl.minimum(begin - at, BLOCK).to(tl.int32)
        x = tl.load(x_ptr + at + column, mask=inside, other=0).to(SUM)
        tl.store(y_ptr + at + column, reverse_sums(x, WIDTH) + carry, mask=inside)


@triton.jit
def chained_rows_kernel(x_ptr, y_ptr, words_ptr, outer, n, tiles, groups, BLOCK: tl.constexpr, WIDTH: tl.constexpr,
                        GROUP: tl.constexpr, ALIGNED: tl.constexpr, SUM: tl.constexpr, WIDE: tl.constexpr):
    """Programs share rows: each takes the next tile by a ticket, from the end of memory to its beginning.

    What lies right of a tile is the sums of the tiles of its group right of it, always added in the same order, and
    the sum up to the end of that group, which the group's last tile hands on. A tile waits only for what programs with
    lower tickets publish before they wait themselves, or hand on; those run already. GROUP is no less than the threads
    of a program: of a word that two threads held, one might see it ready and the other not.
    """
    ticket = tl.atomic_add(words_ptr, 1, sem="relaxed")
    row = outer - 1 - ticket // tiles
    place = ticket % tiles  # from the right
    begin = row * n
    end = begin + n
    if ALIGNED:
        at = begin + (tiles - 1 - place) * BLOCK
    else:
        at = ((end - 1) // BLOCK - place) * BLOCK  # where rows begin anywhere, one tile more may cover them
    column = places(BLOCK, WIDTH)
    first = tl.minimum(tl.maximum(begin - at, 0), BLOCK).to(tl.int32)
    last = tl.minimum(tl.maximum(end - at, 0), BLOCK).to(tl.int32)
    whole = (first == 0) & (last == BLOCK)
    if whole:
        x = tl.load(x_ptr + at + column).to(SUM)
    else:
        x = tl.load(x_ptr + at + column, mask=(column >= first) & (column < last), other=0).to(SUM)
    total = tl.sum(x)
    sums = 1 + row * tiles
    ends = 1 + outer * tiles + row * groups
    publish(words_ptr, sums + place, total, WIDE)
    y = reverse_sums(x, WIDTH)

    # One look at all that is needed: lane by lane the group's tiles to the right and, in this tile's own lane, the sum
    # up to the group before.
    group = place // GROUP
    lane = group * GROUP + tl.arange(0, GROUP)
    wanted = (lane < place) | ((lane == place) & (group > 0))
    words = tl.where(lane == place, ends + group - 1, sums + lane)
    carry = tl.sum(sums_when_ready(words_ptr, words, wanted, SUM, WIDE), axis=0)
    if place % GROUP == GROUP - 1:
        publish(words_ptr, ends + group, carry + total, WIDE)
    if whole:
        tl.store(y_ptr + at + column, y + carry)
    else:
        tl.store(y_ptr + at + column, y + carry, mask=(column >= first) & (column < last))


@triton.jit
def column_sums_kernel(x_ptr, sums_ptr, n, inner, share, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
                       STAGES: tl.constexpr, SUM: tl.constexpr):
    """Sums of each share of the rows, for columns that are to be walked share by share."""
    strips = tl.cdiv(inner, COLUMNS)
    column = (tl.program_id(0) % strips) * COLUMNS + tl.arange(0, COLUMNS)
    matrix = (tl.program_id(0) // strips).to(tl.int64)
    part = tl.program_id(1)
    line = tl.arange(0, ROWS)
    first = part.to(tl.int64) * share
    last = tl.minimum(first + share, n)
    total = tl.zeros((ROWS, COLUMNS), SUM)
    for i in tl.range(0, tl.cdiv(last - first, ROWS).to(tl.int32), num_stages=STAGES):
        at = first + i * ROWS + line
        inside = (at < last)[:, None] & (column < inner)[None, :]
        total += tl.load(x_ptr + (matrix * n + at)[:, None] * inner + column[None, :], mask=inside, other=0).to(SUM)
    at = (matrix * tl.num_programs(1) + part) * inner + column
    tl.store(sums_ptr + at, tl.sum(total, axis=0), mask=column < inner)


@triton.jit
def columns_kernel(x_ptr, y_ptr, sums_ptr, n, inner, share, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
                   SHARED: tl.constexpr, EVEN: tl.constexpr, STAGES: tl.constexpr, SUM: tl.constexpr):
    """A program walks COLUMNS columns from the bottom up, ROWS at a time: all of the rows, or its share of them, which
    begins with the sums of the shares below."""
    strips = tl.cdiv(inner, COLUMNS)
    column = (tl.program_id(0) % strips) * COLUMNS + tl.arange(0, COLUMNS)
    matrix = (tl.program_id(0) // strips).to(tl.int64)
    part = tl.program_id(1)
    line = ROWS - 1 - tl.arange(0, ROWS)  # from the bottom up: a scan of registers in reverse is slow
    carry = tl.zeros((COLUMNS,), SUM)
    if SHARED:
        parts = tl.num_programs(1)
        for i in tl.range(0, tl.cdiv(parts - 1 - part, ROWS)):
            below = part + 1 + i * ROWS + line
            inside = (below < parts)[:, None] & (column < inner)[None, :]
            sums = (matrix * parts + below)[:, None] * inner + column[None, :]
            carry += tl.sum(tl.load(sums_ptr + sums, mask=inside, other=0), axis=0)
    first = part.to(tl.int64) * share
    last = tl.minimum(first + share, n)
    tiles = tl.cdiv(last - first, ROWS).to(tl.int32)
    for i in tl.range(0, tiles, num_stages=STAGES):
        at = first + (tiles - 1 - i) * ROWS + line
        offsets = (matrix * n + at)[:, None] * inner + column[None, :]
        if EVEN:
            x = tl.load(x_ptr + offsets).to(SUM)
            tl.store(y_ptr + offsets, tl.cumsum(x, axis=0) + carry[None, :])
        else:
            inside = (at < last)[:, None] & (column < inner)[None, :]
            x = tl.load(x_ptr + offsets, mask=inside, other=0).to(SUM)
            tl.store(y_ptr + offsets, tl.cumsum(x, axis=0) + carry[None, :], mask=inside)
        carry += tl.sum(x, axis=0)


def tuned(what, size, element_bytes):
    """The settings for columns or rows of a size, along which is summed: the first that are for no less, or the last.

    short_rows: rows a program, warps. rows: tile, warps, stages. chained_rows: tile, warps, tiles a group, and the
    rows a multiprocessor from which on rows are not shared. columns: rows, columns, warps, stages, programs a
    multiprocessor. Odd rows do not all begin at a multiple of 16 elements.
    """
    # scantune:tuned begin
    table = {
        ("chained_rows", 4): [(0, (8192, 8, 256, 4))],
        ("chained_rows", 8): [(0, (4096, 8, 256, 4))],
        ("columns", 4): [(0, (64, 32, 4, 3, 8))],
        ("columns", 8): [(0, (32, 32, 4, 3, 8))],
        ("odd_chained_rows", 4): [(0, (4096, 8, 256, 16))],
        ("odd_rows", 4): [(0, (2048, 4, 1))],
        ("rows", 4): [(0, (2048, 4, 1))],
        ("rows", 8): [(0, (1024, 4, 1))],
        ("short_rows", 4): [(32, (32, 4)), (64, (8, 1)), (256, (4, 1)), (512, (4, 2)), (0, (2, 2))],
    }
    # scantune:tuned end
    of_size = table.get((what, element_bytes)) or table[(what, 4)]
    return next((settings for most, settings in of_size if size <= most), of_size[-1][1])


def sum_type(dtype):
    """(the result's type, the type of the sums, whether those have 64 bits), as torch.cumsum has them."""
    if dtype in (torch.float16, torch.bfloat16, torch.float32):
        return dtype, tl.float32, False
    if dtype == torch.float64:
        return dtype, tl.float64, True
    if dtype.is_floating_point or dtype.is_complex:
        raise TypeError("reverse_cumsum of {}: expected f16, bf16, f32, f64, an integer type or bool".format(dtype))
    return torch.int64, tl.int64, True


def multiprocessors(x):
    return torch.cuda.get_device_properties(x.device).multi_processor_count if x.is_cuda else 1


def sum_rows(x, y, outer, n, SUM, WIDE):
    """Launches what sums along rows of n elements."""
    size = x.element_size()
    block = triton.next_power_of_2(n)
    aligned = n % 16 == 0
    # What a thread loads and stores at once, 16 bytes where memory is aligned to that.
    width = max(2, 16 // max(size, y.element_size())) if x.data_ptr() % 16 == 0 else 1
    if block <= 1024:
        rows, warps = tuned("short_rows", n, size)
        rows = min(rows, triton.next_power_of_2(outer))
        short_rows_kernel[(triton.cdiv(outer, rows),)](
            x, y, outer, n, ROWS=rows, BLOCK=block, WIDTH=width if aligned else 1,
            EVEN=n == block and outer % rows == 0, SUM=SUM, num_warps=warps)
        return
    tile, warps, group, few = tuned("chained_rows" if aligned else "odd_chained_rows", n, size)
    if n > 2 * tile and outer < few * multiprocessors(x):
        tiles = triton.cdiv(n, tile) + (0 if aligned else 1)
        group = max(group, 32 * warps)
        groups = triton.cdiv(tiles, group)
        words = torch.zeros((1 + outer * (tiles + groups)) * (2 if WIDE else 1), dtype=torch.int64, device=x.device)
        chained_rows_kernel[(outer * tiles,)](x, y, words, outer, n, tiles, groups, BLOCK=tile, WIDTH=width,
                                              GROUP=group, ALIGNED=aligned, SUM=SUM, WIDE=WIDE, num_warps=warps)
        return
    tile, warps, stages = tuned("rows" if aligned else "odd_rows", n, size)
    tile = min(tile, block)
    rows_kernel[(outer,)](x, y, n, BLOCK=tile, WIDTH=width, EVEN=n % tile == 0, ALIGNED=aligned, STAGES=stages,
                          SUM=SUM, num_warps=warps)


def sum_columns(x, y, outer, n, inner, SUM, WIDE):
    """Launches what sums along columns of n elements, inner of which lie side by side."""
    rows, columns, warps, stages, programs = tuned("columns", n, x.element_size())
    elements = rows * columns
    columns = min(columns, triton.next_power_of_2(inner))
    rows = min(elements // columns, triton.next_power_of_2(n))
    warps = max(1, min(warps, rows * columns // 256))
    lines = outer * triton.cdiv(inner, columns)
    # Shares that have all multiprocessors at work; not worth it for a few tiles.
    parts = max(1, min(programs * multiprocessors(x) // lines, n // (4 * rows), 65535))
    share = triton.cdiv(triton.cdiv(n, parts), rows) * rows
    parts = triton.cdiv(n, share)
    sums = y
    if parts > 1:
        sums = torch.empty(outer * parts * inner, dtype=torch.float32 if not WIDE else y.dtype, device=x.device)
        column_sums_kernel[(lines, parts)](x, sums, n, inner, share, ROWS=rows, COLUMNS=columns, STAGES=stages,
                                           SUM=SUM, num_warps=warps)
    columns_kernel[(lines, parts)](x, y, sums, n, inner, share, ROWS=rows, COLUMNS=columns, SHARED=parts > 1,
                                   EVEN=n % rows == 0 and inner % columns == 0, STAGES=stages, SUM=SUM,
                                   num_warps=warps)


@torch.compiler.disable
def reverse_cumsum(x, dim):
    """y[..., i, ...] = x[..., i, ...] + x[..., i + 1, ...] + ... along a dimension, in the types of torch.cumsum.

    A tensor whose elements fill its memory, in whatever order of dimensions, is read and written as it lies.
    """
    dtype, SUM, WIDE = sum_type(x.dtype)
    if not -max(1, x.ndim) <= dim < max(1, x.ndim):
        raise IndexError("reverse_cumsum along dim {}: the tensor has {} dimensions".format(dim, x.ndim))
    if x.numel() == 0 or x.ndim == 0:
        return x.to(dtype, copy=True)
    order = sorted(range(x.ndim), key=lambda d: -x.stride(d))
    place = order.index(dim % x.ndim)
    x = x.permute(order).contiguous()
    y = torch.empty(x.shape, dtype=dtype, device=x.device)
    result = y.permute([order.index(d) for d in range(x.ndim)])
    if x.dtype == torch.bool:
        x = x.view(torch.uint8)
    n = x.shape[place]
    inner = x.shape[place + 1:].numel()
    outer = x.numel() // (n * inner)
    with torch.cuda.device_of(x):
        if inner == 1:
            sum_rows(x, y, outer, n, SUM, WIDE)
        else:
            sum_columns(x, y, outer, n, inner, SUM, WIDE)
    return result


class ModelNew(nn.Module):
    """Reverse cumulative sums along a dimension."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        return reverse_cumsum(x, self.dim)
