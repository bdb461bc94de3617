"""What a best file says of a workload's winner, and how to tune for one."""

import subprocess

from workloads import SUMS, Trouble, read_json


def tune(binary, workloads, best, extra):
    """Runs the tool on every workload by itself, so that one it cannot do costs no other. Returns {name: why not}."""
    failures = {}
    for workload in workloads:
        command = [binary, "--shape", "x".join(map(str, workload.shape)), "--dim", str(workload.dim)]
        command += ["--dtype", workload.dtype, "--out", best, "--quiet", "--no-progress"] + extra
        try:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True)
        except OSError as error:
            raise Trouble("--scantune {}: {}".format(binary, error.strerror))
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            failures[workload.name] = lines[-1] if lines else "exit code {}".format(done.returncode)
    return failures


def version(binary):
    try:
        done = subprocess.run([binary, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              universal_newlines=True)
    except OSError as error:
        raise Trouble("--scantune {}: {}".format(binary, error.strerror))
    return done.stdout.strip()


def read(path):
    best = read_json(path)
    if not isinstance(best, dict) or best.get("format") != "scantune-best":
        raise Trouble("{}: expected a best file of scantune".format(path))
    return best


def entry_of(best, workload, chip):
    """The entry for the workload on a chip of this name, measured with a cold cache; None where there is none."""
    for entry in best["entries"]:
        of = entry["workload"]
        if (entry["chip"]["name"] == chip and entry["chip"]["backend"] == "cuda" and of["cache"] == "cold"
                and not of["deterministic"] and of["dtype"] == workload.dtype
                and of["accumulator"] == SUMS.get(workload.dtype, workload.dtype)
                and (of["outer"], of["n"], of["inner"]) == (workload.outer, workload.n, workload.inner)):
            return entry
    return None


def launches_of(winner):
    """The launches of a winner as dictionaries: entry, grid_blocks, block_threads, shared_bytes."""
    return [{"entry": row["entry"], "grid_blocks": row["grid_blocks"], "block_threads": row["block_threads"],
             "shared_bytes": row["dynamic_shared_bytes"]} for row in winner["resources"]]


def workspace_bytes_of(winner, workload):
    """What the file says; where it does not, more than any family takes: a word or two for a few elements."""
    said = winner.get("workspace_bytes")
    return said if said is not None else workload.bytes + (64 << 20)
