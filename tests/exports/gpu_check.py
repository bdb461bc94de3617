#!/usr/bin/env python3
"""Checks the exports for Python on this GPU: results, what PyTorch asks of an operator, and speed beside its peers.

    scantune export --best results/h200-standard.json --format torch --out build/exports/torch
    scantune export --best results/h200-standard.json --format triton --out build/exports/triton
    tests/exports/gpu_check.py --torch build/exports/torch --triton build/exports/triton \\
        --seed ../shared/seed.txt --out results/h200-exports.json

Needs a GPU, PyTorch and Triton. Prints a line a check and a table of speeds; writes both with where they come from.
Exit code: 0 all checks passed and the speeds are as asked, 1 not, 2 bad input or environment.
"""

import argparse
import datetime
import faulthandler
import importlib.util
import itertools
import json
import os
import signal
import sys
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "peers"))

try:
    import torch
    import triton
except ImportError as error:
    sys.exit("gpu_check: {}: it needs PyTorch and Triton".format(error))

import contenders  # noqa: E402
import measure  # noqa: E402
import seed_text  # noqa: E402
from gpu import DTYPES, Gpu, Lost  # noqa: E402
from workloads import Trouble, Workload  # noqa: E402

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.int32, torch.int64)
SHAPES = [((5, 7), 1), ((5, 7), 0), ((3,), 0), ((1, 1), 0), ((33, 1500), 1), ((4, 1499), 1), ((3, 2048), 1),
          ((200, 8192), 1), ((700, 40000), 1), ((2, 20000), 1), ((1, 99999), 1), ((1, 3000001), 1), ((3, 1 << 21), 1),
          ((40, 33333), 1), ((3, 40, 33), 1), ((2, 400, 5), 1), ((9000, 7), 0), ((300, 500, 64), 1), ((100000, 64), 0),
          ((2, 3, 4, 5), 2), ((2, 3, 4, 5), -4), ((1000, 1000), -2), ((70000, 33), 1), ((0, 4), 1), ((4, 0), 1)]
SPEEDS = [((32768, 32768), 1, "f32"), ((32768, 32768), 0, "f32"), ((128, 8192, 1024), 1, "f32"),
          ((4194304, 64), 0, "f32"), ((1, 1 << 28), 1, "f32"), ((1, 1 << 24), 1, "f32"), ((64, 4194304), 1, "f32"),
          ((1048576, 256), 1, "f32"), ((1000, 99991), 1, "f32"), ((32768, 32768), 1, "f16"),
          ((32768, 16384), 1, "f64")]


def expected(x, dim):
    if x.ndim == 0:
        return torch.cumsum(x, 0)
    return torch.flip(torch.cumsum(torch.flip(x, [dim]), dim), [dim])


def exact_input(shape, dim, dtype):
    """(input, result): differences of small integers, which add up exactly in every type, in any order."""
    y = torch.randint(-15, 16, shape, device="cuda")
    x = y.clone()
    if y.numel() and y.ndim and y.shape[dim] > 1:
        n = y.shape[dim]
        x.narrow(dim, 0, n - 1).sub_(y.narrow(dim, 1, n - 1))
    return x.to(dtype), y.to(torch.int64 if dtype in INTEGERS else dtype)


class Checks:
    def __init__(self):
        self.rows = []

    def __call__(self, what, check):
        """`check` returns how many cases it went through, or raises."""
        started = time.monotonic()
        try:
            cases, why = check(), None
        except Exception as error:
            cases, why = 0, "{}: {}".format(type(error).__name__, (str(error).splitlines() or [""])[0])
            traceback.print_exc()
        self.rows.append({"what": what, "passed": why is None, "cases": cases, "why": why,
                          "seconds": round(time.monotonic() - started, 1)})
        print("{}  {}: {}".format("ok  " if why is None else "FAIL", what, why or "{} cases in {} s".format(
            cases, self.rows[-1]["seconds"])), flush=True)

    @property
    def passed(self):
        return all(row["passed"] for row in self.rows)


def same(found, wanted, what):
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        raise AssertionError("{}: {} {} instead of {} {}".format(what, tuple(found.shape), found.dtype,
                                                                  tuple(wanted.shape), wanted.dtype))
    if not torch.equal(found, wanted):
        raise AssertionError("{}: {} of {} elements differ".format(what, int((found != wanted).sum()), found.numel()))


# --- Results ----------------------------------------------------------------------------------------------------------


def every_shape(function):
    cases = 0
    for (shape, dim), dtype in itertools.product(SHAPES, FLOATS + INTEGERS):
        x, y = exact_input(shape, dim, dtype)
        same(function(x, dim), y, "{} dim {} {}".format(shape, dim, dtype))
        cases += 1
    return cases


def other_layouts(function):
    cases = 0
    for dtype in (torch.float32, torch.bfloat16, torch.int32):
        base = torch.randint(-2, 3, (40, 37, 600), device="cuda").to(dtype)
        views = {"transposed": base.transpose(0, 2), "permuted": base.permute(1, 2, 0), "every other": base[::2, :, 1:],
                 "shifted": base.reshape(-1)[3:-5].reshape(2, -1), "expanded": base[:3].expand(2, 3, 37, 600),
                 "column": base[:, :, 5:6], "flat": base.reshape(-1)}
        for name, x in views.items():
            for dim in range(-x.ndim, x.ndim):
                wide = x.double() if dtype != torch.int32 else x
                # Small integers: exact in f32, and in bf16 as far as they are there, which rounding keeps.
                same(function(x, dim), expected(wide, dim).to(torch.int64 if dtype == torch.int32 else dtype),
                     "{} {} dim {}".format(name, dtype, dim))
                cases += 1
    return cases


def random_values(function):
    """Against float64, with the error that f32 sums of this many terms may have."""
    for shape, dim in (((1000, 30000), 1), ((30000, 1000), 0), ((1, 5000000), 1)):
        x = torch.randn(shape, device="cuda")
        exact = expected(x.double(), dim)
        bound = 1e-6 * torch.flip(torch.cumsum(torch.flip(x.double().abs(), [dim]), dim), [dim]) + 1e-6
        worst = float(((function(x, dim).double() - exact).abs() / bound).max())
        if not worst <= 1:
            raise AssertionError("{} dim {}: error {} times the bound".format(shape, dim, worst))
    return 3


def repeats_bit_for_bit(function):
    x = torch.randn((3, 7000001), device="cuda")
    first = function(x, 1)
    for _ in range(20):
        same(function(x, 1), first, "run again")
    return 20


def in_a_graph(function):
    """Captured once, replayed on other data."""
    cases = 0
    for shape, dim in (((300, 5000), 1), ((1, 3000001), 1), ((5000, 300), 0), ((200000, 16), 0)):
        x, y = exact_input(shape, dim, torch.float32)
        function(x, dim)  # compiles
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            captured = function(x, dim)
        for _ in range(3):
            other, y = exact_input(shape, dim, torch.float32)
            x.copy_(other)
            graph.replay()
            torch.cuda.synchronize()
            same(captured, y, "replayed {} dim {}".format(shape, dim))
            cases += 1
    return cases


def on_several_streams_and_threads(function):
    work = [exact_input(shape, dim, torch.float32) + (dim,)
            for shape, dim in (((1, 4000003), 1), ((4000, 1000), 0), ((64, 100000), 1), ((5000, 100), 1))]
    failures = []

    def run(index):
        try:
            x, y, dim = work[index % len(work)]
            with torch.cuda.stream(torch.cuda.Stream()):
                results = [function(x, dim) for _ in range(25)]
                torch.cuda.current_stream().synchronize()
            for result in results:
                same(result, y, "thread {}".format(index))
        except Exception as error:
            failures.append(error)
    for x, y, dim in work:
        function(x, dim)  # compiles
    torch.cuda.synchronize()
    threads = [threading.Thread(target=run, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return 8 * 25


def refuses(function):
    for call, error in ((lambda: function(torch.ones(3, device="cuda"), 1), IndexError),
                        (lambda: function(torch.ones(3, device="cuda", dtype=torch.complex64), 0), TypeError)):
        try:
            call()
        except error:
            continue
        raise AssertionError("no {}".format(error.__name__))
    return 2


# --- What PyTorch asks of the operator ----------------------------------------------------------------------------------


def gradients(module):
    cases = 0
    for shape, dim in (((40, 300), 1), ((300, 40), 0), ((3, 50, 20), 1), ((2, 70000), -1)):
        x = torch.randn(shape, device="cuda", dtype=torch.float64, requires_grad=True)
        weights = torch.randn(shape, device="cuda", dtype=torch.float64)
        ours, = torch.autograd.grad((module.reverse_cumsum(x, dim) * weights).sum(), x)
        theirs, = torch.autograd.grad((expected(x, dim) * weights).sum(), x)
        torch.testing.assert_close(ours, theirs)
        cases += 1
    x = torch.randn((5, 6), device="cuda", dtype=torch.float64, requires_grad=True)
    for dim in (0, 1):
        assert torch.autograd.gradcheck(lambda x: module.reverse_cumsum(x, dim), (x,))
        assert torch.autograd.gradgradcheck(lambda x: module.reverse_cumsum(x, dim), (x,))
        cases += 2
    half = torch.randn((20, 1000), device="cuda", dtype=torch.float16, requires_grad=True)
    grad, = torch.autograd.grad(module.reverse_cumsum(half, 1).sum(), half)
    assert grad.dtype == torch.float16
    return cases + 1


def operator_checks(module):
    operator = module._reverse_cumsum
    cases = [(torch.randn(30, 40, device="cuda", requires_grad=True), 0, True),
             (torch.randint(9, (5, 60, 7), dtype=torch.int32, device="cuda").transpose(0, 1), 1, True),
             (torch.randn(64, 64, device="cuda").half()[:, ::2], 1, False)]
    for case in cases:
        torch.library.opcheck(operator, case)
    return len(cases)


def under_compile(module, whole=True):
    cases = 0
    for dynamic in (False, True):
        torch._dynamo.reset()
        model = module.ModelNew(1)
        compiled = torch.compile(lambda x: torch.relu(model(x * 2)) + 1, fullgraph=whole, dynamic=dynamic)
        for shape in ((20, 3000), (30, 4000), (3, 1000000)):
            x, y = exact_input(shape, 1, torch.float32)
            same(compiled(x), torch.relu(y * 2) + 1, "compiled {}".format(shape))
            cases += 1
    torch._dynamo.reset()
    return cases


def gradients_under_compile(module):
    x = torch.randn((30, 5000), device="cuda", requires_grad=True)
    function = torch.compile(lambda x: (module.reverse_cumsum(x, 1) ** 2).sum(), fullgraph=True)
    ours, = torch.autograd.grad(function(x), x)
    theirs, = torch.autograd.grad((expected(x, 1) ** 2).sum(), x)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-1)
    torch._dynamo.reset()
    return 1


def keeps_a_type(module):
    x, y = exact_input((30, 5000), 1, torch.int32)
    same(module.reverse_cumsum(x, 1, dtype=torch.int32), y.to(torch.int32), "int32 kept")
    same(module.reverse_cumsum(x.to(torch.int16), 1), y, "int16 widened")
    same(module.reverse_cumsum(x > 0, 1), expected(x > 0, 1), "bool widened")
    return 3


# --- Speed ----------------------------------------------------------------------------------------------------------------


class Exported(contenders.Contender):
    def __init__(self, name, title, function):
        self.id, self.title, self.function = name, title, function

    def settings(self, workload):
        if workload.dtype == "i32":
            raise contenders.NotApplicable("widens i32, as torch does")
        return [("as exported", lambda: lambda x, out: self.function(x, workload.dim))]


def speeds(gpu, subjects, workloads, deadline):
    """([the result of a workload], whether the GPU is still there)"""
    rows, at_work = [], [None]
    for workload in workloads:
        if time.monotonic() > deadline:
            print("left out for lack of time: " + workload.name, flush=True)
            continue
        slow = workload.n > 1 << 20 and workload.inner > 1  # PyTorch walks a column in one thread: seconds
        avoided = {"eager": {"short": "left out", "detail": "takes seconds a run"}} if slow else {}
        try:
            row = measure.measure(gpu, workload, subjects, avoided, 1, deadline, 20,
                                  lambda text: print(text, file=sys.stderr, flush=True), at_work)
        except Lost as lost:
            print("FAIL  {}: {} lost the GPU: {}".format(workload.name, at_work[0], lost), flush=True)
            return rows, False
        rows.append(row)
        cells = ["{} {:.3f}".format(name, cell["ratio_to_copy"]["median"]) if cell["status"] == "measured" else
                 "{} ({})".format(name, cell["reason"]["short"]) for name, cell in row["cells"].items()]
        print("{:<28} of a copy: {}".format(workload.name, ", ".join(cells)), flush=True)
        gpu.release()
    return rows, True


def ratio(rows, shape, dim, name):
    for row in rows:
        if tuple(row["shape"]) == shape and row["dim"] == dim and row["dtype"] == "f32":
            cell = row["cells"].get(name, {})
            return cell["ratio_to_copy"]["median"] if cell.get("status") == "measured" else None
    return None


def claims(rows, has_triton):
    """What the triton export must reach on an H200: [(in words, found, at least)]"""
    made = []

    def over(what, shape, dim, ours, theirs, least):
        a, b = ratio(rows, shape, dim, ours), ratio(rows, shape, dim, theirs)
        made.append({"what": what, "found": a / b if a and b else None, "at_least": least})
    if has_triton:
        over("triton over the seed, 32768x32768 f32", (32768, 32768), 1, "triton", "seed", 3.5)
        made.append({"what": "triton of a copy, 1x2^28 f32", "found": ratio(rows, (1, 1 << 28), 1, "triton"),
                     "at_least": 0.6})
        for shape, dim in (((32768, 32768), 0), ((128, 8192, 1024), 1), ((4194304, 64), 0)):
            over("triton over torch.compile, columns of {}".format("x".join(map(str, shape))), shape, dim, "triton",
                 "compile", 1.0)
    return made


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def exported(folder, path, name):
    found = os.path.join(folder, path)
    if not os.path.exists(found):
        raise Trouble("{}: no {} there; scantune export writes it".format(folder, path))
    return load(found, name)


def provenance(gpu, args, seed_digest):
    manifests = {}
    for name, folder in (("torch", args.torch), ("triton", args.triton)):
        if folder:
            with open(os.path.join(folder, "scantune-export.json"), encoding="utf-8") as file:
                manifest = json.load(file)
            manifests[name] = {key: manifest[key] for key in ("tool_version", "best_sha256", "files")}
    return {"time_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "gpu": gpu.name,
            "torch": torch.__version__, "triton": triton.__version__, "cuda": torch.version.cuda,
            "seed_sha256": seed_digest, "exports": manifests}


def run(args):
    if not torch.cuda.is_available():
        raise Trouble("no GPU that PyTorch can use")
    if not args.torch and not args.triton:
        raise Trouble("nothing to check: name a folder with --torch or --triton")
    deadline = time.monotonic() + args.time_limit
    checks, subjects = Checks(), []
    of_torch = exported(args.torch, "scantune_torch/__init__.py", "scantune_torch") if args.torch else None
    of_triton = exported(args.triton, "reverse_cumsum.py", "scantune_triton") if args.triton else None
    torch.manual_seed(1)
    for name, module in (("torch", of_torch), ("triton", of_triton)):
        if module is None or args.speed_only:
            continue
        for what in (every_shape, other_layouts, random_values, repeats_bit_for_bit, in_a_graph,
                     on_several_streams_and_threads, refuses):
            checks("{}: {}".format(name, what.__name__.replace("_", " ")), lambda: what(module.reverse_cumsum))
        checks("{}: under torch.compile".format(name), lambda: under_compile(module, whole=module is of_torch))
    if of_torch and not args.speed_only:
        for what in (gradients, gradients_under_compile, operator_checks, keeps_a_type):
            checks("torch: " + what.__name__.replace("_", " "), lambda: what(of_torch))

    gpu = Gpu()
    seed_digest = None
    for name, module in (("torch", of_torch), ("triton", of_triton)):
        if module is not None:
            subjects.append(Exported(name, "export " + name, module.reverse_cumsum))
    subjects += [contenders.Eager(), contenders.Compile()]
    if args.seed:
        code, seed_digest = seed_text.read(args.seed)
        folder = os.path.join(ROOT, "build", "peers")
        seed_text.write_modules(code, folder, (seed_text.block_size(code),))
        subjects.append(contenders.Seed(code, folder, False, {}))
    workloads = [Workload(shape, dim, dtype) for shape, dim, dtype in SPEEDS[:args.workloads]]
    rows, there = ([], True) if args.checks_only else speeds(gpu, subjects, workloads, deadline)
    reached = claims(rows, of_triton is not None) if rows else []
    for claim in reached:
        claim["reached"] = claim["found"] is not None and claim["found"] >= claim["at_least"]
        print("{}  {}: {}, at least {}".format("ok  " if claim["reached"] else "FAIL", claim["what"],
                                               "not measured" if claim["found"] is None else
                                               "{:.2f}".format(claim["found"]), claim["at_least"]), flush=True)
    # Where the package chooses what was tuned, and what it chose.
    choices = {}
    if of_torch and there:
        for row in rows:
            x = torch.empty(row["shape"], dtype=DTYPES[row["dtype"]], device="cuda")
            choices["{} {} dim {}".format("x".join(map(str, row["shape"])), row["dtype"], row["dim"])] = (
                of_torch.chosen(x, row["dim"]))
            del x
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump({"format": "scantune-export-checks", "version": 1,
                       "provenance": provenance(gpu, args, seed_digest), "checks": checks.rows, "claims": reached,
                       "torch_chose": choices, "workloads": rows}, file, indent=1)
            file.write("\n")
        print("wrote " + args.out)
    return 0 if checks.passed and there and all(claim["reached"] for claim in reached) else 1


def main():
    parser = argparse.ArgumentParser(prog="gpu_check.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--torch", metavar="DIR", help="what export --format torch wrote")
    parser.add_argument("--triton", metavar="DIR", help="what export --format triton wrote")
    parser.add_argument("--seed", metavar="FILE", help="the seed's text, to compare with")
    parser.add_argument("--out", metavar="FILE", help="what was found, as JSON")
    parser.add_argument("--workloads", type=int, default=len(SPEEDS), metavar="N", help="time the first N only")
    parser.add_argument("--checks-only", action="store_true", help="time nothing")
    parser.add_argument("--speed-only", action="store_true", help="check nothing else")
    parser.add_argument("--time-limit", type=float, default=400, metavar="S", help="default %(default)s")
    faulthandler.register(signal.SIGTERM, chain=True)  # whoever ends a run that hangs learns where it hung
    try:
        return run(parser.parse_args())
    except Trouble as trouble:
        print("gpu_check: {}".format(trouble), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
