"""Threads where the cores are not ours alone: beside busy processes, from many Python threads, beside ONNX Runtime.

By the clock on the wall, and by sums over a stretch of time: a call that now and then waits long for a thread that has
lost its core shows in a mean, and not in a median.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import Batch, labelled_rows
from benchmarks.parameters import sizes

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
TURN, TURNS = 0.25, 8  # seconds that one way of calling has before it is the other's turn, and how many each has
CALLERS = 8

pytestmark = [
    pytest.mark.benchmark(group="load"),
    pytest.mark.skipif(len(CORES) < 2, reason="needs two cores whose number is known: run this file without taskset"),
]
SHAPES = pytest.mark.parametrize(
    "shape", sizes(quick=[(400, 1000), (4000, 1000), (150, 16, 32, 20)], full=[(32000, 1000), (500, 16, 64, 100)])
)


class Work:
    """Value and gradient of cross-entropy or, for four numbers, of CTC; each caller has its own `out`."""

    def __init__(self, rng, shape):
        self.size = f"{shape[0]}x{shape[1]}" if len(shape) == 2 else "{}x{}x{}/{}".format(*shape)
        if len(shape) == 2:
            self.loss, (self.x, self.target) = fl.cross_entropy, labelled_rows(rng, shape)
        else:
            batch = Batch(rng, shape)
            self.loss, self.x, self.target = fl.ctc_loss_with_logits, batch.logits, batch.targets

    def caller(self, threads=None):
        out = np.empty_like(self.x)
        return lambda: self.loss.value_and_grad(self.x, self.target, out=out, num_threads=threads)


@contextlib.contextmanager
def busy_cores():
    """A process that never sleeps on each core that we may use."""
    idle_loop = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(idle_loop, preexec_fn=lambda core=core: os.sched_setaffinity(0, {core})) for core in CORES]
    try:
        time.sleep(0.2)
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def mean_seconds(call, between=None):
    """Of a call, over a turn; `between` runs before each and is not counted."""
    calls, seconds = 0, 0.0
    end = time.perf_counter() + TURN
    while time.perf_counter() < end:
        if between:
            between()
        start = time.perf_counter()
        call()
        seconds += time.perf_counter() - start
        calls += 1
    return seconds / calls


def by_turns(ways, measure):
    """{name: what `measure` says of each turn}, interleaved; each way is called once before."""
    results = {name: [] for name in ways}
    for way in ways.values():
        measure(way)
    for _ in range(TURNS):
        for name, way in ways.items():
            results[name].append(measure(way))
    return results


def report(comparison, benchmark, work, info, words):
    comparison.info |= info
    comparison.row["size"] = work.size
    comparison.note(words)
    benchmark.pedantic(work.caller(), rounds=1)


def two_over_one(comparison, benchmark, work, measure):
    times = by_turns({threads: work.caller(threads) for threads in (1, 2)}, measure)
    of_one, of_two = (statistics.mean(times[threads]) for threads in (1, 2))
    info = {"threads": 2, "seconds": of_two, "of_one_thread": of_two / of_one}
    report(comparison, benchmark, work, info, "{of_one_thread:.2f} of one thread's time")


@SHAPES
def test_beside_busy_processes(comparison, benchmark, rng, shape):
    work = Work(rng, shape)
    with busy_cores():
        two_over_one(comparison, benchmark, work, mean_seconds)


@SHAPES
def test_beside_onnxruntime(comparison, benchmark, rng, shape):
    """Its threads spin for a while after each of its runs, on the cores that ours then want."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from benchmarks.peers.onnxruntime import NODES, session  # it imports both

    x = rng.standard_normal((256, 1000), dtype=np.float32)
    model = session(NODES["log_softmax"](["x"]), {"x": x}, x.shape, count=2)
    two_over_one(
        comparison, benchmark, Work(rng, shape), lambda call: mean_seconds(call, lambda: model.run(None, {"x": x}))
    )


def calls_per_second(callers):
    """Of so many Python threads at once."""
    done = [0] * len(callers)
    end = time.perf_counter() + TURN

    def run(number):
        while time.perf_counter() < end:
            callers[number]()
            done[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(callers))]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - start)


@pytest.mark.parametrize("shape", sizes(quick=[(100, 100), (400, 1000), (150, 16, 32, 20)], full=[(500, 16, 64, 100)]))
def test_many_callers(comparison, benchmark, rng, shape):
    """Eight callers with the default threads, against one caller with one thread per core."""
    fl.set_num_threads(len(CORES))
    work = Work(rng, shape)
    ways = {
        "many": [work.caller() for _ in range(CALLERS)],
        "a core each": [work.caller(1) for _ in CORES],
    }
    rates = by_turns(ways, calls_per_second)
    many, fair = (statistics.median(rates[name]) for name in ways)
    info = {"threads": len(CORES), "seconds": len(CORES) / many, "of_a_thread_a_core": many / fair}
    report(comparison, benchmark, work, info, "{of_a_thread_a_core:.2f} of the throughput of one thread per core")
