"""Losses of elements over their whole range, against mpmath with 80 digits."""

import functools

import mpmath
import numpy as np
import pytest
from extremes import (
    EPSILON,
    FLOATS,
    INF,
    SMALLEST,
    ZERO,
    check,
    check_losses,
    exact_decision,
    number,
    probabilities,
    results,
)

import fastloss as fl


@pytest.fixture(autouse=True)
def digits():
    """Not for the whole session: other tests have a precision of their own."""
    with mpmath.workdps(80):
        yield


def case_name(case):
    return case[0].__name__


# ---- regression: formulas of the difference of prediction and target ----


def exact_log_cosh(d):
    return mpmath.log1p(2 * mpmath.sinh(d / 2) ** 2), mpmath.tanh(d), mpmath.sech(d) ** 2


def exact_huber(d, delta):
    value = d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2)
    return value, max(min(d, delta), -delta), mpmath.mpf(abs(d) <= delta)


def exact_smooth_l1(d, beta):
    value, gradient, _ = exact_huber(d, beta)
    return value / beta, gradient / beta, 1 / beta if abs(d) < beta else ZERO


def exact_quantile(d, q):
    return abs(d) * (1 - q if d > 0 else q), 1 - q if d > 0 else (-q if d < 0 else d)


REGRESSION = {
    "l1": (fl.l1_loss, {}, lambda d: (abs(d), mpmath.sign(d))),
    "mse": (fl.mse_loss, {}, lambda d: (d * d, 2 * d, mpmath.mpf(2))),
    "log_cosh": (fl.log_cosh_loss, {}, exact_log_cosh),
}
for loss, option, formula, numbers in (
    (fl.huber_loss, "delta", exact_huber, (1.0, 3.3, 2.0**-100, 2.0**100)),
    (fl.smooth_l1_loss, "beta", exact_smooth_l1, (1.0, 3.3, 2.0**-100, 2.0**100)),
    (fl.quantile_loss, "quantile", exact_quantile, (0.0, 1e-3, 0.5, 0.9, 1.0)),
):
    for t in numbers:
        REGRESSION[f"{option} {t:.3g}"] = loss, {option: t}, lambda d, t=t, formula=formula: formula(d, mpmath.mpf(t))
DIFFERENCES = [0, 1e-42, 3e-39, 2e-38, 1e-30, 1e-22, 1e-19, 1e-10, 1e-4, 0.01, 0.3, 0.5, 0.9375, 0.96, 0.9999, 1.0001]
DIFFERENCES += [1.5, 3.25, 3.5, 7, 9.9, 20, 44, 50, 60, 88, 100, 350, 372, 700, 746, 1e4, 1e19, 1e25, 3e38]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", REGRESSION)
def test_regression(isa, name, case):
    loss, options, exact = REGRESSION[case]
    d = np.array(DIFFERENCES + ([1e-310, 1e-200, 1e-155, 1e160, 1e308] if name == "float64" else []))
    d = np.concatenate([d, -d])
    check_losses(loss, (d, 0), lambda x, y: exact(x), name, **options)
    check_losses(loss, (0, d), lambda x, y: exact(-y), name, **options)
    x, y = [1e6 + 0.5, 1e6, -1e6, -1e6 - 2], [1e6, 1e6 + 8, -1e6 - 1, 1e6]  # far from 0; the differences are exact
    check_losses(loss, (x, y), lambda x, y: exact(x - y), name, **options)


RATES = [-1e4, -700, -104, -100, -88, -20, -3.3, -1, -1e-5, -1e-30, 0, 1e-40, 1e-8, 0.5, 2, np.log(1e6), 20, 80, 88.5]
COUNTS = [0, 1e-300, 1e-40, 1e-10, 1e-3, 0.25, 0.5, 0.999, 1, 1.0001, 1.5, 2, 3.7, 11.5, 12, 12.5, 13, 20, 170.25, 1e6]


@functools.cache
def log_factorial(y):
    return mpmath.loggamma(y + 1) if y > 1e-30 else y * (mpmath.zeta(2) / 2 * y - mpmath.euler)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("full", [False, True])
def test_poisson(isa, name, full):
    # float32 forms the whole likelihood in double, where three terms may cancel
    share = EPSILON["float64"] / EPSILON[name] if full else 1

    def exact(x, y):
        rate, rest = mpmath.exp(x), log_factorial(y) if full else ZERO
        return (rate - x * y + rest, max(rate, abs(x * y), abs(rest)) * share), (rate - y, max(rate, y) * share), rate

    x, y = np.meshgrid(RATES + ([709] if name == "float64" else []), COUNTS)
    check_losses(fl.poisson_nll_loss, (x, y), exact, name, full=full)


SCALES = [("float32", 1e30), ("float32", 1e-42), ("float64", 1e200), ("float64", 1e-200), ("float64", 3e-320)]


@pytest.mark.parametrize(("name", "scale"), SCALES)
@pytest.mark.parametrize("weight", [[1.0, 1.0, 1.0, 1.0], [1.0, 0.25, 0.0, 2.0]], ids=str)
def test_root_mean_square(isa, name, scale, weight):
    x = np.array([scale, -2 * scale, 4 * scale, 0], dtype=name)
    value, grad = fl.rmse_loss.value_and_grad(x, 0, sample_weight=weight)
    exact = mpmath.sqrt(mpmath.fsum(w * number(d) ** 2 for d, w in zip(x, weight, strict=True)) / 4)
    check("value", value, exact, max(2 * EPSILON["float64"] * exact, SMALLEST["float64"]), "float64")
    for d, w, gradient in zip(x, weight, grad, strict=True):
        check(
            f"grad at {d}", gradient, w * number(d) / (4 * exact), 3 * EPSILON[name] * w * abs(number(d)) / exact, name
        )


# ---- binary decisions ----


@pytest.mark.parametrize("name", FLOATS)
def test_binary_cross_entropy(isa, name):
    p = probabilities(name)
    x, y = np.meshgrid(p, p)  # p == y among them
    check_losses(fl.binary_cross_entropy, (x, y), exact_decision, name)
    for change in (1e-6, 1e-4, 0.01):  # nearly equal: the gradient has the digits of their difference
        check_losses(fl.binary_cross_entropy, (p[2:], p[2:] * (1 - change)), exact_decision, name)


LOGITS = [0, 1e-30, 1e-3, 0.3, 1, 5, 12, 16, 17, 20, 36, 37, 50, 80, 87, 88, 90, 100, 103, 700, 710, 740, 1e4]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("weight", [None, 0, 1e-5, 1, 3.7, 100])
def test_binary_cross_entropy_with_logits(isa, name, weight):
    w = number(np.array(1 if weight is None else weight, dtype=name))

    def exact(x, y):
        yes, no = 1 / (1 + mpmath.exp(-x)), 1 / (1 + mpmath.exp(x))
        value = w * y * mpmath.log1p(mpmath.exp(-x)) + (1 - y) * mpmath.log1p(mpmath.exp(x))
        return value, ((1 - y) * yes - w * y * no, max((1 - y) * yes, w * y * no)), (1 - y + w * y) * yes * no

    x, y = np.meshgrid(np.concatenate([LOGITS, -np.array(LOGITS)]), [0, 1, 0.5, 0.1, 1e-10, 1e-30, 0.999])
    # the weight multiplies a number that may be subnormal already
    check_losses(fl.binary_cross_entropy_with_logits, (x, y), exact, name, 2 * max(1, w), pos_weight=weight)


# ---- infinity, sums ----

# fmt: off
APART = [INF, -INF, 0, 0], [0, 0, INF, -INF]
SIGNS, ALL, NONE = np.array([1, -1, -1, 1]), [INF] * 4, [0] * 4
INFINITE = [  # loss, options, x, y, value, gradient, curvature
    (fl.l1_loss, {}, *APART, ALL, SIGNS),
    (fl.mse_loss, {}, *APART, ALL, SIGNS * INF, [2] * 4),
    (fl.huber_loss, {"delta": 3.0}, *APART, ALL, 3 * SIGNS, NONE),
    (fl.smooth_l1_loss, {"beta": 3.0}, *APART, ALL, SIGNS, NONE),
    (fl.smooth_l1_loss, {"beta": 0.0}, *APART, ALL, SIGNS, NONE),
    (fl.log_cosh_loss, {}, *APART, ALL, SIGNS, NONE),
    (fl.quantile_loss, {"quantile": 0.25}, *APART, ALL, [0.75, -0.25, -0.25, 0.75]),
    (fl.quantile_loss, {"quantile": 0.0}, *APART, [INF, 0, 0, INF], [1, 0, 0, 1]),
    (fl.quantile_loss, {"quantile": 1.0}, *APART, [0, INF, INF, 0], [0, -1, -1, 0]),
    *[(fl.poisson_nll_loss, {"full": full}, [-INF, -INF, INF, INF, 1e4, -1e4], [0, 1, 0, 1, 1, 1],
       [0, INF, INF, INF, INF, 1e4], [0, -1, INF, INF, INF, -1], [0, 0, INF, INF, INF, 0]) for full in (False, True)],
    (fl.binary_cross_entropy_with_logits, {}, [INF, INF, -INF, -INF, INF, -INF], [0, 1, 0, 1, 0.5, 0.5],
     [INF, 0, 0, INF, INF, INF], [1, 0, 0, -1, 0.5, -0.5], [0] * 6),
    (fl.binary_cross_entropy_with_logits, {"pos_weight": 0}, [INF, INF, -INF, -INF], [0, 1, 0, 1], [INF, 0, 0, 0],
     [1, 0, 0, 0], NONE),
]
SUMMED = [  # loss, x, y, value
    (fl.l1_loss, 0.1, 0, lambda d: d), (fl.log_cosh_loss, 0.1, 0, lambda d: mpmath.log(mpmath.cosh(d))),
    (fl.poisson_nll_loss, 0.1, 0, mpmath.exp), (fl.binary_cross_entropy, 0.1, 1, lambda p: -mpmath.log(p)),
    (fl.binary_cross_entropy_with_logits, 0.1, 0, lambda x: mpmath.log1p(mpmath.exp(x))),
    (fl.mse_loss, 1e30, 0, lambda d: d * d), (fl.mse_loss, 1e-30, 0, lambda d: d * d),
]
# fmt: on


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("case", INFINITE, ids=case_name)
def test_infinity(isa, name, case):
    loss, options, x, y, *expected = case
    for found, wanted in zip(results(loss, np.array(x, name), np.array(y, name), **options), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("case", SUMMED, ids=case_name)
def test_sums_are_double(isa, case):
    """A float32 sum of 300,000 equal losses is off by 1e-3, the squares of 1e30 and 1e-30 leave float32's range."""
    loss, x, y, exact = case
    x = np.full(300_000, x, dtype="float32")
    wanted, units = exact(number(x[0])), 2**-29 if loss is fl.mse_loss else 4
    for reduction, count in (("sum", 300_000), ("mean", 1)):
        found = loss(x, y, reduction=reduction)
        check(reduction, found, count * wanted, units * EPSILON["float32"] * count * wanted, "float64")


def test_root_mean_square_of_extreme_weights(isa):
    for weight, root in ((1e300, 1e160), (1e-301, 10**-140.5)):
        value, grad = fl.rmse_loss.value_and_grad(np.array([1e10]), [0.0], sample_weight=[weight])
        assert value == pytest.approx(root, rel=1e-14)
        assert grad[0] == pytest.approx(weight / root * 1e10, rel=1e-14)
    ends = np.array([3e38], np.float32)
    value, grad = fl.rmse_loss.value_and_grad(ends, -ends)
    assert value == pytest.approx(6e38, rel=1e-7)
    assert grad[0] == 1
