"""Losses of distributions, from probabilities and from logits: value, and value with gradient."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import draws
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows, table

pytestmark = pytest.mark.benchmark(group="divergence", timer=time.process_time)

SIZES = {
    "distributions": sizes(quick=[(10, 100), (10**4, 100)], full=[(10**5, 100)]),
    "logits": sizes(quick=[(64, 10), (1024, 10), (65536, 10)], full=[(65536, 100), (8192, 1000), (1024, 32000)]),
}
ROWS = [row for row in table.of_family("rowwise") if not row.has_labels]
LOSSES = pytest.mark.parametrize(
    ("loss", "shape"),
    [
        pytest.param(row.name, *size.values, marks=size.marks, id=f"{size.id}-{row.name}")
        for row in ROWS
        for size in SIZES[row.predictions]
    ],
)


# From models that are the same to such that have nothing in common; those quantised to 8 and 4 bits are in between.
DISTANCES = [0, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 0.5, 1, 2, 3]


def peer(verb, loss, arrays):
    """Its verb of the same loss, where it has that loss."""
    function = getattr(torch_peer, loss, None)
    return function and verb(function, *arrays)


def values(loss, arrays):
    """What came out for the first rows and what it is in float64."""
    rows = some_rows(arrays[0])
    return getattr(fl, loss)(*(a[rows] for a in arrays), reduction="none"), expected(loss, arrays)


def expected(name, arrays):
    rows = some_rows(arrays[0])
    return getattr(definitions, name)(*(a[rows].astype(float) for a in arrays))


@LOSSES
def test_value(comparison, rng, shape, loss):
    arrays, function = draws.of_loss(loss, rng, shape), getattr(fl, loss)
    comparison.time(
        lambda: function(*arrays, reduction="sum"),
        arrays[0],
        peer(torch_peer.value, loss, arrays),
    )
    comparison.check(values=values(loss, arrays))


@LOSSES
def test_value_and_grad(comparison, rng, shape, loss):
    arrays, function = draws.of_loss(loss, rng, shape), getattr(fl, loss)
    grad = np.empty_like(arrays[0])
    comparison.time(
        lambda: function.value_and_grad(*arrays, reduction="sum", out=grad),
        arrays[0],
        peer(torch_peer.value_and_grad, loss, arrays),
    )
    comparison.check(
        values=values(loss, arrays),
        gradients=(grad[some_rows(grad)], expected(loss + "_grad", arrays)),
    )


@pytest.mark.parametrize("shape", sizes(quick=[(64, 1000)], full=[(1024, 32000)]))
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("noise", DISTANCES)
def test_distances(comparison, rng, noise, dtype, shape):
    """The value of D(p || q) of two models, whose kernel has a loop for each distance. A copy is one of float32."""
    y = draws.standard_normal(rng, shape)
    x = (y + np.float32(noise) * draws.standard_normal(rng, shape)).astype(dtype)
    arrays = x, y.astype(dtype)
    comparison.time(lambda: fl.kl_divergence_with_logits(*arrays, reduction="sum"), y)
    if noise:
        comparison.check(values=values("kl_divergence_with_logits", arrays))
