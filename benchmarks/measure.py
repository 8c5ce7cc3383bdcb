"""Times calls turn by turn within one run, so that what slows the machine slows all of them alike."""

import gc
import itertools
import statistics
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import torch_peer

SAMPLE = 2e-3  # seconds that lie between two looks at the clock, at least
SECONDS = 0.2  # that each call may take in all its rounds, once it has had the least
LEAST_ROUNDS, MOST_ROUNDS = 5, 31

# What the library promises: relative for values; for gradients of a sum absolute up to 1, relative from there on. The
# same for curvatures.
LIMITS = {np.dtype(np.float32): (1e-6, 1e-5), np.dtype(np.float64): (1e-12, 1e-12)}


def sizes(quick, full=(), large=()):
    """Parameters of a benchmark: `quick` ones run always, `full` ones not with --quick, `large` ones with --large."""
    marks = [(quick, ()), (full, pytest.mark.full), (large, pytest.mark.large)]
    return [pytest.param(size, marks=mark, id=size_name(size)) for group, mark in marks for size in group]


def size_name(size):
    return "x".join(map(str, size)) if isinstance(size, tuple) else str(size)


def one_sample(call, loops, clock):
    """Seconds a call, over so many."""
    start = clock()
    for _ in itertools.repeat(None, loops):
        call()
    return (clock() - start) / loops


def enough_loops(call, clock):
    call()  # touches the buffers
    loops = 1
    while one_sample(call, loops, clock) * loops < SAMPLE:
        loops *= 2
    return loops


def interleaved(calls, clock):
    """Seconds a call for each of `calls`, a list each: entry i is from round i. The first call sets how many rounds."""
    loops = {name: enough_loops(call, clock) for name, call in calls.items()}
    times = {name: [] for name in calls}
    first = next(iter(calls))
    gc.disable()
    try:
        for number in range(MOST_ROUNDS):
            for name, call in calls.items():
                if number < LEAST_ROUNDS or sum(times[name]) * loops[name] < SECONDS:
                    times[name].append(one_sample(call, loops[name], clock))
            if len(times[first]) <= number:
                break
    finally:
        gc.enable()
    return times, loops[first]


def ratios(numerators, denominators):
    """Of the rounds in which both had a turn."""
    return [a / b for a, b in zip(numerators, denominators, strict=False)]


def median_ratio(numerators, denominators):
    return statistics.median(ratios(numerators, denominators))


def relative_error(got, expected):
    return float(np.max(np.abs(got - expected) / np.maximum(np.abs(expected), 1e-300)))


def derivative_error(got, expected):
    return float(np.max(np.abs(got - expected) / np.maximum(np.abs(expected), 1)))


class Comparison:
    """One benchmark: its times and its errors, in `extra_info` and in the table at the end of the run."""

    def __init__(self, benchmark, name, rows):
        self.benchmark = benchmark
        self.info = benchmark.extra_info
        self.row = {"name": name, "size": "", "note": "", "info": self.info}
        rows.append(self.row)
        self.info["instruction_set"] = fl.show_config()["instruction_set"]

    def time(self, ours, scores, torch=None, threads=1, items=None, size=None, others=None):
        """Times `ours` beside a copy of `scores`, beside `torch` where there is one, and beside `others` by name.

        One thread is timed by the processor's time, which neighbours on the machine do not stretch; several by the
        clock on the wall. Returns the seconds a call of each, round by round.
        """
        touched = scores.copy()
        calls = {"ours": ours, "copy": lambda: np.copyto(touched, scores), "torch": torch, **(others or {})}
        torch_peer.set_num_threads(threads)
        times, loops = interleaved(
            {name: call for name, call in calls.items() if call is not None},
            time.process_time if threads == 1 else time.perf_counter,
        )
        self.info |= {
            "threads": threads,
            "bytes": scores.nbytes,
            "seconds": statistics.median(times["ours"]),
            "copies": median_ratio(times["ours"], times["copy"]),
            # what benchmarks/track.py takes for the spread within a run
            "copies_quartiles": statistics.quantiles(ratios(times["ours"], times["copy"]), method="inclusive")[::2],
        }
        self.info["ns_per_item"] = self.info["seconds"] * 1e9 / (items or scores.size)
        if torch is not None:
            self.info["times_faster_than_torch"] = median_ratio(times["torch"], times["ours"])
        self.row["size"] = size or size_name(scores.shape)
        self.benchmark.pedantic(ours, rounds=len(times["ours"]), iterations=loops)
        return times

    def note(self, words):
        """For the end of the table's line, with names from `extra_info` in braces."""
        self.row["note"] = words.format(**self.info)

    def check(self, values=None, gradients=None, curvatures=None):
        """Each is a pair, what came out and what it is in float64. An error beyond what is promised fails."""
        pairs = [
            ("value_error", values, relative_error, 0),
            ("gradient_error", gradients, derivative_error, 1),
            ("curvature_error", curvatures, derivative_error, 1),
        ]
        for name, pair, error, which in pairs:
            if pair is not None:
                self.info[name] = error(*pair)
                assert self.info[name] <= LIMITS[pair[0].dtype][which], f"{name} is {self.info[name]:.1e}"
