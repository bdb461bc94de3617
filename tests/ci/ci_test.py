#!/usr/bin/env python3
"""The jobs of docs/ci.md: they parse, their scantune commands run here, and what they write is what CI servers read."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("SCANTUNE_BINARY", str(ROOT / "build/release/scantune"))
PAGE = (ROOT / "docs/ci.md").read_text()
XSD = ROOT / "tests/ci/junit.xsd"

sys.path.insert(0, str(ROOT / "scripts"))
import gate_study  # noqa: E402


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def unfolded(text):
    return re.sub(r"\\\n\s*", "", text)


def commands(text):
    """The scantune check commands of a job, as a shell runs them."""
    found = re.findall(r"build/run/scantune (check[^'\"\n]*)", unfolded(text))
    return [command for command in found if "--baseline" in command]


def report_commands(text):
    return re.findall(r"build/run/scantune (report[^'\"\n]*)", unfolded(text))


class Sandbox:
    """A folder as a checkout would be, with a baseline of this CPU whose times are multiplied."""

    tuned = None

    def __init__(self, factor):
        self.folder = tempfile.TemporaryDirectory(prefix="scantune-ci-")
        self.path = pathlib.Path(self.folder.name)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder.name, "CUDA_VISIBLE_DEVICES": "",
                            "GITHUB_STEP_SUMMARY": str(self.path / "summary.md"), "GITHUB_SHA": "0123abc"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        (self.path / "build/run").mkdir(parents=True)
        (self.path / "build/run/scantune").symlink_to(BINARY)
        (self.path / "results").mkdir()
        if Sandbox.tuned is None:
            done = self.run("build/run/scantune --device cpu --shape 64x4096 --set threads=1 --budget 3 --metrics none "
                            "--out results/best.json --journal none --quiet")
            assert done.returncode == 0, done.stderr
            Sandbox.tuned = (self.path / "results/best.json").read_text()
        document = json.loads(Sandbox.tuned)
        for entry in document["entries"]:
            for one in entry["samples"]["rounds"]:
                one["time_ns"] = [t if who == 0 else t * factor for who, t in zip(one["order"], one["time_ns"])]
        (self.path / "results/best.json").write_text(json.dumps(document))

    def run(self, command):
        return subprocess.run(["bash", "-c", command], cwd=self.path, env=self.environment, capture_output=True, text=True,
                              timeout=200, check=False)


    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


class Jobs(unittest.TestCase):
    def check_junit(self, path):
        root = ElementTree.parse(path).getroot()
        self.assertEqual(root.tag, "testsuites")
        for suite in root:
            self.assertEqual(suite.tag, "testsuite")
            cases = suite.findall("testcase")
            self.assertEqual(int(suite.get("tests")), len(cases))
            self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
            self.assertEqual(int(suite.get("errors")), len(suite.findall("testcase/error")))
            self.assertRegex(suite.get("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
            for case in cases:
                self.assertTrue(case.get("name") and case.get("classname"))
                self.assertRegex(case.get("time"), r"^\d+\.\d{3}$")
        done = subprocess.run(["xmllint", "--noout", "--schema", str(XSD), str(path)], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return root

    def test_the_jobs_of_github_and_gitlab_are_yaml_of_the_right_shape(self):
        github, gitlab = (yaml.safe_load(text) for text in blocks("yaml"))
        steps = github["jobs"]["check"]["steps"]
        self.assertTrue(all("uses" in step or "run" in step for step in steps))
        self.assertTrue(any("scantune check" in step.get("run", "") for step in steps))
        self.assertTrue(any(step.get("with", {}).get("path") == "results/history.jsonl" for step in steps))
        self.assertEqual(gitlab["performance"]["artifacts"]["reports"]["junit"], "check.xml")
        self.assertEqual(gitlab["performance"]["allow_failure"]["exit_codes"], 3)
        self.assertTrue(any("scantune check" in line for line in gitlab["performance"]["script"]))

    def test_the_job_of_jenkins_has_its_brackets_in_pairs(self):
        text = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", blocks("groovy")[0])
        for left, right in ("{}", "()", "[]"):
            self.assertEqual(text.count(left), text.count(right))
        self.assertIn("unstable", text)

    def test_the_commands_of_every_job_run_and_write_what_the_job_reads(self):
        for factor, codes in ((100, {0, 3}), (0.01, {1})):
            ran = 0
            for text in blocks("yaml") + blocks("groovy"):
                for command in commands(text):
                    with Sandbox(factor) as sandbox:
                        done = sandbox.run(f"build/run/scantune {command}")
                        self.assertIn(done.returncode, codes, command + done.stdout + done.stderr)
                        for written in re.findall(r"--out (\S+)", command):
                            self.assertTrue((sandbox.path / written).exists(), written)
                        root = self.check_junit(sandbox.path / "check.xml")
                        report = json.loads((sandbox.path / "check.json").read_text())
                        pages = report_commands(text)
                        self.assertEqual(len(pages), 1, text)
                        page = sandbox.run(f"build/run/scantune {pages[0]}")
                        self.assertEqual(page.returncode, 0, page.stderr)
                        self.assertIn("1 check of 1 workload", page.stdout)
                        self.assertTrue((sandbox.path / "report.html").exists())
                    self.assertEqual(len(root.findall(".//failure")), 1 if done.returncode == 1 else 0)
                    self.assertEqual(report["exit_code"], done.returncode)
                    self.assertEqual(report["commit"], "0123abc")
                    if "--format github" in command:
                        self.assertRegex(done.stdout, r"^::(error|warning|notice) title=")
                        self.assertTrue(all(line.startswith("::") for line in done.stdout.splitlines()))
                    ran += 1
            self.assertGreaterEqual(ran, 3)

    def test_the_summary_of_github_is_a_table(self):
        with Sandbox(0.01) as sandbox:
            sandbox.run("build/run/scantune check --baseline results/best.json --format markdown --out check.md -q")
            text = (sandbox.path / "check.md").read_text()
        self.assertIn("| workload | then | now | change | verdict |\n|---|---:|---:|---:|---|\n", text)
        self.assertIn("**regression**", text)


class Study(unittest.TestCase):
    def test_records_fresh_checks_that_can_be_resampled(self):
        with Sandbox(1) as sandbox:
            out = sandbox.path / "study.json"
            done = sandbox.run(f"{sys.executable} {ROOT}/scripts/gate_study.py --binary build/run/scantune --shape 64x4096 "
                               f"--runs 2 --plant 0 --out {out} --tune=--device --tune=cpu --tune=--budget --tune=2 "
                               "--tune=--set --tune=threads=1 --check=--device --check=cpu")
            self.assertEqual(done.returncode, 0, done.stderr)
            document = json.loads(out.read_text())
        self.assertEqual(document["format"], "scantune-gate-study")
        study = document["studies"][0]
        self.assertEqual(len(study["runs"]), 2)
        self.assertGreaterEqual(len(study["baseline_ratios"]), 9)
        for run in study["runs"]:
            self.assertGreaterEqual(len(run["ratios"]), 10)
            self.assertTrue(all(ratio > 0 for ratio in run["ratios"]))

    def test_makes_its_table_of_what_was_recorded(self):
        run = {"verdict": "pass", "planted_verdict": "regression", "planted_slowdown": 0.021, "seconds": 1.5}
        document = {"studies": [{"key": "H|4x4x1|f32|f32|cold|any", "chip": "H", "driver": "1", "time_utc": "2026-01-01T",
                                 "runs": [run, run | {"verdict": "regression"}]}]}
        drawn = {"H|4x4x1|f32|f32|cold|any": {"draws": 10, "flagged": 0.001, "inconclusive": 0, "planted_found": 1,
                                               "slower_found": 0.999}}
        text = gate_study.table(document, drawn)
        self.assertIn("| 4x4x1 f32 | 1 of 2 | 2 of 2 | 2.10 to 2.10% | 1.5 s, 1.5 s at most | 0.10% | 0.00% | 100.00% | "
                      "99.90% |", text)


if __name__ == "__main__":
    unittest.main()
