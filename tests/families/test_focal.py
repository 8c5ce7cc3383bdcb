"""The focal losses: their limits, PyTorch in float64, and what alpha means."""

import math

import numpy as np
import pytest
import reference
from tolerance import assert_close

import fastloss as fl

GAMMAS = (0.0, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 3.7)


def test_numbers_that_must_come_out():
    assert fl.sigmoid_focal_loss([0.0], [1.0]) == pytest.approx(0.25 * 0.25 * math.log(2), rel=1e-15)
    assert fl.sigmoid_focal_loss([0.0], [0.0]) == pytest.approx(0.75 * 0.25 * math.log(2), rel=1e-15)
    assert fl.sigmoid_focal_loss([0.0], [0.0], alpha=None, gamma=0.0) == pytest.approx(math.log(2), rel=1e-15)
    assert fl.softmax_focal_loss(np.zeros((1, 4)), [3]) == pytest.approx(0.75**2 * math.log(4), rel=1e-15)


def test_gamma_zero_is_cross_entropy(isa, rng):
    x, labels = rng.normal(size=(60, 11)) * 3, rng.integers(0, 11, 60)
    value, grad = fl.softmax_focal_loss.value_and_grad(x, labels, gamma=0)
    expected, gradient = fl.cross_entropy.value_and_grad(x, labels)
    assert_close(value, expected, "float64")
    assert_close(grad, gradient, "float64")
    hess = fl.softmax_focal_loss.grad_and_hess(x, labels, gamma=0)[1]
    assert_close(hess, fl.cross_entropy.grad_and_hess(x, labels)[1], "float64")


@pytest.mark.parametrize("gamma", GAMMAS)
def test_two_classes_are_the_sigmoid_form(isa, rng, gamma):
    x, y = rng.normal(size=80) * 4, rng.integers(0, 2, 80)
    pair = np.stack([np.zeros(80), x], axis=1)
    value, grad = fl.softmax_focal_loss.value_and_grad(pair, y, gamma=gamma, reduction="none")
    expected, gradient = fl.sigmoid_focal_loss.value_and_grad(x, y, alpha=None, gamma=gamma, reduction="none")
    assert_close(value, expected, "float64", factor=2)
    assert_close(grad[:, 1], gradient, "float64", factor=2)
    assert_close(grad[:, 0], -gradient, "float64", factor=2)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_curvature_is_negative_in_places_and_returned_as_it_is(isa, gamma):
    x = np.linspace(-8, 8, 2001)
    hess = fl.sigmoid_focal_loss.grad_and_hess(x, np.ones(2001), gamma=gamma, reduction="none")[1]
    assert (hess.min() < 0) == (gamma > 0)
    assert np.isfinite(hess).all()


def test_integer_gammas_agree_with_their_neighbours(isa, rng):
    """0, 1 and 2 have kernels of their own."""
    x, y = rng.normal(size=500) * 3, rng.uniform(size=500)
    for gamma in (1.0, 2.0):
        near = fl.sigmoid_focal_loss.grad_and_hess(x, y, gamma=gamma + 1e-9)
        for found, expected in zip(fl.sigmoid_focal_loss.grad_and_hess(x, y, gamma=gamma), near, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-10)


def test_alpha_of_the_softmax_form(isa, rng):
    x, labels = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    labels[:5] = -100
    alpha = np.array([0.1, 0.6, 1.0])
    each = fl.softmax_focal_loss(x, labels, reduction="none")
    weighted = fl.softmax_focal_loss(x, labels, alpha=alpha, reduction="none")
    assert_close(weighted[5:], each[5:] * alpha[labels[5:]], "float64")
    # Neither alpha nor weights change what the mean divides by: the rows that count.
    assert_close(fl.softmax_focal_loss(x, labels, alpha=alpha), weighted.sum() / 35, "float64")
    assert_close(fl.softmax_focal_loss(x, labels, alpha=0.4), 0.4 * each.sum() / 35, "float64")
    assert_close(fl.softmax_focal_loss(x, labels, alpha=[0.4] * 3), 0.4 * each.sum() / 35, "float64")


def test_alpha_at_its_ends(isa, rng):
    x, y = rng.normal(size=20), rng.integers(0, 2, 20)
    assert (fl.sigmoid_focal_loss(x, y, alpha=1, reduction="none")[y == 0] == 0).all()
    assert (fl.sigmoid_focal_loss(x, y, alpha=0, reduction="none")[y == 1] == 0).all()
    assert (fl.sigmoid_focal_loss.grad(x, y, alpha=0)[y == 1] == 0).all()


def test_target_and_weight_broadcast_to_the_logits(isa, rng):
    x, y, weight = rng.normal(size=(4, 6)), rng.uniform(size=6), rng.uniform(size=(4, 1))
    value, grad = fl.sigmoid_focal_loss.value_and_grad(x, y, sample_weight=weight)
    whole = np.broadcast_to(y, x.shape)
    assert_close(value, (weight * reference.sigmoid_focal_loss(x, whole)).mean(), "float64")
    gradient = weight * reference.sigmoid_focal_loss_grad(x, whole) / 24
    assert_close(grad, gradient, "float64", terms=1 / 24)
    assert_close(fl.sigmoid_focal_loss(x, 1), fl.sigmoid_focal_loss(x, np.ones((4, 6))), "float64")


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("alpha", [None, 0.25, 0.9])
def test_sigmoid_focal_against_torch(isa, rng, gamma, alpha):
    """torchvision.ops.sigmoid_focal_loss, by its formula: it need not be installed."""
    torch = pytest.importorskip("torch")
    x, y = rng.normal(size=(13, 7)) * 3, rng.uniform(size=(13, 7)).round(1)
    leaf, target = torch.tensor(x, requires_grad=True), torch.tensor(y)
    p = leaf.sigmoid()
    cost = torch.nn.functional.binary_cross_entropy_with_logits(leaf, target, reduction="none")
    expected = cost * (1 - (p * target + (1 - p) * (1 - target))) ** gamma
    if alpha is not None:
        expected = (alpha * target + (1 - alpha) * (1 - target)) * expected
    expected.mean().backward()
    value, grad = fl.sigmoid_focal_loss.value_and_grad(x, y, alpha=alpha, gamma=gamma)
    np.testing.assert_allclose(value, expected.mean().item(), rtol=1e-12)
    np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_softmax_focal_against_torch(isa, rng, gamma):
    torch = pytest.importorskip("torch")
    x, labels = rng.normal(size=(13, 40)) * 3, rng.integers(0, 40, 13)
    leaf = torch.tensor(x, requires_grad=True)
    log_p = torch.nn.functional.log_softmax(leaf, -1)[torch.arange(13), torch.tensor(labels)]
    expected = -((1 - log_p.exp()) ** gamma * log_p).mean()
    expected.backward()
    value, grad = fl.softmax_focal_loss.value_and_grad(x, labels, gamma=gamma)
    np.testing.assert_allclose(value, expected.item(), rtol=1e-12)
    np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("epsilon", [1.0, -1.0, 3.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_poly1_keeps_its_digits_in_both_tails(isa, epsilon, dtype):
    mpmath = pytest.importorskip("mpmath")
    eps = float(np.finfo(dtype).eps)
    for scores in ([40, 0, 0, 1], [17, 0, 0, -3], [5, 0, 1, 0], [0, 0, 0, 0], [80, 0, 1, 2]):
        for label in (0, 1):
            x = np.array([scores], dtype)
            value = fl.poly1_cross_entropy(x, [label], epsilon=epsilon, reduction="none")[0]
            grad, hess = fl.poly1_cross_entropy.grad_and_hess(x, [label], epsilon=epsilon, reduction="none")
            with mpmath.workprec(600):
                p = [mpmath.exp(score) for score in scores]
                p = [term / mpmath.fsum(p) for term in p]
                q = [mpmath.fsum(p[:c] + p[c + 1 :]) for c in range(4)]
                first, second = -1 - epsilon * p[label], -epsilon * p[label]
                wanted = [-mpmath.log(p[label]) + epsilon * q[label]]
                wanted += [first * (q[c] if c == label else -p[c]) for c in range(4)]
                wanted += [second * (q[c] if c == label else -p[c]) ** 2 - first * p[c] * q[c] for c in range(4)]
                found = [value, *grad[0], *hess[0]]
                for number, exact in zip(found, wanted, strict=True):
                    if abs(exact) > 4 * float(np.finfo(dtype).tiny):
                        assert abs((mpmath.mpf(float(number)) - exact) / exact) < 8 * eps
