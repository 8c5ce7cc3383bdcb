"""Rows of half types: float32 of the same numbers, rounded in the end, whatever the place of peak and label."""

import numpy as np
import pytest
import reference
from tolerance import HALF_FORMATS, assert_close, dtype_of

import fastloss as fl

# Around a group of 16, tiles of few classes, short rows, blocks of 2048, and several of these.
CLASSES = [1, 15, 16, 17, 100, 128, 129, 255, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4097, 10007]
ROWS = 5
LABELLED = {
    "cross_entropy": ({}, reference.cross_entropy),
    "softmax_focal_loss": ({"gamma": 1.5}, reference.softmax_focal_loss),
    "poly1_cross_entropy": ({}, reference.poly1_cross_entropy),
    "generalized_cross_entropy": ({}, reference.generalized_cross_entropy),
}
PAIRS = {
    "entropy_with_logits": ({}, reference.entropy_with_logits),
    "kl_divergence_with_logits": ({}, reference.kl_divergence_with_logits),
    "js_divergence_with_logits": ({}, reference.js_divergence_with_logits),
}


@pytest.fixture(params=HALF_FORMATS)
def half(request):
    return request.param


def draw(rng, classes, half, count=1):
    """Scores that rise from the first class to the last, and others: the peak is found early, late, and between."""
    slopes = np.linspace(-6, 6, ROWS)[:, None] * np.linspace(-1, 1, classes)
    return [(rng.normal(size=(ROWS, classes)) * 2 + slopes).astype(dtype_of(half)) for _ in range(count)]


def assert_float32_rounded(found, wide):
    """Bit for bit, but for the sign of NaN."""
    np.testing.assert_array_equal(found.astype(np.float32), wide.astype(found.dtype).astype(np.float32))


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("name", LABELLED)
def test_losses_of_labels(isa, rng, half, name, classes):
    loss, (options, define) = getattr(fl, name), LABELLED[name]
    [x] = draw(rng, classes, half)
    wide = x.astype(np.float32)
    for labels in (
        [0, classes - 1, classes // 2, min(2048, classes - 1), classes // 3],
        rng.integers(0, classes, ROWS),
    ):
        y = np.array(labels)
        value, grad = loss.value_and_grad(x, y, reduction="none", **options)
        expected = define(wide.astype(float), reference.one_hot(y, classes), **options)
        assert_close(value, expected, "float32")
        of_wide = loss.value_and_grad(wide, y, reduction="none", **options)
        np.testing.assert_array_equal(value, of_wide[0])
        np.testing.assert_array_equal(loss(x, y, reduction="none", **options), of_wide[0])
        assert_float32_rounded(grad, of_wide[1])
        derivatives = loss.grad_and_hess(x, y, reduction="sum", **options)
        for found, wanted in zip(derivatives, loss.grad_and_hess(wide, y, reduction="sum", **options), strict=True):
            assert_float32_rounded(found, wanted)


@pytest.mark.parametrize("classes", CLASSES)
def test_options_of_cross_entropy(isa, rng, half, classes):
    [x] = draw(rng, classes, half)
    wide, y = x.astype(np.float32), rng.integers(0, classes, ROWS)
    y[3] = -100
    kept = y >= 0
    for options in ({"temperature": 3.0}, {"label_smoothing": 0.25}):
        found = fl.cross_entropy.value_and_grad(x, y, reduction="none", **options)
        exact = reference.cross_entropy(wide[kept].astype(float), reference.one_hot(y[kept], classes), **options)
        assert_close(found[0][kept], exact, "float32", terms=1.0)
        assert not found[0][3]
        of_wide = fl.cross_entropy.value_and_grad(wide, y, reduction="none", **options)
        np.testing.assert_array_equal(found[0], of_wide[0])
        assert_float32_rounded(found[1], of_wide[1])


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_normalised(isa, rng, half, name, classes):
    [x] = draw(rng, classes, half)
    wide = x.astype(np.float32)
    found, expected = getattr(fl, name)(x), getattr(reference, name)(wide.astype(float))
    terms = 0.0 if name == "softmax" else 1.0
    assert_close(found, expected, half, terms=terms, rounded=found.dtype == x.dtype)
    assert_float32_rounded(found, getattr(fl, name)(wide))


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("name", PAIRS)
def test_entropy_and_divergences(isa, rng, half, name, classes):
    loss, (options, define) = getattr(fl, name), PAIRS[name]
    halves = draw(rng, classes, half, 1 if name.startswith("entropy") else 2)
    wide = [array.astype(np.float32) for array in halves]
    value, grad = loss.value_and_grad(*halves, reduction="none", **options)
    if classes > 1:
        assert_close(value, define(*(array.astype(float) for array in wide), **options), "float32")
    else:
        assert not value.any()
    of_wide = loss.value_and_grad(*wide, reduction="none", **options)
    np.testing.assert_array_equal(value, of_wide[0])
    assert_float32_rounded(grad, of_wide[1])
    np.testing.assert_array_equal(loss(*halves, reduction="none", **options), loss(*wide, reduction="none", **options))


SPECIAL = {
    "nan": lambda x: x.__setitem__(700, np.nan),
    "negative nan": lambda x: x.__setitem__(700, -np.float16(np.nan)),
    "infinite": lambda x: x.__setitem__(700, np.inf),
    "masked": lambda x: x.__setitem__(slice(600, None), -np.inf),
    "negative": lambda x: np.subtract(x, 40, out=x),
    "zeros of both signs": lambda x: np.copysign(0, x, out=x),
    "far apart": lambda x: np.multiply(x, 30, out=x),
    "largest": lambda x: x.__setitem__(slice(690, 700), 65504),
}


@pytest.mark.parametrize("classes", [1025, 5003])
@pytest.mark.parametrize("special", SPECIAL)
def test_long_rows_of_special_scores(isa, rng, half, special, classes):
    """Peaks that are found as integers: those of float32, whatever the signs, and where some score is not finite."""
    [x] = draw(rng, classes, half)
    for row in x[:4]:
        SPECIAL[special](row)
    wide = x.astype(np.float32)
    for labels in (0, 700, classes - 1):
        y = np.full(ROWS, labels)
        exact = reference.cross_entropy(wide[4:].astype(float), reference.one_hot(y[4:], classes))
        found = fl.cross_entropy(x, y, reduction="none")
        assert_close(found[4:], exact, "float32")
        np.testing.assert_array_equal(found, fl.cross_entropy(wide, y, reduction="none"))
    np.testing.assert_array_equal(fl.logsumexp(x), fl.logsumexp(wide))
    assert_float32_rounded(fl.log_softmax(x), fl.log_softmax(wide))
    assert_float32_rounded(fl.softmax(x), fl.softmax(wide))


@pytest.mark.parametrize("classes", [17, 100, 1000, 5003])
def test_layouts(isa, rng, half, classes):
    """Rows that lie apart, classes that lie apart, and results likewise."""
    [x] = draw(rng, classes, half)
    y = rng.integers(0, classes, ROWS)
    expected = reference.cross_entropy(x.astype(float), reference.one_hot(y, classes))
    of_contiguous = fl.cross_entropy.grad(x, y, reduction="sum")
    wider = np.zeros((ROWS, classes + 3), x.dtype)
    padded = wider[:, 1:-2]
    padded[...] = x
    for array in (np.asfortranarray(x), padded, np.repeat(x, 2, axis=1)[:, ::2], x[::-1][::-1]):
        assert_close(fl.cross_entropy(array, y, reduction="none"), expected, "float32")
        out = np.empty_like(array)
        fl.cross_entropy.grad(array, y, reduction="sum", out=out)
        np.testing.assert_array_equal(out, of_contiguous)
    fl.cross_entropy.grad(padded, y, reduction="sum", out=padded)
    np.testing.assert_array_equal(padded, of_contiguous)
    assert not wider[:, [0, -2, -1]].any(), "what lies between the rows was written"


@pytest.mark.parametrize("classes", [5, 200, 5000])
def test_special_numbers(isa, rng, half, classes):
    [x] = draw(rng, classes, half)
    y = np.full(ROWS, classes - 1)
    x[0, :-1] = -np.inf
    x[1, 1] = np.nan
    x[2, 2] = np.inf
    x[3] = -np.inf
    x[4, :-2] = -np.inf
    value, grad = fl.cross_entropy.value_and_grad(x, y, reduction="none")
    assert value[0] == 0
    assert not grad[0].astype(float).any()
    assert np.isnan(value[1:4]).all()
    assert np.isnan(grad[1:4].astype(float)).all()
    assert_close(value[4:], reference.cross_entropy(x[4:].astype(float), reference.one_hot(y[4:], classes)), "float32")


def test_near_certainty(isa, half):
    """A label's own derivative keeps its digits where 1 - p is tiny: subnormal numbers of the half type, too."""
    for classes in (8, 300, 3000):
        x = np.zeros((1, classes), dtype_of(half))
        x[0, classes // 2] = 16
        y = np.array([classes // 2])
        value, grad = fl.cross_entropy.value_and_grad(x, y, reduction="sum")
        rest = (classes - 1) * np.exp(-16.0)
        assert value == pytest.approx(np.log1p(rest), rel=1e-6)
        assert_close(grad[0, y[0]], -rest / (1 + rest), half, rounded=True)
        assert_close(grad[0, 0], np.exp(-16.0) / (1 + rest), half, rounded=True)
