"""cross_entropy and nll_loss: the numbers of the contract, PyTorch in float64, and what the options mean."""

import math

import numpy as np
import pytest
import reference
from tolerance import assert_close

import fastloss as fl


def test_reference_values():
    assert fl.cross_entropy([[0.0, 0.0]], [1]) == pytest.approx(math.log(2), rel=1e-15)
    assert fl.cross_entropy(np.zeros((4, 6)), [0, 1, 2, 5]) == pytest.approx(math.log(6), rel=1e-15)
    # The path "aa" through two frames with P(a) = 0.4.
    path = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert fl.nll_loss(path, [1, 1], reduction="sum") == pytest.approx(-math.log(0.4 * 0.4), rel=1e-15)
    assert fl.nll_loss(path, [1, 1], reduction="sum") == pytest.approx(1.83258, abs=5e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_label_smoothing_is_cross_entropy_with_the_smoothed_distribution(isa, rng, dtype):
    x, labels = rng.normal(size=(50, 8)).astype(dtype), rng.integers(0, 8, 50)
    smoothed = 0.8 * reference.one_hot(labels, 8) + 0.2 / 8
    value, grad = fl.cross_entropy.value_and_grad(x, labels, label_smoothing=0.2)
    expected, gradient = fl.cross_entropy.value_and_grad(x, smoothed)
    assert_close(value, expected, dtype)
    assert_close(grad, gradient, dtype, terms=2 / 50)


def test_one_hot_probabilities_are_labels(isa, rng):
    x, labels = rng.normal(size=(40, 9)), rng.integers(0, 9, 40)
    for y in (reference.one_hot(labels, 9), reference.one_hot(labels, 9).astype(np.float32)):
        assert_close(fl.cross_entropy(x, y, reduction="none"), fl.cross_entropy(x, labels, reduction="none"), "float64")
        assert_close(fl.cross_entropy.grad(x, y), fl.cross_entropy.grad(x, labels), "float64")


def test_probabilities_need_not_sum_to_one(isa, rng):
    x, y = rng.normal(size=(5, 6)), rng.uniform(0, 1, (5, 6))
    value, grad = fl.cross_entropy.value_and_grad(x, y, reduction="sum")
    assert_close(value, reference.cross_entropy(x, y).sum(), "float64")
    assert_close(grad, reference.cross_entropy_grad(x, y), "float64", terms=y.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss], ids=lambda loss: loss.__name__)
def test_sample_weight_does_not_change_the_divisor(isa, rng, loss):
    x, labels = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    assert_close(loss(x, labels, sample_weight=np.full(30, 3.0)), 3 * loss(x, labels), "float64")
    assert_close(loss.grad(x, labels, sample_weight=3.0), 3 * loss.grad(x, labels), "float64")
    upstream = rng.normal(size=30)  # negative ones too: it is how an upstream gradient comes in
    each = loss.grad(x, labels, reduction="none")
    assert_close(loss.grad(x, labels, sample_weight=upstream, reduction="none"), upstream[:, None] * each, "float64")


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss], ids=lambda loss: loss.__name__)
def test_mean_divides_by_the_class_weights_that_count(isa, rng, loss):
    x, labels = rng.normal(size=(30, 4)), rng.integers(0, 4, 30)
    labels[[3, 7, 20]] = -100
    class_weight = np.array([0.5, 2.0, 0.0, 1.5])
    counted = labels != -100
    each = loss(x, labels, class_weight=class_weight, reduction="none")
    assert (each[~counted] == 0).all()
    divisor = class_weight[labels[counted]].sum()
    assert_close(loss(x, labels, class_weight=class_weight), each.sum() / divisor, "float64", terms=1)


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss], ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "uint32", "int64", "uint64", "bool"])
def test_labels_of_any_integer_type(isa, rng, loss, dtype):
    classes = 2 if dtype == "bool" else 200 if dtype != "int8" else 100
    x, labels = rng.normal(size=(20, classes)), rng.integers(0, classes, 20)
    labels[0] = min(classes - 1, 156)  # -100 as an uint8
    found = loss(x, labels.astype(dtype), reduction="none")
    assert_close(found, loss(x, labels, reduction="none"), "float64")
    assert np.all(found != 0)


@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.nll_loss, fl.softmax_focal_loss], ids=lambda loss: loss.__name__)
def test_ignore_index_may_be_anything(isa, rng, loss):
    x = rng.normal(size=(6, 3))
    for ignored in (-1, 255, 2, -(2**40), 2**63 - 1, -(2**63)):
        labels = np.array([0, 1, 0, 1, 0, 1])
        labels[[1, 4]] = ignored
        value, grad = loss.value_and_grad(x, labels, ignore_index=ignored)
        rest = np.array([0, 2, 3, 5])
        assert_close(value, loss(x[rest], labels[rest]), "float64")
        assert_close(grad[rest], loss.grad(x[rest], labels[rest]), "float64")
        assert (grad[[1, 4]] == 0).all()


def test_gradient_of_nll_does_not_depend_on_normalisation(isa, rng):
    """It is -weight at the label and 0 elsewhere: not softmax minus one-hot."""
    x, labels = rng.normal(size=(7, 5)) * 4, rng.integers(0, 5, 7)
    grad = fl.nll_loss.grad(x, labels)
    assert_close(grad, -reference.one_hot(labels, 5) / 7, "float64")


SHAPES = [(17, 5), (6, 100), (4, 3, 5, 6), (3, 2000)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_against_torch(isa, rng, shape, soft, reduction):
    torch = pytest.importorskip("torch")
    x, classes = rng.normal(size=shape) * 4, shape[1]
    class_weight = rng.uniform(0.1, 2, classes)
    if soft:
        target = np.moveaxis(rng.dirichlet(np.ones(classes), (shape[0], *shape[2:])), -1, 1).copy()
        theirs = torch.tensor(target)
    else:
        target = rng.integers(0, classes, (shape[0], *shape[2:]))
        target.flat[0] = -100
        theirs = torch.tensor(target)
    for smoothing in (0.0, 0.1):
        leaf = torch.tensor(x, requires_grad=True)
        expected = torch.nn.functional.cross_entropy(
            leaf, theirs, weight=torch.tensor(class_weight), label_smoothing=smoothing, reduction=reduction
        )
        expected.sum().backward()
        options = {"axis": 1, "class_weight": class_weight, "label_smoothing": smoothing, "reduction": reduction}
        value, grad = fl.cross_entropy.value_and_grad(x, target, **options)
        np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nll_loss_against_torch(isa, rng, reduction):
    torch = pytest.importorskip("torch")
    x, target, class_weight = rng.normal(size=(9, 4, 3)), rng.integers(0, 4, (9, 3)), rng.uniform(0.1, 2, 4)
    target[2, 1] = -100
    leaf = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.nll_loss(leaf, torch.tensor(target), torch.tensor(class_weight), reduction=reduction)
    expected.sum().backward()
    value, grad = fl.nll_loss.value_and_grad(x, target, axis=1, class_weight=class_weight, reduction=reduction)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize("classes", [10, 31, 200, 3000])
@pytest.mark.parametrize("target", ["labels", "distributions"])
def test_the_value_is_the_same_bits_with_a_gradient(isa, rng, target, classes):
    """Rows with several largest scores, too, whose sum could be made in another order."""
    x = np.round(rng.normal(size=(33, classes)) * 2).astype(np.float32)
    y = rng.integers(0, classes, 33) if target == "labels" else rng.dirichlet(np.ones(classes), 33)
    expected = fl.cross_entropy(x, y, reduction="none")
    np.testing.assert_array_equal(fl.cross_entropy.value_and_grad(x, y, reduction="none")[0], expected)


def test_class_weights_of_no_classes():
    x, weights = np.zeros((2, 0)), np.zeros(0)
    assert np.isnan(fl.cross_entropy(x, [-100, -100], class_weight=weights))
    value, grad = fl.cross_entropy.value_and_grad(x, [-100, -100], class_weight=weights, reduction="none")
    assert value.tolist() == [0, 0]
    assert grad.shape == (2, 0)
    assert np.isnan(fl.nll_loss(x, [-100, -100], class_weight=weights))


@pytest.mark.parametrize("temperature", [0.25, 4.0])
def test_temperature_is_that_of_divided_scores(isa, rng, temperature):
    """Powers of 2 divide exactly."""
    x, labels, soft = rng.normal(size=(50, 40)) * 5, rng.integers(0, 40, 50), rng.dirichlet(np.ones(40), 50)
    for target in (labels, soft):
        for verb, power in ((fl.cross_entropy, 0), (fl.cross_entropy.grad, 1)):
            found = verb(x, target, temperature=temperature, reduction="none")
            wanted = verb(x / temperature, target, reduction="none") / temperature**power
            np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-300)
        found = fl.cross_entropy.grad_and_hess(x, target, temperature=temperature)[1]
        wanted = fl.cross_entropy.grad_and_hess(x / temperature, target)[1] / temperature**2
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-300)


def test_temperature_rounds_differences_and_not_scores(isa):
    """Scores near 10^4, of which float32 keeps three digits behind the point."""
    x = np.array([[10_000.0, 9_998.0, 9_990.0]], np.float32)
    with_small = fl.cross_entropy(x - 10_000, [1], temperature=3.0)
    assert fl.cross_entropy(x, [1], temperature=3.0) == pytest.approx(with_small, rel=1e-7)


@pytest.mark.parametrize("temperature", [1e-30, 1e-21, 1e-19, 1e25, 1e30])
@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_derivatives_at_extreme_temperatures(isa, temperature, classes, smoothing):
    """1/T^2 is no float32, but the curvature of a certain row is 0, that of an even one may be infinite; never NaN."""
    x = np.zeros((2, classes), np.float32)
    x[1, 1] = 5
    options = {"temperature": temperature, "label_smoothing": smoothing, "reduction": "none"}
    grad, hess = fl.cross_entropy.grad_and_hess(x, [0, 1], **options)
    even = (1 - 1 / classes) / classes / temperature / temperature
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(hess[0], np.full(classes, even).astype(np.float32), rtol=1e-6)
    assert np.isfinite(grad).all()
    assert (hess[1] >= 0).all()
    if temperature < 1e-3:
        assert not hess[1].any()


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("axis", [0, -1])
def test_one_row_is_a_batch_of_one(isa, smoothing, axis):
    """A single row has a label without an axis."""
    x = np.array([1.0, -2.0, 0.5, 3.0, 0.0])
    p = np.exp(x) / np.exp(x).sum()
    y = np.full(5, smoothing / 5) + (1 - smoothing) * np.eye(5)[2]
    for label in (2, np.int64(2), np.array(2), np.array(2, np.int8)):
        value, grad = fl.cross_entropy.value_and_grad(x, label, axis=axis, label_smoothing=smoothing)
        assert value == pytest.approx(-np.sum(y * np.log(p)), rel=1e-14)
        np.testing.assert_allclose(grad, p - y, rtol=1e-13, atol=1e-15)
        value = fl.cross_entropy(x, label, axis=axis, label_smoothing=smoothing, reduction="none")
        assert value.shape == ()


@pytest.mark.parametrize("temperature", [0, -1, np.inf, np.nan, "hot", None])
def test_temperatures_that_are_none(temperature):
    with pytest.raises((ValueError, TypeError), match="temperature"):
        fl.cross_entropy(np.zeros((1, 2)), [0], temperature=temperature)
