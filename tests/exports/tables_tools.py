#!/usr/bin/env python3
"""Gives exported tables to the tools they are written for. The tools are not the project's, so that this is run by hand.

    tables_tools.py t4 FOLDER                         jsonschema, and Kernel Tuner for its copy of the schema
    tables_tools.py kernel-tuner FOLDER               kernel_tuner
    tables_tools.py nvbench FOLDER COMPARE            nvbench's python/scripts/nvbench_compare.py
    tables_tools.py google-benchmark FOLDER COMPARE   Google Benchmark's tools/compare.py
"""

import contextlib
import copy
import glob
import importlib.metadata
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

SLOWER = 1.1


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def run(*command):
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300)
    assert done.returncode in (0, 1), done.stdout[-2000:]  # nvbench's exits with how many got slower
    assert "Traceback" not in done.stdout, done.stdout[-2000:]
    return done.stdout


def t4(folder):
    import jsonschema
    import kernel_tuner

    schema = read(os.path.join(os.path.dirname(kernel_tuner.__file__), "schema", "T4", "1.0.0", "results-schema.json"))
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    paths = glob.glob(os.path.join(folder, "*.t4.json"))
    results = 0
    for path in paths:
        document = read(path)
        validator(schema).validate(document)
        document["results"][0]["invalidity"] = "none of the schema's words"
        assert not validator(schema).is_valid(document), "the schema takes anything"
        results += len(document["results"])
    assert results
    return "{} files, {} results; {} (Kernel Tuner {}), jsonschema {}".format(
        len(paths), results, schema["$id"], *map(importlib.metadata.version, ("kernel_tuner", "jsonschema")))


def kernel_tuner(folder):
    from kernel_tuner import tune_cache

    warnings.filterwarnings("ignore", message="None of the tunable parameters specify thread block dimensions")
    files = 0
    for path in sorted(glob.glob(os.path.join(folder, "*-*.json"))):
        if os.path.basename(path) == "scantune-export.json":
            continue
        with open(path, "rb") as file:
            held = file.read()
        times = [point["time"] for point in json.loads(held)["cache"].values() if not isinstance(point["time"], str)]
        some = max(1, len(times) // 2)
        for strategy, options in (("brute_force", {}), ("random_sample", {"max_fevals": some}),
                                  ("simulated_annealing", {"max_fevals": some})):
            if strategy == "simulated_annealing" and len(times) == 1:
                continue  # there is nowhere to go to
            with contextlib.redirect_stdout(io.StringIO()):
                results, _ = tune_cache(path, strategy=strategy, strategy_options=options)
            found = [result["time"] for result in results if isinstance(result["time"], float)]
            assert found and set(found) <= set(times), (path, strategy)
            assert strategy != "brute_force" or sorted(found) == sorted(times), path
        with open(path, "rb") as file:
            assert file.read() == held, path + ": changed by reading it"
        files += 1
    assert files
    return "{} files; Kernel Tuner {}".format(files, importlib.metadata.version("kernel_tuner"))


def nvbench(folder, compare):
    old = os.path.join(folder, "nvbench.json")
    document = read(old)
    states = sum(len(benchmark["states"]) for benchmark in document["benchmarks"])
    assert states

    def counts(new):
        printed = run(compare, "--no-color", old, new)
        return [int(re.search(text + r"[^:\n]*: +([0-9]+)", printed).group(1))
                for text in ("Total Matches", "Pass", "Unknown", "Failure")]

    assert counts(old) == [states, states, 0, 0], counts(old)
    for summary in document["benchmarks"][0]["states"][0]["summaries"]:
        if summary["tag"] == "nv/cold/time/gpu/mean":
            summary["data"][0]["value"] = str(float(summary["data"][0]["value"]) * SLOWER)
    with tempfile.TemporaryDirectory() as temporary:
        new = os.path.join(temporary, "new.json")
        with open(new, "w", encoding="utf-8") as file:
            json.dump(document, file)
        assert counts(new) == [states, states - 1, 0, 1], counts(new)
    return "{} states the same as themselves; of one made slower, that one".format(states)


def google_benchmark(folder, compare):
    old = os.path.join(folder, "google-benchmark.json")
    document = read(old)
    names = {row["name"] for row in document["benchmarks"]}
    slowed = document["benchmarks"][0]["name"]
    with tempfile.TemporaryDirectory() as temporary:
        def different(document):
            new, told = os.path.join(temporary, "new.json"), os.path.join(temporary, "told.json")
            with open(new, "w", encoding="utf-8") as file:
                json.dump(document, file)
            run(compare, "--dump_to_json", told, "benchmarks", old, new)
            rows = {row["name"]: row["utest"] for row in read(told) if row["run_type"] == "iteration"}
            assert set(rows) == names and all(rows.values()), "a test for each benchmark"
            return {name for name, test in rows.items() if test["time_pvalue"] < 0.01}

        assert not different(document)
        document = copy.deepcopy(document)
        for row in document["benchmarks"]:
            if row["name"] == slowed:
                row["real_time"] *= SLOWER
                row["cpu_time"] *= SLOWER
        assert different(document) == {slowed}
    return "{} benchmarks the same as themselves; of one made slower, that one".format(len(names))


TOOLS = {"t4": t4, "kernel-tuner": kernel_tuner, "nvbench": nvbench, "google-benchmark": google_benchmark}

if __name__ == "__main__":
    needed = {"t4": 1, "kernel-tuner": 1, "nvbench": 2, "google-benchmark": 2}
    if len(sys.argv) < 2 or needed.get(sys.argv[1]) != len(sys.argv) - 2:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    print(TOOLS[sys.argv[1]](*sys.argv[2:]))
