"""Elementwise losses, for regression and binary decisions: value, with gradient, gradient with curvature."""

import functools
import time

import numpy as np
import pytest

from benchmarks import draws
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows, table

pytestmark = pytest.mark.benchmark(group="elementwise", timer=time.process_time)

SHAPES = pytest.mark.parametrize("shape", sizes(quick=[(10**3,), (10**5,)], full=[(10**7,)]))

# A loss of all elements has no values to compare one by one; the focal loss has benchmarks of its own.
ROWS = [row for row in table.of_family("elementwise") if not row.is_of_all and row.name != "sigmoid_focal_loss"]
LOSSES = pytest.mark.parametrize("loss", [row.name for row in ROWS])
CURVED = pytest.mark.parametrize("loss", [row.name for row in ROWS if row.curved_options is not None])


class Case:
    """A loss by name, with its data, its peer where there is one, and its definition."""

    def __init__(self, name, rng, shape):
        row = table.BY_NAME[name]
        self.name, self.loss, self.options = name, row.loss, row.curved_options or row.options[0]
        peer = getattr(torch_peer, name, None)
        self.peer = peer and functools.partial(peer, **self.options)
        self.x, self.y = draws.of_loss(name, rng, shape)
        self.some = some_rows(self.x)

    def timed_peer(self, verb):
        return self.peer and verb(self.peer, self.x, self.y)

    def values(self):
        """What came out and what it is in float64."""
        x, y = self.x[self.some], self.y[self.some]
        return self.loss(x, y, **self.options, reduction="none"), self.expected("")

    def expected(self, derivative):
        x, y = self.x[self.some].astype(float), self.y[self.some].astype(float)
        return getattr(definitions, self.name + derivative)(x, y, **self.options)


@SHAPES
@LOSSES
def test_value(comparison, rng, shape, loss):
    case = Case(loss, rng, shape)
    comparison.time(
        lambda: case.loss(case.x, case.y, **case.options, reduction="sum"),
        case.x,
        case.timed_peer(torch_peer.value),
    )
    comparison.check(values=case.values())


@SHAPES
@LOSSES
def test_value_and_grad(comparison, rng, shape, loss):
    case = Case(loss, rng, shape)
    grad = np.empty_like(case.x)
    comparison.time(
        lambda: case.loss.value_and_grad(case.x, case.y, **case.options, reduction="sum", out=grad),
        case.x,
        case.timed_peer(torch_peer.value_and_grad),
    )
    comparison.check(values=case.values(), gradients=(grad[case.some], case.expected("_grad")))


@SHAPES
@CURVED
def test_grad_and_hess(comparison, rng, shape, loss):
    case = Case(loss, rng, shape)
    out = np.empty_like(case.x), np.empty_like(case.x)
    comparison.time(
        lambda: case.loss.grad_and_hess(case.x, case.y, **case.options, reduction="sum", out=out),
        case.x,
        case.timed_peer(torch_peer.grad_and_hess),
    )
    comparison.check(
        gradients=(out[0][case.some], case.expected("_grad")),
        curvatures=(out[1][case.some], case.expected("_hess")),
    )
