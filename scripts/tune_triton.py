#!/usr/bin/env python3
"""Finds the settings of the triton export on this GPU, and writes them down for scantune to embed.

Sweeps the settings of every kernel of the module over workloads of its regimes, each beside a copy of the same bytes,
and keeps the fastest whose results are right. Needs a GPU, PyTorch and Triton; a minute or two, most of it compiling.
What a --time-limit leaves out keeps the settings that it has.

  scripts/tune_triton.py --out results/h200-triton-settings.json
  scripts/tune_triton.py --table results/h200-triton-settings.json --into src/exports/templates/triton_tuned_h200.py
  scripts/tune_triton.py --table settings.json --into exported/reverse_cumsum.py       (what was exported before)

Exit code: 0 done, 1 some kernel has no settings that work, 2 bad input or environment.
"""

import argparse
import ast
import concurrent.futures
import datetime
import importlib.util
import json
import multiprocessing
import os
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts", "peers"))

from workloads import ELEMENT_BYTES, Trouble, Workload, read_json  # noqa: E402

MODULE = os.path.join(ROOT, "src/exports/templates/triton_reverse_cumsum.py")
TEMPLATE = os.path.join(ROOT, "src/exports/templates/triton_tuned_h200.py")
SAMPLES = 5
ALWAYS = 1 << 20  # rows a multiprocessor below which rows are shared: all
NEVER = 0
# Rows a multiprocessor up to which rows are shared where that turns out faster for some thousand rows; else the least.
MANY_ROWS, FEW_ROWS = 16, 4


def short_row_settings(n):
    block = 1 << (n - 1).bit_length()
    return [(rows, warps) for rows in (1, 2, 4, 8, 16, 32) for warps in (1, 2, 4, 8)
            if 8 <= rows * block / (32 * warps) <= 32]


def row_settings(n, all_stages=(1, 2)):
    return [(tile, warps, stages) for tile in (1024, 2048, 4096, 8192) for warps in (2, 4, 8, 16) for stages in all_stages
            if 8 <= tile / (32 * warps) <= 32 and tile < 2 * n and (stages == 1 or tile < n)]


def chained_row_settings(few):
    """A group is no less than the threads of a program; more than that looks at more words, and at fewer groups."""
    return [(tile, warps, group, few) for tile, warps in ((2048, 4), (4096, 4), (4096, 8), (8192, 8), (8192, 16),
                                                          (16384, 16)) for group in (32 * warps, 64 * warps)
            if group <= 512]


COLUMN_TILES = ((64, 32, 4), (32, 32, 2), (32, 64, 4), (64, 64, 4), (64, 64, 8), (32, 128, 8), (16, 128, 4), (128, 32, 8))


def column_settings(programs):
    return [(rows, columns, warps, stages, each) for rows, columns, warps in COLUMN_TILES for stages in (1, 3)
            for each in programs]


def sweeps():
    """[(what, workload, settings)], what matters most first: a time limit may leave the rest out."""
    made = []

    def add(what, shape, dim, dtype, settings):
        made.append((what, Workload(shape, dim, dtype), settings))

    add("chained_rows", (1, 1 << 28), 1, "f32", chained_row_settings(ALWAYS))
    add("rows", (8192, 32768), 1, "f32", row_settings(32768))
    add("columns", (32768, 16384), 0, "f32", column_settings((8,)))
    add("columns", (4194304, 64), 0, "f32", column_settings((8, 16)))
    add("short_rows", (1 << 20, 256), 1, "f32", short_row_settings(256))
    add("odd_chained_rows", (1000, 99991), 1, "f32", chained_row_settings(ALWAYS))
    add("odd_rows", (1000, 99991), 1, "f32", row_settings(99991, (1,)))
    add("chained_rows", (1000, 100000), 1, "f32", chained_row_settings(ALWAYS))
    add("rows", (1000, 100000), 1, "f32", row_settings(100000, (1,)))
    add("rows", (8192, 32768), 1, "f16", row_settings(32768))
    add("rows", (8192, 16384), 1, "f64", row_settings(16384))
    add("rows", (1 << 17, 2048), 1, "f32", row_settings(2048, (1,)))
    add("chained_rows", (1, 1 << 28), 1, "bf16", chained_row_settings(ALWAYS))
    add("chained_rows", (1, 1 << 27), 1, "f64", chained_row_settings(ALWAYS))
    add("columns", (32768, 32768), 0, "f16", column_settings((8,)))
    add("columns", (16384, 16384), 0, "f64", column_settings((8,)))
    for n, rows in ((32, 1 << 22), (1024, 1 << 18)):
        add("short_rows", (rows, n), 1, "f32", short_row_settings(n))
    add("short_rows", (1 << 20, 256), 1, "f16", short_row_settings(256))
    add("short_rows", (1 << 18, 256), 1, "f64", short_row_settings(256))
    add("odd_rows", (8000, 33333), 1, "bf16", row_settings(33333, (1,)))
    add("odd_rows", (4000, 33333), 1, "f64", row_settings(33333, (1,)))
    add("odd_chained_rows", (3, 67108865), 1, "bf16", chained_row_settings(ALWAYS))
    add("odd_chained_rows", (3, 33554433), 1, "f64", chained_row_settings(ALWAYS))
    add("chained_rows", (1, 1 << 24), 1, "f32", chained_row_settings(ALWAYS))
    return made


def load(path=MODULE):
    spec = importlib.util.spec_from_file_location("triton_export", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def steered(module, what, settings):
    """The module with one kernel's settings; rows are shared, or not, as this kernel asks for."""
    own = module.tuned

    def tuned(kind, size, element_bytes):
        if kind == what:
            return settings
        chosen = own(kind, size, element_bytes)
        return chosen[:3] + (NEVER,) if kind.endswith("chained_rows") else chosen
    module.tuned = tuned
    return own


# --- Compiling, in many processes, into Triton's cache on disk --------------------------------------------------------


class Warmer:
    """Stands for a kernel: compiles instead of launching."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __getitem__(self, grid):
        def warm(*arguments, **options):
            import torch
            taken = [one.dtype if isinstance(one, torch.Tensor) else one for one in arguments]
            self.kernel.warmup(*taken, grid=grid, **options)
        return warm


_warming = {}


def compile_one(job):
    """Compiles what a module launches for a workload; of `what` with these settings, unless that is None."""
    path, what, workload, settings, multiprocessors = job
    try:
        import torch
        from gpu import DTYPES
        if path not in _warming:
            module = _warming[path] = load(path)
            for name in [name for name in dir(module) if name.endswith("_kernel")]:
                setattr(module, name, Warmer(getattr(module, name)))
        module = _warming[path]
        module.multiprocessors = lambda x: multiprocessors
        own = steered(module, what, settings) if what else module.tuned
        try:
            module.reverse_cumsum(torch.empty(workload.shape, dtype=DTYPES[workload.dtype], device="meta"),
                                  workload.dim)
        finally:
            module.tuned = own
    except Exception as error:  # it fails again where it is measured, and is reported there
        return "{} {} {}: {}: {}".format(what or "", workload.name, settings or "", type(error).__name__,
                                         (str(error).splitlines() or [""])[0])
    return None


def compile_all(jobs, limit_s):
    done, failure = 0, None
    pool = concurrent.futures.ProcessPoolExecutor(max_workers=os.cpu_count() or 1,
                                                  mp_context=multiprocessing.get_context("spawn"))
    try:
        for future in concurrent.futures.as_completed([pool.submit(compile_one, job) for job in jobs], timeout=limit_s):
            done += future.result() is None
            failure = failure or future.result()
    except concurrent.futures.TimeoutError as error:
        failure = failure or type(error).__name__
    pool.shutdown(wait=True, cancel_futures=True)
    return done, failure


# --- Measuring --------------------------------------------------------------------------------------------------------


def measure(gpu, module, what, workload, settings, deadline):
    """A row of the record."""
    from gpu import Subject, Tensors
    from measure import screen_ns
    nothing = {"what": what, "shape": list(workload.shape), "dim": workload.dim, "dtype": workload.dtype,
               "copy_ns": None, "tried": []}
    if time.monotonic() > deadline:
        return nothing
    tensors = Tensors(gpu, workload)
    copy = Subject(gpu, tensors, gpu.copy)
    copy.once()
    copy_ns = statistics.median(gpu.sample_ns(copy.once)[0] for _ in range(SAMPLES))
    tensors.rotate(gpu, copy_ns)
    copy_ns = min(screen_ns(gpu, copy) for _ in range(2))
    tried = []
    for one in settings:
        if time.monotonic() > deadline:
            break
        own = steered(module, what, one)
        try:
            subject = Subject(gpu, tensors, lambda x, out: module.reverse_cumsum(x, workload.dim))
            row = {"settings": list(one), "time_ns": None}
            tried.append(row)
            wrong = gpu.wrong(subject.once(), tensors.expected, tensors.x.dtype)
            if wrong is not None:
                row["failure"] = wrong
                continue
            row["time_ns"] = min(screen_ns(gpu, subject) for _ in range(2))
        except Exception as error:
            tried[-1]["failure"] = "{}: {}".format(type(error).__name__, (str(error).splitlines() or [""])[0])
            gpu.synchronize()
        finally:
            module.tuned = own
    return dict(nothing, copy_ns=copy_ns, tried=tried)


def best(row):
    """(time, settings) or None"""
    works = [(one["time_ns"], one["settings"]) for one in row["tried"] if one["time_ns"] is not None]
    return min(works) if works else None


def record(args):
    try:
        import torch
        import triton
    except ImportError as error:
        raise Trouble("{}: tuning needs PyTorch and Triton".format(error))
    if not torch.cuda.is_available():
        raise Trouble("no GPU that PyTorch can use")
    started = time.monotonic()
    multiprocessors = torch.cuda.get_device_properties(0).multi_processor_count
    wanted = [sweep for sweep in sweeps() if not args.only or sweep[0] in args.only.split(",")]
    jobs = [(MODULE, what, workload, one, multiprocessors) for what, workload, settings in wanted for one in settings]
    done, failure = compile_all(jobs, args.time_limit if args.compile_only else args.time_limit / 2)
    print("compiled {} of {}{} after {:.0f} s".format(done, len(jobs), " ({})".format(failure) if failure else "",
                                                      time.monotonic() - started), file=sys.stderr, flush=True)
    if args.compile_only:
        return None
    import gpu as gpu_module
    gpu = gpu_module.Gpu()
    module = load()
    rows = []
    for what, workload, settings in wanted:
        row = measure(gpu, module, what, workload, settings, started + args.time_limit)
        found = best(row)
        result = "{:.3f} of a copy  {}".format(row["copy_ns"] / found[0], found[1]) if found else "nothing works"
        print("{:<16} {:<28} {}".format(what, workload.name, result if row["tried"] else "left out for lack of time"),
              file=sys.stderr, flush=True)
        for failed in [one for one in row["tried"] if "failure" in one][:3]:
            print("  {}: {}".format(failed["settings"], failed["failure"]), file=sys.stderr, flush=True)
        rows.append(row)
        gpu.release()
    return {"format": "scantune-triton-settings", "version": 1,
            "provenance": {"time_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                           "gpu": gpu.name, "torch": torch.__version__, "triton": triton.__version__,
                           "cuda": torch.version.cuda},
            "sweeps": rows}


# --- The table --------------------------------------------------------------------------------------------------------


BEGIN, END = "    table = {\n", "    }\n"


def parts(path, option):
    """(before, table, after) of a module or template with settings"""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise Trouble("{} {}: {}".format(option, path, error.strerror))
    begin = text.find(BEGIN)
    end = text.find(END, begin)
    if begin < 0 or end < 0:
        raise Trouble("{} {}: it has no table of settings; expected a module of scantune's".format(option, path))
    return text[:begin], text[begin:end + len(END)], text[end + len(END):]


def table(recorded, kept):
    """The lines of the template: by kernel and element size, the best settings by the size summed along; for kernels and
    sizes that were not measured those of `kept`, a table's text."""
    found = {}
    for row in recorded["sweeps"]:
        best_of = best(row)
        if best_of is None:
            if row["tried"]:
                raise Trouble("{} {}: nothing works".format(row["what"], row["shape"]))
            continue
        key = row["what"], ELEMENT_BYTES[row["dtype"]]
        found.setdefault(key, {})[row["shape"][row["dim"]], row["shape"][0]] = best_of
    chosen = ast.literal_eval(kept.split("=", 1)[1].strip())
    for (what, size), by_size in found.items():
        alone = found.get((what.replace("chained_", ""), size), {})
        pays = any(key in alone and by_size[key][0] < alone[key][0] for key in by_size)
        entries = []
        for place, ((n, _), (_, settings)) in enumerate(sorted(by_size.items())):
            settings = list(settings)
            if what.endswith("chained_rows"):
                settings[3] = MANY_ROWS if pays else FEW_ROWS
            entries.append((0 if place == len(by_size) - 1 else n, tuple(settings)))
        chosen[what, size] = entries
    lines = [BEGIN]
    for (what, size), entries in sorted(chosen.items()):
        texts = ["({}, ({}))".format(n, ", ".join(map(str, settings))) for n, settings in entries]
        line = '        ("{}", {}): [{}],'.format(what, size, ", ".join(texts))
        if len(line) > 120:
            line = '        ("{}", {}): [\n            {}],'.format(what, size, ",\n            ".join(texts))
        lines.append(line + "\n")
    return "".join(lines) + END


def main():
    parser = argparse.ArgumentParser(prog="tune_triton.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--out", metavar="FILE", help="what was measured")
    parser.add_argument("--only", metavar="A,B", help="only these kernels: short_rows, rows, chained_rows, columns, ...")
    parser.add_argument("--compile-only", action="store_true", help="measure nothing; a later run finds all compiled")
    parser.add_argument("--time-limit", type=float, default=240, metavar="S", help="default %(default)s")
    parser.add_argument("--table", metavar="FILE", help="print the settings that FILE, written by --out, says are best")
    parser.add_argument("--into", metavar="FILE", help="with --table: put them into this module instead")
    args = parser.parse_args()
    try:
        if args.table:
            recorded = read_json(args.table)
            if recorded.get("format") != "scantune-triton-settings" or recorded.get("version") != 1:
                raise Trouble("{}: expected what --out writes, version 1".format(args.table))
            before, kept, after = parts(args.into or TEMPLATE, "--into")
            lines = table(recorded, kept)
            if args.into:
                with open(args.into, "w", encoding="utf-8") as file:
                    file.write(before + lines + after)
            else:
                print(lines, end="")
            return 0
        if args.compile_only:
            record(args)
            return 0
        if not args.out:
            raise Trouble("--out is missing; name the file to write")
        recorded = record(args)
        with open(args.out, "w", encoding="utf-8") as file:
            json.dump(recorded, file, indent=1)
            file.write("\n")
        print("wrote " + args.out, file=sys.stderr)
        return 0 if all(best(row) for row in recorded["sweeps"] if row["tried"]) else 1
    except Trouble as trouble:
        print("tune_triton: {}".format(trouble), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
