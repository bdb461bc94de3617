"""What is compared: each contender offers its settings for a workload, the likely best first.

A setting is (words, make), where make() returns run(input, output) -> result: the output given, or a tensor of its
own where the contender allocates. A contender that cannot do a workload raises NotApplicable with the reason.
"""

import sys

import torch

import best as best_files
import cub
import seed_text
import triton_kernels
from winner import Winner

SEED_BLOCKS = (2048, 4096)
SEED_BLOCKS_OF_LONG_ROWS = (8192, 32768)  # the first that fits the grid, where smaller ones do not


class NotApplicable(Exception):
    """Why a contender does not do a workload, in a few words."""


def stream():
    return torch.cuda.current_stream().cuda_stream


class Scantune:
    id, title = "scantune", "scantune"
    what = "the winner in the best file, compiled by NVRTC from kernels/ and launched as recorded there"

    def __init__(self, gpu, nvrtc, kernels, best, failures):
        self.gpu, self.nvrtc, self.kernels, self.best, self.failures = gpu, nvrtc, kernels, best, failures
        self.loaded = None

    def settings(self, workload):
        if isinstance(self.nvrtc, str):
            raise NotApplicable(self.nvrtc)
        entry = best_files.entry_of(self.best, workload, self.gpu.name)
        if entry is None:
            raise NotApplicable(self.failures.get(workload.name, "not in the best file"))

        def make():
            self.loaded = Winner(self.gpu, self.nvrtc, self.kernels, entry, workload,
                                 lambda count: torch.empty(count, dtype=torch.uint8, device="cuda"))

            def run(x, out):
                self.loaded(x.data_ptr(), out.data_ptr(), stream())
                return out
            return run
        return [(entry["winner"]["variant"], make)]

    def fault(self):
        """What verification of the result does not show."""
        return None if self.loaded is None or self.loaded.intact() else "wrote behind its workspace"

    def forget(self):
        if self.loaded is not None:
            self.loaded.close()
            self.loaded = None


class Contender:
    """What most of them need no more of."""

    def fault(self):
        return None

    def forget(self):
        pass


class Seed(Contender):
    """The seed with the block size that it comes with, or at the best of several."""

    def __init__(self, code, folder, best_block, modules):
        self.code, self.folder, self.best_block = code, folder, best_block
        self.modules = modules  # by block size; Triton's own autotuning is kept in them
        own = seed_text.block_size(code)
        self.id = "seed_best_block" if best_block else "seed"
        self.title = "seed, best block" if best_block else "seed"
        self.what = "the seed's three-pass Triton, flips included, BLOCK_N = {}".format(
            "best of several" if best_block else "{} as it comes".format(own))

    def blocks(self, workload):
        own = seed_text.block_size(self.code)
        if not self.best_block:
            return [own]
        largest = 2 * triton_kernels.power_of_two(workload.n)
        blocks = [own] + [block for block in SEED_BLOCKS if block < largest]
        if all(seed_text.refusal(workload.n, block) for block in blocks):
            blocks += [block for block in SEED_BLOCKS_OF_LONG_ROWS if not seed_text.refusal(workload.n, block)][:1]
        return [block for block in blocks if block == own or not seed_text.refusal(workload.n, block)]

    def settings(self, workload):
        def setting(block):
            def make():
                if block not in self.modules:
                    self.modules[block] = seed_text.load(self.folder, block)
                model = self.modules[block].ModelNew(workload.dim)

                def run(x, out):
                    try:
                        return model.forward(x)
                    except RuntimeError as error:
                        refusal = seed_text.refusal(workload.n, block)
                        if refusal and "invalid argument" in str(error):
                            raise RuntimeError(refusal) from error
                        raise
                return run
            return "BLOCK_N={}".format(block), make
        return [setting(block) for block in self.blocks(workload)]


EAGER = """def reverse_cumsum(x):
    return torch.flip(torch.cumsum(torch.flip(x, [dim]), dim, dtype=dtype), [dim])
"""
KEPT_DTYPES = {"i32": torch.int32, "i64": torch.int64}  # torch.cumsum makes i64 of integers unless told not to


def eager_function(workload):
    """Code of its own each time: torch.compile counts the times it has compiled a piece of code."""
    scope = {"torch": torch, "dim": workload.dim, "dtype": KEPT_DTYPES.get(workload.dtype)}
    exec(EAGER, scope)
    return scope["reverse_cumsum"]


class Eager(Contender):
    id, title = "eager", "PyTorch eager"
    what = "flip, cumsum, flip; of integers cumsum(dtype=) keeps the type, which would else become i64"

    def settings(self, workload):
        def make():
            function = eager_function(workload)
            return lambda x, out: function(x)
        return [("flip, cumsum, flip", make)]


class Compile(Contender):
    id, title = "compile", "torch.compile"
    what = "the same, compiled for the shape, by the faster of its modes default and max-autotune-no-cudagraphs"

    def settings(self, workload):
        def setting(mode):
            def make():
                function = torch.compile(eager_function(workload), mode=mode, dynamic=False, fullgraph=True)
                return lambda x, out: function(x)
            return mode, make
        return [setting(mode) for mode in ("default", "max-autotune-no-cudagraphs")]

    def forget(self):
        if "torch._dynamo" in sys.modules:
            torch._dynamo.reset()


class Triton(Contender):
    id, title = "triton", "Triton, one pass"
    what = "a program a row or a few, or a strip of columns, the running sum carried (triton_kernels.py), autotuned"

    def settings(self, workload):
        def setting(kernel, programs, integers, options):
            def run(x, out):
                kernel[(programs,)](x, out, *integers, **options)
                return out
            return lambda: run
        return [(words, setting(*launch)) for words, *launch in triton_kernels.launches(workload)]


class CubDevice(Contender):
    id, title = "cub_device", "CUB device scan"
    what = "cub::DeviceScan::InclusiveScan for one row, InclusiveScanByKey for many, through reverse iterators"

    def __init__(self, library):
        self.library = library  # or the reason why there is none

    def settings(self, workload):
        if isinstance(self.library, str):
            raise NotApplicable(self.library)
        if workload.inner != 1:
            raise NotApplicable("rows only")
        if workload.elements > 0xFFFFFFFF:
            raise NotApplicable("2^32 elements or more")

        def make():
            extents = (workload.dtype, workload.outer, workload.n)
            size = self.library.workspace_bytes(*extents)
            workspace = torch.empty(max(1, size), dtype=torch.uint8, device="cuda")

            def run(x, out):
                self.library.device_scan(workload.dtype, x.data_ptr(), out.data_ptr(), workload.outer, workload.n,
                                         workspace.data_ptr(), size, stream())
                return out
            return run
        return [("InclusiveScan" if workload.outer == 1 else "InclusiveScanByKey", make)]


class CubBlock(Contender):
    id, title = "cub_block", "CUB BlockScan rows"
    what = "a block a row, tiles from right to left by cub::BlockScan, swept over threads, items and kind of access"

    def __init__(self, library):
        self.library = library

    def settings(self, workload):
        if isinstance(self.library, str):
            raise NotApplicable(self.library)
        if workload.inner != 1:
            raise NotApplicable("rows only")

        def setting(index):
            def run(x, out):
                self.library.block_scan(workload.dtype, index, x.data_ptr(), out.data_ptr(), workload.outer,
                                        workload.n, stream())
                return out
            return lambda: run
        whole = workload.n * workload.bytes // workload.elements % 16 == 0
        return [("{} threads={} items={}".format("vector" if vector else "transpose", threads, items), setting(index))
                for index, threads, items, vector in self.order(workload) if whole or not vector]

    def order(self, workload):
        """Tiles that are close to what a row needs, at most 8192 elements, first: the screen may end early."""
        wanted = min(workload.n, 8192)
        return sorted(self.library.block_configs(workload.dtype),
                      key=lambda config: max(config[1] * config[2] / wanted, wanted / (config[1] * config[2])))


def cub_library(path, folder, capability):
    """The library that was brought along, else one that is built here, or the reason why there is none."""
    try:
        if path:
            return cub.Cub(path)
    except cub.Missing as missing:
        print("peers: --cub-library {}: {}; building it".format(path, missing), file=sys.stderr, flush=True)
    try:
        return cub.Cub(cub.build(folder, capability))
    except cub.Missing as missing:
        return str(missing)
