"""What of scripts/peers needs no GPU: python3 -m unittest discover -s tests/peers -p '*_test.py'"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(ROOT, "scripts", "peers")
SEED = os.path.join(os.path.dirname(ROOT), "shared", "seed.txt")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True

import best  # noqa: E402
import report  # noqa: E402
import seed_text  # noqa: E402
import workloads  # noqa: E402

SEED_LIKE = """Some words.
[CURRENT CODE]
```python
def helper():
    BLOCK_N = 1024  # a power of two
    return BLOCK_N


def triton_reverse_cumsum(x):
    return x
```
[METRICS]
```python
not this
```
"""


def problems(value, schema, root, at="result"):
    """What of a value is not as the schema has it: the part of JSON Schema that peers.schema.json uses."""
    if "$ref" in schema:
        return problems(value, root["definitions"][schema["$ref"].split("/")[-1]], root, at)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
             "null": type(None)}
    wanted = schema.get("type", [])
    wanted = wanted if isinstance(wanted, list) else [wanted]
    is_bool = isinstance(value, bool)
    if wanted and not any(isinstance(value, kinds[kind]) and is_bool == (kind == "boolean") for kind in wanted):
        return ["{}: {!r} is no {}".format(at, value, " or ".join(wanted))]
    found = []
    if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
        found.append("{}: {!r} is not allowed".format(at, value))
    if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
        found.append("{}: {} is too small".format(at, value))
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append("{}: {!r} does not match".format(at, value))
    if isinstance(value, dict):
        found += ["{}: has no {}".format(at, name) for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is None:
                found.append("{}: {} is not in the schema".format(at, name))
            else:
                found += problems(member, inner, root, "{}.{}".format(at, name))
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append("{}: too few".format(at))
        for i, member in enumerate(value):
            found += problems(member, schema.get("items", {}), root, "{}[{}]".format(at, i))
    return found


def measured(settings="as they are"):
    return {"status": "measured", "settings": settings, "verified": True,
            "tried": [{"settings": settings, "time_ns": 5.0}]}


def workload(shape, cells, times):
    """`times` gives each subject's time, the same in every round but for a little noise."""
    subjects = ["copy"] + [peer for peer, cell in cells.items() if cell["status"] == "measured"]
    rounds = []
    for i in range(9):
        order = [0] + list(range(len(subjects)))
        rounds.append({"order": order, "time_ns": [times[subjects[s]] * (1 + 0.001 * (i % 3)) for s in order]})
    made = {"shape": shape, "dim": 1, "dtype": "f32", "why": "", "outer": shape[0], "n": shape[1], "inner": 1,
            "bytes_read": 4, "bytes_written": 4, "runs": 1, "copy": None, "cells": cells,
            "samples": {"subjects": subjects, "rounds": rounds}}
    report.summarize(made)
    return made


def failed(short):
    return {"status": "failed", "reason": {"short": short, "detail": short + "!"}, "tried": []}


def a_result():
    return {
        "format": "scantune-peers", "version": 1,
        "provenance": {"time_utc": "2026-01-02T03:04:05Z", "host": "h", "gpu": "NVIDIA H200", "driver": "580", "cuda":
                       "13.0", "torch": "2", "triton": "3", "python": "3.12", "cub": None, "nvrtc": "13.0",
                       "scantune": "scantune 0.1.0", "best_file": "best.json", "suite": "s.json", "seed_sha256": None},
        "protocol": {"cache": "cold", "flush_bytes": 1, "round_copies": 2, "min_rounds": 9, "max_rounds": 21,
                     "short_run_ns": 5e4, "sample_ns": 5e5, "random_seed": 1, "level": 0.005, "confidence": 0.95},
        "peers": [{"id": "scantune", "title": "scantune", "what": "w"}, {"id": "seed", "title": "seed", "what": "w"},
                  {"id": "eager", "title": "A < B", "what": "w"}],
        "workloads": [
            workload([8, 100], {"scantune": measured(), "seed": measured(), "eager": measured()},
                     {"copy": 1e6, "scantune": 1e6, "seed": 4.5e6, "eager": 5e6}),
            workload([1, 900], {"scantune": measured(), "seed": failed("grid.y would be 70000"), "eager": measured()},
                     {"copy": 1e6, "scantune": 2e6, "eager": 1.25e6})]}


class SeedText(unittest.TestCase):
    def test_the_code_of_the_current_section_is_taken_and_no_other(self):
        code = seed_text.extract(SEED_LIKE)
        self.assertIn("def triton_reverse_cumsum", code)
        self.assertNotIn("not this", code)
        compile(code, "seed", "exec")

    def test_only_the_block_size_changes(self):
        code = seed_text.extract(SEED_LIKE)
        self.assertEqual(seed_text.block_size(code), 1024)
        self.assertEqual(seed_text.with_block_size(code, 4096), code.replace("1024", "4096"))

    def test_a_text_without_code_is_refused_in_a_line(self):
        for text in ("nothing", "[CURRENT CODE]\nnothing", "[CURRENT CODE]\n```python\nx = 1\n```\n"):
            with self.assertRaises(workloads.Trouble) as raised:
                seed_text.extract(text, "FILE")
            self.assertTrue(str(raised.exception).startswith("FILE: "))
            self.assertNotIn("\n", str(raised.exception))

    def test_more_blocks_than_a_second_grid_axis_has_are_refused_in_words(self):
        self.assertIsNone(seed_text.refusal(65535 * 1024, 1024))
        self.assertIn("grid.y would be 65536", seed_text.refusal(65535 * 1024 + 1, 1024))

    def test_the_seed_itself_is_understood(self):
        if not os.path.exists(SEED):
            self.skipTest("../shared/seed.txt is not beside this checkout")
        code, digest = seed_text.read(SEED)
        self.assertEqual(seed_text.block_size(code), 1024)
        self.assertEqual(len(digest), 64)
        for name in ("block_sums_kernel", "block_prefix_cumsum_kernel", "cumsum_with_prefix_kernel", "ModelNew"):
            self.assertIn(name, code)
        compile(code, "seed", "exec")


class Suites(unittest.TestCase):
    def test_the_standard_suite_reduces_to_outer_n_inner(self):
        suite = workloads.read_suite(os.path.join(ROOT, "configs/suites/standard.json"))
        self.assertEqual(len(suite), 21)
        columns = suite[1]
        self.assertEqual((columns.outer, columns.n, columns.inner), (1, 32768, 32768))
        self.assertEqual(suite[0].bytes, 4 << 30)

    def test_workloads_are_chosen_by_number_and_by_part_of_a_name(self):
        suite = workloads.read_suite(os.path.join(ROOT, "configs/suites/standard.json"))
        self.assertEqual(workloads.select(suite, "1, 2"), suite[:2])
        self.assertEqual(len(workloads.select(suite, "bf16")), 2)
        with self.assertRaises(workloads.Trouble):
            workloads.select(suite, "99")

    def test_bad_workloads_are_named(self):
        for row in ({"shape": [0], "dim": 0, "dtype": "f32"}, {"shape": [4], "dim": 1, "dtype": "f32"},
                    {"shape": [4], "dim": 0, "dtype": "f8"}, 3):
            with self.assertRaises(workloads.Trouble) as raised:
                workloads.workload_of(row, "S: workload 1")
            self.assertTrue(str(raised.exception).startswith("S: workload 1: "))


class BestFile(unittest.TestCase):
    def test_launches_are_those_of_the_file(self):
        winner = {"resources": [{"entry": "scantune::long_row_reset<float, float, 4>", "grid_blocks": 7,
                                 "block_threads": 32, "dynamic_shared_bytes": 16}]}
        self.assertEqual(best.launches_of(winner), [{"entry": "scantune::long_row_reset<float, float, 4>",
                                                     "grid_blocks": 7, "block_threads": 32, "shared_bytes": 16}])

    def test_the_workspace_is_what_the_file_says_or_generous(self):
        of = workloads.Workload((4, 1000), 1, "f32")
        self.assertEqual(best.workspace_bytes_of({"workspace_bytes": 0}, of), 0)
        self.assertGreater(best.workspace_bytes_of({}, of), of.bytes)

    def test_entries_are_found_by_what_a_workload_reduces_to(self):
        recorded = best.read(os.path.join(ROOT, "results/best.json"))
        wide = workloads.Workload((32768, 32768), 1, "f32")
        self.assertIsNotNone(best.entry_of(recorded, wide, "NVIDIA H200"))
        self.assertIsNone(best.entry_of(recorded, wide, "NVIDIA H100"))
        self.assertIsNone(best.entry_of(recorded, workloads.Workload((7, 7), 1, "f64"), "NVIDIA H200"))


class Report(unittest.TestCase):
    def test_ratios_are_paired_with_the_copies_of_their_round(self):
        cells = a_result()["workloads"][0]["cells"]
        self.assertAlmostEqual(cells["seed"]["ratio_to_copy"]["median"], 1 / 4.5)
        self.assertAlmostEqual(cells["seed"]["scantune_speedup"]["median"], 4.5)
        self.assertAlmostEqual(cells["scantune"]["ratio_to_copy"]["high"], 1.0)

    def test_the_interval_of_nine_is_the_second_to_the_eighth(self):
        self.assertEqual(report.interval([9, 8, 7, 6, 5, 4, 3, 2, 1]), (2, 8))
        self.assertEqual(report.interval([3, 1, 2]), (1, 3))

    def test_the_table_marks_the_best_and_gives_reasons(self):
        table = report.markdown(a_result())
        self.assertIn("| 8x100 f32, dim 1 | 1.001 ms | **1.000** | 0.222 | 0.200 | 4.50x |", table)
        self.assertIn("| 1x900 f32, dim 1 | 1.001 ms | 0.500 | grid.y would be 70000 | **0.800** |  |", table)
        columns = {row.count("|") for row in table.splitlines() if row.startswith("|")}
        self.assertEqual(len(columns), 1)

    def test_a_peer_that_is_ahead_is_named(self):
        lines = "\n".join(report.standing_lines(a_result()))
        self.assertIn("Ahead of scantune, on 1 workload:** A < B on 1x900 f32, dim 1 (1.600x).", lines)
        self.assertIn("4.50x on 8x100", lines)
        alone = a_result()
        del alone["workloads"][1]
        self.assertIn("No peer is ahead of scantune", "\n".join(report.standing_lines(alone)))

    def test_a_result_fits_its_schema_and_reads_back(self):
        with open(os.path.join(ROOT, "configs/schema/peers.schema.json")) as file:
            schema = json.load(file)
        read = json.loads(report.json_text(a_result()))
        self.assertEqual(read, a_result())
        self.assertEqual(problems(read, schema, schema), [])
        del read["workloads"][0]["samples"]
        read["workloads"][1]["cells"]["seed"]["status"] = "odd"
        self.assertEqual(len(problems(read, schema, schema)), 2)

    def test_recorded_results_fit_the_schema(self):
        path = os.path.join(ROOT, "results/h200-peers.json")
        if not os.path.exists(path):
            self.skipTest("results/h200-peers.json was not recorded yet")
        with open(path) as file, open(os.path.join(ROOT, "configs/schema/peers.schema.json")) as schema_file:
            schema = json.load(schema_file)
            self.assertEqual(problems(json.load(file), schema, schema), [])

    def test_the_plot_has_a_mark_for_every_figure(self):
        drawn = xml.etree.ElementTree.fromstring(report.svg(a_result()))
        space = "{http://www.w3.org/2000/svg}"
        legend = 1  # of each peer
        self.assertEqual(len(drawn.findall(space + "circle")), legend + 2)
        self.assertEqual(len(drawn.findall(space + "polygon")), legend + 2)
        self.assertIn("A < B", [text.text for text in drawn.iter(space + "text")])

    def test_files_are_replaced_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write(a_result(), folder)
            self.assertEqual(sorted(os.listdir(folder)), ["peers.json", "peers.md", "peers.svg"])


class CommandLine(unittest.TestCase):
    def refused(self, *arguments):
        done = subprocess.run([sys.executable, "-B", os.path.join(SCRIPTS, "peers.py"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        return done.stderr

    def test_bad_input_is_named_in_a_line(self):
        self.assertIn("nowhere.json", self.refused("--suite", "nowhere.json"))
        self.assertIn("'cup'", self.refused("--peers", "cup"))
        self.assertIn("--seed nowhere.txt", self.refused("--seed", "nowhere.txt"))

    def test_a_table_is_drawn_again_from_its_json(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "source.json")
            report.replace(source, report.json_text(a_result()))
            done = subprocess.run([sys.executable, "-B", os.path.join(SCRIPTS, "peers.py"), "--render", source, "--out",
                                   folder])
            self.assertEqual(done.returncode, 0)
            with open(os.path.join(folder, "peers.md")) as file:
                self.assertEqual(file.read(), report.markdown(a_result()))


if __name__ == "__main__":
    unittest.main()
