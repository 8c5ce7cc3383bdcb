"""Focal losses of elements (sigmoid) and of rows (softmax): value, with gradient, gradient with curvature."""

import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import draws
from benchmarks.parameters import sizes
from benchmarks.peers import torch as torch_peer
from benchmarks.reference import definitions, some_rows

pytestmark = pytest.mark.benchmark(group="focal", timer=time.process_time)

GAMMAS = pytest.mark.parametrize("gamma", [2.0, 1.5])  # a power by multiplication, and one by exp and log
ELEMENTS = pytest.mark.parametrize("shape", sizes(quick=[(10**3,), (10**5,)], full=[(10**7,)]))
ROWS = pytest.mark.parametrize("shape", sizes(quick=[(65536, 10)], full=[(8192, 1000)]))


class Elements:
    """Scores and 0/1 targets of one shape, both float32."""

    loss = fl.sigmoid_focal_loss
    peer = staticmethod(torch_peer.sigmoid_focal)
    name = "sigmoid_focal_loss"

    def __init__(self, rng, shape):
        self.x, self.y = draws.of_loss("sigmoid_focal_loss", rng, shape)

    def target(self, some):
        return self.y[some].astype(float)


class Rows:
    """Scores (N, C) and labels (N,)."""

    loss = fl.softmax_focal_loss
    peer = staticmethod(torch_peer.softmax_focal)
    name = "softmax_focal_loss"

    def __init__(self, rng, shape):
        self.x, self.y = draws.labelled_rows(rng, shape)

    def target(self, some):
        return definitions.one_hot(self.y[some], self.x.shape[1])


def expected(data, some, gamma, derivative=""):
    """The definition in float64."""
    return getattr(definitions, data.name + derivative)(data.x[some].astype(float), data.target(some), gamma=gamma)


def value(comparison, data, gamma):
    x, y, loss, some = data.x, data.y, data.loss, some_rows(data.x)
    comparison.time(
        lambda: loss(x, y, gamma=gamma, reduction="sum"),
        x,
        torch_peer.value(data.peer(gamma), x, y),
    )
    comparison.check(values=(loss(x[some], y[some], gamma=gamma, reduction="none"), expected(data, some, gamma)))


def value_and_grad(comparison, data, gamma):
    x, y, loss, some = data.x, data.y, data.loss, some_rows(data.x)
    grad = np.empty_like(x)
    comparison.time(
        lambda: loss.value_and_grad(x, y, gamma=gamma, reduction="sum", out=grad),
        x,
        torch_peer.value_and_grad(data.peer(gamma), x, y),
    )
    comparison.check(
        values=(loss(x[some], y[some], gamma=gamma, reduction="none"), expected(data, some, gamma)),
        gradients=(grad[some], expected(data, some, gamma, "_grad")),
    )


def grad_and_hess(comparison, data, gamma, peer):
    x, y, loss, some = data.x, data.y, data.loss, some_rows(data.x)
    out = np.empty_like(x), np.empty_like(x)
    comparison.time(
        lambda: loss.grad_and_hess(x, y, gamma=gamma, reduction="sum", out=out),
        x,
        peer and peer(data.peer(gamma), x, y),
    )
    comparison.check(
        gradients=(out[0][some], expected(data, some, gamma, "_grad")),
        curvatures=(out[1][some], expected(data, some, gamma, "_hess")),
    )


@ELEMENTS
@GAMMAS
def test_sigmoid_value(comparison, rng, shape, gamma):
    value(comparison, Elements(rng, shape), gamma)


@ELEMENTS
@GAMMAS
def test_sigmoid_value_and_grad(comparison, rng, shape, gamma):
    value_and_grad(comparison, Elements(rng, shape), gamma)


@ELEMENTS
@GAMMAS
def test_sigmoid_grad_and_hess(comparison, rng, shape, gamma):
    grad_and_hess(comparison, Elements(rng, shape), gamma, torch_peer.grad_and_hess)


@ROWS
@GAMMAS
def test_softmax_value(comparison, rng, shape, gamma):
    value(comparison, Rows(rng, shape), gamma)


@ROWS
@GAMMAS
def test_softmax_value_and_grad(comparison, rng, shape, gamma):
    value_and_grad(comparison, Rows(rng, shape), gamma)


@ROWS
@GAMMAS
def test_softmax_grad_and_hess(comparison, rng, shape, gamma):
    # PyTorch has the diagonal of a row's second derivative only by one backward pass a class.
    grad_and_hess(comparison, Rows(rng, shape), gamma, None)
