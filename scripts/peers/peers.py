#!/usr/bin/env python3
"""Measures scantune's winners beside what else sums from right to left, in one process, on one GPU.

Contenders: scantune's winner, the seed's three-pass Triton (as it comes, and with its best block size), PyTorch eager,
torch.compile, one-pass Triton, cub::DeviceScan, cub::BlockScan. On every workload of a suite where each applies: the
same input, every element verified, every contender at its best settings, all of them in rounds with a copy of the
same bytes. Writes peers.json, peers.md and peers.svg after each workload. Needs a GPU, PyTorch and Triton. More in
docs/peers.md.

  scripts/peers/peers.py --best results/best.json --seed ../shared/seed.txt --out results

Exit code: 0 done, 1 nothing could be measured, 2 bad input or environment.
"""

import argparse
import concurrent.futures
import datetime
import os
import platform
import socket
import subprocess
import sys
import time

import best as best_files
import report
import seed_text
from workloads import Trouble, read_json, read_suite, select

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTENDERS = ("scantune", "seed", "seed_best_block", "eager", "compile", "triton", "cub_device", "cub_block")
MOST_RESTARTS = 4
WARM_S = 75


def say(text):
    print(text, file=sys.stderr, flush=True)


def now_utc():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="peers.py", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--suite", default=os.path.join(ROOT, "configs/suites/standard.json"), metavar="FILE",
                        help="default configs/suites/standard.json")
    parser.add_argument("--workloads", metavar="A,B", help="numbers from 1, or parts of names such as 'f32, dim 0'")
    parser.add_argument("--peers", metavar="A,B", help="only these of " + ", ".join(CONTENDERS))
    parser.add_argument("--best", default=os.path.join(ROOT, "results/best.json"), metavar="FILE",
                        help="scantune's best file (default results/best.json)")
    parser.add_argument("--scantune", metavar="PATH", help="run this binary first, to tune each workload into --best")
    parser.add_argument("--tune-with", metavar="ARGS", default="", help="more arguments for it, as one word")
    parser.add_argument("--kernels", default=os.path.join(ROOT, "kernels"), metavar="DIR",
                        help="the sources the best file was made with (default kernels)")
    parser.add_argument("--seed", metavar="FILE", help="the seed's text (default ../shared/seed.txt, where it is)")
    parser.add_argument("--cub-library", metavar="FILE", help="built before; else nvcc builds it")
    parser.add_argument("--nvrtc", metavar="FILE", help="libnvrtc (default: of PyTorch or of a toolkit)")
    parser.add_argument("--out", default=os.path.join(ROOT, "results"), metavar="DIR", help="default results")
    parser.add_argument("--work", default=os.path.join(ROOT, "build/peers"), metavar="DIR",
                        help="what is built on the way (default build/peers)")
    parser.add_argument("--time-limit", type=float, default=290, metavar="S",
                        help="of the whole run; what is left then is not measured (default %(default)s)")
    parser.add_argument("--peer-limit", type=float, default=25, metavar="S",
                        help="of a peer's settings on a workload, compiling included (default %(default)s)")
    parser.add_argument("--random-seed", type=int, default=1, metavar="N", help="of the order in rounds")
    parser.add_argument("--resume", action="store_true", help="keep the workloads that --out has already")
    parser.add_argument("--render", metavar="FILE", help="only write table and plot of this peers.json into --out")
    return parser.parse_args(arguments)


def chosen_peers(wanted):
    if not wanted:
        return CONTENDERS
    names = [name.strip() for name in wanted.split(",")]
    for name in names:
        if name not in CONTENDERS:
            raise Trouble("--peers {!r}: expected some of {}".format(name, ", ".join(CONTENDERS)))
    return tuple(name for name in CONTENDERS if name in names)


def read_result(path):
    result = read_json(path)
    if not isinstance(result, dict) or result.get("format") != "scantune-peers" or result.get("version") != 1:
        raise Trouble("{}: expected a peers.json, version 1".format(path))
    return result


def seed_of(path):
    """(code, digest), or (None, None) where no file was named and there is none."""
    usual = os.path.join(os.path.dirname(ROOT), "shared", "seed.txt")
    if path is None and not os.path.exists(usual):
        return None, None
    return seed_text.read(path or usual)


def first_line(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        return (done.stdout.strip().splitlines() or [None])[0]
    except OSError:
        return None


def new_result(gpu, cub, nvrtc, args, seed_digest, versions, contenders):
    import gpu as gpu_module
    import measure
    return {
        "format": "scantune-peers", "version": 1,
        "provenance": {
            "time_utc": now_utc(), "host": socket.gethostname(), "gpu": gpu.name,
            "driver": first_line(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]),
            "cuda": versions["cuda"], "torch": versions["torch"], "triton": versions["triton"],
            "python": platform.python_version(), "cub": None if isinstance(cub, str) else cub.version,
            "nvrtc": None if isinstance(nvrtc, str) else nvrtc.version, "scantune": versions["scantune"],
            "best_file": os.path.basename(args.best), "suite": os.path.basename(args.suite),
            "seed_sha256": seed_digest},
        "protocol": {
            "cache": "cold", "flush_bytes": gpu.flush_bytes, "round_copies": measure.COPIES,
            "min_rounds": measure.MIN_ROUNDS, "max_rounds": measure.MAX_ROUNDS,
            "short_run_ns": gpu_module.SHORT_S * 1e9, "sample_ns": gpu_module.SAMPLE_S * 1e9,
            "random_seed": args.random_seed, "level": report.LEVEL, "confidence": report.CONFIDENCE},
        "peers": [{"id": contender.id, "title": contender.title, "what": contender.what} for contender in contenders],
        "workloads": []}


def prepare_cub(args, wanted, capability):
    from contenders import cub_library
    if not {"cub_device", "cub_block"} & set(wanted):
        return "not asked for"
    return cub_library(args.cub_library, args.work, capability)


def prepare_nvrtc(args, wanted):
    from winner import Nvrtc
    if "scantune" not in wanted:
        return "not asked for"
    try:
        return Nvrtc(args.nvrtc)
    except RuntimeError as error:
        return str(error)


def contenders_of(gpu, wanted, args, seed_code, best, failures, cub, nvrtc):
    import contenders
    modules = {}
    made = {
        "scantune": lambda: contenders.Scantune(gpu, nvrtc, args.kernels, best, failures),
        "seed": lambda: contenders.Seed(seed_code, args.work, False, modules),
        "seed_best_block": lambda: contenders.Seed(seed_code, args.work, True, modules),
        "eager": contenders.Eager, "compile": contenders.Compile, "triton": contenders.Triton,
        "cub_device": lambda: contenders.CubDevice(cub), "cub_block": lambda: contenders.CubBlock(cub)}
    return [made[name]() for name in wanted if seed_code is not None or not name.startswith("seed")]


def restart(result, args, workload, culprit, reason):
    """A lost context cannot be mended: another process goes on, without the one to blame."""
    result.setdefault("lost", []).append({"workload": workload.name, "peer": culprit, "reason": reason})
    report.write(result, args.out)
    if len(result["lost"]) > MOST_RESTARTS or culprit == "copy":
        raise Trouble("the GPU's context was lost in {} on {}: {}".format(culprit, workload.name, reason))
    say("peers: the GPU's context was lost in {} on {}; going on without it".format(culprit, workload.name))
    arguments = [argument for argument in sys.argv[1:] if argument != "--resume"]
    left = max(1.0, args.deadline - time.monotonic())
    skipped = ["--scantune", "--time-limit"]
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument.split("=")[0] in skipped:
            skip = "=" not in argument
            continue
        if not skip:
            kept.append(argument)
        skip = False
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__)] + kept +
             ["--resume", "--time-limit", "{:.0f}".format(left)])


def run(args):
    started = time.monotonic()
    args.deadline = started + args.time_limit
    if args.render:
        report.write_rendered(read_result(args.render), args.out)
        return 0
    wanted = chosen_peers(args.peers)
    workloads = select(read_suite(args.suite), args.workloads)
    seed_code, seed_digest = seed_of(args.seed) if {"seed", "seed_best_block"} & set(wanted) else (None, None)
    if {"seed", "seed_best_block"} & set(wanted) and seed_code is None:
        say("peers: no ../shared/seed.txt here and no --seed: the seed is left out")
    for option, path in (("--cub-library", args.cub_library), ("--nvrtc", args.nvrtc), ("--kernels", args.kernels)):
        if path and not os.path.exists(path):
            raise Trouble("{} {}: no such file or directory".format(option, path))
    kept = None
    if args.resume and os.path.exists(os.path.join(args.out, "peers.json")):
        kept = read_result(os.path.join(args.out, "peers.json"))

    try:
        import torch
        import triton
    except ImportError as error:
        raise Trouble("{}: the peers need PyTorch and Triton".format(error))
    if not torch.cuda.is_available():
        raise Trouble("no GPU that PyTorch can use: peers are measured on one")
    failures, best = {}, {"entries": []}
    if "scantune" in wanted:
        if args.scantune:
            failures = best_files.tune(args.scantune, workloads, args.best, args.tune_with.split())
            say("tuned {} workloads in {:.0f} s".format(len(workloads), time.monotonic() - started))
        best = best_files.read(args.best)
    tool = best_files.version(args.scantune) if args.scantune else next(
        ("scantune " + entry["provenance"]["tool_version"] for entry in best["entries"]
         if entry.get("provenance", {}).get("tool_version")), None)

    import gpu as gpu_module
    import contenders as contenders_module
    import measure
    import warm

    blocks = {}
    if seed_code is not None:
        own = seed_text.block_size(seed_code)
        every = (own,) + contenders_module.SEED_BLOCKS + contenders_module.SEED_BLOCKS_OF_LONG_ROWS
        seed_text.write_modules(seed_code, args.work, every)
        blocks = {name: contenders_module.Seed(seed_code, args.work, name == "seed_best_block", {})
                  for name in wanted if name.startswith("seed")}
    capability = "{}{}".format(*torch.cuda.get_device_capability(0))
    jobs = warm.jobs_of(workloads, lambda workload: sorted({block for seed in blocks.values()
                                                            for block in seed.blocks(workload)}), "triton" in wanted)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        building = pool.submit(prepare_cub, args, wanted, capability)
        warmed, failure = warm.run(jobs, args.work, warm.default_processes(),
                                   min(WARM_S, args.time_limit / 3)) if kept is None else (0, None)
        say("compiled {} of {} Triton kernels{} after {:.0f} s".format(
            warmed, len(jobs), " ({})".format(failure) if failure else "", time.monotonic() - started))
        cub = building.result()
    nvrtc = prepare_nvrtc(args, wanted)
    for what, found in (("CUB", cub), ("NVRTC", nvrtc)):
        say("{}: {}".format(what, found if isinstance(found, str) else found.version))
    gpu = gpu_module.Gpu()
    contenders = contenders_of(gpu, wanted, args, seed_code, best, failures, cub, nvrtc)
    versions = {"cuda": torch.version.cuda, "torch": torch.__version__, "triton": triton.__version__, "scantune": tool}
    result = new_result(gpu, cub, nvrtc, args, seed_digest, versions, contenders)
    if kept is not None:
        if kept["provenance"]["gpu"] != gpu.name:
            raise Trouble("--resume: {} was measured on {}, this is {}".format(args.out, kept["provenance"]["gpu"],
                                                                               gpu.name))
        result["workloads"], result["lost"] = kept["workloads"], kept.get("lost", [])
    done = {report.name_of(workload) for workload in result["workloads"]}

    at_work = [None]
    left_out = []
    for workload in workloads:
        if workload.name in done:
            continue
        if time.monotonic() > args.deadline - 2:
            left_out.append(workload.name)
            continue
        avoided = {row["peer"]: {"short": "crashes: " + row["reason"][:50], "detail": row["reason"]}
                   for row in result.get("lost", []) if row["workload"] == workload.name}
        began = time.monotonic()
        say(workload.name)
        try:
            measured = measure.measure(gpu, workload, contenders, avoided, args.random_seed, args.deadline,
                                       args.peer_limit, say, at_work)
        except gpu_module.Lost as error:
            restart(result, args, workload, at_work[0], str(error))
        except RuntimeError as error:  # of the copy or the input: of a contender they are in its cell
            for contender in contenders:
                contender.forget()
            gpu.synchronize()
            say("  not measured: {}".format(str(error).splitlines()[0]))
            left_out.append(workload.name)
            gpu.release()
            continue
        result["workloads"].append(measured)
        result["provenance"]["time_utc"] = now_utc()
        report.write(result, args.out)
        scantune = measured["cells"].get("scantune", {}).get("ratio_to_copy")
        say("  {:.1f} s, {} rounds, copy {}{}".format(
            time.monotonic() - began, len(measured["samples"]["rounds"]),
            report.time_text(measured["copy"]["time_ns"]["median"]),
            ", scantune {:.3f} of it".format(scantune["median"]) if scantune else ""))
        gpu.release()
    if left_out:
        result["not_measured"] = left_out
        say("not measured: {}".format("; ".join(left_out)))
    if not result["workloads"]:
        raise Trouble("nothing was measured: see the messages above")
    report.write(result, args.out)
    print(report.markdown(result))
    say("wrote {} after {:.0f} s".format(os.path.join(args.out, "peers.{json,md,svg}"), time.monotonic() - started))
    return 0 if any(cell["status"] == "measured" for workload in result["workloads"]
                    for cell in workload["cells"].values()) else 1


def main():
    try:
        return run(parse(sys.argv[1:]))
    except Trouble as trouble:
        say("peers: {}".format(trouble))
        return 2


if __name__ == "__main__":
    sys.exit(main())
