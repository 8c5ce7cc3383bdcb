"""A process that measures cases, as it is told, one a line, and answers with a line of JSON each.

    python -m benchmarks.worker naive|tuned THREADS SECONDS PEER...

Our call, the copy and all peers take turns, for so many seconds each. Whatever the calls print goes to standard error.
"""

import gc
import json
import os
import statistics
import sys
import time
import warnings

import numpy as np

import fastloss as fl
from benchmarks import cases, peers
from benchmarks.measure import interleaved


def copy_of(scores):
    touched = scores.copy()
    return lambda: np.copyto(touched, scores)


def attempt(case, name, make):
    """(call, results, None), or (None, None, what went wrong). No call at all is not wrong."""
    try:
        peer, call = make()
        return call, call and peers.read(peer, case, call()), None
    except Exception as error:  # other people's code: one that fails must not end the comparison
        print(f"{case.name}: {name}: {error!r}", file=sys.stderr)
        return None, None, repr(error)


def prepare(case, problem, names, tuned):
    """The calls of a case by peer, their errors, and what went wrong."""
    calls, errors, failures = {}, {}, {}

    def theirs(name):
        peer = peers.load(name)
        return peer, peer.call(case, problem.arrays, tuned)

    makers = {"fastloss": lambda: (None, problem.ours(tuned)), **{n: lambda n=n: theirs(n) for n in names}}
    for name, make in makers.items():
        call, results, failure = attempt(case, name, make)
        if call:
            calls[name], errors[name] = call, problem.errors(results)
        if failure:
            failures[name] = failure
    return calls, errors, failures


def quartiles(numbers):
    return [float(f"{number:.5g}") for number in statistics.quantiles(numbers, method="inclusive")]


def figures(times, copies, errors):
    ratios = [a / b for a, b in zip(times, copies, strict=False)]
    return {
        "seconds": quartiles(times),
        "copies": quartiles(ratios),
        "errors": errors,
    }


def measure(case, names, tuned, threads, seconds):
    problem = cases.Problem(case)
    calls, errors, failures = prepare(case, problem, names, tuned)
    clock = time.process_time if threads == 1 else time.perf_counter
    times, _ = interleaved({**calls, "copy": copy_of(problem.scores)}, clock, seconds)
    copies = times.pop("copy")
    return {
        "copy_seconds": quartiles(copies),
        "calls": {name: figures(times[name], copies, errors[name]) for name in times},
        "failures": failures,
    }


def main(mode, threads, seconds, *names):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")  # of peers, about wrong results: these stand in the table
    threads = int(threads)
    fl.set_num_threads(threads)
    for line in sys.stdin:
        answer = measure(cases.by_name(line.strip()), names, mode == "tuned", threads, float(seconds))
        print(json.dumps(answer), file=answers)
        gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
