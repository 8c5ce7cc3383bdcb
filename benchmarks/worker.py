"""A process that measures cases, as it is told, one per line, and answers with a line of JSON each.

    python -m benchmarks.worker naive|tuned THREADS SECONDS PEER...
    python -m benchmarks.worker counterparts THREADS SECONDS MODULE...

Our call, the copy and all peers take turns, for so many seconds each; or the call of one of our modules and that of the
library whose conventions it has. Whatever the calls print goes to standard error.
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
from benchmarks import cases, counterparts, peers
from benchmarks.measure import interleaved, ratios


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
    return {
        "seconds": quartiles(times),
        "copies": quartiles(ratios(times, copies)),
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


def measure_pair(case, threads, seconds):
    """Our module's call beside the library's, and how many times as long that takes."""
    ours, theirs = case.draw(np.random.default_rng(0), case.shape)
    try:
        counterparts.check(case, ours, theirs)
    except Exception as error:  # other people's code
        print(f"{case.name}: {error!r}", file=sys.stderr)
        return {"failure": repr(error)}
    clock = time.process_time if threads == 1 else time.perf_counter
    times, _ = interleaved({"ours": ours, "theirs": theirs}, clock, seconds)
    return {
        "seconds": quartiles(times["ours"]),
        "other_seconds": quartiles(times["theirs"]),
        "times": quartiles(ratios(times["theirs"], times["ours"])),
    }


def measures(mode, names, threads, seconds):
    """A function that measures a case by its name."""
    if mode == "counterparts":
        by_name = {case.name: case for name in names for case in counterparts.cases(name)}
        return lambda name: measure_pair(by_name[name], threads, seconds)
    return lambda name: measure(cases.BY_NAME[name], names, mode == "tuned", threads, seconds)


def main(mode, threads, seconds, *names):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")  # of peers, about wrong results: these stand in the table
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    threads = int(threads)
    fl.set_num_threads(threads)
    measured = measures(mode, names, threads, float(seconds))
    for line in sys.stdin:
        print(json.dumps(measured(line.strip())), file=answers)
        gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
