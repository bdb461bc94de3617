#!/usr/bin/env python3
"""Every example of the README and the docs: commands are run, code is compiled or parsed, and what is not is listed.

An example is a block between ``` lines, or one of those of --help. Commands run in a folder that looks like a checkout
after a tuning run on an H200, as a reader would type them, but for the substitutions below. An example that no rule
covers fails the test.
"""

import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("SCANTUNE_BINARY", str(ROOT / "build/release/scantune"))
CUDA_INCLUDE = os.environ.get("SCANTUNE_CUDA_INCLUDE", "")  # a folder with cuda_runtime_api.h; empty: none
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "kernels/README.md", ROOT / "results/README.md",
                ROOT / "tests/kernels/README.md", *ROOT.glob("docs/*.md")])

# There is no GPU here. Its recorded sweeps answer in its place: commands that measure get this, where they name no
# device of their own.
REPLAY = " --device replay:results/h200-sweeps.jsonl"
MEASURES = re.compile(r"^scantune (?:--|check |compare --shape|profile (?!--passes))")
# (what stands in an example, what is run, why)
SUBSTITUTIONS = [
    (r"--suite configs/suites/standard\.json", "--suite configs/suites/sweeps.json", "what was recorded in full"),
    (r"--shape 4096x4096 --device cpu --budget 20s", "--shape 64x1024 --device cpu --budget 5",
     "five variants of a smaller one: seconds however busy this machine is"),
    (r"--out build/bundle --dtype f32", "--out build/bundle --dtype f32 --shape 4096x4096 --shape 128x4000",
     "two of the workloads: NVRTC takes seconds for each"),
    (r"--shape 8192x8192 --kernel three_pass", "--shape 4096x4096 --kernel three_pass", "what was recorded"),
    (r"(journal merge .*--out) results/journal\.jsonl", r"\1 results/merged.jsonl", "the journal is there already"),
]
# Exit codes other than 0 that are an answer, too.
ANSWERS = {
    "scantune doctor": {0, 1, 3},  # it says what this machine lacks
    "scantune check": {0, 1, 3},
    "scantune report results/history.jsonl": {0, 2},  # that of checks without a GPU holds no figure
    "scantune verify": {0, 1, 3},
    "jq -e": {0, 1},
}
# What is not run here, and why. (a pattern of the block's first line or of the command, the reason)
NOT_RUN = [
    (r"^scripts/(run|test)\.sh", ".ci/run runs both"),
    (r"^cmake (--build|--preset)", "builds the tree that this test is part of"),
    (r"^(ctest|ninja) ", "runs the tests that this is one of"),
    (r"^build/release/tests/kernels/kernels_mutant_", "kernels.Mutant.* runs each"),
    (r"^nvcc -std=c\+\+17 -arch=native", "consumers.header compiles that header, and gpu_run.sh runs it on a GPU"),
    (r"^scripts/peers/peers\.py", "needs a GPU; peers.Scripts tests its parts"),
    (r"^scripts/tune_triton\.py --out", "needs a GPU; gpu_run.sh runs it"),
    (r"^scripts/tune_triton\.py --table", "needs what that wrote"),
    (r"^tests/exports/gpu_check\.py", "needs a GPU; gpu_run.sh runs it"),
]
# What a build without CUDA cannot do.
NEEDS_CUDA = re.compile(r"--format bundle|list metrics|profile --passes")
# Blocks that are no example to be run: (page, a pattern of their first lines, why)
SHOWN = [
    ("docs/architecture.md", r"^cli  ->", "a drawing"),
    ("docs/doctor.md", r"^degraded", "what a command printed on one machine"),
    ("docs/journal.md", r'^\{"sum":"<16 hex', "the form of a line, with places to fill in"),
    ("kernels/README.md", r"^\(const T\* in", "a part of a declaration"),
    ("docs/ci.md", r"^(name: performance|performance:|pipeline \{)", "ci.Jobs parses it, and runs its commands"),
    ("docs/nvtx.md", r"^nsys ", "a tool that is not here; nvtx_test listens in its place"),
    ("docs/export.md", r"^add_subdirectory", "consumers.cmake and consumers.package do that"),
]


def blocks(page):
    """[(line, language, text)]"""
    text = page.read_text(encoding="utf-8")
    return [(text[:match.start()].count("\n") + 1, match[1], match[2])
            for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


def commands(text):
    """The commands of a block, without prompts, continuations and what is said beside them."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    if lines and lines[0].startswith("$ "):  # a session: what follows a command is what it printed
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    found = [re.split(r"\s{2,}(?=\S)|\s+# ", line)[0].strip() for line in lines]
    return [line for line in found if line and not line.startswith("#")]


def is_command(line):
    return re.match(r"^(scantune|scripts/|tests/|build/|cmake|ctest|ninja|nvcc|jq) ?", line) is not None


def substituted(command):
    for pattern, replacement, _ in SUBSTITUTIONS:
        command = re.sub(pattern, replacement, command)
    parts = re.split(r"( && | \| )", command)
    return "".join(part + REPLAY if MEASURES.match(part) and "--device" not in part else part for part in parts)


class Checkout:
    """A folder with configs, results and a journal, and scantune on the path."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="scantune-docs-")
        self.path = pathlib.Path(self.folder.name)
        for name in ("configs", "scripts", "kernels", "tests"):
            (self.path / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "results", self.path / "results")
        for name, target in (("h200-standard", "journal"), ("h200-sweeps", "h200-sweeps")):
            subprocess.run(["zstd", "-dqf", self.path / "results" / (name + ".jsonl.zst"), "-o",
                            self.path / "results" / (target + ".jsonl")], check=True)
        best = json.loads((self.path / "results/h200-standard.json").read_text())
        tuned = json.loads((self.path / "results/best.json").read_text())
        tuned["entries"] += [entry for entry in best["entries"] if entry["workload"]["n"] == 4096
                             and entry["workload"]["outer"] == 4096]
        (self.path / "results/best.json").write_text(json.dumps(tuned))
        half = len(best["entries"]) // 2
        for name, entries in (("h200.json", best["entries"][:half]), ("b200.json", best["entries"][half:])):
            (self.path / name).write_text(json.dumps(dict(best, entries=entries)))
        (self.path / "bin").mkdir()
        (self.path / "bin/scantune").symlink_to(BINARY)
        self.environment = {"PATH": "{}:{}".format(self.path / "bin", os.environ["PATH"]), "HOME": str(self.path),
                            "CUDA_VISIBLE_DEVICES": "", "NO_COLOR": "1"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def run(self, command, limit_s=120):
        return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=self.path, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s)


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checkout = Checkout()

    @classmethod
    def tearDownClass(cls):
        cls.checkout.folder.cleanup()

    def each(self, wanted):
        for page in PAGES:
            name = str(page.relative_to(ROOT))
            for line, language, text in blocks(page):
                shown = any(name == of and re.search(pattern, text) for of, pattern, _ in SHOWN)
                if not shown and wanted(language, text):
                    with self.subTest(page=name, line=line):
                        yield name, line, language, text

    @staticmethod
    def has_commands(language, text):
        return language in ("", "sh", "bash") and any(is_command(line) for line in commands(text))

    def test_commands_run_as_printed(self):
        ran = 0
        for name, line, _, text in self.each(self.has_commands):
            for command in commands(text):
                ran += self.run_as_printed("{}:{}".format(name, line), command)
        self.assertGreater(ran, 35)

    def run_as_printed(self, where, command):
        """Runs a command as a reader would, and says whether it did."""
        self.assertTrue(is_command(command), "{}: neither a command nor listed: {}".format(where, command))
        if any(re.search(pattern, command) for pattern, _ in NOT_RUN):
            return False
        if NEEDS_CUDA.search(command) and not CUDA_INCLUDE:
            return False
        allowed = next((codes for start, codes in ANSWERS.items() if command.startswith(start)), {0})
        run = substituted(command)
        done = self.checkout.run(run)
        self.assertIn(done.returncode, allowed, "{}: {}\n{}{}".format(where, run, done.stdout[-1500:], done.stderr[-1500:]))
        quiet = ">" in run or "--quiet" in run or "select(" in run  # nothing that is stale, say
        self.assertTrue(done.stdout or done.stderr or quiet, "{}: {} says nothing".format(where, run))
        return True

    def test_examples_of_help_run_as_printed(self):
        path = self.checkout.path
        (path / "nodes").mkdir(exist_ok=True)
        for name in ("h200", "b200"):
            shutil.copy(path / (name + ".json"), path / "nodes")
        for name in ("before", "after", "old", "new", "best"):
            shutil.copy(path / "results/h200-standard.json", path / (name + ".json"))
        for name in ("node1", "node2"):
            shutil.copy(path / "results/journal.jsonl", path / (name + ".jsonl"))
        # By name, as check writes the history that report reads.
        subcommands = re.search(r"scantune ((?:\w+\|)+\w+) \[options\]", self.checkout.run("scantune --help").stdout)
        for subcommand in ["", *sorted(subcommands[1].split("|"))]:
            with self.subTest(help=subcommand):
                text = self.checkout.run("scantune {} --help".format(subcommand)).stdout
                examples = re.search(r"^Examples:\n((?:  .*\n)+)", text, re.MULTILINE)
                found = commands(textwrap.dedent(examples[1]))
                self.assertGreater(len(found), 1)
                for command in found:
                    self.run_as_printed("scantune {} --help".format(subcommand), command)

    def test_variants_are_spelled_in_full(self):
        # In pages, messages and comments: one that lacks a parameter is refused where it is pasted.
        params = {}
        for where in ("--chip GH100", "--chip GH100 --dim 0", "--chip GH100 --shape 1048576x256", "--device cpu",
                      "--device cpu --dim 0"):
            listed = self.checkout.run("scantune list kernels --format json " + where)
            for kernel in json.loads(listed.stdout)["kernels"]:
                if kernel["params"]:  # which may differ between rows and columns
                    params.setdefault(kernel["name"], []).append({param["name"] for param in kernel["params"]})
        self.assertGreater(len(params), 10)
        variant = re.compile(r"\b({})((?: \w+=\w+)+)".format("|".join(params)))
        seen = 0
        for page in [*PAGES, *(file for suffix in ("cc", "h", "in") for file in ROOT.glob("src/**/*." + suffix))]:
            for match in variant.finditer(page.read_text(encoding="utf-8")):
                settings = re.findall(r"(\w+)=", match[2])
                self.assertIn(set(settings), params[match[1]], "{}: {}".format(page.relative_to(ROOT), match[0]))
                seen += 1
        self.assertGreater(seen, 40)

    def test_contributing_names_every_label(self):
        lists = "".join(file.read_text() for file in ROOT.glob("tests/**/CMakeLists.txt"))
        text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        named = set(re.findall(r"`(\w+)`", re.search(r"Labels: (.*?)\n\n", text, re.DOTALL)[1]))
        self.assertEqual(set(re.findall(r"LABELS? (\w+)", lists)) - named, set())

    def test_json_is_json_and_what_scantune_takes(self):
        for name, line, _, text in self.each(lambda language, text: language in ("", "json") and text.startswith("{")):
            document = json.loads(re.sub(r"^\s*\.\.\.,?\n", "", text, flags=re.MULTILINE))
            path = self.checkout.path / "example.json"
            path.write_text(json.dumps(document))
            if "workloads" in document:
                done = self.checkout.run("scantune --suite example.json --kernels no_such")
                self.assertIn("no_such", done.stderr)  # the suite was read before that was seen
            if "kernels" in document:
                done = self.checkout.run("scantune list variants --chip GH100 --shape 4096x4096 --space example.json")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_python_runs_or_compiles(self):
        for name, line, _, text in self.each(lambda language, text: language == "python"):
            tree = ast.parse(text)
            modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            if modules <= {"json", "statistics"}:
                (self.checkout.path / "example.py").write_text(text)
                done = self.checkout.run("python3 example.py")
                self.assertEqual(done.returncode, 0, "{}:{}: {}".format(name, line, done.stderr))
                self.assertGreater(len(done.stdout.splitlines()), 10)
            else:
                self.assertLessEqual(modules, {"torch", "scantune_torch", "reverse_cumsum", "kernel_tuner"})

    def test_cpp_compiles(self):
        export = self.checkout.run("scantune export --best results/h200-standard.json --format cmake --out build/cpp")
        self.assertEqual(export.returncode, 0, export.stderr)
        for name, line, _, text in self.each(lambda language, text: language == "cpp"):
            includes = "".join(row + "\n" for row in text.splitlines() if row.startswith("#include"))
            rest = "".join(row + "\n" for row in text.splitlines() if not row.startswith("#include"))
            (self.checkout.path / "example.cc").write_text(
                includes + "void example(const float* in, float* out, void* workspace, cudaStream_t stream) {\n" + rest + "}\n")
            if CUDA_INCLUDE:  # where CUDA's headers are, as in CI
                done = self.checkout.run("g++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I build/cpp/include "
                                         "-isystem '{}' example.cc".format(CUDA_INCLUDE))
                self.assertEqual(done.returncode, 0, "{}:{}: {}".format(name, line, done.stderr))

    def test_every_block_is_covered(self):
        for name, line, language, text in self.each(lambda language, text: True):
            covered = (language in ("python", "cpp") or self.has_commands(language, text)
                       or language in ("", "json") and text.startswith("{"))
            self.assertTrue(covered, "{}:{}: no rule covers this example; run it, or list it with a reason".format(name, line))


if __name__ == "__main__":
    unittest.main(verbosity=2)
