#!/usr/bin/env python3
"""How often `scantune check` errs on this GPU: fresh A/A checks, each with a kernel that was made 2% slower beside.

  scripts/gate_study.py --binary build/release/scantune --out results/h200-gate.json       on a GPU: 60 to 90 s
  scripts/gate_study.py --table results/h200-gate.json --calibration build/release/tests/gate_calibration

The first form tunes each workload once (its baseline), then runs as many checks as asked for, each a process of its own:
new contexts, new memory, new random order. Its file holds every ratio, so that error rates can be resampled from it
without a GPU; the tests do (tests/gate/calibration_test.cc). The second writes the table of docs/ci.md from it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- gate study: begin -->"
END = "<!-- gate study: end -->"


def fail(message):
    sys.exit(f"gate_study.py: {message}")


def ratios(samples, subject):
    """copy / subject of every round, in the order taken."""
    index = samples["subjects"].index(subject)
    found = []
    for one in samples["rounds"]:
        copies = [t for who, t in zip(one["order"], one["time_ns"]) if who == 0]
        found += [statistics.mean(copies) / t for who, t in zip(one["order"], one["time_ns"]) if who == index]
    return found


def run(command, codes):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in codes:
        fail(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done


def tune(binary, folder, shape, tune_options):
    best = folder / "best.json"
    run([binary, "--shape", shape, "--out", str(best), "--journal", "none", "--metrics", "none", "--quiet", *tune_options],
        {0})
    entry = json.loads(best.read_text())["entries"][0]
    return best, entry


def study(binary, folder, shape, runs, planted, tune_options, check_options):
    best, entry = tune(binary, folder, shape, tune_options)
    result = {
        "key": entry["key"],
        "variant": entry["winner"]["variant"],
        "chip": entry["chip"]["name"],
        "driver": entry["provenance"]["driver"] or "",
        "time_utc": entry["provenance"]["time_utc"],
        "extra_traffic": planted / 100,
        "baseline_ratios": ratios(entry["samples"], entry["winner"]["variant"]),
        "alike": 1 + len(entry["equivalents"]),
        "runs": [],
    }
    plant = ["--plant", f"{planted:g}%"] if planted else []
    for number in range(runs):
        begin = time.monotonic()
        done = run([binary, "check", "--baseline", str(best), "--shape", shape, "--format", "json", "--quiet",
                    "--seed", str(number + 1), *plant, *check_options], {0, 1, 3})
        seconds = time.monotonic() - begin
        check = json.loads(done.stdout)["entries"][0]
        if not check["samples"]["rounds"]:
            fail(f"check {number + 1} measured nothing: {check['why']}")
        of_planted = check["planted"]
        result["runs"].append({
            "verdict": check["verdict"],
            "planted_verdict": of_planted["verdict"] if of_planted else "inconclusive",
            "planted_slowdown": of_planted["slowdown_paired"]["median"] if of_planted else None,
            "slowdown": check["slowdown"]["median"],
            "seconds": round(seconds, 3),
            "ratios": ratios(check["samples"], "now"),
            "planted_ratios": ratios(check["samples"], "planted") if of_planted else [],
        })
        print(f"{shape} {number + 1}/{runs}: {check['verdict']} {-100 * check['slowdown']['median']:+.2f}%"
              + (f", planted: {of_planted['verdict']} {-100 * of_planted['slowdown']['median']:+.2f}%" if of_planted else "")
              + f", {seconds:.1f} s", file=sys.stderr)
    return result


def one_line_lists(document):
    """JSON with a run a line: readable, and small in a diff."""
    studies = []
    for entry in document["studies"]:
        head = {key: value for key, value in entry.items() if key != "runs"}
        text = json.dumps(head)[:-1] + ', "runs": [\n' + ",\n".join(json.dumps(r) for r in entry["runs"]) + "\n]}"
        studies.append(text)
    return '{"format": "scantune-gate-study", "version": 1, "studies": [\n' + ",\n".join(studies) + "\n]}\n"


def write_atomically(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)


def share(count, of):
    return f"{count} of {of}"


def table(document, resampled):
    """Of each workload: the checks themselves, and those drawn from their samples."""
    lines = ["| workload | fresh checks flagged | planted, found | the planted kernel is slower by | a check takes | "
             "of drawn checks flagged | inconclusive | planted, found | 2% slower, found |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for entry in document["studies"]:
        runs = entry["runs"]
        flagged = sum(r["verdict"] == "regression" for r in runs)
        found = sum(r["planted_verdict"] == "regression" for r in runs)
        slower = [r["planted_slowdown"] for r in runs if r["planted_slowdown"] is not None]
        seconds = [r["seconds"] for r in runs]
        drawn = resampled[entry["key"]]
        lines.append("| " + " | ".join([
            entry["key"].split("|")[1] + " " + entry["key"].split("|")[2],
            share(flagged, len(runs)), share(found, len(runs)),
            f"{100 * min(slower):.2f} to {100 * max(slower):.2f}%" if slower else "",
            f"{statistics.median(seconds):.1f} s, {max(seconds):.1f} s at most",
            f"{100 * drawn['flagged']:.2f}%", f"{100 * drawn['inconclusive']:.2f}%",
            f"{100 * drawn['planted_found']:.2f}%", f"{100 * drawn['slower_found']:.2f}%"]) + " |")
    first = document["studies"][0]
    lines.append("")
    lines.append(f"{first['chip']}, driver {first['driver']}, {first['time_utc'][:10]}; "
                 f"{resampled[first['key']]['draws']} checks drawn for each figure.")
    return "\n".join(lines)


def write_table(path, calibration, page):
    document = json.loads(path.read_text())
    done = run([calibration, str(path)], {0})
    text = page.read_text()
    if BEGIN not in text or END not in text:
        fail(f"{page} has no place for the table: {BEGIN} ... {END}")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    resampled = {row["key"]: row for row in json.loads(done.stdout)}
    write_atomically(page, f"{head}{BEGIN}\n{table(document, resampled)}\n{END}{tail}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/scantune"))
    parser.add_argument("--shape", action="append", help="repeatable (default 32768x32768)")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--plant", type=float, default=2.0, help="percent of extra traffic (default 2; 0: none)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/h200-gate.json")
    parser.add_argument("--tune", action="append", default=[], help="an option of the tuning run, such as --tune=--budget=20s")
    parser.add_argument("--check", action="append", default=[], help="an option of each check")
    parser.add_argument("--table", type=pathlib.Path, help="write the table of a study that was recorded, and measure nothing")
    parser.add_argument("--calibration", default=str(ROOT / "build/release/tests/gate_calibration"))
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/ci.md")
    options = parser.parse_args()
    if options.table:
        write_table(options.table, options.calibration, options.page)
        return
    if options.runs < 1:
        fail("--runs: write 1 or more")
    document = {"studies": []}
    with tempfile.TemporaryDirectory(prefix="scantune-gate-") as scratch:
        for number, shape in enumerate(options.shape or ["32768x32768"]):
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()
            document["studies"].append(study(options.binary, folder, shape, options.runs, options.plant, options.tune,
                                             options.check))
            write_atomically(options.out, one_line_lists(document))


if __name__ == "__main__":
    main()
