"""softmax, log_softmax and logsumexp over the last axis."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="softmax", timer=time.process_time)

SHAPES = sizes(
    quick=[(64, 10), (1024, 10), (65536, 10)],
    full=[(65536, 100), (8192, 1000), (1024, 32000)],
    large=[(512, 128256)],
)


def compare(comparison, rng, shape, name):
    function = getattr(fl, name)
    x = rng.standard_normal(shape, dtype=np.float32)
    out = function(x)
    comparison.time(
        lambda: function(x, out=out),
        x,
        torch_peer.value(getattr(torch_peer, name), x),
    )
    rows = some_rows(x)
    comparison.check(values=(out[rows], getattr(definitions, name)(x[rows].astype(float))))


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(comparison, rng, shape):
    compare(comparison, rng, shape, "softmax")


@pytest.mark.parametrize("shape", SHAPES)
def test_log_softmax(comparison, rng, shape):
    compare(comparison, rng, shape, "log_softmax")


@pytest.mark.parametrize("shape", SHAPES)
def test_logsumexp(comparison, rng, shape):
    compare(comparison, rng, shape, "logsumexp")
