"""Times calls turn by turn within one run, so that what slows the machine slows all of them alike."""

import gc
import itertools
import statistics

import numpy as np

SAMPLE = 2e-3  # seconds that lie between two looks at the clock, at least
SECONDS = 0.2  # for all rounds of a call, once it has had the least
LEAST_ROUNDS, MOST_ROUNDS = 5, 31


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


def interleaved(calls, clock, seconds=SECONDS):
    """Seconds a call for each of `calls`, a list each: entry i is from round i. The first call sets how many rounds.

    `seconds` is what each call may take in all its rounds.
    """
    loops = {name: enough_loops(call, clock) for name, call in calls.items()}
    times = {name: [] for name in calls}
    first = next(iter(calls))
    gc.disable()
    try:
        for number in range(MOST_ROUNDS):
            for name, call in calls.items():
                if number < LEAST_ROUNDS or sum(times[name]) * loops[name] < seconds:
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
