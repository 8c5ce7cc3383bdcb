"""Two threads against one, on large inputs, by the clock on the wall. The bits must be the same."""

import os

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import Batch, labelled_rows
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.test_focal import Elements

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
pytestmark = [
    pytest.mark.benchmark(group="threads"),
    pytest.mark.skipif(CORES < 2, reason="two threads need two cores: run this file without taskset"),
]


def two_threads(comparison, loss, torch_loss, x, targets, more_for_torch=(), **about):
    """Value and gradient; PyTorch has two threads too."""
    grads = np.empty_like(x), np.empty_like(x)

    def call(threads):
        return loss.value_and_grad(x, targets, reduction="sum", out=grads[threads - 1], num_threads=threads)

    torch = torch_peer.value_and_grad(torch_loss, x, targets, *more_for_torch)
    times = comparison.time(lambda: call(2), x, torch, threads=2, others={"one": lambda: call(1)}, **about)
    # The shortest times are those in which no neighbour had one of the cores.
    comparison.info["times_faster_than_one_thread"] = median_ratio(times["one"], times["ours"])
    comparison.info["times_faster_at_best"] = min(times["one"]) / min(times["ours"])
    comparison.note("{times_faster_than_one_thread:.2f} times one thread, {times_faster_at_best:.2f} at best")
    assert call(1)[0] == call(2)[0]
    assert np.array_equal(*grads)


@pytest.mark.parametrize("shape", sizes(quick=[(65536, 10)], full=[(65536, 100), (8192, 1000), (1024, 32000)]))
def test_cross_entropy(comparison, rng, shape):
    two_threads(comparison, fl.cross_entropy, torch_peer.cross_entropy, *labelled_rows(rng, shape))


@pytest.mark.parametrize("shape", sizes(quick=[(10**6,)], full=[(10**7,)]))
def test_sigmoid_focal(comparison, rng, shape):
    data = Elements(rng, shape)
    two_threads(comparison, data.loss, data.peer(2.0), data.x, data.y)


@pytest.mark.parametrize("shape", sizes(quick=[(150, 16, 32, 20)], full=[(500, 16, 64, 100), (100, 64, 6000, 20)]))
def test_ctc(comparison, rng, shape):
    batch = Batch(rng, shape)
    loss, torch_loss = fl.ctc_loss_with_logits, torch_peer.ctc_with_logits
    two_threads(comparison, loss, torch_loss, batch.logits, batch.targets, batch.lengths, **batch.about)
