"""Gradients and curvatures against central differences in float64, of exactly the value that the same call returns."""

import numpy as np
import pytest

import fastloss as fl

STEP = 1e-5  # error of a central difference: STEP^2 and eps / STEP, about 1e-10 each


def differences(function, x, step=STEP):
    """d function / d x for every element of x; function may return a number or an array to be summed."""
    slopes = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = np.sum(function(moved))
        moved[place] = x[place] - step
        slopes[place] = (above - np.sum(function(moved))) / (2 * step)
    return slopes


def own_differences(function, x, step=STEP):
    """d function(x)[i] / d x[i]: the diagonal of the Jacobian."""
    slopes = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = function(moved)[place]
        moved[place] = x[place] - step
        slopes[place] = (above - function(moved)[place]) / (2 * step)
    return slopes


LABELS = np.array([[0, 3, -100], [4, 1, 1]])
WEIGHTS = np.array([[0.5, 2.0, 1.0], [-1.0, 1.5, 0.0]])
CLASS_WEIGHTS = np.array([0.5, 1.0, 2.0, 0.0, 3.0])
SOFT = np.array([[0.1, 0.2, 0.0, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0, 0.0], [0.2, 0.2, 0.2, 0.2, 0.3]])

ROW_CASES = [
    (fl.nll_loss, LABELS, {}),
    (fl.nll_loss, LABELS, {"class_weight": CLASS_WEIGHTS, "sample_weight": WEIGHTS}),
    (fl.cross_entropy, LABELS, {}),
    (fl.cross_entropy, LABELS, {"class_weight": CLASS_WEIGHTS, "sample_weight": WEIGHTS}),
    (fl.cross_entropy, LABELS, {"class_weight": CLASS_WEIGHTS, "label_smoothing": 0.2}),
    (fl.cross_entropy, np.stack([SOFT, SOFT[::-1]]), {}),
    (fl.cross_entropy, np.stack([SOFT, SOFT[::-1]]), {"class_weight": CLASS_WEIGHTS, "sample_weight": WEIGHTS}),
    (fl.cross_entropy, np.stack([SOFT, SOFT[::-1]]), {"label_smoothing": 1.0}),
    *((fl.softmax_focal_loss, LABELS, {"gamma": gamma}) for gamma in (0, 0.5, 1, 2, 3.7)),
    (fl.softmax_focal_loss, LABELS, {"alpha": [0.1, 0.2, 1.0, 0.5, 0.0], "sample_weight": WEIGHTS}),
]
POINT_CASES = [
    (fl.sigmoid_focal_loss, target, {"gamma": gamma, "alpha": alpha})
    for target in (SOFT.round(), SOFT)
    for gamma, alpha in ((0, None), (0.5, 0.25), (1, None), (2, 0.25), (3.7, 0.9))
]


DISTRIBUTIONS = np.stack([SOFT, SOFT[::-1]])
ELEMENT_CASES = [
    (fl.l1_loss, SOFT, {}),
    (fl.mse_loss, SOFT, {}),
    (fl.rmse_loss, SOFT, {}),
    (fl.rmse_loss, SOFT, {"sample_weight": WEIGHTS[:, 1:].sum() + SOFT}),
    (fl.huber_loss, SOFT, {"delta": 0.8}),
    (fl.smooth_l1_loss, SOFT, {"beta": 0.8}),
    (fl.log_cosh_loss, SOFT, {}),
    (fl.quantile_loss, SOFT, {"quantile": 0.3}),
    (fl.poisson_nll_loss, 10 * SOFT, {}),
    (fl.poisson_nll_loss, 10 * SOFT, {"full": True}),
    (fl.binary_cross_entropy_with_logits, SOFT, {"sample_weight": 1 + SOFT}),
    (fl.binary_cross_entropy_with_logits, SOFT.round(), {"pos_weight": CLASS_WEIGHTS}),
]
PROBABILITY_CASES = [  # of any numbers within (0, 1): rows need not add up to 1
    (fl.binary_cross_entropy, DISTRIBUTIONS, {}),
    (fl.categorical_cross_entropy, DISTRIBUTIONS, {"sample_weight": WEIGHTS}),
    (fl.categorical_cross_entropy, DISTRIBUTIONS, {"include_negatives": True}),
    (fl.entropy, None, {"base": 2}),
    (fl.kl_divergence, DISTRIBUTIONS, {"sample_weight": WEIGHTS}),
]
LOGIT_CASES = [
    (fl.entropy_with_logits, None, {"base": 3, "sample_weight": WEIGHTS}),
    (fl.kl_divergence_with_logits, np.sin(np.arange(30.0)).reshape(2, 3, 5) * 3, {"temperature": 1.7}),
]
MORE_CASES = [
    *((loss, "scores", (3, 5), target, options) for loss, target, options in ELEMENT_CASES),
    *((loss, "probabilities", (2, 3, 5), target, options) for loss, target, options in PROBABILITY_CASES),
    *((loss, "scores", (2, 3, 5), target, options) for loss, target, options in LOGIT_CASES),
]
FLAT = (fl.l1_loss, fl.rmse_loss, fl.quantile_loss, fl.entropy_with_logits, fl.kl_divergence_with_logits)


def predictions(rng, kind, shape):
    return rng.normal(size=shape) * 2 if kind == "scores" else rng.uniform(0.05, 0.95, shape)


def name_of(case):
    return getattr(case, "__name__", None)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("loss", "target", "options"), ROW_CASES + POINT_CASES, ids=name_of)
def test_gradient(isa, rng, loss, target, options, reduction):
    x = rng.normal(size=(2, 3, 5) if loss is not fl.sigmoid_focal_loss else (3, 5)) * 2
    expected = differences(lambda x: loss(x, target, reduction=reduction, **options), x)
    np.testing.assert_allclose(loss.grad(x, target, reduction=reduction, **options), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("loss", "target", "options"),
    [case for case in ROW_CASES + POINT_CASES if case[0] is not fl.nll_loss],
    ids=name_of,
)
def test_curvature(isa, rng, loss, target, options, reduction):
    x = rng.normal(size=(2, 3, 5) if loss is not fl.sigmoid_focal_loss else (3, 5)) * 2
    grad, hess = loss.grad_and_hess(x, target, reduction=reduction, **options)
    np.testing.assert_allclose(grad, loss.grad(x, target, reduction=reduction, **options), rtol=1e-14, atol=1e-17)
    expected = own_differences(lambda x: loss.grad(x, target, reduction=reduction, **options), x)
    np.testing.assert_allclose(hess, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("loss", "kind", "shape", "target", "options"), MORE_CASES, ids=name_of)
def test_gradient_and_curvature_of_elements_and_distributions(isa, rng, loss, kind, shape, target, options, reduction):
    if loss is fl.rmse_loss and reduction != "mean":
        return
    x, targets = predictions(rng, kind, shape), [] if target is None else [target]
    expected = differences(lambda x: loss(x, *targets, reduction=reduction, **options), x)
    grad = loss.grad(x, *targets, reduction=reduction, **options)
    np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=1e-8)
    if loss in FLAT:
        return
    expected = own_differences(lambda x: loss.grad(x, *targets, reduction=reduction, **options), x)
    again, hess = loss.grad_and_hess(x, *targets, reduction=reduction, **options)
    np.testing.assert_allclose(again, grad, rtol=1e-14)
    np.testing.assert_allclose(hess, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("classes", [2, 33, 150, 2100])
def test_divergences_of_few_and_many_classes(isa, rng, classes):
    x, y = rng.normal(size=(2, 2, classes))
    for loss, targets in ((fl.entropy_with_logits, ()), (fl.kl_divergence_with_logits, (y,))):
        some = x[0, :20].copy()

        def moved(part, loss=loss, targets=targets):
            whole = x.copy()
            whole[0, : part.size] = part
            return loss(whole, *targets)

        expected = differences(moved, some)
        np.testing.assert_allclose(loss.grad(x, *targets)[0, : some.size], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 33, 150])
@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.softmax_focal_loss], ids=name_of)
def test_many_classes(isa, rng, loss, classes):
    """Rows one at a time take another way through the kernel than rows across the lanes."""
    x, labels = rng.normal(size=(2, classes)), np.array([0, classes - 1])
    expected = differences(lambda x: loss(x, labels), x)
    np.testing.assert_allclose(loss.grad(x, labels), expected, rtol=1e-6, atol=1e-9)
    expected = own_differences(lambda x: loss.grad(x, labels), x)
    np.testing.assert_allclose(loss.grad_and_hess(x, labels)[1], expected, rtol=1e-6, atol=1e-9)


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
@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=name_of)
def test_ctc_gradient(isa, rng, loss, shift, options, reduction):
    """Log-probabilities that are not normalised included: frames that weigh e^2 or e^-3 times as much."""
    x = rng.normal(size=(3, 7, 4) if "batch_first" in options else (7, 3, 4)) + shift
    targets = np.array([[1, 2, 1], [2, 2, 1], [1, 1, 2]])
    expected = differences(lambda x: loss(x, targets, reduction=reduction, **options), x)
    found = loss.grad(x, targets, reduction=reduction, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=2e-9)


def test_ctc_gradient_by_log_probabilities_is_minus_the_occupancy(isa, rng):
    """Each frame is spent somewhere: its entries sum to -1, whether or not its probabilities sum to 1."""
    grad = fl.ctc_loss.grad(rng.normal(size=(30, 2, 6)) * 5, rng.integers(1, 6, (2, 8)), reduction="sum")
    np.testing.assert_allclose(grad.sum(axis=2), -1, rtol=1e-12)
    assert (grad <= 0).all()
    logits = fl.ctc_loss_with_logits.grad(rng.normal(size=(30, 2, 6)), rng.integers(1, 6, (2, 8)))
    np.testing.assert_allclose(logits.sum(axis=2), 0, atol=1e-15)
