"""tidy.py CLANG-TIDY BUILD-FOLDER [SECONDS]: clang-tidy over every source of ours in the build, on all cores.

A file that passed is not checked again until it, a header it includes, its compile command or .clang-tidy changes: the
digest of these names an empty file in $XDG_CACHE_HOME/scantune-tidy (else ~/.cache). Where the tree lies is no part of it,
so that all checkouts of a machine share what passed. What a file includes is taken from ninja's record of the last build.

A check of everything takes three quarters of an hour of two cores. Where SECONDS are given no file is begun after them, and
how many are left is said. Files that were changed last come first, so that these are what nobody touched for longest; a header
is looked at with each file that includes it.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

KEPT_S = 30 * 24 * 3600  # since it was last of use


def read_dependencies(build):
    """Maps each object file to the paths it was built from, as ninja recorded them."""
    dependencies = {}
    paths = []
    for line in subprocess.check_output(["ninja", "-C", build, "-t", "deps"], text=True).splitlines():
        if line.startswith("    "):
            paths.append(os.path.join(build, line.strip()))
        elif ": #deps" in line:
            paths = dependencies.setdefault(line.split(": #deps")[0], [])
    return dependencies


def recency(root):
    """Maps the files of the tree to numbers that are lower the later they were changed; empty without git's history."""
    try:
        log = subprocess.check_output(["git", "-C", root, "log", "--format=", "--name-only"], text=True,
                                      stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return {}
    order = {}
    for name in filter(None, log.splitlines()):
        order.setdefault(os.path.join(root, name), len(order))
    return order


def main():
    tidy, build = sys.argv[1], os.path.abspath(sys.argv[2])
    ends = time.monotonic() + (float(sys.argv[3]) if len(sys.argv) > 3 else float("inf"))
    root = pathlib.Path(__file__).resolve().parents[2]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    passed_folder = pathlib.Path(cache, "scantune-tidy")
    passed_folder.mkdir(parents=True, exist_ok=True)
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    commands = [c for c in commands if not c["file"].startswith(build + "/")]
    dependencies = read_dependencies(build)
    settings = (root / ".clang-tidy").read_bytes() + subprocess.check_output([tidy, "--version"])
    contents = {}

    def content_digest(path):
        if path not in contents:
            contents[path] = hashlib.sha256(pathlib.Path(path).read_bytes()).digest()
        return contents[path]

    def placeless(text):
        return text.replace(str(root), "").encode()

    def marker(command):
        words = shlex.split(command["command"])
        if os.path.basename(words[0]) == "ccache":
            words.pop(0)
        digest = hashlib.sha256(settings + placeless(" ".join(words)))
        built_from = dependencies.get(words[words.index("-o") + 1], [])
        paths = {os.path.realpath(path) for path in [command["file"], *built_from] if os.path.exists(path)}
        for path in sorted(paths, key=placeless):
            digest.update(placeless(path) + content_digest(path))
        return passed_folder / digest.hexdigest()

    def check(command):
        if time.monotonic() > ends:
            return command, None
        result = subprocess.run(
            [tidy, "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option", command["file"]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return command, result

    markers = {command["file"]: marker(command) for command in commands}
    for marked in passed_folder.iterdir():
        if time.time() - marked.stat().st_mtime > KEPT_S:
            marked.unlink(missing_ok=True)
    pending = []
    for command in commands:
        try:
            os.utime(markers[command["file"]])
        except FileNotFoundError:
            pending.append(command)
    if pending:
        order = recency(str(root))
        pending.sort(key=lambda command: order.get(os.path.realpath(command["file"]), len(order)))
        print(f"style: clang-tidy over {len(pending)} of {len(commands)} files", file=sys.stderr)
    failed = left = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for command, result in pool.map(check, pending):
            if result is None:
                left += 1
            elif result.returncode == 0:
                markers[command["file"]].touch()
            else:
                failed += 1
                print(result.stdout or result.stderr, flush=True)
    if left:
        print(f"style: {left} files that were changed longest ago are left for the next run", file=sys.stderr)
    if failed:
        sys.exit(f"style: clang-tidy found something in {failed} of {len(commands)} files (above)")


main()
