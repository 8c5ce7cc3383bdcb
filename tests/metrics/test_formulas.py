"""The formulas that only metrics use (src/elementwise/losses.h): their derivatives are those of their values, and both
precisions, every instruction set and any number of threads agree."""

import mpmath
import numpy as np
import pytest

from fastloss._elementwise import elements
from fastloss._reduction import Reduction

FORMULAS = {
    "poisson_deviance": lambda x, y: (y * mpmath.log(y / x) if y else mpmath.mpf(0)) - y + x,
    "gamma_deviance": lambda x, y: y / x - mpmath.log(y / x) - 1,
    "squared_log": lambda x, y: mpmath.log((1 + x) / (1 + y)) ** 2,
}
NAMES = pytest.mark.parametrize("name", FORMULAS)


def call(name, x, y, want_value, derivatives, threads=1):
    found = elements(name, x, y, Reduction("none", None, None), first="x")
    return found.evaluate(want_value, derivatives, None, threads)


def drawn(rng, name, dtype, count=200):
    x, y = rng.gamma(1.0, 3.0, size=(2, count)).astype(dtype)
    y[:50] = (x[:50] * (1 + 1e-3 * rng.normal(size=50))).astype(dtype)
    if name == "poisson_deviance":
        y[50:60] = 0
    return x, y


@NAMES
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 2e-14), ("float32", 5e-6)])
def test_values_and_derivatives(isa, rng, name, dtype, rtol):
    x, y = drawn(rng, name, dtype)
    values, found = call(name, x, y, True, 1)
    if name != "squared_log":  # whose curvature nobody needs
        found = call(name, x, y, False, 2)[1]
    for order, results in enumerate((values, *found)):
        expected = exact(name, x, y, order)
        magnitude = np.abs(expected) + (order * (1 + y / x) / np.minimum(x, 1) if order else 0)
        np.testing.assert_array_less(np.abs(results - expected), rtol * magnitude + np.finfo(dtype).tiny)


def exact(name, x, y, order):
    """The derivative of this order, by x."""
    with mpmath.workdps(40):
        pairs = [map(mpmath.mpf, pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
        return np.array([float(mpmath.diff(lambda t, b=b: FORMULAS[name](t, b), a, order)) for a, b in pairs])


@NAMES
def test_bits_do_not_depend_on_threads(rng, name):
    x, y = drawn(rng, name, "float64", 300_000)
    of_one, of_three = (call(name, x, y, True, 1, threads) for threads in (1, 3))
    np.testing.assert_array_equal(of_one[0], of_three[0])
    np.testing.assert_array_equal(of_one[1][0], of_three[1][0])


@NAMES
def test_nan_comes_out(isa, name):
    for x, y in ((np.nan, 1.0), (1.0, np.nan)):
        values, (grad,) = call(name, np.full(20, x), np.full(20, y), True, 1)
        assert np.isnan(values).all()
        assert np.isnan(grad).all()


LIMITS = [  # what is refused as the prediction, and as the target; and what the numbers must be
    ("poisson_deviance", (0.0, -1.0), (-1.0, -1e-30), "above 0", "of at least 0"),
    ("gamma_deviance", (0.0, -1.0), (0.0, -2.0), "above 0", "above 0"),
    ("squared_log", (-1.0, -3.0), (-1.0, -3.0), "above -1", "above -1"),
]


@pytest.mark.parametrize(("name", "predictions", "targets", "of_x", "of_y"), LIMITS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_out_of_range_are_refused(isa, name, predictions, targets, of_x, of_y, dtype):
    """Also where the loss of the two would be finite: a rate and a count of 0, two numbers far below -1."""
    cases = [(x, y, "x", of_x) for x in predictions for y in (1.0, max(x, 0.0) if "poisson" in name else x)]
    cases += [(1.0, y, "target", of_y) for y in targets]
    for x, y, argument, text in cases:
        predicted, target = np.ones((2, 40), dtype)
        predicted[30], target[30] = x, y
        with pytest.raises(ValueError, match=rf"^{argument}\[30\] is .*; expected a number {text}"):
            call(name, predicted, target, True, 0)


@pytest.mark.parametrize(("name", "low"), [("poisson_deviance", 0.0), ("gamma_deviance", 0.0), ("squared_log", -1.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_near_the_limit_are_accepted(isa, name, low, dtype):
    near = np.array([low], dtype) + (np.finfo(dtype).eps if low else np.finfo(dtype).tiny)
    assert call(name, near, near, True, 0)[0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_small_divisor_is_raised(isa, dtype):
    x, y = np.array([1.0, 3.0, -2.0, 0.25], dtype), np.array([0.0, 2.0, -4.0, -0.1], dtype)
    found = elements("absolute_percentage", x, y, Reduction("none", None, None), first="x", options=(0.5,))
    values, (grad,) = found.evaluate(True, 1, None, 1)
    np.testing.assert_allclose(values, [2.0, 0.5, 0.5, 0.7], rtol=1e-6)
    np.testing.assert_allclose(grad, [2.0, 0.5, 0.25, 2.0], rtol=1e-6)
