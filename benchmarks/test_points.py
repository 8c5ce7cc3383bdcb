"""Losses of single elements, from regression to yes/no decisions: value, with gradient, gradient with curvature."""

import functools
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import draws
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import losses, some_rows

pytestmark = pytest.mark.benchmark(group="points", timer=time.process_time)

SHAPES = pytest.mark.parametrize("shape", sizes(quick=[(10**3,), (10**5,)], full=[(10**7,)]))

# How predictions and targets are drawn.
DRAWS = {
    "mse_loss": draws.numbers,
    "l1_loss": draws.numbers,
    "huber_loss": draws.numbers,
    "smooth_l1_loss": draws.numbers,
    "log_cosh_loss": draws.numbers,
    "quantile_loss": draws.numbers,
    "poisson_nll_loss": draws.log_rates,
    "binary_cross_entropy": draws.probabilities,
    "binary_cross_entropy_with_logits": draws.logits,
}
OPTIONS = {"quantile_loss": {"quantile": 0.9}}
FLAT = {"l1_loss", "quantile_loss"}  # these have no curvature

LOSSES = pytest.mark.parametrize("loss", DRAWS)
CURVED = pytest.mark.parametrize("loss", [name for name in DRAWS if name not in FLAT])


class Case:
    """A loss by name, with its data, its peer and its definition."""

    def __init__(self, name, rng, shape):
        self.name = name
        self.options = OPTIONS.get(name, {})
        self.loss = getattr(fl, name)
        self.peer = functools.partial(getattr(torch_peer, name), **self.options)
        self.x, self.y = DRAWS[name](rng, shape)
        self.some = some_rows(self.x)

    def values(self):
        """What came out and what it is in float64."""
        x, y = self.x[self.some], self.y[self.some]
        return self.loss(x, y, **self.options, reduction="none"), self.expected("")

    def expected(self, derivative):
        x, y = self.x[self.some].astype(float), self.y[self.some].astype(float)
        return getattr(losses, self.name + derivative)(x, y, **self.options)


@SHAPES
@LOSSES
def test_value(comparison, rng, shape, loss):
    case = Case(loss, rng, shape)
    comparison.time(
        lambda: case.loss(case.x, case.y, **case.options, reduction="sum"),
        case.x,
        torch_peer.value(case.peer, case.x, case.y),
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
        torch_peer.value_and_grad(case.peer, case.x, case.y),
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
        torch_peer.grad_and_hess(case.peer, case.x, case.y),
    )
    comparison.check(
        gradients=(out[0][case.some], case.expected("_grad")),
        curvatures=(out[1][case.some], case.expected("_hess")),
    )
