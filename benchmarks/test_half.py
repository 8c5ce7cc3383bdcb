"""Half types beside float32 of the same numbers, and beside PyTorch: rows of class scores, and elementwise losses."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import draws
from benchmarks.measure import median_ratio
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="half", timer=time.process_time)

SHAPES = sizes(quick=[(64, 1000)], full=[(65536, 100), (8192, 1000), (1024, 32000)], large=[(512, 128256)])
LOSSES = ("cross_entropy", "kl_divergence_with_logits", "entropy_with_logits", "mse_loss")
HALVES = ("float16", "bfloat16")
half_types = pytest.mark.parametrize("half", HALVES)


def both_types(loss, rng, shape, half):
    """The loss's arguments in the half type, and the same numbers in float32; labels as they are."""
    dtype = pytest.importorskip("ml_dtypes").bfloat16 if half == "bfloat16" else np.dtype(half)
    drawn = draws.of_loss(loss, rng, shape)
    halves = [a.astype(dtype) if a.dtype == np.float32 else a for a in drawn]
    return halves, [a.astype(np.float32) if a.dtype == dtype else a for a in halves]


def beside_float32(comparison, of_half, of_float32, wide, torch=None):
    """A copy is one of the float32 scores; PyTorch has the half type too."""
    times = comparison.time(of_half, wide[0], torch, others={"float32": of_float32})
    comparison.info["times_of_float32"] = median_ratio(times["ours"], times["float32"])
    comparison.note("{times_of_float32:.2f} of float32")


@pytest.mark.parametrize("shape", SHAPES)
@half_types
@pytest.mark.parametrize("loss", LOSSES)
def test_value(comparison, rng, loss, half, shape):
    halves, wide = both_types(loss, rng, shape, half)
    function = getattr(fl, loss)
    beside_float32(
        comparison,
        lambda: function(*halves, reduction="sum"),
        lambda: function(*wide, reduction="sum"),
        wide,
        torch_peer.value(getattr(torch_peer, loss), *halves),
    )
    rows = some_rows(wide[0])
    if loss == "cross_entropy":
        exact = definitions.cross_entropy(wide[0][rows].astype(float), definitions.one_hot(wide[1][rows], shape[1]))
        comparison.check(values=(fl.cross_entropy(halves[0][rows], halves[1][rows], reduction="none"), exact))


@pytest.mark.parametrize("shape", SHAPES)
@half_types
@pytest.mark.parametrize("loss", LOSSES)
def test_value_and_grad(comparison, rng, loss, half, shape):
    """The gradient in the half type."""
    halves, wide = both_types(loss, rng, shape, half)
    function = getattr(fl, loss).value_and_grad
    grads = np.empty_like(halves[0]), np.empty_like(wide[0])
    beside_float32(
        comparison,
        lambda: function(*halves, reduction="sum", out=grads[0]),
        lambda: function(*wide, reduction="sum", out=grads[1]),
        wide,
        torch_peer.value_and_grad(getattr(torch_peer, loss), *halves),
    )


@pytest.mark.parametrize("shape", SHAPES)
@half_types
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_normalised(comparison, rng, name, half, shape):
    halves, wide = both_types("entropy_with_logits", rng, shape, half)
    function = getattr(fl, name)
    out = np.empty_like(halves[0]), np.empty_like(wide[0])
    beside_float32(
        comparison,
        lambda: function(halves[0], out=out[0]),
        lambda: function(wide[0], out=out[1]),
        wide,
        torch_peer.value(getattr(torch_peer, name), halves[0]),
    )
