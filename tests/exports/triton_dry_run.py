#!/usr/bin/env python3
"""Tries a triton export where there is no GPU: compiles its kernels, and has Triton's interpreter run them.

    scantune export --best results/h200-standard.json --format triton --out build/exports/triton
    tests/exports/triton_dry_run.py build/exports/triton/reverse_cumsum.py

Needs PyTorch, Triton and, for the interpreter, NumPy below 2.3; some minutes. Every kernel is compiled for every
type on sm_90, and for f32 on sm_80, 86, 89, 100 and 120. Results are those of small tiles, so that a few thousand elements have several
tiles, groups and shares. Programs run one after another: whether they wait for each other for ever only a GPU tells.
Exit code: 0 all is right, 1 not.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
import time

CAPABILITIES = {"f32": (80, 86, 89, 90, 100, 120)}  # of others sm_90 alone
# How the kernels are told of a type: that of x, of y, of the sums, and whether those have 64 bits.
TYPES = {"f32": ("fp32", "fp32", "float32", False), "f16": ("fp16", "fp16", "float32", False),
         "bf16": ("bf16", "bf16", "float32", False), "f64": ("fp64", "fp64", "float64", True),
         "i32": ("i32", "i64", "int64", True), "i64": ("i64", "i64", "int64", True), "u8": ("u8", "i64", "int64", True)}
SHAPES = [((5, 7), 1), ((5, 7), 0), ((3,), 0), ((1, 1), 0), ((9, 64), 1), ((8, 16), 1), ((33, 1500), 1),
          ((4, 1499), 1), ((3, 2048), 1), ((1, 4999), 1), ((1, 4096), 1), ((2, 5008), 1), ((3, 40, 33), 1),
          ((2, 400, 5), 1), ((900, 7), 0), ((3, 50, 64), 1), ((2000, 64), 0), ((2, 3, 4, 5), 2), ((2, 3, 4, 5), -4),
          ((30, 1030), -2), ((700, 33), 1), ((0, 4), 1), ((4, 0), 1)]
SMALL = {"short_rows": (2, 1), "rows": (64, 1, 1), "odd_rows": (64, 1, 1), "chained_rows": (64, 1, 32, 1 << 20),
         "odd_chained_rows": (64, 1, 32, 1 << 20), "columns": (8, 16, 1, 1, 4)}


def load(path):
    spec = importlib.util.spec_from_file_location("reverse_cumsum", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- Compiling --------------------------------------------------------------------------------------------------------


def variants(module, size, out_size, SUM, wide):
    """[(kernel, constants, warps)]: what the module launches for elements of so many bytes."""
    width = max(2, 16 // max(size, out_size))
    rows, warps = module.tuned("short_rows", 256, size)
    yield module.short_rows_kernel, {"ROWS": rows, "BLOCK": 256, "WIDTH": width, "EVEN": True, "SUM": SUM}, warps
    yield module.short_rows_kernel, {"ROWS": rows, "BLOCK": 256, "WIDTH": 1, "EVEN": False, "SUM": SUM}, warps
    for what, aligned in (("rows", True), ("odd_rows", False)):
        tile, warps, stages = module.tuned(what, 32768, size)
        for even in (True, False) if aligned else (False,):
            yield module.rows_kernel, {"BLOCK": tile, "WIDTH": width, "EVEN": even, "ALIGNED": aligned,
                                       "STAGES": stages, "SUM": SUM}, warps
        tile, warps, group, _ = module.tuned("chained_" + what if aligned else "odd_chained_rows", 1 << 28, size)
        yield module.chained_rows_kernel, {"BLOCK": tile, "WIDTH": width, "GROUP": max(group, 32 * warps),
                                           "ALIGNED": aligned, "SUM": SUM, "WIDE": wide}, warps
    rows, columns, warps, stages, _ = module.tuned("columns", 32768, size)
    tile = {"ROWS": rows, "COLUMNS": columns, "STAGES": stages, "SUM": SUM}
    yield module.column_sums_kernel, tile, warps
    for shared, even in itertools.product((True, False), repeat=2):
        yield module.columns_kernel, dict(tile, SHARED=shared, EVEN=even), warps


def compile_all(module):
    import triton
    import triton.language as tl
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource
    sizes = {"fp16": 2, "bf16": 2, "fp32": 4, "fp64": 8, "i32": 4, "i64": 8, "u8": 1}
    count = 0
    for name, capability in [(name, one) for name in TYPES for one in CAPABILITIES.get(name, (90,))]:
        x, y, sums, wide = TYPES[name]
        pointers = {"x_ptr": "*" + x, "y_ptr": "*" + y, "words_ptr": "*i64",
                    "sums_ptr": "*" + (y if wide else "fp32")}
        for kernel, constants, warps in variants(module, sizes[x], sizes[y], getattr(tl, sums), wide):
            names = kernel.arg_names
            signature = {name: "constexpr" if name in constants else pointers.get(name, "i32") for name in names}
            # Multiples of 16, as torch's allocations and the sizes of aligned rows are.
            aligned = [name for name in names if name in pointers or name in ("n", "inner")
                       and constants.get("ALIGNED", True)]
            source = ASTSource(kernel, signature, {(names.index(name),): value for name, value in constants.items()},
                               {(names.index(name),): [["tt.divisibility", 16]] for name in aligned})
            made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
            if made.metadata.shared > 99 * 1024:
                raise AssertionError("{} for {} on sm_{}: {} bytes of shared memory".format(
                    kernel.__name__, x, capability, made.metadata.shared))
            count += 1
    return count


# --- Results ----------------------------------------------------------------------------------------------------------


def interpret_all(module):
    import torch
    integers = (torch.int32, torch.int64, torch.int16, torch.bool)
    tuned, module.tuned = module.tuned, lambda what, size, element_bytes: SMALL[what]
    module.multiprocessors = lambda x: 4
    count = 0
    for (shape, dim), dtype in itertools.product(SHAPES, (torch.float32, torch.float16, torch.bfloat16,
                                                          torch.float64) + integers):
        y = torch.randint(-15, 16, shape)
        x = y.clone()
        if y.numel() and y.shape[dim] > 1:  # differences of neighbours, which add up exactly in any order
            n = y.shape[dim]
            x.narrow(dim, 0, n - 1).sub_(y.narrow(dim, 1, n - 1))
        x = x.to(dtype)
        if dtype == torch.bool:
            y = torch.flip(torch.cumsum(torch.flip(x, [dim]), dim), [dim])
        found = module.reverse_cumsum(x, dim)
        wanted = y.to(torch.int64 if dtype in integers else dtype)
        if found.dtype != wanted.dtype or not torch.equal(found, wanted):
            raise AssertionError("{} dim {} {} is wrong".format(shape, dim, dtype))
        count += 1
    module.tuned = tuned
    return count


def main():
    path = os.path.abspath(sys.argv[1])
    if "--interpret" in sys.argv:  # a process of its own: Triton looks at this when it is imported
        print("interpreted: {} cases are right".format(interpret_all(load(path))))
        return 0
    started = time.monotonic()
    print("compiled: {} kernels in {:.0f} s".format(compile_all(load(path)), time.monotonic() - started), flush=True)
    return subprocess.run([sys.executable, __file__, path, "--interpret"],
                          env=dict(os.environ, TRITON_INTERPRET="1")).returncode


if __name__ == "__main__":
    sys.exit(main())
