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
from random import Random

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("SCANTUNE_BINARY", str(ROOT / "build/release/scantune"))
PAGE = (ROOT / "docs/ci.md").read_text()
XSD = ROOT / "tests/ci/junit.xsd"
CALIBRATION = os.environ.get("SCANTUNE_CALIBRATION", str(ROOT / "build/release/tests/gate_calibration"))

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
    def study(self, sandbox, options, binary="build/run/scantune"):
        out = sandbox.path / "study.json"
        done = sandbox.run(f"{sys.executable} {ROOT}/scripts/gate_study.py --binary {binary} --shape 64x4096 --plant 0 "
                           f"--out {out} --tune=--device --tune=cpu --tune=--budget --tune=2 --tune=--set "
                           f"--tune=threads=1 --check=--device --check=cpu {options}")
        return done, json.loads(out.read_text())["studies"][0] if out.exists() else None

    def test_records_fresh_checks_that_can_be_resampled(self):
        with Sandbox(1) as sandbox:
            done, study = self.study(sandbox, "--runs 2")
            text = (sandbox.path / "study.json").read_text()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(text)["format"], "scantune-gate-study")
        self.assertEqual((len(study["runs"]), study["runs_asked"], study["ended"], study["failures"]), (2, 2, None, []))
        self.assertGreaterEqual(len(study["baseline_ratios"]), 9)
        for run in study["runs"]:
            self.assertGreaterEqual(len(run["ratios"]), 10)
            self.assertTrue(all(ratio > 0 for ratio in run["ratios"]))

    def test_keeps_what_it_has_when_its_time_is_over(self):
        # What it runs answers at once, with what the real one said before; the third check never ends. So a busy machine
        # changes nothing.
        script = ("#!/bin/bash\n"
                  "if [[ $1 != check ]]; then\n"
                  "  while [[ $1 != --out ]]; do shift; done\n"
                  "  cp best.json \"$2\"\n"
                  "  exit\n"
                  "fi\n"
                  "number=$(($(cat count 2>/dev/null || echo 0) + 1))\necho $number >count\n"
                  "((number < 3)) || exec sleep 600\n"
                  "cat check.json\n")
        with Sandbox(1) as sandbox:
            (sandbox.path / "best.json").write_bytes((sandbox.path / "results/best.json").read_bytes())
            done = sandbox.run("build/run/scantune check --baseline best.json --device cpu --shape 64x4096 --format json "
                               "--out check.json -q")
            self.assertIn(done.returncode, (0, 1, 3), done.stderr)
            (sandbox.path / "replayed").write_text(script)
            (sandbox.path / "replayed").chmod(0o755)
            done, study = self.study(sandbox, "--runs 500 --time-limit 6", binary="./replayed")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the time limit of 6 s was hit", done.stderr)
        self.assertEqual(study["ended"], "the time limit of 6 s was hit")
        self.assertEqual(study["runs_asked"], 500)
        self.assertEqual(len(study["runs"]), 2)

    def test_goes_on_after_a_check_that_failed_and_ends_after_three(self):
        # The second and the fourth to sixth check fail.
        script = ("#!/bin/bash\n[[ $1 == check ]] || exec build/run/scantune \"$@\"\n"
                  "number=$(($(cat count 2>/dev/null || echo 0) + 1))\necho $number >count\n"
                  "case $number in 2 | 4 | 5 | 6) echo 'the GPU is gone' >&2; exit 2 ;; esac\n"
                  "exec build/run/scantune \"$@\"\n")
        with Sandbox(1) as sandbox:
            (sandbox.path / "flaky").write_text(script)
            (sandbox.path / "flaky").chmod(0o755)
            done, study = self.study(sandbox, "--runs 9", binary="./flaky")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(study["runs"]), 2)
        self.assertEqual([one["number"] for one in study["failures"]], [2, 4, 5, 6])
        self.assertIn("the GPU is gone", study["failures"][0]["why"])
        self.assertIn("3 checks in a row failed", study["ended"])

    def test_says_so_where_nothing_was_measured(self):
        with Sandbox(1) as sandbox:
            done, study = self.study(sandbox, "--runs 2", binary="/bin/false")
        self.assertEqual(done.returncode, 1)
        self.assertIsNone(study)
        self.assertIn("nothing was measured: the baseline was not measured: exit code 1", done.stderr)

    def made_up(self, runs, asked):
        """A study of a quiet GPU, with a kernel that is 2.1% slower."""
        random = Random(5)

        def rounds(level):
            return [level * (1 + random.gauss(0, 0.001)) for _ in range(20)]

        return {"key": "A GPU|4096x4096x1|f32|f32|cold|any", "variant": "row_carry tile=8192", "chip": "A GPU",
                "driver": "580.1", "time_utc": "2026-01-01T00:00:00Z", "extra_traffic": 0.02, "runs_asked": asked,
                "ended": None if runs == asked else "the time limit of 90 s was hit", "failures": [],
                "baseline_ratios": rounds(0.99), "alike": 2,
                "runs": [{"verdict": "pass", "planted_verdict": "regression", "planted_slowdown": 0.021,
                          "slowdown": 0.0001, "other_work": None, "seconds": 1.5, "ratios": rounds(0.99),
                          "planted_ratios": rounds(0.99 / 1.021)} for _ in range(runs)]}

    def test_writes_its_table_into_the_page(self):
        with tempfile.TemporaryDirectory(prefix="scantune-ci-") as folder:
            recorded = pathlib.Path(folder) / "gate.json"
            page = pathlib.Path(folder) / "page.md"
            gate_study.write_atomically(recorded, gate_study.one_line_lists({"studies": [self.made_up(30, 40)]}))
            page.write_text(f"before\n{gate_study.BEGIN}\nfigures of last time\n{gate_study.END}\nafter\n")
            for _ in range(2):  # it may be written again
                done = subprocess.run([sys.executable, ROOT / "scripts/gate_study.py", "--table", recorded, "--page", page,
                                       "--calibration", CALIBRATION, "--draws", "300"], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
            text = page.read_text()
        self.assertRegex(text, r"^before\n<!-- gate study: begin -->\n\| workload \|")
        self.assertTrue(text.endswith("<!-- gate study: end -->\nafter\n"))
        self.assertNotIn("last time", text)
        row = [cell.strip() for cell in re.search(r"\n\| (4096x4096x1 f32 .*) \|\n", text).group(1).split("|")]
        self.assertEqual(row[:5], ["4096x4096x1 f32", "0 of 30", "30 of 30", "2.10 to 2.10%", "1.5 s, 1.5 s at most"])
        flagged, inconclusive, planted, slower = (float(cell.rstrip("%")) for cell in row[5:])
        self.assertLess(flagged, 1)
        self.assertLess(inconclusive, 1)
        self.assertGreater(planted, 99)
        self.assertGreater(slower, 99)
        self.assertIn("A GPU, driver 580.1, 2026-01-01; 300 checks drawn for each figure.", text)
        self.assertIn("Of 4096x4096x1 30 of 40 checks were measured: the time limit of 90 s was hit.", text)

    def test_the_page_has_the_place_for_the_table_and_the_record_that_is_there(self):
        self.assertLess(PAGE.index(gate_study.BEGIN), PAGE.index(gate_study.END))
        table = PAGE.split(gate_study.BEGIN)[1].split(gate_study.END)[0]
        recorded = ROOT / "results/h200-gate.json"
        self.assertEqual("has not been recorded" not in table, recorded.exists())
        if recorded.exists():
            for study in json.loads(recorded.read_text())["studies"]:
                self.assertIn(f"| {study['key'].split('|')[1]} ", table)


if __name__ == "__main__":
    unittest.main()
