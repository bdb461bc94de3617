"""Checks that a triton export's table has settings for each kernel at every size and type: tuned() of a module.

    python3 triton_settings.py FILE         needs neither torch nor Triton
"""

import ast
import sys

# What sum_rows and sum_columns ask for, and how many numbers they take.
KERNELS = {"short_rows": 2, "rows": 3, "odd_rows": 3, "chained_rows": 4, "odd_chained_rows": 4, "columns": 5}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tree = ast.parse(file.read())
    scope = {}
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "tuned")
    exec(compile(ast.Module([function], []), sys.argv[1], "exec"), scope)
    asked = {ast.literal_eval(text) for node in ast.walk(tree)
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "tuned"
             for text in ([node.args[0].body, node.args[0].orelse] if isinstance(node.args[0], ast.IfExp)
                          else [node.args[0]])}
    assert asked == set(KERNELS), asked
    for what, count in KERNELS.items():
        for element_bytes in (1, 2, 4, 8):
            for size in (1, 31, 1024, 1025, 99991, 1 << 30):
                settings = scope["tuned"](what, size, element_bytes)
                assert len(settings) == count and all(isinstance(one, int) and one >= 1 for one in settings), settings
    print("settings for all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
