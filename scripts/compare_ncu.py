#!/usr/bin/env python3
"""Compares the counters scantune reads in process with what ncu reads of the same kernels.

For each variant: scantune profiles it `--repeats` times; then ncu profiles the same launches of a
scantune run that reads no counters itself (two tools cannot hold them at once). ncu leaves clocks and
caches alone, and repeats the whole run for each of its passes (application replay): so every launch
finds the cache as scantune left it, as it does when it is timed. ncu's own way, --cache-control all,
empties the cache before every launch, the second of a variant included. Medians are compared: bytes
within 1%, percentages within 1.5 points; other metrics are shown and not judged.

Needs a GPU whose counters may be read, and ncu. Exit code: 0 all within, 1 some outside, 2 it could
not be compared.

  scripts/compare_ncu.py --shape 32768x32768 --variant "row_carry tile=8192 warps=16 stages=2"
"""

import argparse
import csv
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BYTES_PERCENT = 1.0
PERCENT_POINTS = 1.5
LAUNCHES_OF_VERIFICATION = 2  # of each variant, before it is timed: the exact test and the bound test


class Trouble(Exception):
    """Why nothing can be compared, in one line."""


def run(command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    except OSError as error:
        raise Trouble("{}: {}".format(command[0], error.strerror))


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def tune_command(args, variant, metrics, shapes, folder):
    kernel, *settings = variant.split()
    command = [args.binary, "--in-process", "--no-progress", "--format", "json", "--device", args.device]
    command += ["--journal", "none"]  # which would answer from the run before
    command += ["--kernels", kernel, "--metrics", metrics, "--out", os.path.join(folder, "best.json")]
    for setting in settings:
        command += ["--set", setting]
    return command + [part for _ in range(shapes) for part in ("--shape", args.shape)]


def scantune_profiles(args, variant, folder):
    """The profiles of the variant, one a repeat, and the last outcome."""
    profiles = []
    outcome = None
    while len(profiles) < args.repeats:
        # One run for all repeats, unless equal shapes are taken for one.
        done = run(tune_command(args, variant, args.metrics, args.repeats - len(profiles), folder))
        if done.returncode != 0:
            raise Trouble("scantune: exit code {}: {}".format(done.returncode, last_line(done.stderr)))
        before = len(profiles)
        for outcome in json.loads(done.stdout)["outcomes"]:
            for record in outcome["records"]:
                if record["variant"] == variant and record["counters"]:
                    profiles.append(record["counters"])
        if len(profiles) == before:
            raise Trouble("scantune did not profile '{}': is it a variant, and spelt in full?".format(variant))
    return profiles[: args.repeats], outcome


def function_name(entry):
    """The "row_carry" of "scantune::row_carry<float, 8192>" or "void scantune::row_carry<...>(...)"."""
    name = re.split(r"[<(]", entry, maxsplit=1)[0]
    return re.split(r"::|\s", name.strip())[-1]


def terms(metric):
    """The CUPTI names whose sum the metric is."""
    return metric["read_as"].split(" + ")


def number(text):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise Trouble("ncu gave '{}' where a number was expected".format(text))


def read_ncu_csv(path):
    """The rows of ncu's raw page: the kernel's function and its metrics, in launch order."""
    with open(path, newline="") as file:
        lines = [line for line in file if line.startswith('"')]
    rows = list(csv.reader(lines))
    if len(rows) < 3:
        with open(path) as file:
            raise Trouble("ncu profiled nothing: {}".format(last_line(file.read())))
    header, _, *data = rows  # the second row has the units
    launches = [dict(zip(header, row)) for row in data]
    return [(function_name(launch["Kernel Name"]), launch) for launch in launches]


def ncu_profiles(args, variant, counters, folder):
    """ncu's values of the launches of the variant: [repeat][launch] -> {name: value}."""
    functions = [function_name(launch["entry"]) for launch in counters]
    names = sorted({term for launch in counters for metric in launch["metrics"] for term in terms(metric)})
    log = os.path.join(folder, "ncu.csv")
    command = [args.ncu, "--clock-control", "none", "--target-processes", "application-only"]
    command += ["--cache-control", args.cache_control]
    command += ["--replay-mode", "kernel" if args.cache_control == "all" else "application"]
    command += ["--kernel-name", "regex:^({})$".format("|".join(sorted(set(functions))))]
    command += ["--launch-skip", str(LAUNCHES_OF_VERIFICATION * len(functions))]
    command += ["--launch-count", str(args.repeats * len(functions)), "--kill", "on"]
    command += ["--metrics", ",".join(names), "--csv", "--page", "raw", "--print-units", "base", "--log-file", log]
    done = run(command + tune_command(args, variant, "none", 1, folder))
    if not os.path.exists(log):
        raise Trouble("ncu: exit code {}: {}".format(done.returncode, last_line(done.stderr + done.stdout)))
    rows = read_ncu_csv(log)
    expected = functions * args.repeats
    found = [function for function, _ in rows]
    if found != expected:
        raise Trouble("ncu saw the launches {}, expected {}".format(found, expected))
    profiles = []
    for begin in range(0, len(rows), len(functions)):
        launches = [row for _, row in rows[begin : begin + len(functions)]]
        profiles.append([{name: number(row[name]) for name in names if row.get(name)} for row in launches])
    return profiles


def judge(unit, ours, theirs):
    """(difference as text, within bounds or None where it is not judged)."""
    if unit == "%":
        return "{:+.2f} points".format(ours - theirs), abs(ours - theirs) <= PERCENT_POINTS
    if theirs == 0:
        return "{:+g}".format(ours), ours == 0 if unit == "bytes" else None
    percent = 100 * (ours - theirs) / theirs
    return "{:+.2f} %".format(percent), abs(percent) <= BYTES_PERCENT if unit == "bytes" else None


def compare(args, variant, folder):
    profiles, outcome = scantune_profiles(args, variant, folder)
    ncu = ncu_profiles(args, variant, profiles[0], folder)
    rows = []
    for index, launch in enumerate(profiles[0]):
        for position, metric in enumerate(launch["metrics"]):
            name = metric["requested"]
            ours = [profile[index]["metrics"][position]["value"] for profile in profiles]
            if None in ours:
                raise Trouble("scantune has no {}: {}".format(name, metric.get("reason") or "no reason given"))
            for term in terms(metric):
                if any(term not in profile[index] for profile in ncu):
                    raise Trouble("ncu has no {}".format(term))
            theirs = [sum(profile[index][term] for term in terms(metric)) for profile in ncu]
            mine, other = statistics.median(ours), statistics.median(theirs)
            difference, within = judge(metric["unit"], mine, other)
            rows.append({
                "variant": variant, "launch": index, "function": function_name(launch["entry"]), "metric": name,
                "read_as": metric["read_as"], "unit": metric["unit"], "scantune": mine, "ncu": other,
                "difference": difference, "within": within, "scantune_values": ours, "ncu_values": theirs,
            })
    return rows, outcome


def print_table(rows):
    for variant in dict.fromkeys(row["variant"] for row in rows):
        print("{}\n  {:<24} {:<62} {:>14} {:>14}".format(variant, "function", "metric", "scantune", "ncu"))
        for row in (row for row in rows if row["variant"] == variant):
            verdict = {True: "ok", False: "OUTSIDE", None: ""}[row["within"]]
            print("  {:<24} {:<62} {:>14.7g} {:>14.7g} {:<12} {:>15}  {}".format(
                row["function"], row["metric"], row["scantune"], row["ncu"], row["unit"] or "",
                row["difference"], verdict).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--binary", default="build/scantune", help="default %(default)s")
    parser.add_argument("--shape", default="32768x32768", help="default %(default)s")
    parser.add_argument("--variant", action="append", required=True, metavar="'KERNEL NAME=VALUE ...'",
                        help="in full; repeatable")
    parser.add_argument("--device", default="cuda:0", help="default %(default)s")
    parser.add_argument("--metrics", default="core", help="as of scantune; default %(default)s")
    parser.add_argument("--repeats", type=int, default=5,
                        help="profiles a tool, of which the median counts; default %(default)s")
    parser.add_argument("--cache-control", choices=["none", "all"], default="none",
                        help="all: ncu empties the cache before every launch; default %(default)s")
    parser.add_argument("--ncu", default="ncu", help="default %(default)s")
    parser.add_argument("--out", metavar="FILE", help="write the comparison as JSON")
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error("--repeats: at least 1")
    rows, outcome = [], None
    try:
        if shutil.which(args.ncu) is None:
            raise Trouble("{} was not found: install Nsight Compute, or give --ncu PATH".format(args.ncu))
        ncu_version = last_line(run([args.ncu, "--version"]).stdout)
        with tempfile.TemporaryDirectory(prefix="scantune-ncu-") as folder:
            for variant in args.variant:
                more, outcome = compare(args, " ".join(variant.split()), folder)
                rows += more
    except Trouble as error:
        print("compare_ncu: {}".format(error), file=sys.stderr)
        return 2
    print_table(rows)
    outside = [row for row in rows if row["within"] is False]
    judged = [row for row in rows if row["within"] is not None]
    print("{} of {} judged values outside (bytes {}%, percentages {} points; medians of {})".format(
        len(outside), len(judged), BYTES_PERCENT, PERCENT_POINTS, args.repeats))
    if args.out:
        report = {"format": "scantune-compare-ncu", "version": 1, "shape": args.shape,
                  "date_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                  "device": outcome["device"], "provenance": outcome["provenance"], "ncu": ncu_version,
                  "method": "medians of {}; ncu --clock-control none --cache-control {}{}".format(
                      args.repeats, args.cache_control,
                      " --replay-mode application" if args.cache_control == "none" else ""),
                  "bounds": {"bytes_percent": BYTES_PERCENT, "percent_points": PERCENT_POINTS},
                  "within": not outside, "rows": rows}
        with open(args.out, "w") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
