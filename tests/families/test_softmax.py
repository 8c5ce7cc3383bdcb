"""softmax, log_softmax, logsumexp: plain functions with axis and out."""

import numpy as np
import pytest
import reference
from tolerance import DTYPES, assert_close, compute_dtype, draw, gradient_dtype

import fastloss as fl

FUNCTIONS = ("softmax", "log_softmax", "logsumexp")
SHAPES = [(67, 7), (5, 130), (2, 5003), (3, 1), (11,)]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_value(isa, rng, function, name, shape):
    x, exact = draw(rng, shape, name)
    found = getattr(fl, function)(x)
    # A difference of numbers as large as the scores, and one that crosses zero.
    terms = 0.0 if function == "softmax" else np.abs(exact).max() / 16
    if function == "logsumexp":
        assert found.dtype == compute_dtype(name)
        assert_close(found, reference.logsumexp(exact), name, terms=terms)
    else:
        assert found.dtype == gradient_dtype(name)
        assert_close(found, getattr(reference, function)(exact), name, terms=terms, rounded=True)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_axis(isa, rng, function, axis):
    x = rng.normal(size=(4, 5, 6))
    found = getattr(fl, function)(x, axis=axis)
    expected = getattr(reference, function)(np.moveaxis(x, axis, -1))
    assert_close(found, expected if function == "logsumexp" else np.moveaxis(expected, -1, axis), "float64", terms=0.1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_out(isa, rng, function):
    x = rng.normal(size=(6, 9)).astype(np.float32)
    expected = getattr(fl, function)(x)
    out = np.full(expected.shape, np.nan, np.float32)
    assert getattr(fl, function)(x, out=out) is out
    np.testing.assert_array_equal(out, expected)
    strided = np.full((*expected.shape, 2), np.nan, np.float32)
    getattr(fl, function)(x, out=strided[..., 0])
    np.testing.assert_array_equal(strided[..., 0], expected)
    assert np.isnan(strided[..., 1]).all()
    if function != "logsumexp":
        getattr(fl, function)(x, out=x)
        np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_out_that_overlaps_the_scores(isa, rng, function):
    memory = rng.normal(size=(9, 8))
    expected = getattr(fl, function)(memory[:-1].copy())
    getattr(fl, function)(memory[:-1], out=memory[1:])
    np.testing.assert_array_equal(memory[1:], expected)
    memory = rng.normal(size=(8, 8))
    expected = getattr(fl, function)(memory.copy())
    getattr(fl, function)(memory, out=memory[::-1])
    np.testing.assert_array_equal(memory[::-1], expected)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_masked_and_infinite_scores(isa, name):
    x = np.array([[0, -np.inf, 0], [-np.inf, -np.inf, 3], [1, np.nan, 0], [np.inf, 0, 0], [-np.inf] * 3], dtype=name)
    p, log_p, total = fl.softmax(x), fl.log_softmax(x), fl.logsumexp(x)
    np.testing.assert_allclose(p[:2], [[0.5, 0, 0.5], [0, 0, 1]], rtol=1e-6)
    np.testing.assert_allclose(log_p[:2], [[-np.log(2), -np.inf, -np.log(2)], [-np.inf, -np.inf, 0]], rtol=1e-6)
    np.testing.assert_allclose(total[[0, 1, 3, 4]], [np.log(2), 3, np.inf, -np.inf], rtol=1e-6)
    assert np.isnan(p[2]).all()
    assert np.isnan(log_p[2]).all()
    assert np.isnan(total[2])
    assert np.isnan(p[4]).all(), "nothing to normalise"


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("classes", [2, 40, 6000])
def test_no_overflow_and_no_lost_digits(isa, name, classes):
    x = np.full((1, classes), -1000.0, dtype=name)
    x[0, classes // 2] = 1000
    assert fl.logsumexp(x)[0] == 1000
    assert fl.softmax(x).sum() == 1
    x[0] = 0
    x[0, -1] = 30
    assert_close(fl.log_softmax(x)[0, -1], -np.log1p((classes - 1) * np.exp(-30)), name)
    large = np.array([[3e38, -3e38]], dtype=name)
    np.testing.assert_array_equal(fl.softmax(large), [[1, 0]])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_empty(isa, function):
    for shape in ((0, 5), (3, 0, 4), (3, 0), (0,)):
        found = getattr(fl, function)(np.zeros(shape, np.float32))
        assert found.shape == (shape[:-1] if function == "logsumexp" else shape)
        if function == "logsumexp":
            assert (found == -np.inf).all()


def test_softmax_sums_to_one_and_log_softmax_is_its_logarithm(isa, rng):
    x = rng.normal(size=(30, 333)) * 20
    np.testing.assert_allclose(fl.softmax(x).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(fl.log_softmax(x)), fl.softmax(x), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("function", ["softmax", "log_softmax", "logsumexp"])
def test_against_torch(isa, rng, function):
    torch = pytest.importorskip("torch")
    x = rng.normal(size=(3, 20, 7)) * 5
    theirs = getattr(torch, function)(torch.tensor(x), dim=1).numpy()
    np.testing.assert_allclose(getattr(fl, function)(x, axis=1), theirs, rtol=1e-12, atol=1e-13)
