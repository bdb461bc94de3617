"""The seed's three-pass Triton, taken from the seed's text when it is needed: nothing of it is kept here."""

import hashlib
import importlib.util
import os
import re

from workloads import Trouble

MARKER = "[CURRENT CODE]"
GRID_Y_LIMIT = 65535  # blocks along a GPU's second grid axis


def extract(text, path="the seed"):
    """The Python of the first fenced block after the marker."""
    at = text.find(MARKER)
    if at < 0:
        raise Trouble("{}: has no section {}".format(path, MARKER))
    fenced = re.compile(r"^```python[ \t]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE).search(text, at)
    if fenced is None:
        raise Trouble("{}: has no ```python block after {}".format(path, MARKER))
    code = fenced.group(1)
    for name in ("triton_reverse_cumsum", "BLOCK_N = "):
        if name not in code:
            raise Trouble("{}: its code has no '{}'".format(path, name.strip()))
    return code


def read(path):
    """(the code, the digest of the text it came from)"""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise Trouble("--seed {}: {}".format(path, error.strerror))
    return extract(text, path), hashlib.sha256(text.encode()).hexdigest()


_BLOCK = re.compile(r"^(\s*BLOCK_N = )(\d+)", re.MULTILINE)


def block_size(code):
    """The block size that the seed itself uses."""
    return int(_BLOCK.search(code).group(2))


def with_block_size(code, block):
    """The only change ever made to it."""
    return _BLOCK.sub(lambda match: match.group(1) + str(block), code, count=1)


def module_path(folder, block):
    return os.path.join(folder, "seed_block_{}.py".format(block))


def write_modules(code, folder, blocks):
    """Triton reads kernels from files: one module a block size."""
    os.makedirs(folder, exist_ok=True)
    for block in blocks:
        with open(module_path(folder, block), "w", encoding="utf-8") as file:
            file.write(with_block_size(code, block))


def load(folder, block):
    path = module_path(folder, block)
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refusal(n, block):
    """Why the seed cannot launch on rows of n elements, or None."""
    blocks = -(-n // block)
    if blocks > GRID_Y_LIMIT:
        return "grid.y would be {}, a GPU has {}".format(blocks, GRID_Y_LIMIT)
    return None
