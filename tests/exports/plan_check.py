"""Holds a torch export's launch rules against the catalog's own.

    python3 plan_check.py PLAN EXPECTED     EXPECTED: a Python list of what the catalog launches, written by the test
"""

import ast
import importlib.util
import sys


def load(path):
    spec = importlib.util.spec_from_file_location("plan", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    plan = load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        cases = ast.literal_eval(file.read())
    wrong = 0
    families = set()
    for kernel, params, geometry, types, multiprocessors, workspace_bytes, launches in cases:
        chip = plan.Chip("a chip", 90, multiprocessors)
        made = plan.plan_of(plan.Variant(kernel, params), plan.Geometry(*geometry), plan.Types(*types), chip)
        families.add(kernel)
        found = None
        if made is not None:
            found = (made.workspace_bytes,
                     [(one.entry, one.blocks, one.threads, one.shared_bytes) for one in made.launches])
            # How many blocks the GPU holds at once is asked of the GPU there, and estimated in the catalog.
            launches = [(entry, ours.blocks if ours.resident else blocks, threads, shared)
                        for (entry, blocks, threads, shared), ours in zip(launches, made.launches)]
        if found != (workspace_bytes, launches):
            wrong += 1
            print("{} {} on {} {}:\n  catalog {} {}\n  here    {}".format(kernel, params, geometry, types,
                                                                          workspace_bytes, launches, found))
    print("{} cases of {}: {} wrong".format(len(cases), ", ".join(sorted(families)), wrong))
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
