"""NaN stays in its element or row, a weight of 0 removes what is infinite, and a mean over nothing is nan."""

import numpy as np
import pytest
from domains import with_arrays
from extremes import FLOATS, INF, results
from losses import LOSSES, of_family

import fastloss as fl

LABELLED = [row for row in LOSSES if row.has_labels]


def name_of(value):
    return getattr(value, "name", None)


CLASSES = {"elementwise": [9], "rowwise": [5, 70, 300]}
NANS = [
    (row, classes, place)
    for row in of_family("elementwise", "rowwise")
    if not (row.has_labels or row.is_of_all)
    for classes in CLASSES[row.family]
    for place in range(1 + bool(row.targets))
]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(("row", "classes", "place"), NANS, ids=name_of)
def test_nan_stays_in_its_element_or_row(isa, rng, name, row, classes, place):
    arrays = [array.astype(name) for array in row.draw(rng, (40, classes), np.dtype(name))]
    arrays[place][7, 3] = np.nan
    for options in row.options:
        options = with_arrays(options, rng, classes)
        assert np.isnan(row.loss(*arrays, **options))
        value, grad = row.loss.value_and_grad(*arrays, reduction="none", **options)
        derivatives = [grad]
        if row.has_curvature(options) and (row.name, place) != ("poisson_nll_loss", 1):  # exp(x) has no target in it
            derivatives.append(row.loss.grad_and_hess(*arrays, reduction="none", **options)[1])
        assert np.argwhere(np.isnan(value)).tolist() == [[7, 3][: value.ndim]]
        for array in derivatives:
            assert np.isnan(array[7, 3])
            assert not np.isnan(np.delete(array, 7, axis=0)).any()
            assert value.ndim == 1 or np.isnan(array).sum() == 1


@pytest.mark.parametrize("name", [*FLOATS, "float16"])
@pytest.mark.parametrize("classes", [3, 70])
@pytest.mark.parametrize("row", LABELLED, ids=name_of)
def test_nan_stays_in_its_labelled_row(isa, rng, row, name, classes):
    loss, ignores_others = row.loss, row.name == "nll_loss"  # which looks at the label's number only
    x, labels = rng.normal(size=(37, classes)).astype(name), rng.integers(0, classes, 37)
    expected = loss.value_and_grad(x, labels, reduction="none")
    x[5, 1] = x[20] = np.nan
    if ignores_others:
        labels[5] = 1
    clean = np.delete(np.arange(37), [5, 20])
    value, grad = loss.value_and_grad(x, labels, reduction="none")
    assert np.isnan(value[[5, 20]]).all()
    np.testing.assert_array_equal(value[clean], expected[0][clean])
    np.testing.assert_array_equal(grad[clean], expected[1][clean])
    assert np.isnan(loss(x, labels))
    if not ignores_others:  # its gradient does not depend on the numbers
        assert np.isnan(grad[[5, 20]]).all()
    if row.curved_options is not None:
        hess = loss.grad_and_hess(x, labels, reduction="none", **row.curved_options)[1]
        assert np.isnan(hess[[5, 20]]).all()
        assert np.isfinite(hess[clean]).all()
    ignored = labels.copy()
    ignored[[5, 20]] = -100
    value, grad = loss.value_and_grad(x, ignored, reduction="none")
    np.testing.assert_array_equal(value[clean], expected[0][clean])
    assert not value[[5, 20]].any()
    assert not grad[[5, 20]].any()
    assert np.isfinite(loss(x, ignored))


# fmt: off
WEIGHED = [  # loss, x, y; of each the first loss or derivative is infinite
    (fl.mse_loss, [-INF, 1], [0, 0]), (fl.mse_loss, [INF, 1], [0, 0]), (fl.log_cosh_loss, [-INF, 1], [0, 0]),
    (fl.poisson_nll_loss, [1e4, 0], [1, 1]), (fl.binary_cross_entropy_with_logits, [-INF, 0], [1, 1]),
    (fl.binary_cross_entropy, [0, 0.5], [1, 1]), (fl.binary_cross_entropy, [1, 0.5], [0, 1]),
    (fl.categorical_cross_entropy, [[0, 1], [0.5, 0.5]], [[1, 0], [1, 0]]), (fl.entropy, [[0, 1], [0.5, 0.5]], None),
    (fl.kl_divergence, [[0, 1], [0.5, 0.5]], [[1, 0], [1, 0]]),
    (fl.kl_divergence_with_logits, [[0, -INF], [1, 2]], [[0, 0], [2, 1]]),
]
# fmt: on


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", WEIGHED, ids=lambda case: case[0].__name__)
def test_a_weight_of_zero_removes_what_is_infinite(isa, name, case):
    loss, *arrays = case
    arrays = [np.array(a, dtype=name) for a in arrays if a is not None]
    for array in results(loss, *arrays, sample_weight=[0.0, 1.0]):
        assert not array[0].any()
        assert np.isfinite(array).all()
    assert 0 < loss(*arrays, sample_weight=[0.0, 1.0]) < INF


@pytest.mark.parametrize("name", FLOATS)
def test_a_weight_of_zero_removes_an_infinite_loss(isa, name):
    """0 times infinity is 0, as for the probabilities of a target and for CTC."""
    x = np.array([[1, -np.inf, 2], [0, 0, 0]], dtype=name)
    weight = [0.0, 1.0]
    for loss in [row.loss for row in LABELLED]:
        value = loss(x, [1, 1], sample_weight=weight, reduction="none")
        assert value[0] == 0
        assert np.isfinite(loss(x, [1, 1], sample_weight=weight))
    assert fl.cross_entropy(x, [1, 0], class_weight=[1.0, 0.0, 1.0], reduction="none")[0] == 0
    infinite = np.array([np.inf, 0.0], dtype=name)
    assert fl.sigmoid_focal_loss(infinite, [0, 0], sample_weight=weight, reduction="none")[0] == 0
    frames = np.zeros((2, 2, 3), name)
    assert fl.ctc_loss(frames, [[1, 1], [1, 2]], sample_weight=weight, reduction="none")[0] == 0


# fmt: off
OF_LOGITS = [
    (fl.entropy_with_logits, {}), (fl.entropy_with_logits, {"base": 0.5}), (fl.kl_divergence_with_logits, {}),
    (fl.kl_divergence_with_logits, {"reverse": True}), (fl.js_divergence_with_logits, {}),
]
# fmt: on


@pytest.mark.parametrize("name", [*FLOATS, "float16"])
@pytest.mark.parametrize("classes", [1, 3, 70, 300])
@pytest.mark.parametrize(("loss", "options"), OF_LOGITS)
def test_a_weight_of_zero_removes_a_row_whatever_it_holds(isa, rng, name, classes, loss, options):
    arrays = list(rng.normal(size=(1 if loss is fl.entropy_with_logits else 2, 37, classes)).astype(name))
    weight = rng.uniform(0.5, 2, 37)
    clean = weight > 0.8
    expected = loss.value_and_grad(
        *(a[clean] for a in arrays), sample_weight=weight[clean], reduction="none", **options
    )
    removed = np.flatnonzero(~clean)
    weight[removed], weight[removed[0]] = 0, -0.0
    for array in arrays:
        array[removed[0::3]], array[removed[1::3]], array[removed[2::3], -1] = np.nan, -np.inf, np.inf
    value, grad = loss.value_and_grad(*arrays, sample_weight=weight, reduction="none", **options)
    np.testing.assert_array_equal(value[clean], expected[0])
    np.testing.assert_array_equal(grad[clean], expected[1])
    assert not value[removed].any()
    assert not grad[removed].any()
    assert not np.signbit(grad[removed]).any()
    np.testing.assert_array_equal(loss.grad(*arrays, sample_weight=weight, reduction="none", **options), grad)
    total = loss(*arrays, sample_weight=weight, **options)  # the mean is over all rows
    assert total == pytest.approx(np.sum(value, dtype=np.float64) / 37, rel=1e-6)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [4, 64])
def test_a_row_with_nothing_but_masked_classes_is_nan_alone(isa, rng, name, classes):
    x, labels = rng.normal(size=(20, classes)).astype(name), rng.integers(0, classes, 20)
    x[7] = -np.inf
    for loss in [row.loss for row in LABELLED if row.predictions == "logits"]:
        value, grad = loss.value_and_grad(x, labels, reduction="none")
        assert np.flatnonzero(np.isnan(value)).tolist() == [7]
        assert np.flatnonzero(np.isnan(grad).any(axis=1)).tolist() == [7]


@pytest.mark.parametrize("name", [*FLOATS, "float16", "int64"])
def test_empty_and_all_ignored(isa, name):
    nothing, rows = np.zeros((0, 4), name), np.zeros((3, 4), name)
    for loss in [row.loss for row in LABELLED]:
        for x, labels in ((nothing, np.zeros(0, int)), (rows, np.full(3, -100)), (np.zeros((3, 0)), np.full(3, -100))):
            value, grad = loss.value_and_grad(x, labels)
            assert np.isnan(value)
            assert loss(x, labels, reduction="sum") == 0
            assert loss(x, labels, reduction="none").shape == labels.shape
            assert grad.shape == x.shape
            assert not grad.any()
    assert np.isnan(fl.cross_entropy(nothing, nothing))
    for row in of_family("elementwise", "rowwise"):
        if not row.has_labels:
            arguments = [nothing] * (1 + bool(row.targets))
            value, grad = row.loss.value_and_grad(*arguments)
            assert np.isnan(value)
            assert grad.shape == (0, 4)
            if not row.is_of_all:
                assert row.loss(*arguments, reduction="sum") == 0
    assert fl.sigmoid_focal_loss(np.zeros((2, 0, 3)), 1, reduction="none").shape == (2, 0, 3)
