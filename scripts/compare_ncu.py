#!/usr/bin/env python3
"""Compares the counters scantune reads in process with what ncu reads of the same kernels.

By default one variant of every GPU family, each on a workload it is made for; --variant compares
others. For each: `scantune profile` reads the counters `--repeats` times; then ncu profiles the same
launches of a `scantune profile` that reads no counters itself (two tools cannot hold them at once). ncu
leaves clocks and caches alone, and repeats the whole run for each of its passes (application replay): so
every launch finds the cache as scantune left it, as it does when it is timed. ncu's own way,
--cache-control all, empties the cache before every launch, the second of a variant included. Medians are
compared: bytes within 1%, percentages within 1.5 points; other metrics are shown and not judged. Where ncu's own
repeats are farther apart than that (what a launch of a few hundred bytes reads, say), the table says "scatter".

--warm-runs takes several numbers: scantune's side is read once with each, held against the same values of
ncu, and a table at the end says how far off each was. The last of them is what --out keeps.

Needs a GPU whose counters may be read, and ncu. Exit code: 0 all within, 1 some outside, 2 it could
not be compared.

  scripts/compare_ncu.py --out results/h200-ncu.json
  scripts/compare_ncu.py --family three_pass --warm-runs 0,1,3
  scripts/compare_ncu.py --shape 4096x4096 --variant 'row_carry tile=4096 warps=4 stages=3 storage=async'
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

# Workloads for each family: one on which it is among the fastest, and of which a copy takes long enough (50 us)
# for a timed sample to be one run: several runs are one graph, whose kernels ncu sees otherwise. Of three_pass also one
# whose sums do not fit the L2: what its launches write of them is DRAM traffic that can be compared, where else it is
# what the L2 happens to write back.
SUBJECTS = [
    ("three_pass", ["--shape", "32768x32768"], []),
    ("three_pass", ["--shape", "8400000x513", "--dtype", "f64"],
     ["--set", "tile=512", "--set", "warps=4", "--set", "stages=1"]),
    ("row_carry", ["--shape", "32768x32768"], []),
    ("short_row", ["--shape", "1048576x256"], []),
    ("long_row", ["--shape", "1x268435456"], []),
    ("column_carry", ["--shape", "32768x32768", "--dim", "0"], []),
    ("column_split", ["--shape", "4194304x64", "--dim", "0"], []),
]
FAMILIES = sorted({family for family, _, _ in SUBJECTS})


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


def profile_command(args, subject, choice, metrics):
    """A profile of one variant; `choice` is --variant or --kernel with its value."""
    command = [args.binary, "profile", "--in-process", "--quiet", "--format", "json", "--device", args.device]
    return command + subject["workload"] + choice + ["--metrics", metrics]


def scantune_profile(args, subject, choice, warm_runs):
    """What scantune profile --format json prints."""
    done = run(profile_command(args, subject, choice, args.metrics)
               + ["--rounds", "1", "--repeats", str(args.repeats), "--warm-runs", str(warm_runs)])
    if done.returncode != 0:
        raise Trouble("scantune: exit code {}: {}".format(done.returncode, last_line(done.stderr)))
    return json.loads(done.stdout)


def readings(document):
    """The launches' counters of every reading: [repeat][launch]."""
    sheet = document["profile"]
    return sheet["repeats"] or [sheet["launches"]]


def function_name(entry):
    """The "row_carry" of "scantune::row_carry<float, 8192>" or "void scantune::row_carry<...>(...)"."""
    name = re.split(r"[<(]", entry, maxsplit=1)[0]
    return re.split(r"::|\s", name.strip())[-1]


def terms(metric):
    """The CUPTI names whose sum the metric is; none where it is answered from the launch."""
    return [] if metric["requested"].startswith("launch__") else metric["read_as"].split(" + ")


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


def ncu_profiles(args, subject, variant, launches, folder):
    """ncu's values of the launches of the variant: [repeat][launch] -> {name: value}."""
    functions = [function_name(launch["entry"]) for launch in launches]
    names = sorted({term for launch in launches for metric in launch["metrics"] for term in terms(metric)})
    log = os.path.join(folder, "ncu.csv")
    if os.path.exists(log):
        os.remove(log)
    command = [args.ncu, "--clock-control", "none", "--target-processes", "application-only"]
    command += ["--cache-control", args.cache_control]
    command += ["--replay-mode", "kernel" if args.cache_control == "all" else "application"]
    command += ["--kernel-name", "regex:^({})$".format("|".join(sorted(set(functions))))]
    command += ["--launch-skip", str(LAUNCHES_OF_VERIFICATION * len(functions))]
    command += ["--launch-count", str(args.repeats * len(functions)), "--kill", "on"]
    command += ["--metrics", ",".join(names), "--csv", "--page", "raw", "--print-units", "base", "--log-file", log]
    command += profile_command(args, subject, ["--variant", variant], "none")
    done = run(command + ["--rounds", str(args.repeats + 1)])
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


def apart(unit, one, other):
    """(difference as text, within bounds or None where it is not judged)."""
    if unit == "%":
        return "{:+.2f} points".format(one - other), abs(one - other) <= PERCENT_POINTS
    if other == 0:
        return "{:+g}".format(one), one == 0 if unit == "bytes" else None
    percent = 100 * (one - other) / other
    return "{:+.2f} %".format(percent), abs(percent) <= BYTES_PERCENT if unit == "bytes" else None


def judge(unit, ours, theirs):
    """Of repeated readings: (difference of the medians as text, within bounds or None, whether ncu repeats its own)."""
    difference, within = apart(unit, statistics.median(ours), statistics.median(theirs))
    if within is None:
        return difference, None, None
    return difference, within, apart(unit, max(theirs), min(theirs))[1]


def compared_rows(document, warm_runs, subject, ncu):
    """One row a launch and metric."""
    variant = document["profile"]["variant"]
    profiles = readings(document)
    rows = []
    for index, launch in enumerate(profiles[0]):
        for position, metric in enumerate(launch["metrics"]):
            name = metric["requested"]
            if not terms(metric):
                continue
            ours = [profile[index]["metrics"][position]["value"] for profile in profiles]
            if None in ours:
                raise Trouble("scantune has no {}: {}".format(name, metric.get("reason") or "no reason given"))
            for term in terms(metric):
                if any(term not in profile[index] for profile in ncu):
                    raise Trouble("ncu has no {}".format(term))
            theirs = [sum(profile[index][term] for term in terms(metric)) for profile in ncu]
            difference, within, repeats = judge(metric["unit"], ours, theirs)
            rows.append({
                "variant": variant, "workload": " ".join(subject["workload"]), "warm_runs": warm_runs,
                "launch": index, "function": function_name(launch["entry"]), "metric": name,
                "read_as": metric["read_as"], "unit": metric["unit"], "scantune": statistics.median(ours),
                "ncu": statistics.median(theirs), "difference": difference, "within": within, "ncu_repeats": repeats,
                "scantune_values": ours, "ncu_values": theirs,
            })
    return rows


def compare(args, subject, folder):
    """The rows for each number of warm runs, and the document of the last."""
    documents = []
    choice = subject["choice"]
    for warm_runs in args.warm_runs:
        documents.append(scantune_profile(args, subject, choice, warm_runs))
        choice = ["--variant", documents[0]["profile"]["variant"]]
    ncu = ncu_profiles(args, subject, documents[0]["profile"]["variant"], readings(documents[0])[0], folder)
    rows = []
    for warm_runs, document in zip(args.warm_runs, documents):
        rows += compared_rows(document, warm_runs, subject, ncu)
    return rows, documents[-1]


def print_table(rows):
    for key in dict.fromkeys((row["variant"], row["workload"], row["warm_runs"]) for row in rows):
        print("{} | {} | {} warm runs\n  {:<24} {:<62} {:>14} {:>14}".format(
            *key, "function", "metric", "scantune", "ncu"))
        for row in (row for row in rows if (row["variant"], row["workload"], row["warm_runs"]) == key):
            verdict = {True: "ok", False: "OUTSIDE", None: ""}[row["within"]]
            verdict += ", scatter" if row["ncu_repeats"] is False else ""
            print("  {:<24} {:<62} {:>14.7g} {:>14.7g} {:<12} {:>15}  {}".format(
                row["function"], row["metric"], row["scantune"], row["ncu"], row["unit"] or "",
                row["difference"], verdict).rstrip())


def print_warm_runs(args, rows):
    """How far each number of warm runs was off, over the judged values."""
    print("warm runs  outside  largest difference of a percentage  of bytes")
    for warm_runs in args.warm_runs:
        judged = [row for row in rows if row["warm_runs"] == warm_runs and row["within"] is not None]
        points = [abs(row["scantune"] - row["ncu"]) for row in judged if row["unit"] == "%"]
        shares = [abs(row["scantune"] / row["ncu"] - 1) for row in judged if row["unit"] == "bytes" and row["ncu"]]
        print("{:>9}  {:>3} of {:<3}  {:>28.2f} points  {:>6.2f} %".format(
            warm_runs, sum(not row["within"] for row in judged), len(judged), max(points, default=0),
            100 * max(shares, default=0)))


def subjects_of(args):
    """What to compare: a workload, and the choice of a variant on it."""
    if args.variant:
        workload = ["--shape", args.shape] + (["--dim", args.dim] if args.dim is not None else [])
        workload += ["--dtype", args.dtype] if args.dtype is not None else []
        return [{"workload": workload, "choice": ["--variant", " ".join(text.split())]} for text in args.variant]
    families = args.family or FAMILIES
    return [{"workload": workload, "choice": ["--kernel", family] + settings}
            for family, workload, settings in SUBJECTS if family in families]


def counts(text):
    try:
        values = [int(item) for item in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError("'{}': write integers joined by commas".format(text))
    if min(values) < 0 or len(set(values)) != len(values):
        raise argparse.ArgumentTypeError("'{}': write different integers, 0 or more".format(text))
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--binary", default="build/release/scantune", help="default %(default)s")
    parser.add_argument("--family", action="append", choices=FAMILIES,
                        help="its fastest known variant, else a likely one; repeatable; default: every family")
    parser.add_argument("--variant", action="append", metavar="'KERNEL NAME=VALUE ...'",
                        help="in full, instead of families; repeatable")
    parser.add_argument("--shape", default="32768x32768", help="of --variant; default %(default)s")
    parser.add_argument("--dim", help="of --variant")
    parser.add_argument("--dtype", help="of --variant")
    parser.add_argument("--device", default="cuda:0", help="default %(default)s")
    parser.add_argument("--metrics", default="core", help="as of scantune; default %(default)s")
    parser.add_argument("--repeats", type=int, default=5,
                        help="profiles a tool, of which the median counts; default %(default)s")
    parser.add_argument("--warm-runs", type=counts, default=[1], metavar="N,N",
                        help="uncounted runs before each counted one, on scantune's side; default 1, as ncu's have others before them")
    parser.add_argument("--cache-control", choices=["none", "all"], default="none",
                        help="all: ncu empties the cache before every launch; default %(default)s")
    parser.add_argument("--ncu", default="ncu", help="default %(default)s")
    parser.add_argument("--out", metavar="FILE", help="write the comparison as JSON")
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error("--repeats: at least 1")
    if args.family and args.variant:
        parser.error("--family: it cannot go with --variant")
    rows, document, troubles = [], None, []
    try:
        if shutil.which(args.ncu) is None:
            raise Trouble("{} was not found: install Nsight Compute, or give --ncu PATH".format(args.ncu))
        ncu_version = last_line(run([args.ncu, "--version"]).stdout)
    except Trouble as error:
        print("compare_ncu: {}".format(error), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="scantune-ncu-") as folder:
        for subject in subjects_of(args):
            # One that cannot be compared does not cost the others.
            try:
                more, document = compare(args, subject, folder)
                rows += more
            except Trouble as error:
                troubles.append("{}: {}".format(" ".join(subject["choice"]), error))
                print("compare_ncu: {}".format(troubles[-1]), file=sys.stderr)
    print_table(rows)
    if len(args.warm_runs) > 1:
        print_warm_runs(args, rows)
    kept = [row for row in rows if row["warm_runs"] == args.warm_runs[-1]]
    judged = [row for row in kept if row["within"] is not None]
    outside = [row for row in judged if not row["within"]]
    print("{} of {} judged values outside (bytes {}%, percentages {} points; medians of {}); {} that ncu itself does not "
          "repeat so well".format(len(outside), len(judged), BYTES_PERCENT, PERCENT_POINTS, args.repeats,
                                  sum(not row["ncu_repeats"] for row in judged)))
    if args.out and document is not None:
        report = {"format": "scantune-compare-ncu", "version": 3,
                  "date_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                  "device": document["device"], "provenance": document["provenance"], "ncu": ncu_version,
                  "method": "medians of {}; scantune with {} warm runs; ncu --clock-control none --cache-control "
                            "{}{}".format(args.repeats, args.warm_runs[-1], args.cache_control,
                                          " --replay-mode application" if args.cache_control == "none" else ""),
                  "bounds": {"bytes_percent": BYTES_PERCENT, "percent_points": PERCENT_POINTS},
                  "within": not outside and not troubles, "not_compared": troubles, "rows": kept}
        with open(args.out, "w") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
    return 2 if troubles else 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
