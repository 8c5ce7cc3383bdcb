"""The hinge loss: which labels it takes, when it has a curvature, and scikit-learn's."""

import numpy as np
import pytest

import fastloss as fl
from fastloss._kernels import runtime

X = np.array([2.0, 0.5, -1.0, 0.0, 1.0])
SIGNS = np.array([1, 1, 1, -1, 1])


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("dtype", ["int8", "int64", "float16", "float64"])
def test_both_kinds_of_labels_are_the_same(squared, dtype):
    signs, zeros = SIGNS.astype(dtype), (SIGNS > 0).astype(dtype)
    for verb in (fl.hinge_loss, fl.hinge_loss.grad):
        np.testing.assert_array_equal(
            verb(X, signs, squared=squared, reduction="none"), verb(X, zeros, squared=squared, reduction="none")
        )


@pytest.mark.parametrize(
    ("target", "place", "value"),
    [([1, -1, 1, 0, 1], 3, "0"), ([0, 1, 1, -1, 1], 3, "-1"), ([1, 1, 2, 1, 1], 2, "2"), ([1, 0.5, 1, 1, 1], 1, "0.5")],
)
@pytest.mark.parametrize("given", [False, True], ids=["new", "out"])
def test_other_labels_are_refused(target, place, value, given):
    text = rf"target\[{place}\] is {value}(\.0)?; expected -1 or 1 throughout, or 0 or 1 throughout"
    for dtype in (np.float64, np.float32, np.float16):
        out = np.full(5, 7, dtype) if given else None
        with pytest.raises(ValueError, match=text):
            fl.hinge_loss.grad(X.astype(dtype), np.array(target, dtype), out=out)
        assert out is None or (out == 7).all()


def test_a_mixture_far_apart_is_refused_with_threads():
    target = np.ones(300_000)
    target[5], target[-7] = -1, 0
    runtime.force_threads(True)
    try:
        for threads in (1, 3):
            with pytest.raises(ValueError, match=r"target\[299993\] is 0"):
                fl.hinge_loss(np.zeros(300_000), target, num_threads=threads)
    finally:
        runtime.force_threads(False)


def test_no_curvature_unless_squared():
    for call in (lambda: fl.hinge_loss.grad_and_hess(X, SIGNS), lambda: fl.hinge_loss.grad_and_hess(X, 1)):
        with pytest.raises(TypeError, match="hinge_loss has no curvature unless squared=True"):
            call()
    assert fl.hinge_loss.has_curvature


def test_hinge_loss_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal(500) * 2, rng.integers(0, 2, 500) * 2 - 1
    assert fl.hinge_loss(x, y) == pytest.approx(metrics.hinge_loss(y, x), rel=1e-14)
