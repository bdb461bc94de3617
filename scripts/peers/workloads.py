"""The workloads of a suite, as scantune reads them (configs/schema/suite.schema.json)."""

import dataclasses
import json
import math

ELEMENT_BYTES = {"f32": 4, "f16": 2, "bf16": 2, "f64": 8, "i32": 4, "i64": 8}
SUMS = {"f16": "f32", "bf16": "f32"}  # every other type is summed in itself


class Trouble(Exception):
    """What is wrong with what was asked for, in one line."""


@dataclasses.dataclass(frozen=True)
class Workload:
    shape: tuple
    dim: int  # counts from 0
    dtype: str
    why: str = ""

    @property
    def outer(self):
        return math.prod(self.shape[: self.dim])

    @property
    def n(self):
        return self.shape[self.dim]

    @property
    def inner(self):
        return math.prod(self.shape[self.dim + 1 :])

    @property
    def elements(self):
        return math.prod(self.shape)

    @property
    def bytes(self):
        """Of the input, and as many of the output."""
        return self.elements * ELEMENT_BYTES[self.dtype]

    @property
    def name(self):
        return "{} {}, dim {}".format("x".join(map(str, self.shape)), self.dtype, self.dim)


def workload_of(row, where):
    if not isinstance(row, dict):
        raise Trouble("{}: expected an object with shape, dim and dtype".format(where))
    shape, dim, dtype = row.get("shape"), row.get("dim"), row.get("dtype")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size > 0 for size in shape):
        raise Trouble("{}: shape: expected a list of positive integers".format(where))
    if type(dim) is not int or not -len(shape) <= dim < len(shape):
        raise Trouble("{}: dim: expected an integer that {} dimensions have".format(where, len(shape)))
    if dtype not in ELEMENT_BYTES:
        raise Trouble("{}: dtype {!r}: expected one of {}".format(where, dtype, ", ".join(ELEMENT_BYTES)))
    if row.get("cache", "cold") != "cold" or row.get("accumulator", SUMS.get(dtype, dtype)) != SUMS.get(dtype, dtype):
        raise Trouble("{}: peers are compared with a cold cache and the default accumulator only".format(where))
    return Workload(tuple(shape), dim % len(shape), dtype, str(row.get("why", "")))


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except OSError as error:
        raise Trouble("{}: {}".format(path, error.strerror))
    except ValueError as error:
        raise Trouble("{}: not JSON: {}".format(path, error))


def read_suite(path):
    suite = read_json(path)
    rows = suite.get("workloads") if isinstance(suite, dict) else None
    if not isinstance(rows, list) or not rows:
        raise Trouble("{}: expected an object with a list 'workloads' (configs/suites/standard.json)".format(path))
    return [workload_of(row, "{}: workload {}".format(path, i + 1)) for i, row in enumerate(rows)]


def select(workloads, wanted):
    """Those that are asked for: comma-separated, each a number from 1 or a part of a name."""
    if not wanted:
        return workloads
    chosen = []
    for part in (part.strip() for part in wanted.split(",")):
        if part.isdigit():
            found = workloads[int(part) - 1 : int(part)] if int(part) > 0 else []
        else:
            found = [workload for workload in workloads if part and part in workload.name]
        if not found:
            raise Trouble("--workloads {!r}: expected numbers from 1 to {}, or parts of names such as '{}'".format(
                part, len(workloads), workloads[0].name))
        chosen += [workload for workload in found if workload not in chosen]
    return chosen
