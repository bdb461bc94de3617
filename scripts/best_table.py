#!/usr/bin/env python3
"""Prints a best file as a markdown table: a row a workload, with the winner and its ratio to the copy.

Everything in it is read from the file, and the last line says where that came from, so that a table in a
document can be made anew and compared with what stands there.

  scripts/best_table.py results/h200-standard.json
"""

import argparse
import json
import math
import sys


def time_text(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns:.4g} ns"


def workload_text(workload):
    shape = "x".join(str(extent) for extent in workload["shape"])
    sums = workload["accumulator"]
    default = {"f16": "f32", "bf16": "f32"}.get(workload["dtype"], workload["dtype"])
    dtype = workload["dtype"] + ("" if sums == default else f" in {sums}")
    return f"{shape}, dim {workload['dim']} | {dtype}"


def rows(entries):
    yield "| workload | type | ratio to the copy | time | over the baseline | winner |"
    yield "|---|---|---|---|---|---|"
    for entry in entries:
        winner, baseline = entry["winner"], entry["baseline"]
        ratio = winner["ratio_to_copy"]
        speedup = "-"
        if baseline:
            speedup = f"{baseline['time_ns']['median'] / winner['time_ns']['median']:.2f}x"
        yield (
            f"| {workload_text(entry['workload'])} | {ratio['median']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}] "
            f"| {time_text(winner['time_ns']['median'])} | {speedup} | `{winner['variant']}` |"
        )
    ratios = [entry["winner"]["ratio_to_copy"]["median"] for entry in entries]
    mean = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    yield f"| geometric mean of {len(ratios)} | | {mean:.3f} | | | |"


def source(entries):
    what = set()
    for entry in entries:
        p = entry["provenance"]
        what.add(
            f"{entry['chip']['name']}, driver {p['driver']}, {p['compiler']}, scantune {p['tool_version']}, "
            f"{p['time_utc'][:10]}, {entry['workload']['cache']} cache"
        )
    return "; ".join(sorted(what))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="BEST.json")
    path = parser.parse_args().file
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)["entries"]
        if not entries:
            raise ValueError("it has no entries")
        lines = [*rows(entries), "", source(entries)]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(f"best_table.py: {path}: {problem!r}; a best file of scantune was expected", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
