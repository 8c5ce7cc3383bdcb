"""Rows that lie column by column in memory, which kernels read and write down the columns: Fortran order, images with
their classes first, every type, reversed, and rows that are no whole number of tiles."""

import numpy as np
import pytest

import fastloss as fl

DTYPES = ["float64", "float32", "float16", "int32"]


def exact(scores, labels):
    """Losses and their derivatives by rows, in double precision."""
    scores = scores.astype(np.float64)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = powers / powers.sum(axis=1, keepdims=True)
    hot = np.eye(scores.shape[1])[labels]
    return -np.log((probs * hot).sum(axis=1)), probs - hot, probs * (1 - probs)


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "reversed columns": lambda a: np.asfortranarray(a[:, ::-1])[:, ::-1],
    "reversed rows": lambda a: np.asfortranarray(a[::-1])[::-1],
    "every second row": lambda a: np.repeat(np.asfortranarray(a), 2, axis=0)[::2],
    "between other columns": lambda a: np.asfortranarray(np.repeat(a, 2, axis=1))[:, ::2],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 33, 128])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_rows_column_by_column(isa, rng, dtype, classes, layout):
    for rows in (1, 31, 200):
        scores = layout((rng.normal(size=(rows, classes)) * 3).astype(dtype))
        labels = rng.integers(0, classes, rows)
        losses, slopes, curvatures = exact(scores, labels)
        rtol = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-3, "int32": 1e-12}[dtype]
        np.testing.assert_allclose(fl.cross_entropy(scores, labels, reduction="none"), losses, rtol=rtol, atol=rtol)
        grad, hess = fl.cross_entropy.grad_and_hess(scores, labels, reduction="sum")
        np.testing.assert_allclose(grad, slopes, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(hess, curvatures, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", DTYPES[:2])
@pytest.mark.parametrize("shape", [(3, 5, 7, 11), (2, 3, 40), (2, 200, 9)])
def test_images_with_classes_first(isa, rng, dtype, shape):
    scores = rng.normal(size=shape).astype(dtype)
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    out = np.full(shape, np.nan, dtype)
    value, grad = fl.cross_entropy.value_and_grad(scores, labels, axis=1, reduction="sum", out=out)
    rows = np.moveaxis(scores, 1, -1).reshape(-1, shape[1])
    losses, slopes, _ = exact(rows, labels.reshape(-1))
    rtol = 1e-11 if dtype == "float64" else 1e-4
    assert value == pytest.approx(losses.sum(), rel=rtol)
    assert grad is out
    np.testing.assert_allclose(np.moveaxis(grad, 1, -1).reshape(rows.shape), slopes, rtol=rtol, atol=rtol)
