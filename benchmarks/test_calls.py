"""What a call costs where there is little to compute, and what the import costs."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.cases import SINGLE_CALLS
from benchmarks.draws import Batch
from benchmarks.measure import LEAST_ROUNDS
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions_ctc, sequences
from benchmarks.test_cross_entropy import value_and_grad

CPU_TIME = pytest.mark.benchmark(group="calls", timer=time.process_time)

IMPORTS = """
from time import perf_counter
start = perf_counter()
import numpy
middle = perf_counter()
import fastloss
print(middle - start, perf_counter() - middle)
"""


@CPU_TIME
@pytest.mark.parametrize("shape", sizes(quick=[(10, 10)]))
def test_cross_entropy(comparison, rng, shape):
    value_and_grad(comparison, rng.standard_normal(shape, dtype=np.float32), rng.integers(0, shape[1], shape[0]))


@CPU_TIME
@pytest.mark.parametrize("shape", sizes(quick=[(10,)]))
def test_sigmoid_focal(comparison, rng, shape):
    x, y, grad = rng.standard_normal(shape, dtype=np.float32), np.ones(shape, np.float32), np.empty(shape, np.float32)
    comparison.time(
        lambda: fl.sigmoid_focal_loss.value_and_grad(x, y, out=grad),
        x,
        torch_peer.value_and_grad(torch_peer.sigmoid_focal(2.0), x, y),
    )


@CPU_TIME
@pytest.mark.parametrize("shape", sizes(quick=[(10, 10)]))
def test_softmax(comparison, rng, shape):
    x, out = rng.standard_normal(shape, dtype=np.float32), np.empty(shape, np.float32)
    comparison.time(lambda: fl.softmax(x, out=out), x, torch_peer.value(torch_peer.softmax, x))


SINGLE = pytest.mark.parametrize("shape", sizes(quick=SINGLE_CALLS[1:2], full=SINGLE_CALLS[:1] + SINGLE_CALLS[2:]))


@CPU_TIME
@SINGLE
@pytest.mark.parametrize("form", ["arrays", "lists"])
def test_ctc_loss(comparison, rng, shape, form):
    recording = Batch(rng, shape)
    scores, arguments = fl.log_softmax(recording.logits), (recording.targets, *recording.lengths)
    if form == "lists":
        arguments = tuple(array.tolist() for array in arguments)
    comparison.time(
        lambda: fl.ctc_loss(scores, *arguments, reduction="sum"),
        scores,
        torch_peer.value(torch_peer.ctc, scores, recording.targets, *recording.lengths),
        **recording.about,
    )
    values, _ = sequences(definitions_ctc.ctc_loss, scores, recording.targets)
    comparison.check(values=(fl.ctc_loss(scores, *arguments, reduction="none"), values))


@CPU_TIME
@SINGLE
def test_ctc_loss_value_and_grad(comparison, rng, shape):
    recording = Batch(rng, shape)
    scores, grad = fl.log_softmax(recording.logits), np.empty_like(recording.logits)
    comparison.time(
        lambda: fl.ctc_loss.value_and_grad(scores, recording.targets, reduction="sum", out=grad),
        scores,
        torch_peer.value_and_grad(torch_peer.ctc, scores, recording.targets, *recording.lengths),
        **recording.about,
    )


@CPU_TIME
@SINGLE
@pytest.mark.parametrize("function", ["ctc_align", "ctc_score"])
def test_ctc_of_one_recording(comparison, rng, shape, function):
    """An alignment; a score of one candidate."""
    recording = Batch(rng, shape)
    scores, targets = fl.log_softmax(recording.logits)[:, 0], recording.targets
    calls = {"ctc_align": lambda: fl.ctc_align(scores, targets[0]), "ctc_score": lambda: fl.ctc_score(scores, targets)}
    comparison.time(calls[function], scores, **recording.about)


@pytest.mark.benchmark(group="import")
def test_import(comparison, benchmark, tmp_path):
    """In new processes, with a bytecode cache of their own: as in an installed package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", IMPORTS]
    folder = pathlib.Path(fl.__file__).parents[1]
    times = []

    def new_process():
        done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment, cwd=folder)
        times.append([float(number) for number in done.stdout.split()])

    benchmark.pedantic(new_process, rounds=2 * LEAST_ROUNDS + 1, warmup_rounds=1)
    numpy_seconds, seconds = (statistics.median(column) for column in zip(*times[1:], strict=True))
    of_numpy = statistics.median(own / numpy for numpy, own in times[1:])
    comparison.info |= {"seconds": seconds, "numpy_seconds": numpy_seconds, "of_numpy": of_numpy}
    comparison.note("{of_numpy:.3f} of numpy's")
