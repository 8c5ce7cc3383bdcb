"""A process that measures cases, as it is told, one per line, and answers with a line of JSON each.

    python -m benchmarks.worker naive|tuned THREADS SECONDS PEER...

Our call, the copy and all peers take turns, for so many seconds each. Whatever the calls print goes to standard error.
"""

import gc
import json
import os
import signal
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


def prepare(case, problem, names, tuned):
    """The calls of a case by name, their errors, and what went wrong."""
    ours, failures = problem.ours(tuned), {}
    calls, errors = {"fastloss": ours}, {"fastloss": problem.errors(peers.read(None, case, ours()))}
    for name in names:
        try:
            peer = peers.load(name)
            call = peer.call(case, problem.arrays, tuned)
            if call is not None:
                errors[name] = problem.errors(peers.read(peer, case, call()))
                calls[name] = call
        except Exception as error:  # other people's code: one that fails must not end the comparison
            print(f"{case.name}: {name}: {error!r}", file=sys.stderr)
            failures[name] = repr(error)
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    threads = int(threads)
    fl.set_num_threads(threads)
    for line in sys.stdin:
        answer = measure(cases.BY_NAME[line.strip()], names, mode == "tuned", threads, float(seconds))
        print(json.dumps(answer), file=answers)
        gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
