#!/usr/bin/env python3
"""Compares the search strategies by replay: how many variants each measures until one is near the best.

  cmake --build build/release --target strategies_bench
  scripts/compare_strategies.py                  the table, on standard output
  scripts/compare_strategies.py --write          the table into docs/search.md, the plot into docs/search.svg

The spaces are those of journals in which every variant was measured; *.zst are unpacked with zstd. Seconds.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN, END = "<!-- strategies: scripts/compare_strategies.py --write -->", "<!-- end of strategies -->"
NOT_STRATEGIES = {"file", "workload", "chip", "variants", "best", "near"}
COLORS = ["#d62728", "#7f7f7f", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e"]
LEFT, RIGHT, TOP, ROW, WIDTH = 190, 20, 52, 46, 900
LEAST_PERCENT = 0.4


def unpacked(path, folder):
    if not path.endswith(".zst"):
        return path
    plain = os.path.join(folder, os.path.basename(path)[:-len(".zst")])
    try:
        subprocess.run(["zstd", "-dqf", path, "-o", plain], check=True)
    except FileNotFoundError:
        sys.exit(f"compare_strategies.py: {path}: zstd is missing, which unpacks it; install the package zstd")
    except subprocess.CalledProcessError:
        sys.exit(f"compare_strategies.py: {path}: zstd cannot unpack it; name a journal that a run has written")
    return plain


def run(bench, journals, seeds):
    if not os.path.exists(bench):
        sys.exit(f"compare_strategies.py: {bench} is missing; build it with "
                 "'cmake --build build/release --target strategies_bench', or name another with --bench")
    with tempfile.TemporaryDirectory() as folder:
        plain = [unpacked(path, folder) for path in journals]
        done = subprocess.run([bench, *plain, "--seeds", str(seeds)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"compare_strategies.py: {done.stderr.strip()}")
    return json.loads(done.stdout)


def strategies(result):
    return [key for key in result["spaces"][0] if key not in NOT_STRATEGIES]


def summary(space, strategy):
    """Median and worst of the seeds; None for the worst where a seed never came near."""
    until = space[strategy]["until"]
    never = sum(1 for count in until if count is None)
    counts = sorted(count if count is not None else space["variants"] + 1 for count in until)
    median = statistics.median_low(counts)
    return {"median": median if median <= space["variants"] else None,
            "worst": None if never else counts[-1],
            "never": never,
            "in_all": statistics.median_low(space[strategy]["in_all"]),
            "found": min(space[strategy]["found"])}


def percent(count, variants):
    return "never" if count is None else f"{100 * count / variants:.1f}%"


def cell(space, strategy):
    s = summary(space, strategy)
    if s["median"] is None:
        return "never"
    text = f"{s['median']} ({percent(s['median'], space['variants'])})"
    if s["never"]:
        return f"{text}, {s['never']} of {len(space[strategy]['until'])} never"
    return text if s["worst"] == s["median"] else f"{text}, {s['worst']}"


def markdown(result):
    names = strategies(result)
    yield "| workload | variants | near the best | " + " | ".join(f"`{name}`" for name in names) + " |"
    yield "|---|---:|---:|" + "---:|" * len(names)
    for space in result["spaces"]:
        cells = " | ".join(cell(space, name) for name in names)
        yield f"| {space['workload']} | {space['variants']} | {space['near']} | {cells} |"

    def shares(name, key):
        values = [(summary(space, name)[key], space["variants"]) for space in result["spaces"]]
        return None if any(count is None for count, _ in values) else max(count / total for count, total in values)

    def text(share):
        return "never" if share is None else f"{100 * share:.1f}%"
    yield ("| **most of any workload**, median | | | " + " | ".join(text(shares(name, "median")) for name in names) +
           " |")
    yield "| worst seed | | | " + " | ".join(text(shares(name, "worst")) for name in names) + " |"
    yield ("| measured in all, median | | | " +
           " | ".join("{:.0f}%".format(100 * statistics.median(
               summary(space, name)["in_all"] / space["variants"] for space in result["spaces"])) for name in names) +
           " |")
    yield ("| least that a search ended with, of the best | | | " +
           " | ".join(f"{min(summary(space, name)['found'] for space in result['spaces']):.4f}" for name in names) +
           " |")
    yield ""
    yield (f"Variants measured until one is within {100 * result['near']:g}% of the best: the median of "
           f"{result['seeds']} seeds, its share of the variants, and the worst seed where seeds differ. "
           "*Near the best*: how many variants are that good. "
           f"{', '.join(sorted({space['chip'] for space in result['spaces']}))}, "
           f"{', '.join(sorted({os.path.basename(space['file']) for space in result['spaces']}))}.")


def svg(result):
    """A row a workload; of each strategy the median as a dot, and a line to the worst seed."""

    names, spaces = strategies(result), result["spaces"]
    bottom = TOP + ROW * len(spaces)
    height = bottom + 46

    def at(share_percent):
        position = math.log(max(share_percent, LEAST_PERCENT) / LEAST_PERCENT) / math.log(100 / LEAST_PERCENT)
        return LEFT + (WIDTH - LEFT - RIGHT) * position
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             '<title>Share of the variants that a search measures until one is near the best</title>',
             '<rect width="100%" height="100%" fill="white"/>']
    x = 14
    for i, name in enumerate(names):
        parts.append(f'<circle cx="{x}" cy="20" r="5" fill="{COLORS[i % len(COLORS)]}"/>')
        parts.append(f'<text x="{x + 10}" y="24">{escape(name)}</text>')
        x += 36 + 7 * len(name)
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100):
        line = ' stroke="#333" stroke-dasharray="4 3"' if tick == 10 else ' stroke="#ddd"'
        parts.append(f'<line x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="{TOP - 6}" y2="{bottom}"{line}/>')
        parts.append(f'<text x="{at(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{tick:g}%</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{bottom + 36}" text-anchor="middle">share of the '
                 'variants measured until one is near the best: median of the seeds, and a line to the worst</text>')
    for row, space in enumerate(spaces):
        top = TOP + ROW * row
        if row % 2 == 0:
            parts.append(f'<rect x="0" y="{top}" width="{WIDTH}" height="{ROW}" fill="#000" fill-opacity="0.03"/>')
        parts.append(f'<text x="{LEFT - 12}" y="{top + ROW / 2 + 4:.1f}" text-anchor="end">'
                     f'{escape(space["workload"])}</text>')
        for i, name in enumerate(names):
            s = summary(space, name)
            y = top + (i + 1) * ROW / (len(names) + 1)
            color = COLORS[i % len(COLORS)]
            worst = 100 if s["worst"] is None else 100 * s["worst"] / space["variants"]
            start = worst if s["median"] is None else 100 * s["median"] / space["variants"]
            parts.append(f'<line x1="{at(start):.1f}" x2="{at(worst):.1f}" y1="{y:.1f}" y2="{y:.1f}" '
                         f'stroke="{color}" stroke-width="2" stroke-opacity="0.5"/>')
            if s["median"] is not None:
                parts.append(f'<circle cx="{at(start):.1f}" cy="{y:.1f}" r="4" fill="{color}"/>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def replace(path, text):
    """A reader sees the old file or the new one, whole."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("journals", nargs="*", default=[os.path.join(ROOT, "results", "h200-sweeps.jsonl.zst")])
    parser.add_argument("--bench", default=os.path.join(ROOT, "build", "release", "tests", "strategies_bench"))
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--write", action="store_true", help="into docs/search.md and docs/search.svg")
    arguments = parser.parse_args()
    result = run(arguments.bench, arguments.journals, arguments.seeds)
    table = "\n".join(markdown(result)) + "\n"
    if not arguments.write:
        sys.stdout.write(table)
        return
    page = os.path.join(ROOT, "docs", "search.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        sys.exit(f"compare_strategies.py: {page}: the lines '{BEGIN}' and '{END}' are missing; put them back")
    head, rest = text.split(BEGIN, 1)
    replace(page, head + BEGIN + "\n" + table + END + rest.split(END, 1)[1])
    replace(os.path.join(ROOT, "docs", "search.svg"), svg(result))


if __name__ == "__main__":
    main()
