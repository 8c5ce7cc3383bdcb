"""Passes of NumPy by pieces: the same results as in one, for every shape and layout."""

import numpy as np
import pytest
import reference

import fastloss as fl
from fastloss import _pieces, _validation

SHAPES = [(), (0,), (3, 0, 2), (7,), (100,), (3, 4), (40, 3), (3, 40), (2, 3, 50), (5, 1, 7), (30, 1)]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(_pieces, "PIECE", 10)
    monkeypatch.setattr(_validation, "PIECE", 10)


def layouts(array):
    yield array
    yield np.asfortranarray(array)
    yield array[::-1] if array.ndim else array
    yield array.swapaxes(0, -1) if array.ndim else array


@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_are_all_in_order_and_small(shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    parts = [array[piece] for piece in _pieces.pieces(shape)]
    assert all(part.size <= 10 for part in parts)
    assert np.concatenate([part.reshape(-1) for part in parts]).tolist() == list(range(array.size))


@pytest.mark.parametrize("shape", SHAPES)
def test_copies(rng, shape):
    for array in layouts(rng.normal(size=shape) * 100):
        for dtype in ("float32", "int16", ">f8"):
            found, expected = _pieces.converted(array, np.dtype(dtype)), array.astype(dtype)
            assert found.dtype == expected.dtype
            assert found.strides == expected.strides or array.size == 0
            np.testing.assert_array_equal(found, expected)
        destination = np.zeros(array.shape)
        _pieces.copy_to(destination, array)
        np.testing.assert_array_equal(destination, array)


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_extremes(rng, dtype):
    dtype = getattr(pytest.importorskip("ml_dtypes"), dtype) if dtype == "bfloat16" else dtype
    array = rng.normal(size=(9, 17)).astype(dtype)
    assert _pieces.extremes(array) == (float(array.min()), float(array.max()))
    array[8, 3] = np.nan
    assert np.isnan(_pieces.extremes(array)).all()


def test_calls_that_pass_over_whole_arrays(rng):
    probs, target = rng.dirichlet(np.ones(23), 7), rng.dirichlet(np.ones(23), 7)
    expected = reference.kl_divergence(probs, target)
    assert fl.kl_divergence(probs.astype(">f8"), target.astype(">f8"), reduction="none") == pytest.approx(expected)
    target[3], probs[3, 5] = 0, np.nan
    expected[3] = 0
    for axis in (1, 0):
        x, y = (np.moveaxis(array, 1, axis).copy() for array in (probs, target))
        assert fl.kl_divergence(x, y, axis=axis, reduction="none") == pytest.approx(expected)
        grad = fl.kl_divergence.grad(x, y, axis=axis, reduction="sum")
        np.testing.assert_array_equal(np.moveaxis(grad, axis, 1)[3], 0)
        np.testing.assert_array_equal(fl.kl_divergence.grad(x, y, axis=axis, reduction="sum", out=x), grad)


def test_labels(rng):
    x, labels = rng.normal(size=(50, 4)), rng.integers(0, 4, 50).astype(np.uint8)
    expected = -np.log(reference.softmax(x)[np.arange(50), labels]).mean()
    assert fl.cross_entropy(x, labels) == pytest.approx(expected)
    labels[43] = 4
    with pytest.raises(ValueError, match=r"^target\[43\] is 4; expected 0..3"):
        fl.cross_entropy(x, labels)


def test_probabilities_that_are_labels():
    labels, numbers = np.arange(60).reshape(20, 3) % 2, np.linspace(0, 1, 60).reshape(20, 3)
    with pytest.raises(ValueError, match=r"^target\[0, 1\] is 0.01694"):
        fl.binary_cross_entropy(labels, numbers)
