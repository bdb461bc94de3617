"""Checks a module against the rules of the triton export: imports, kernels, wrappers, ModelNew; nothing else.

    python3 triton_rules.py FILE        prints what is wrong, a line each; exit code 1 where there is something
"""

import ast
import sys

IMPORTS = ["import torch", "import torch.nn as nn", "import triton", "import triton.language as tl"]
FORBIDDEN_NAMES = {"get_inputs", "get_init_inputs", "__name__"}
FLIPS = {"flip", "fliplr", "flipud"}
SUMS = {"cumsum", "cumulative_sum", "logcumsumexp"}  # of torch; tl.cumsum is what kernels are for


def decorators(function):
    return [ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
            for decorator in function.decorator_list]


def kind(node):
    """The part of the module that a statement belongs to, in the order in which they must come; None for any other."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return 0
    if isinstance(node, ast.FunctionDef):
        if "triton.jit" in decorators(node):
            return 1
        return 2 if decorators(node) in ([], ["torch.compiler.disable"]) else None
    if isinstance(node, ast.ClassDef):
        return 3
    return None


def faults(text):
    tree = ast.parse(text)
    found = []
    order = []
    for node in tree.body:
        part = kind(node)
        if part is None:
            found.append("line {}: neither import, kernel, wrapper nor class: {}".format(
                node.lineno, ast.unparse(node).splitlines()[0]))
        else:
            order.append((part, node.lineno))
    for (before, _), (part, line) in zip(order, order[1:]):
        if part < before:
            found.append("line {}: out of order".format(line))
    imports = [ast.unparse(node) for node in tree.body if kind(node) == 0]
    if imports != IMPORTS:
        found.append("imports are {}".format(imports))
    for part, what in ((1, "@triton.jit kernel"), (2, "wrapper")):
        if part not in (one for one, _ in order):
            found.append("no " + what)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if [(node.name, [ast.unparse(base) for base in node.bases]) for node in classes] != [("ModelNew", ["nn.Module"])]:
        found.append("expected class ModelNew(nn.Module) and no other")
    else:
        methods = [node.name for node in classes[0].body if isinstance(node, ast.FunctionDef)]
        if methods != ["__init__", "forward"]:
            found.append("ModelNew has {}".format(methods))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.FunctionDef)):
            name = node.id if isinstance(node, ast.Name) else node.name
            if name in FORBIDDEN_NAMES:
                found.append("line {}: {}".format(node.lineno, name))
        if isinstance(node, ast.Attribute):
            of = ast.unparse(node.value)
            if node.attr in FLIPS:
                found.append("line {}: a flip: {}".format(node.lineno, ast.unparse(node)))
            if node.attr in SUMS and of != "tl":
                found.append("line {}: summed by torch: {}".format(node.lineno, ast.unparse(node)))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in tree.body:
            found.append("line {}: an import inside".format(node.lineno))
    launched = {ast.unparse(node.func.value) for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript)}
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if kind(node) == 1 and node.name not in named:
            found.append("line {}: nobody uses {}".format(node.lineno, node.name))
    if not launched:
        found.append("no kernel is launched")
    return found


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        found = faults(file.read())
    print("\n".join(found) or "as it must be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
