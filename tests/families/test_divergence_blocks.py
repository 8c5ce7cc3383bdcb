"""D(p || q) of many classes, which is computed block by block, each in the way that keeps its digits."""

import numpy as np
import pytest
import reference
from tolerance import assert_close, dtype_of

import fastloss as fl

SHAPES = [(3, 129), (3, 1000), (2, 1024), (2, 1025), (2, 5003), (1, 33000)]
NOISE = [10.0, 3.0, 2.0, 1.4, 1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.08, 0.03, 1e-2, 3e-3, 1e-3, 1e-4, 1e-5]


def divergence(x, y):
    return fl.kl_divergence_with_logits(x, y, reduction="none")


def parts(x, y):
    """Of D(p || q) as a sum over classes of p (l - 1 + exp(-l)), l = log p - log q: they do not cancel, and an error of
    the sums of exponentials counts by its square."""
    log_q, log_p = (reference.log_softmax(scores.astype(np.longdouble)) for scores in (x, y))
    ratio = log_p - log_q
    return np.exp(log_p) * (np.expm1(-ratio) + ratio)


def check(x, y):
    assert_close(divergence(x, y), parts(x, y).sum(axis=-1), x.dtype.name)


@pytest.fixture(params=["float32", "float64"])
def name(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("noise", NOISE)
def test_from_far_to_near(isa, rng, name, shape, noise):
    y = (2 * rng.normal(size=shape)).astype(name)
    check((y + noise * rng.normal(size=shape)).astype(name), y)


def quantised(y):
    """Of 16 values each row."""
    step = np.abs(y).max(axis=-1, keepdims=True) / 7
    return np.round(y / step) * step


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("peak", [0, 3, 10, 20])
@pytest.mark.parametrize("noise", [1.0, 0.3, 0.1, 0.03, 1e-3])
def test_one_class_is_likely(isa, rng, name, shape, peak, noise):
    """And noise of a few classes that is far larger than the others'."""
    y = rng.normal(size=shape)
    y[:, shape[1] // 3] += peak
    y = y.astype(name)
    check((y + noise * rng.normal(size=shape) ** 3).astype(name), y)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("noise", [0.3, 0.1, 0.03, 3e-3])
def test_noise_grows_with_the_score(isa, rng, name, shape, noise):
    y = (3 * rng.normal(size=shape)).astype(name)
    check((y + noise * np.abs(y) * rng.normal(size=shape)).astype(name), y)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("half", ["float32", "float16", "bfloat16"])
def test_quantised(isa, rng, half, shape):
    y = (3 * rng.normal(size=shape)).astype(dtype_of(half)).astype("float32")
    x = quantised(y).astype(dtype_of(half)).astype("float32")
    found = divergence(x.astype(dtype_of(half)), y.astype(dtype_of(half)))
    assert_close(found, parts(x, y).sum(axis=-1), "float32")


@pytest.mark.parametrize("classes", [129, 300, 1000, 1024, 2500])
@pytest.mark.parametrize("noise", [1e-3, 0.1, 0.5, 3.0])
def test_large_noise_in_some_places(isa, rng, name, classes, noise):
    """Wherever the only large log-ratio lies, one that any loop but the exact one would lose its digits with."""
    y = rng.normal(size=(40, classes)).astype(name)
    x = (y + noise * rng.normal(size=y.shape)).astype(name)
    places = rng.integers(0, classes, 40)
    x[np.arange(40), places] += np.tile([0.4, -0.4, 2, -2, 6, -6, 39, -39, 90, -90], 4).astype(name)
    check(x, y)
    check(y, x)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("noise", [2.0, 0.1, 1e-3])
def test_masked_classes(isa, rng, name, shape, noise):
    """-inf in both: here and there, at the end, and in all blocks but one."""
    classes = np.arange(shape[1])
    masks = rng.random(shape) < 0.1, classes >= shape[1] - 40, classes // 1000 != shape[1] // 2000
    for mask in masks:
        masked = np.broadcast_to(mask, shape)
        y = rng.normal(size=shape)
        x = y + noise * rng.normal(size=shape)
        x[masked] = y[masked] = -1e4  # the reference has no -inf; float64's exponential of it is 0
        x, y = x.astype(name), y.astype(name)
        expected = parts(x, y).sum(axis=-1)
        x[masked] = y[masked] = -np.inf
        assert_close(divergence(x, y), expected, name)


@pytest.mark.parametrize("classes", [130, 1000, 3001])
@pytest.mark.parametrize("peak", [1e5, 1e11, 1e20])
def test_large_peaks(isa, name, classes, peak):
    """A block whose end is ragged: what fills it up is no class of p, however large the scores."""
    y = np.zeros((1, classes), name)
    x = y.copy()
    y[0, 3] = x[0, 5] = peak
    assert_close(divergence(x, y), [np.array(peak, name)], name)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("offset", [0.25, 8.0, -1000.0])
def test_shifted(isa, rng, name, shape, offset):
    """An offset changes no softmax: nothing but the noise counts, however small beside it."""
    y = np.round(2 * rng.normal(size=shape), 2).astype(np.float16).astype(name)
    x = y + (offset + np.round(rng.normal(size=shape) * 16) / 64).astype(name)
    check(x, y)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_class_apart(isa, rng, name, shape):
    """Where only the peak differs, all other log-ratios are the same, and their mean and its square cancel."""
    y = (0.1 * rng.normal(size=shape)).astype(name)
    place = shape[1] // 3
    y[:, place] = 1
    x = y.copy()
    x[:, place] += np.array(1 / 64, name)
    check(x, y)
    check(y, x)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_blocks_of_every_kind(isa, rng, name, shape):
    """Blocks that are far, near and between in one row; and a block whose share of p is tiny."""
    y = (2 * rng.normal(size=shape)).astype(name)
    size = np.repeat(rng.choice([2.0, 0.2, 1e-3], shape[1] // 512 + 1), 512)[: shape[1]]
    x = (y + size * rng.normal(size=shape)).astype(name)
    x[0, : shape[1] // 2] -= 60
    check(x, y)
    check(y, x)


@pytest.mark.parametrize("shape", [(4, 700), (4, 5003)], ids=str)
def test_a_row_does_not_depend_on_those_before(isa, rng, name, shape):
    y = (2 * rng.normal(size=shape)).astype(name)
    x = (y + np.array([[2.0], [1e-3], [0.2], [1.0]]) * rng.normal(size=shape)).astype(name)
    check(x, y)
    np.testing.assert_array_equal(divergence(x, y), [divergence(x[i : i + 1], y[i : i + 1])[0] for i in range(4)])


@pytest.mark.parametrize("classes", [700, 1024, 5003])
def test_equal_rows(isa, rng, name, classes):
    y = (2 * rng.normal(size=(2, classes))).astype(name)
    y[1, ::3] = -np.inf
    assert not divergence(y, y).any()


@pytest.mark.parametrize("classes", [700, 5003])
def test_infinite_and_missing(isa, rng, name, classes):
    y = (2 * rng.normal(size=(7, classes))).astype(name)
    x = (y + rng.normal(size=y.shape)).astype(name)
    x[:2, 7] = y[:2, 7] = -np.inf  # in neither
    y[1, -9:] = -np.inf  # not in p
    x[2, classes // 2] = -np.inf  # not in q, so that D is infinite
    x[3, classes // 2], y[3, classes // 2] = -np.inf, -1000  # however small p is
    x[4, -3] = np.nan
    y[5] = -np.inf
    y[6, : classes // 2] = -np.inf  # whole blocks
    found = divergence(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_p, log_q = (reference.log_softmax(scores[[0, 1, 6]].astype(float)) for scores in (y, x))
        terms = np.exp(log_p) * (log_p - log_q)
    assert_close(found[[0, 1, 6]], np.where(log_p == -np.inf, 0, terms).sum(axis=-1), name)
    assert (found[2:4] == np.inf).all()
    assert np.isnan(found[4:6]).all()


def test_peaks_too_far_apart_for_the_type(isa, rng, name):
    y = (2 * rng.normal(size=(1, 3000))).astype(name)
    x = (y + rng.normal(size=y.shape)).astype(name)
    expected = divergence(x, y)
    largest = np.finfo(name).max
    y[0, 2000] = largest
    x[0, 2000] = largest
    assert divergence(x, y) == 0
    x[0, 2000] = -largest
    assert divergence(x, y) == largest or divergence(x, y) == np.inf
    assert np.isfinite(expected).all()
