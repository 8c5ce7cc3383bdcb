"""Losses of distributions, from probabilities and from logits: value, and value with gradient."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.draws import distributions
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import losses, some_rows

pytestmark = pytest.mark.benchmark(group="divergence", timer=time.process_time)

# How many arrays each takes, one row of classes a distribution.
FROM_PROBABILITIES = {"entropy": 1, "kl_divergence": 2, "categorical_cross_entropy": 2}
FROM_LOGITS = {"entropy_with_logits": 1, "kl_divergence_with_logits": 2}

SHAPES = {
    **dict.fromkeys(FROM_PROBABILITIES, sizes(quick=[(10, 100), (10**4, 100)], full=[(10**5, 100)])),
    **dict.fromkeys(
        FROM_LOGITS,
        sizes(quick=[(64, 10), (1024, 10), (65536, 10)], full=[(65536, 100), (8192, 1000), (1024, 32000)]),
    ),
}
LOSSES = pytest.mark.parametrize(
    ("loss", "shape"),
    [
        pytest.param(loss, *size.values, marks=size.marks, id=f"{size.id}-{loss}")
        for loss, group in SHAPES.items()
        for size in group
    ],
)


def draw(loss, rng, shape):
    """The arrays that it takes: scores drawn from N(0, 1), or what softmax makes of such."""
    if loss in FROM_LOGITS:
        return [rng.standard_normal(shape, dtype=np.float32) for _ in range(FROM_LOGITS[loss])]
    return distributions(rng, shape, FROM_PROBABILITIES[loss])


def values(loss, arrays):
    """What came out for the first rows and what it is in float64."""
    rows = some_rows(arrays[0])
    return getattr(fl, loss)(*(a[rows] for a in arrays), reduction="none"), expected(loss, arrays)


def expected(name, arrays):
    rows = some_rows(arrays[0])
    return getattr(losses, name)(*(a[rows].astype(float) for a in arrays))


@LOSSES
def test_value(comparison, rng, shape, loss):
    arrays, function = draw(loss, rng, shape), getattr(fl, loss)
    comparison.time(
        lambda: function(*arrays, reduction="sum"),
        arrays[0],
        torch_peer.value(getattr(torch_peer, loss), *arrays),
    )
    comparison.check(values=values(loss, arrays))


@LOSSES
def test_value_and_grad(comparison, rng, shape, loss):
    arrays, function = draw(loss, rng, shape), getattr(fl, loss)
    grad = np.empty_like(arrays[0])
    comparison.time(
        lambda: function.value_and_grad(*arrays, reduction="sum", out=grad),
        arrays[0],
        torch_peer.value_and_grad(getattr(torch_peer, loss), *arrays),
    )
    comparison.check(
        values=values(loss, arrays),
        gradients=(grad[some_rows(grad)], expected(loss + "_grad", arrays)),
    )
