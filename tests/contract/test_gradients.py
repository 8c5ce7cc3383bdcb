"""Gradients and curvatures against central differences in float64, of exactly the value that the same call returns."""

import domains
import numpy as np
import pytest
from losses import of_family

import fastloss as fl

STEP = 1e-5  # error of a central difference: STEP^2 and eps / STEP, about 1e-10 each


def differences(function, x, step=STEP):
    """d function / d x for every element of x; function may return a number or an array to be summed."""
    gradients = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = np.sum(function(moved))
        moved[place] = x[place] - step
        gradients[place] = (above - np.sum(function(moved))) / (2 * step)
    return gradients


def own_differences(function, x, step=STEP):
    """d function(x)[i] / d x[i]: the diagonal of the Jacobian."""
    gradients = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = function(moved)[place]
        moved[place] = x[place] - step
        gradients[place] = (above - function(moved)[place]) / (2 * step)
    return gradients


CASES = [
    (row, kind, options, weighted, reduction)
    for row in of_family("elementwise", "rowwise")
    for kind in row.targets or (None,)
    for options in row.options
    for weighted in ([False, True] if row.is_weighted_too(options, kind) else [False])
    for reduction in row.reductions
]


def name_of(value):
    if isinstance(value, dict):
        return "+".join(f"{key}={number}" for key, number in value.items()) or "defaults"
    return {True: "weighted", False: "plain"}.get(value) if isinstance(value, bool) else getattr(value, "name", None)


def make_call(rng, row, kind, options, weighted, shape):
    """Arguments and keywords. Some weights are negative, some 0; where there are labels, the first one is ignored."""
    x, *targets = row.draw_between(rng, shape, kind)
    keywords = domains.with_arrays(options, rng, shape[-1])
    if weighted:
        weight = rng.uniform(-1, 3, shape if row.family == "elementwise" else shape[:-1])
        weight.flat[::4] = 0
        keywords["sample_weight"] = np.abs(weight) if row.is_of_all else weight
    if kind == "labels":
        targets[0][0, 0] = -100
    return (x, *targets), keywords


@pytest.mark.parametrize(("row", "kind", "options", "weighted", "reduction"), CASES, ids=name_of)
def test_gradient_and_curvature(isa, rng, row, kind, options, weighted, reduction):
    shape = (3, 5) if row.family == "elementwise" else (2, 3, 5)
    (x, *targets), keywords = make_call(rng, row, kind, options, weighted, shape)
    keywords["reduction"], loss = reduction, row.loss
    expected = differences(lambda x: loss(x, *targets, **keywords), x)
    grad = loss.grad(x, *targets, **keywords)
    np.testing.assert_allclose(grad, expected, rtol=1e-7, atol=1e-9)
    if row.has_curvature(options):
        expected = own_differences(lambda x: loss.grad(x, *targets, **keywords), x)
        again, hess = loss.grad_and_hess(x, *targets, **keywords)
        np.testing.assert_allclose(again, grad, rtol=1e-14, atol=1e-17)
        np.testing.assert_allclose(hess, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 33, 150, 2100])
@pytest.mark.parametrize("row", of_family("rowwise"), ids=name_of)
def test_many_classes(isa, rng, row, classes):
    """Rows one at a time take another way through the kernel than rows across the lanes."""
    (x, *targets), loss = row.draw_between(rng, (2, classes)), row.loss
    some = x[0, :20].copy()

    def moved(part):
        whole = x.copy()
        whole[0, : part.size] = part
        return whole

    def first(array):
        return array[0, : some.size]

    expected = differences(lambda part: loss(moved(part), *targets), some)
    noise = abs(loss(x, *targets)) * 2e-16 / STEP  # of the differences themselves
    np.testing.assert_allclose(first(loss.grad(x, *targets)), expected, rtol=1e-6, atol=1e-9 + noise)
    if row.curved_options == {}:
        expected = own_differences(lambda part: first(loss.grad(moved(part), *targets)), some)
        np.testing.assert_allclose(first(loss.grad_and_hess(x, *targets)[1]), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_curvature_of_the_mean_holds_the_divisor(isa, rng, reduction):
    x, labels = rng.normal(size=(8, 4)), rng.integers(0, 4, 8)
    grad, hess = fl.cross_entropy.grad_and_hess(x, labels, reduction="sum")
    divisor = 8 if reduction == "mean" else 1
    found = fl.cross_entropy.grad_and_hess(x, labels, reduction=reduction)
    np.testing.assert_allclose(found[0], grad / divisor, rtol=1e-14)
    np.testing.assert_allclose(found[1], hess / divisor, rtol=1e-14)


CTC_CASES = [
    {},
    {"sample_weight": [0.5, -2.0, 1.0]},
    {"input_lengths": [7, 4, 5], "target_lengths": [3, 0, 2]},
    {"blank": -1, "batch_first": True},
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "batchmean", "none"])
@pytest.mark.parametrize("options", CTC_CASES, ids=lambda options: "+".join(options) or "plain")
@pytest.mark.parametrize("shift", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("row", of_family("ctc"), ids=name_of)
def test_ctc_gradient(isa, rng, row, shift, options, reduction):
    """Log-probabilities that are not normalised included: frames that weigh e^2 or e^-3 times as much."""
    x = rng.normal(size=(3, 7, 4) if "batch_first" in options else (7, 3, 4)) + shift
    targets = np.array([[1, 2, 1], [2, 2, 1], [1, 1, 2]])
    expected = differences(lambda x: row.loss(x, targets, reduction=reduction, **options), x)
    found = row.loss.grad(x, targets, reduction=reduction, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=2e-9)


def test_ctc_gradient_by_log_probabilities_is_minus_the_occupancy(isa, rng):
    """Each frame is spent somewhere: its entries sum to -1, whether or not its probabilities sum to 1."""
    grad = fl.ctc_loss.grad(rng.normal(size=(30, 2, 6)) * 5, rng.integers(1, 6, (2, 8)), reduction="sum")
    np.testing.assert_allclose(grad.sum(axis=2), -1, rtol=1e-12)
    assert (grad <= 0).all()
    logits = fl.ctc_loss_with_logits.grad(rng.normal(size=(30, 2, 6)), rng.integers(1, 6, (2, 8)))
    np.testing.assert_allclose(logits.sum(axis=2), 0, atol=1e-15)
