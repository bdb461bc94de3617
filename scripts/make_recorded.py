#!/usr/bin/env python3
"""Writes src/explain/recorded_h200.inc, what searches expect of variants, from recorded journals.

    scripts/make_recorded.py results/h200-standard.jsonl.zst results/h200-sweeps.jsonl.zst

Of each workload the best variants are kept and, evenly spaced by rank, as many of the others: enough to
say what is fast and what is not, and small enough to be part of the program. Where two journals have a
workload, the one given last counts. Needs zstd for .zst files.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

BEST = 30
OTHERS = 30
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "src/explain/recorded_h200.inc"


def lines(path):
    if path.endswith(".zst"):
        text = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True, text=True).stdout
    else:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    return text.splitlines()


def read(path):
    """(outer, n, inner, dtype, accumulator, cache) -> {variant: the median of its ratios to the copy}"""
    contexts = {}
    for line in lines(path):
        event = json.loads(line)["event"]
        of = contexts.setdefault(event["context"], {"key": None, "final": {}, "screen": {}})
        if event["kind"] == "run_began":
            workload = event["workload"]
            if event["chip"]["name"] != "NVIDIA H200":
                sys.exit(f"{path}: recorded on {event['chip']['name']}; expected an NVIDIA H200")
            of["key"] = tuple(workload[k] for k in ("outer", "n", "inner", "dtype", "accumulator", "cache"))
        elif event["kind"] == "round" and event["discarded"] is None:
            copies = [time for index, time in event["samples"] if index == 0]
            copy = sum(copies) / len(copies)
            for index, time in event["samples"]:
                if index > 0:
                    variant = event["trials"][index - 1]["variant"]
                    of[event["phase"]].setdefault(variant, []).append(copy / time)
    found = {}
    for of in contexts.values():
        ratios = {**of["screen"], **of["final"]}
        found[of["key"]] = {variant: statistics.median(of) for variant, of in ratios.items()}
    return found


def chosen(ratios):
    ranked = sorted(ratios.items(), key=lambda item: (-item[1], item[0]))
    best, rest = ranked[:BEST], ranked[BEST:]
    step = max(1.0, len(rest) / OTHERS)
    return best + [rest[int(i * step)] for i in range(min(OTHERS, len(rest)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journals", nargs="+", metavar="JOURNAL")
    parser.add_argument("--out", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    recorded = {}
    for path in options.journals:
        recorded.update(read(path))
    text = ["// Written by scripts/make_recorded.py from journals recorded on an NVIDIA H200: a line \"= ...\" a workload,",
            "// then its variants with their ratio to the copy. Not to be edited."]
    for key, ratios in sorted(recorded.items()):
        text.append('"= ' + " ".join(str(part) for part in key) + '",')
        text += [f'"{ratio:.4f} {variant}",' for variant, ratio in chosen(ratios)]
    options.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(f"{options.out}: {len(recorded)} workloads, {len(text) - 2 - len(recorded)} variants")


if __name__ == "__main__":
    main()
