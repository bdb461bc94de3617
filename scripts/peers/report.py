"""What was measured, as JSON, as a markdown table and as a plot. Needs neither torch nor a GPU."""

import json
import math
import os
import statistics

LEVEL = 0.005  # closer than this is as fast
CONFIDENCE = 0.95


# --- Figures ----------------------------------------------------------------------------------------

def interval(values, confidence=CONFIDENCE):
    """(low, high) of the median by order statistics; the whole range where there are too few."""
    values = sorted(values)
    n = len(values)
    tail, rank, most = 0.0, 0, (1 - confidence) / 2
    while rank < n // 2:
        tail += math.comb(n, rank) / 2.0 ** n
        if tail > most:
            break
        rank += 1
    rank = max(rank, 1)
    return values[rank - 1], values[n - rank]


def figure(values):
    low, high = interval(values)
    return {"median": statistics.median(values), "low": low, "high": high}


def summarize(workload):
    """Adds times, ratios to the copy and to scantune, all paired within a round, to the cells of a workload."""
    subjects, rounds = workload["samples"]["subjects"], workload["samples"]["rounds"]
    times = [{} for _ in rounds]
    for by_subject, row in zip(times, rounds):
        for subject, time_ns in zip(row["order"], row["time_ns"]):
            by_subject.setdefault(subjects[subject], []).append(time_ns)
    times = [{subject: statistics.fmean(values) for subject, values in row.items()} for row in times]
    if not times:
        return
    workload["copy"] = {"time_ns": figure([row["copy"] for row in times])}
    for peer, cell in workload["cells"].items():
        if cell["status"] != "measured":
            continue
        cell["time_ns"] = figure([row[peer] for row in times])
        cell["ratio_to_copy"] = figure([row["copy"] / row[peer] for row in times])
        if peer != "scantune" and workload["cells"].get("scantune", {}).get("status") == "measured":
            cell["scantune_speedup"] = figure([row[peer] / row["scantune"] for row in times])


def name_of(workload):
    return "{} {}, dim {}".format("x".join(map(str, workload["shape"])), workload["dtype"], workload["dim"])


def standings(result):
    """[(workload, peer, figure)] where a peer is ahead of scantune, where it is level, and where scantune is ahead."""
    ahead, level, behind = [], [], []
    for workload in result["workloads"]:
        for peer, cell in workload["cells"].items():
            speedup = cell.get("scantune_speedup")
            if speedup is None:
                continue
            low = 1 / (1 + LEVEL)
            place = ahead if speedup["median"] < low else level if speedup["median"] <= 1 + LEVEL else behind
            place.append((workload, peer, speedup))
    return ahead, level, behind


# --- Table ------------------------------------------------------------------------------------------

def cell_text(cell, best):
    if cell is None:
        return ""
    if cell["status"] != "measured":
        return cell["reason"]["short"].replace("|", "/")
    text = "{:.3f}".format(cell["ratio_to_copy"]["median"])
    return "**{}**".format(text) if best else text


def time_text(time_ns):
    for unit, size in (("ms", 1e6), ("us", 1e3)):
        if time_ns >= size:
            return "{:.3f} {}".format(time_ns / size, unit)
    return "{:.0f} ns".format(time_ns)


def standing_lines(result):
    titles = {peer["id"]: peer["title"] for peer in result["peers"]}
    ahead, level, behind = standings(result)

    def listed(places, figure_of):
        return "; ".join("{} on {} ({})".format(titles[peer], name_of(workload), figure_of(speedup))
                         for workload, peer, speedup in places)
    compared = [workload for workload in result["workloads"]
                if any("scantune_speedup" in cell for cell in workload["cells"].values())]
    lost = {id(workload) for workload, _, _ in ahead}
    lines = ["scantune is compared with {} peers on {} of {} workloads, {} pairs in all.".format(
        len(result["peers"]) - 1, len(compared), len(result["workloads"]), len(ahead) + len(level) + len(behind))]
    if ahead:
        lines.append("**Ahead of scantune, on {} workload{}:** {}.".format(
            len(lost), "" if len(lost) == 1 else "s", listed(ahead, lambda s: "{:.3f}x".format(1 / s["median"]))))
    elif compared:
        lines.append("No peer is ahead of scantune on any of them.")
    if level:
        lines.append("As fast as scantune, within {:g}%: {}.".format(
            100 * LEVEL, listed(level, lambda s: "{:.3f}x".format(1 / s["median"]))))
    seeds = [(cell["scantune_speedup"]["median"], workload) for workload in result["workloads"]
             for peer, cell in workload["cells"].items() if peer == "seed" and "scantune_speedup" in cell]
    if seeds:
        least, most = min(seeds, key=lambda s: s[0]), max(seeds, key=lambda s: s[0])
        lines.append("Over the seed: from {:.2f}x ({}) to {:.2f}x ({}); {:.2f}x on {}.".format(
            least[0], name_of(least[1]), most[0], name_of(most[1]), seeds[0][0], name_of(seeds[0][1])))
    missing = [name_of(workload) for workload in result["workloads"]
               if workload["cells"].get("scantune", {}).get("status") != "measured"]
    if missing:
        lines.append("Without a figure of scantune: {}.".format("; ".join(missing)))
    return lines


def markdown(result):
    peers = result["peers"]
    about = result["provenance"]
    lines = ["Time of a copy of the same bytes divided by the peer's time, both from the same rounds; 1.000 is as "
             "fast as copying. The best of each row is bold; *over seed* is scantune's speed-up over the seed.", ""]
    lines.append("| workload | copy | {} | over seed |".format(" | ".join(peer["title"] for peer in peers)))
    lines.append("|---|---:|{}---:|".format("---:|" * len(peers)))
    for workload in result["workloads"]:
        cells = workload["cells"]
        ratios = {peer: cell["ratio_to_copy"]["median"] for peer, cell in cells.items() if "ratio_to_copy" in cell}
        best = max(ratios, key=ratios.get) if ratios else None
        over = cells.get("seed", {}).get("scantune_speedup")
        lines.append("| {} | {} | {} | {} |".format(
            name_of(workload), time_text(workload["copy"]["time_ns"]["median"]) if workload.get("copy") else "",
            " | ".join(cell_text(cells.get(peer["id"]), peer["id"] == best) for peer in peers),
            "{:.2f}x".format(over["median"]) if over else ""))
    lines += [""] + ["- " + line for line in standing_lines(result)]
    lines += ["- {}, driver {}, CUDA {}, PyTorch {}, Triton {}, CUB {}, {}, {}.".format(
        about["gpu"], about["driver"], about["cuda"], about["torch"], about["triton"], about["cub"] or "not there",
        about["scantune"] or "scantune's version not known", about["time_utc"])]
    return "\n".join(lines) + "\n"


# --- Plot -------------------------------------------------------------------------------------------

COLORS = ("#0b6e4f", "#c1121f", "#f4a261", "#6a4c93", "#8d99ae", "#1d70b8", "#b56576", "#7f5539")
SHAPES = ("circle", "square", "diamond", "triangle")
ROW, LEFT, RIGHT, TOP, WIDTH = 26, 250, 30, 76, 1040


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mark(shape, x, y, color, size=5.0):
    style = 'fill="{}" fill-opacity="0.9"'.format(color)
    if shape == "circle":
        return '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" {}/>'.format(x, y, size + 1, style)
    if shape == "square":
        return '<rect x="{:.1f}" y="{:.1f}" width="{s:.1f}" height="{s:.1f}" {}/>'.format(x - size, y - size, style,
                                                                                         s=2 * size)
    corners = {"diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)), "triangle": ((0, -1.2), (1.2, 1), (-1.2, 1))}
    points = " ".join("{:.1f},{:.1f}".format(x + size * dx, y + size * dy) for dx, dy in corners[shape])
    return '<polygon points="{}" {}/>'.format(points, style)


def svg(result):
    """A row a workload, a mark a peer, at its ratio to the copy."""
    workloads, peers = result["workloads"], result["peers"]
    ratios = [cell["ratio_to_copy"]["median"] for workload in workloads for cell in workload["cells"].values()
              if "ratio_to_copy" in cell]
    most = max([1.0] + ratios)
    end = math.ceil(most * 10 + 0.2) / 10
    height = TOP + ROW * max(1, len(workloads)) + 46
    bottom = TOP + ROW * max(1, len(workloads))

    def at(ratio):
        return LEFT + (WIDTH - LEFT - RIGHT) * ratio / end
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
             'font-family="sans-serif" font-size="12">'.format(w=WIDTH, h=height),
             '<title>Reverse cumulative sums beside a copy of the same bytes</title>',
             '<rect width="100%" height="100%" fill="white"/>']
    x, y = 14, 24
    for i, peer in enumerate(peers):
        width = 24 + 7.2 * len(peer["title"])
        if x + width > WIDTH - 10:
            x, y = 14, y + 20
        parts.append(mark(SHAPES[i % len(SHAPES)], x, y - 4, COLORS[i % len(COLORS)]))
        parts.append('<text x="{:.0f}" y="{}">{}</text>'.format(x + 11, y, escape(peer["title"])))
        x += width
    tick = 0.0
    while tick <= end + 1e-9:
        weight = ' stroke="#333" stroke-dasharray="4 3"' if abs(tick - 1) < 1e-9 else ' stroke="#ddd"'
        parts.append('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"{3}/>'.format(at(tick), TOP - 6, bottom, weight))
        parts.append('<text x="{:.1f}" y="{}" text-anchor="middle" fill="#555">{:.1f}</text>'.format(
            at(tick), bottom + 16, tick))
        tick += 0.1
    parts.append('<text x="{:.1f}" y="{}" text-anchor="middle">time of the copy / time of the peer (1.0: as fast as '
                 'copying; further right is faster)</text>'.format((LEFT + WIDTH - RIGHT) / 2, bottom + 36))
    for row, workload in enumerate(workloads):
        middle = TOP + ROW * row + ROW / 2
        if row % 2 == 0:
            parts.append('<rect x="0" y="{:.1f}" width="{}" height="{}" fill="#000" fill-opacity="0.03"/>'.format(
                middle - ROW / 2, WIDTH, ROW))
        parts.append('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'.format(LEFT - 12, middle + 4,
                                                                                  escape(name_of(workload))))
        for i in reversed(range(len(peers))):  # scantune, the first, on top
            cell = workload["cells"].get(peers[i]["id"])
            if cell and "ratio_to_copy" in cell:
                parts.append(mark(SHAPES[i % len(SHAPES)], at(cell["ratio_to_copy"]["median"]), middle,
                                  COLORS[i % len(COLORS)]))
    return "\n".join(parts + ["</svg>"]) + "\n"


# --- Files ------------------------------------------------------------------------------------------

def replace(path, text):
    """A reader sees the old file or the new one, whole."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def json_text(result):
    """Indented, but a round a line."""
    marker = "@round@"
    rounds, workloads = [], []
    for workload in result["workloads"]:
        samples = workload["samples"]
        rounds += samples["rounds"]
        workloads.append(dict(workload, samples=dict(samples, rounds=[marker] * len(samples["rounds"]))))
    parts = json.dumps(dict(result, workloads=workloads), indent=1).split(json.dumps(marker))
    hidden = iter(rounds)
    text = parts[0]
    for part in parts[1:]:
        text += json.dumps(next(hidden)) + part
    return text + "\n"


def write_rendered(result, folder):
    """Table and plot."""
    os.makedirs(folder, exist_ok=True)
    replace(os.path.join(folder, "peers.md"), markdown(result))
    replace(os.path.join(folder, "peers.svg"), svg(result))


def write(result, folder):
    os.makedirs(folder, exist_ok=True)
    replace(os.path.join(folder, "peers.json"), json_text(result))
    write_rendered(result, folder)
