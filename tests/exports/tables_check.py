"""What the readers of exported tables ask of them, as facts: no schema and no reader is needed here.

    python3 tables_check.py FORMAT FOLDER
"""

import csv
import glob
import itertools
import json
import os
import re
import statistics
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def jsonl(folder):
    with open(os.path.join(folder, "wisdom.jsonl"), encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        assert row["format"] == "scantune-wisdom" and row["version"] == 1
        spelled = " ".join([row["kernel"]] + ["{}={}".format(*item) for item in row["params"].items()])
        assert row["variant"] == spelled
        assert row["time_ns"]["low"] <= row["time_ns"]["median"] <= row["time_ns"]["high"]
    assert len({row["key"] for row in rows}) == len(rows)
    return len(rows)


def table(folder):
    with open(os.path.join(folder, "scantune.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    for row in rows:
        assert None not in row and None not in row.values(), row
        assert float(row["time_ns_low"]) <= float(row["time_ns"]) <= float(row["time_ns_high"])
        assert row["variant"].split()[0] == row["kernel"]
        assert not any(value[:1] in ("=", "+", "-", "@") for value in row.values()), row
    for _, of in itertools.groupby(rows, key=lambda row: (row["chip"], row["shape"], row["dim"], row["dtype"])):
        assert [row["rank"] for row in of][0] == "1"
    return len(rows)


def t4(folder):
    """The results schema 1.0.0: which members there are, of which types."""
    count = 0
    for path in glob.glob(os.path.join(folder, "*.t4.json")):
        root = read(path)
        assert re.match(r"^[0-9]+\.[0-9]+\.[0-9]+$", root["schema_version"])
        assert isinstance(root["results"], list) and root["results"]
        for row in root["results"]:
            for member in ("configuration", "times", "invalidity", "correctness"):
                assert member in row, member
            assert isinstance(row["timestamp"], str) and isinstance(row["configuration"], dict)
            assert isinstance(row["objectives"], list) and number(row["correctness"])
            assert row["invalidity"] in ("timeout", "compile", "runtime", "correctness", "constraints", "correct")
            assert isinstance(row["times"]["runtimes"], list)
            assert all(number(time) and time > 0 for time in row["times"]["runtimes"])
            for measurement in row["measurements"]:
                assert isinstance(measurement["name"], str) and isinstance(measurement["unit"], str)
                assert number(measurement["value"]) or isinstance(measurement["value"], (str, list))
            if row["invalidity"] == "correct":
                time = next(one["value"] for one in row["measurements"] if one["name"] == "time")
                middle = statistics.median(row["times"]["runtimes"])
                assert abs(time / middle - 1) < 0.05, (time, middle)  # both in ms
            count += 1
    return count


def kernel_tuner(folder):
    count = 0
    for path in glob.glob(os.path.join(folder, "nvidia*.json")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert text.strip()[-3:] == "}\n}", "what Kernel Tuner takes for a cache that was closed"
        root = json.loads(text)
        keys = root["tune_params_keys"]
        assert keys == list(root["tune_params"]) and isinstance(root["device_name"], str)
        assert len(root["problem_size"]) == 3 and root["objective"] == "time"
        every = {",".join(map(str, point)) for point in itertools.product(*root["tune_params"].values())}
        assert set(root["cache"]) == every, "each point of the space is in the cache"
        measured = 0
        for key, point in root["cache"].items():
            assert key == ",".join(str(point[name]) for name in keys)
            if isinstance(point["time"], str):
                assert point["time"] in ("InvalidConfig", "CompilationFailedConfig", "RuntimeFailedConfig")
            else:
                assert point["times"] and abs(point["time"] / statistics.median(point["times"]) - 1) < 0.05
                measured += 1
        assert measured
        count += measured
    return count


def nvbench(folder):
    root = read(os.path.join(folder, "nvbench.json"))
    assert root["meta"]["version"]["json"]["string"] == "1.0.0"
    devices = {device["id"] for device in root["devices"]}
    count = 0
    for benchmark in root["benchmarks"]:
        axes = {axis["name"]: {value["value"] for value in axis["values"]} for axis in benchmark["axes"]}
        assert all(axis["type"] == "string" and axis["flags"] == "" for axis in benchmark["axes"])
        assert set(benchmark["devices"]) == devices
        names = [state["name"] for state in benchmark["states"]]
        assert names and len(set(names)) == len(names)
        for state in benchmark["states"]:
            assert state["device"] in devices and not state["is_skipped"]
            for value in state["axis_values"]:
                assert value["value"] in axes[value["name"]]
            summaries = {summary["tag"]: summary["data"][0] for summary in state["summaries"]}
            for tag in ("nv/cold/time/gpu/mean", "nv/cold/time/gpu/stdev/relative"):
                assert summaries[tag]["name"] == "value" and summaries[tag]["type"] == "float64"
                float(summaries[tag]["value"])
            assert 1e-7 < float(summaries["nv/cold/time/gpu/mean"]["value"]) < 10  # seconds
            count += 1
    return count


def google_benchmark(folder):
    root = read(os.path.join(folder, "google-benchmark.json"))
    assert root["context"]["json_schema_version"] == 1
    seen = {}
    for row in root["benchmarks"]:
        assert row["run_type"] == "iteration" and row["time_unit"] == "ns" and row["run_name"] == row["name"]
        assert row["real_time"] > 0 and row["cpu_time"] == row["real_time"] and " " not in row["name"]
        seen.setdefault(row["name"], []).append(row["repetition_index"])
        assert row["repetition_index"] < row["repetitions"]
    assert all(indices == list(range(len(indices))) for indices in seen.values())
    assert any(name.startswith("winner/") for name in seen) and any(name.startswith("copy/") for name in seen)
    return len(root["benchmarks"])


CHECKS = {"jsonl": jsonl, "csv": table, "t4": t4, "kernel-tuner": kernel_tuner, "nvbench": nvbench,
          "google-benchmark": google_benchmark}

if __name__ == "__main__":
    found = CHECKS[sys.argv[1]](sys.argv[2])
    assert found, "nothing there"
    print(found)
