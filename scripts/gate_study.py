#!/usr/bin/env python3
"""How often `scantune check` errs on this GPU: fresh A/A checks, each with a kernel that was made 2% slower beside.

  scripts/gate_study.py --out results/h200-gate.json --time-limit 90        on a GPU
  scripts/gate_study.py --table results/h200-gate.json

The first form tunes each workload once (its baseline), then runs as many checks as asked for, each a process of its own:
new contexts, new memory, new random order. Its file holds every ratio, so that error rates can be resampled from it
without a GPU; the tests do (tests/gate/calibration_test.cc). It is written anew after each check, so that nothing is lost
where the study ends early: at its time limit, by a signal, or because checks failed. Then it says so, in the file too, and
the exit code is 1. The second form writes the table of docs/ci.md from the file.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- gate study: begin -->"
END = "<!-- gate study: end -->"
FAILURES_IN_A_ROW = 3  # then the study ends: what is wrong is not the noise
LONGEST_S = 60  # of one run of scantune: one that hangs costs no more


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


class Ended(Exception):
    """Why no more is measured."""


class Clock:
    """What is left of the time limit."""

    def __init__(self, limit_s):
        self.limit_s = limit_s
        self.begin = time.monotonic()

    def left(self):
        return self.limit_s - (time.monotonic() - self.begin) if self.limit_s else float("inf")

    def need(self, seconds):
        if self.left() < seconds:
            raise Ended(f"the time limit of {self.limit_s:g} s was hit")


def run(command, clock):
    """The finished process; one that takes too long is killed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=min(LONGEST_S, max(1, clock.left())))
    except subprocess.TimeoutExpired as expired:
        clock.need(1)
        return subprocess.CompletedProcess(command, -1, "", f"it did not end within {expired.timeout:.0f} s")


def tune(binary, folder, shape, tune_options, clock):
    best = folder / "best.json"
    done = run([binary, "--shape", shape, "--out", str(best), "--journal", "none", "--metrics", "none", "--quiet",
                *tune_options], clock)
    if done.returncode != 0:
        raise Ended(f"the baseline was not measured: exit code {done.returncode}: {done.stderr.strip()[-400:]}")
    return best, json.loads(best.read_text())["entries"][0]


def checked(done, seconds):
    """A check as the study keeps it, or why it measured nothing."""
    if done.returncode not in (0, 1, 3):
        return None, f"exit code {done.returncode}: {done.stderr.strip()[-400:]}"
    try:
        check = json.loads(done.stdout)["entries"][0]
    except ValueError as error:
        return None, f"what it printed is no JSON: {error}"
    if not check["samples"]["rounds"]:
        return None, check["why"]
    of_planted = check["planted"]
    return {
        "verdict": check["verdict"],
        "planted_verdict": of_planted["verdict"] if of_planted else "inconclusive",
        "planted_slowdown": of_planted["slowdown_paired"]["median"] if of_planted else None,
        "slowdown": check["slowdown"]["median"],
        "other_work": check["other_work"],
        "seconds": round(seconds, 3),
        "ratios": ratios(check["samples"], "now"),
        "planted_ratios": ratios(check["samples"], "planted") if of_planted else [],
    }, None


def told(result):
    text = f"{result['verdict']} {100 * result['slowdown']:+.2f}% slower"
    if result["planted_slowdown"] is not None:
        text += f", planted: {result['planted_verdict']} {100 * result['planted_slowdown']:+.2f}%"
    return f"{text}, {len(result['ratios'])} rounds, {result['seconds']:.1f} s"


def study(binary, folder, shape, options, clock, keep):
    """Tunes and checks a workload. `keep` is called with what there is, after the tuning and after each check."""
    best, entry = tune(binary, folder, shape, options.tune, clock)
    result = {
        "key": entry["key"],
        "variant": entry["winner"]["variant"],
        "chip": entry["chip"]["name"],
        "driver": entry["provenance"]["driver"] or "",
        "time_utc": entry["provenance"]["time_utc"],
        "extra_traffic": options.plant / 100,
        "runs_asked": options.runs,
        "ended": "it has not ended",
        "failures": [],
        "baseline_ratios": ratios(entry["samples"], entry["winner"]["variant"]),
        "alike": 1 + len(entry["equivalents"]),
        "runs": [],
    }
    keep(result)
    print(f"{shape}: baseline {result['variant']}, {clock.left():.0f} s left", file=sys.stderr)
    plant = ["--plant", f"{options.plant:g}%"] if options.plant else []
    in_a_row = 0
    try:
        for number in range(1, options.runs + 1):
            # As long as the others took: one that is cut short is lost.
            clock.need(max((one["seconds"] for one in result["runs"][1:]), default=1))
            begin = time.monotonic()
            done = run([binary, "check", "--baseline", str(best), "--shape", shape, "--format", "json", "--quiet",
                        "--seed", str(number), *plant, *options.check], clock)
            one, wrong = checked(done, time.monotonic() - begin)
            if one:
                result["runs"].append(one)
                in_a_row = 0
            else:
                result["failures"].append({"number": number, "why": wrong})
                in_a_row += 1
            print(f"{shape} {number}/{options.runs}: {told(one) if one else wrong}", file=sys.stderr)
            keep(result)
            if in_a_row == FAILURES_IN_A_ROW:
                raise Ended(f"{in_a_row} checks in a row failed: {wrong}")
        result["ended"] = None
    except Ended as why:
        result["ended"] = str(why)
        raise
    finally:
        keep(result)


def one_line_lists(document):
    """JSON with a run a line: readable, and small in a diff."""
    studies = []
    for entry in document["studies"]:
        head = {key: value for key, value in entry.items() if key != "runs"}
        runs = ",\n".join(json.dumps(one) for one in entry["runs"])
        text = json.dumps(head)[:-1] + f', "runs": [\n{runs}\n]}}'
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
        if not runs:
            fail(f"{entry['key']}: it has no checks: {entry['ended']}")
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
                 f"{resampled[first['key']]['draws']:,} checks drawn for each figure.")
    for entry in document["studies"]:
        if len(entry["runs"]) < entry["runs_asked"]:
            # Every check that is missing failed, or was not reached.
            why = entry["ended"] or f"{len(entry['failures'])} failed, the last one: {entry['failures'][-1]['why']}"
            lines.append(f"Of {entry['key'].split('|')[1]} {len(entry['runs'])} of {entry['runs_asked']} checks were "
                         f"measured: {' '.join(why.split())}.")
    return "\n".join(lines)


def write_table(path, calibration, draws, page):
    document = json.loads(path.read_text())
    done = subprocess.run([calibration, str(path), str(draws)], capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{calibration} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
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
    parser.add_argument("--time-limit", type=float, default=0, metavar="S",
                        help="seconds for all of it; what was not reached is said (default: none)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/h200-gate.json")
    parser.add_argument("--tune", action="append", default=[], help="an option of the tuning run, such as --tune=--budget=20s")
    parser.add_argument("--check", action="append", default=[], help="an option of each check")
    parser.add_argument("--table", type=pathlib.Path, help="write the table of a study that was recorded, and measure nothing")
    parser.add_argument("--calibration", default=str(ROOT / "build/release/tests/gate_calibration"))
    parser.add_argument("--draws", type=int, default=10000, help="of --table: checks drawn for each figure (default 10000)")
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/ci.md")
    options = parser.parse_args()
    if options.table:
        write_table(options.table, options.calibration, options.draws, options.page)
        return
    if options.runs < 1:
        fail("--runs: write 1 or more")
    if options.time_limit < 0:
        fail("--time-limit: write seconds, 0 for none")

    def interrupted(number, _frame):
        raise Ended(f"interrupted by {signal.Signals(number).name}")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    clock = Clock(options.time_limit)
    document = {"studies": []}
    ended = None
    with tempfile.TemporaryDirectory(prefix="scantune-gate-") as scratch:
        for number, shape in enumerate(options.shape or ["32768x32768"]):
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()

            def keep(result, number=number):
                document["studies"][number:] = [result]
                write_atomically(options.out, one_line_lists(document))

            try:
                study(options.binary, folder, shape, options, clock, keep)
            except Ended as why:
                ended = str(why)
                break
    runs = sum(len(one["runs"]) for one in document["studies"])
    if not document["studies"]:
        fail(f"nothing was measured: {ended}")
    print(f"{options.out}: {runs} checks" + (f"; {ended}" if ended else ""), file=sys.stderr)
    if ended or any(len(one["runs"]) < one["runs_asked"] for one in document["studies"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
