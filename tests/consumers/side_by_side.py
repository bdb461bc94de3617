#!/usr/bin/env python3
"""Holds the speeds that a consumer measured against what scantune itself measured of the same kernels on the same GPU.

    build/release/scantune check --baseline results/h200-standard.json --format json --out check.json
    build/consumers/cmake/build/consumer speed > speed.log
    tests/consumers/side_by_side.py speed.log check.json

Exit code: 0 each is at least 0.99 of scantune's own ratio to the copy, 1 one is not or was not measured, 2 bad input.
"""

import json
import re
import sys

LEAST = 0.99
LINE = re.compile(r"^  (\w+) +(\d+)x(\d+)x(\d+): ([0-9.]+) of a copy, tuned [0-9.]+ \([0-9.]+ of that\): (.*?)(?:  TOO SLOW)?$")


def consumed(path):
    """{(type, outer, n, inner): (ratio to the copy, variant)}"""
    with open(path, encoding="utf-8") as file:
        matches = [LINE.match(line.rstrip("\n")) for line in file]
    return {(match[1],) + tuple(int(match[i]) for i in (2, 3, 4)): (float(match[5]), match[6])
            for match in matches if match}


def measured(path):
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    if root.get("format") != "scantune-check":
        raise ValueError("{}: not what scantune check --format json writes".format(path))
    found = {}
    for entry in root["entries"]:
        workload, now = entry["workload"], entry["now"]
        key = tuple(workload[name] for name in ("dtype", "outer", "n", "inner"))
        if workload["cache"] == "cold" and now["round_count"]:
            found[key] = (now["ratio_to_copy"]["median"], entry["variant"])
    return found


def main():
    try:
        ours, tuner = consumed(sys.argv[1]), measured(sys.argv[2])
    except (OSError, ValueError, KeyError, IndexError) as error:
        print("side_by_side: {}".format(error), file=sys.stderr)
        return 2
    worst, short = None, 0
    for key, (ratio, variant) in sorted(ours.items()):
        name = "{} {}x{}x{}".format(*key)
        if key not in tuner:
            print("{:<28} {:.4f} of a copy; scantune has not measured it".format(name, ratio))
            short += 1
            continue
        own, measured_variant = tuner[key]
        share = ratio / own
        worst = share if worst is None else min(worst, share)
        faults = [] if share >= LEAST else ["TOO SLOW"]
        faults += [] if variant == measured_variant else ["scantune measured {}".format(measured_variant)]
        short += bool(faults)
        print("{:<28} {:.4f} of a copy, scantune's own {:.4f}: {:.4f} of that  {}".format(
            name, ratio, own, share, "; ".join(faults)).rstrip())
    print("{} workloads, {} short of {}; the worst at {}".format(
        len(ours), short, LEAST, "-" if worst is None else "{:.4f}".format(worst)))
    return 0 if ours and not short else 1


if __name__ == "__main__":
    sys.exit(main())
