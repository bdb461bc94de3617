"""One workload: every contender at its best settings, verified, then all of them in rounds with the copy."""

import contextlib
import random
import signal
import statistics
import time

import report
from contenders import NotApplicable
from gpu import Lost, Subject, Tensors

POISON = -77  # no result is that
COPIES = 2  # a round
MIN_ROUNDS, MAX_ROUNDS = 9, 21
ROUNDS_S = 3.0  # for the rounds of a workload, beyond the least there must be
SCREEN_S = 2.5  # for the settings of a contender, once one of them works
SCREEN_SAMPLES = 3
SCREEN_RUNS = 16  # enqueued in a row where runs are short
SLOW_NS = 20e6  # one sample tells enough


class TooLong(Exception):
    """A contender used up its time."""


@contextlib.contextmanager
def time_limit(seconds):
    def stop(_signal, _frame):
        raise TooLong("took longer than {:.0f} s".format(seconds))
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(0.1, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def reason_of(error, gpu):
    """A few words for the table, and all of it."""
    detail = "{}: {}".format(type(error).__name__, str(error).strip())
    if isinstance(error, TooLong):
        return {"short": str(error), "detail": detail}
    if gpu.is_out_of_memory(error):
        return {"short": "out of memory", "detail": detail[:600]}
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    short = first if len(first) <= 60 else first[:57] + "..."
    return {"short": short if isinstance(error, NotApplicable) else "fails: " + short, "detail": detail[:600]}


def screen_ns(gpu, subject):
    """A first idea of its time."""
    subject.once()
    gpu.synchronize()
    runs = min(subject.tensors.runs, SCREEN_RUNS)

    def enqueue():
        subject.enqueue_runs(runs)
    time_ns, host_s = gpu.sample_ns(enqueue)
    samples = [time_ns] if time_ns > SLOW_NS else [gpu.sample_ns(enqueue, max(6e-4, 2 * host_s))[0]
                                                   for _ in range(SCREEN_SAMPLES)]
    return min(samples) / runs


def verify(gpu, tensors, subject, contender):
    """What is wrong with its result, or None."""
    tensors.out.fill_(POISON)
    result = subject.once()
    gpu.synchronize()
    return gpu.wrong(result, tensors.expected, tensors.x.dtype) or contender.fault()


def choose(gpu, tensors, contender, deadline, limit_s):
    """(the cell of the contender, its best settings ready to be timed or None)"""
    try:
        settings = contender.settings(tensors.workload)
    except NotApplicable as why:
        return {"status": "not_applicable", "reason": reason_of(why, gpu), "tried": []}, None
    tried, works, failure = [], [], None
    started = time.monotonic()
    left = min(limit_s, deadline - started)
    if left <= 0:
        return {"status": "not_measured", "reason": {"short": "time limit", "detail": "the time limit of the run"},
                "tried": []}, None
    for words, make in settings:
        used = time.monotonic() - started
        if used > left or works and used > SCREEN_S:
            break
        row = {"settings": words, "time_ns": None}
        tried.append(row)
        try:
            with time_limit(left - used):
                subject = Subject(gpu, tensors, make())
                row["time_ns"] = screen_ns(gpu, subject)
            works.append((row["time_ns"], len(works), words, subject))
        except Lost:
            raise
        except Exception as error:
            reason = reason_of(error, gpu)
            row["failure"] = reason["detail"]
            failure = failure or reason
            gpu.synchronize()
            if gpu.is_out_of_memory(error):
                error = None
                gpu.release()
    for _, _, words, subject in sorted(works, key=lambda row: row[:2]):
        row = next(row for row in tried if row["settings"] == words)
        try:
            wrong = verify(gpu, tensors, subject, contender)
            if wrong is None:
                subject.prepare()
                wrong = subject.fault_of_graph()
            if wrong is None:
                cell = {"status": "measured", "settings": words, "verified": True, "tried": tried}
                if subject.note:
                    cell["note"] = subject.note
                return cell, subject
            failure = {"short": "wrong result", "detail": "{}: {}".format(words, wrong)}
            row["failure"] = "wrong result: " + wrong
        except Lost:
            raise
        except Exception as error:
            failure = reason_of(error, gpu)
            row["failure"] = failure["detail"]
            gpu.synchronize()
    return {"status": "failed", "reason": failure or {"short": "fails", "detail": "no settings"}, "tried": tried}, None


def rounds_of(gpu, subjects, names, rng, deadline, at_work):
    """[{order, time_ns}]: each subject once a round, the copy twice, in random order."""
    rounds, started = [], time.monotonic()
    while len(rounds) < MAX_ROUNDS:
        now = time.monotonic()
        if len(rounds) >= MIN_ROUNDS and (now - started > ROUNDS_S or now > deadline):
            break
        order = [0] * (COPIES - 1) + list(range(len(names)))
        rng.shuffle(order)
        times = []
        for index in order:
            at_work[0] = names[index]
            times.append(round(subjects[names[index]].sample_ns(), 1))
        rounds.append({"order": order, "time_ns": times})
    return rounds


def measure(gpu, workload, contenders, avoided, seed, deadline, limit_s, say, at_work):
    """The result of a workload. `avoided` gives reasons by contender, `at_work` says who is to blame for a loss."""
    at_work[0] = "copy"
    result = {"shape": list(workload.shape), "dim": workload.dim, "dtype": workload.dtype, "why": workload.why,
              "outer": workload.outer, "n": workload.n, "inner": workload.inner, "bytes_read": workload.bytes,
              "bytes_written": workload.bytes, "runs": 1, "copy": None, "cells": {},
              "samples": {"subjects": ["copy"], "rounds": []}}
    tensors = Tensors(gpu, workload)
    copy = Subject(gpu, tensors, gpu.copy)
    for _ in range(3):
        copy.once()
    tensors.rotate(gpu, statistics.median(gpu.sample_ns(copy.once)[0] for _ in range(3)))
    result["runs"] = tensors.runs
    copy.prepare()
    subjects = {"copy": copy}
    for contender in contenders:
        at_work[0] = contender.id
        if contender.id in avoided:
            cell, subject = {"status": "failed", "reason": avoided[contender.id], "tried": []}, None
        else:
            started = time.monotonic()
            cell, subject = choose(gpu, tensors, contender, deadline, limit_s)
            say("  {:<18} {:5.1f} s  {}".format(contender.id, time.monotonic() - started,
                                                cell.get("settings") or cell["reason"]["short"]))
        result["cells"][contender.id] = cell
        if subject is not None:
            subjects[contender.id] = subject
    names = list(subjects)
    result["samples"] = {"subjects": names,
                         "rounds": rounds_of(gpu, subjects, names, random.Random(seed), deadline, at_work)}
    gpu.synchronize()
    if gpu.wrong(tensors.x, gpu.differences(tensors.expected, workload)) is not None:
        for cell in result["cells"].values():
            if cell["status"] == "measured":
                cell.update(status="failed", verified=False,
                            reason={"short": "input overwritten", "detail": "by one of the contenders"})
    report.summarize(result)
    for contender in contenders:
        contender.forget()
    return result
