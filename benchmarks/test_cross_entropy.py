"""Cross-entropy of labels: value, and value with gradient."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import labelled_rows
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="cross-entropy", timer=time.process_time)

SHAPES = sizes(
    quick=[(64, 10), (1024, 10), (65536, 10)],
    full=[(65536, 100), (8192, 1000), (1024, 32000)],
    large=[(512, 128256)],
)


@pytest.mark.parametrize("shape", SHAPES)
def test_value(comparison, rng, shape):
    x, y = labelled_rows(rng, shape)
    comparison.time(
        lambda: fl.cross_entropy(x, y, reduction="sum"),
        x,
        torch_peer.value(torch_peer.cross_entropy, x, y),
    )
    rows = some_rows(x)
    exact, target = x[rows].astype(float), definitions.one_hot(y[rows], shape[1])
    comparison.check(
        values=(fl.cross_entropy(x[rows], y[rows], reduction="none"), definitions.cross_entropy(exact, target)),
    )


def value_and_grad(comparison, x, y):
    grad = np.empty_like(x)
    comparison.time(
        lambda: fl.cross_entropy.value_and_grad(x, y, reduction="sum", out=grad),
        x,
        torch_peer.value_and_grad(torch_peer.cross_entropy, x, y),
    )
    rows = some_rows(x)
    exact, target = x[rows].astype(float), definitions.one_hot(y[rows], x.shape[1])
    comparison.check(
        values=(fl.cross_entropy(x[rows], y[rows], reduction="none"), definitions.cross_entropy(exact, target)),
        gradients=(grad[rows], definitions.cross_entropy_grad(exact, target)),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_value_and_grad(comparison, rng, shape):
    value_and_grad(comparison, *labelled_rows(rng, shape))


@pytest.mark.parametrize("shape", sizes(quick=[(1024, 10)], full=[(8192, 1000)]))
def test_value_and_grad_float64(comparison, rng, shape):
    value_and_grad(comparison, *labelled_rows(rng, shape, np.float64))
