#!/usr/bin/env python3
"""Compiles, in as many processes as there are processors, what gpu_check.py will run, into the caches of the exports.

    tests/exports/gpu_warm.py --torch build/exports/torch --triton build/exports/triton

One by one, as a program that calls them would compile them, they take minutes. Needs a GPU, which says what for.
"""

import argparse
import concurrent.futures
import itertools
import math
import multiprocessing
import os
import sys
import time

import torch

import gpu_check
from gpu import DTYPES

sys.path.insert(0, os.path.join(gpu_check.ROOT, "scripts"))
import tune_triton  # noqa: E402
from workloads import Workload  # noqa: E402

# Of the views that gpu_check.py sums, those that are read as they lie.
VIEWS = ((1, 40, 37 * 600), (40, 37, 600), (40 * 37, 600, 1), (1, 40 * 37 * 600, 1), (2, 3 * 37, 600))
_loaded = {}


def loaded(folder, path, name):
    if name not in _loaded:
        _loaded[name] = gpu_check.exported(folder, path, name)
    return _loaded[name]


def geometry(shape, dim):
    dim %= len(shape)
    return math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1:])


def torch_jobs(folder):
    package = loaded(folder, "scantune_torch/__init__.py", "scantune_torch")
    of = torch.cuda.get_device_properties(0)
    chip = package.Chip(of.name, 10 * of.major + of.minor, of.multi_processor_count)
    cases = [(package._types(DTYPES[dtype], True), geometry(shape, dim)) for shape, dim, dtype in gpu_check.SPEEDS]
    shapes = [geometry(shape, dim) for shape, dim in gpu_check.SHAPES] + list(VIEWS)
    cases += [(package._types(DTYPES[dtype], True), one) for dtype, one in itertools.product(DTYPES, shapes) if all(one)]
    jobs = {}
    for types, one in cases:
        plan = package.candidates(package.TUNED, package.Geometry(*one), types, chip)[0]
        jobs[tuple(launch.entry for launch in plan.launches)] = plan.variant.kernel
    return [(folder, family, entries, chip.capability) for entries, family in jobs.items()]


def compile_torch(job):
    folder, family, entries, capability = job
    loaded(folder, "scantune_torch/__init__.py", "scantune_torch")
    if "compiler" not in _loaded:
        _loaded["compiler"] = sys.modules["scantune_torch.gpu"].Compiler()
    try:
        _loaded["compiler"](family, list(entries), capability)
    except Exception as error:  # it fails again where it is needed, and is reported there
        return "{}: {}".format(type(error).__name__, error)
    return None


def triton_jobs(folder):
    path = os.path.join(folder, "reverse_cumsum.py")
    count = torch.cuda.get_device_properties(0).multi_processor_count
    shapes = [(shape, dim % len(shape)) for shape, dim in gpu_check.SHAPES if math.prod(shape)]
    work = [Workload(shape, dim, dtype) for (shape, dim), dtype in itertools.product(shapes, DTYPES)]
    work += [Workload(shape, dim, dtype) for shape, dim, dtype in gpu_check.SPEEDS]
    return [(path, None, workload, None, count) for workload in work]


def main():
    parser = argparse.ArgumentParser(prog="gpu_warm.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--torch", metavar="DIR", help="what export --format torch wrote")
    parser.add_argument("--triton", metavar="DIR", help="what export --format triton wrote")
    args = parser.parse_args()
    started = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(compile_torch, job) for job in (torch_jobs(args.torch) if args.torch else [])]
        futures += [pool.submit(tune_triton.compile_one, job) for job in (triton_jobs(args.triton) if args.triton else [])]
        faults = {future.result() for future in futures} - {None}
    print("compiled {} in {:.0f} s".format(len(futures), time.monotonic() - started))
    print("\n".join(sorted(faults)), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
