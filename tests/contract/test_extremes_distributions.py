"""Losses of distributions and of pairs of logits over their whole range, against mpmath with 80 digits."""

import functools
from functools import partial
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from extremes import (
    EPSILON,
    FLOATS,
    INF,
    UNDERFLOW,
    ZERO,
    check,
    check_losses,
    cost,
    exact_decision,
    number,
    probabilities,
    ratio,
    results,
)

import fastloss as fl


@pytest.fixture(autouse=True)
def digits():
    """Not for the whole session: other tests have a precision of their own."""
    with mpmath.workdps(80):
        yield


@functools.cache
def exact_class(x, y):
    # y / x may be subnormal before it is divided by x once more
    return cost(y, x), -ratio(y, x), (ratio(ratio(y, x), x), 1.2e-38 / x if x else ZERO)


@functools.cache
def exact_entropy(x, y):
    return cost(x, x), (-mpmath.log(x) - 1 if x else mpmath.inf, 1), -ratio(mpmath.mpf(1), x)


@functools.cache
def exact_divergence(x, y):
    value, gradient, curvature = exact_class(x, y)
    return value - cost(y, y), gradient, curvature


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("length", [1, 25, 300])
def test_rows_of_probabilities(isa, rng, name, length):
    p = np.resize(probabilities(name), (2, length))
    check_losses(fl.entropy, (p,), exact_entropy, name)
    one_hot = (np.arange(length) == rng.integers(0, length, (2, 1))).astype(name)
    for y in (one_hot, rng.permuted(p, axis=1)):
        check_losses(fl.categorical_cross_entropy, (p, y), exact_class, name)
        check_losses(fl.categorical_cross_entropy, (p, y), exact_decision, name, include_negatives=True)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_entropy_of_nothing_is_zero_without_a_sign(shape):
    for loss in (fl.entropy, fl.entropy_with_logits):
        assert not np.signbit(loss(np.zeros(shape), base=0.5, reduction="sum"))
        assert not np.signbit(loss(np.zeros(shape), base=0.5, reduction="none")).any()


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("base", [2, 10, 0.5, 1e300])
def test_entropy_in_other_units(isa, name, base):
    unit = 1 / mpmath.log(mpmath.mpf(base))

    def exact(x, y):
        value, (gradient, _), curvature = exact_entropy(x, y)
        return value * unit, (gradient * unit, abs(unit)), curvature * unit

    p = probabilities(name)
    p = p[p > (1e-36 if name == "float32" else 1e-306)].reshape(-1, 1)  # 1 / p is finite before it changes its unit
    check_losses(fl.entropy, (p,), exact, name, base=base)
    row = np.array([15, 0, 1], dtype=name)
    value, size, gradients, shares = exact_softmax_entropy((15, 0, 1))
    exact_row = value * unit, size * abs(unit), [a * unit for a in gradients], [a * abs(unit) for a in shares]
    check_softmax(results(fl.entropy_with_logits, row, base=base), exact_row, name)


def check_divergence(x, y, name):
    def allowed(x, y, parts):
        """Where both are close, y - x is exact: the sum has the digits of what is left, y log(y / x) - (y - x)."""
        terms, first_order = abs(sum(part for part, *_ in parts)), ZERO
        for q, p, (part, *_) in zip(map(number, x), map(number, y), parts, strict=True):
            close = abs(p - q) <= min(p, q) / 4
            terms += 6 * abs(part - (p - q) if close else part)
            first_order += abs(p - q) if close else 0
        return EPSILON[name] * terms + 4 * EPSILON["float64"] * first_order

    check_losses(fl.kl_divergence, (x, y), exact_divergence, name, row_allowed=allowed)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("length", [2, 7, 300])
@pytest.mark.parametrize("change", [0.5, 1e-2, 1e-3, 1e-5, 1e-7, 1e-12])
def test_divergence_of_nearly_equal_distributions(isa, rng, name, length, change):
    p = rng.dirichlet(np.ones(length), 2)
    q = p * np.exp(change * rng.normal(size=p.shape))
    check_divergence((q / q.sum(axis=1, keepdims=True)).astype(name), p.astype(name), name)


@pytest.mark.parametrize("name", FLOATS)
def test_divergence_of_every_size(isa, name):
    p = probabilities(name)
    for some in (p, p[-3:] * np.array([[1], [0.5], [0.9999]]), np.array([0.5, 5e-31])):
        x, y = (a.astype(name).reshape(-1, 1) for a in np.meshgrid(some, some))
        check_divergence(x, y, name)


# ---- logits ----

BETAS = (0.5, 0.125, 1 - 2.0**-10)  # that float32 holds with 1 - beta


def softmax(row, temperature=1):
    """Probabilities, their logarithms, and how far each score is from the largest."""
    first = row.index(max(row))
    gaps = [(number(row[first]) - number(x)) / temperature for x in row]
    e = [mpmath.exp(-gap) for gap in gaps]
    rest = mpmath.fsum(e[:first] + e[first + 1 :])
    log_sum = mpmath.log1p(rest)
    return [a / (1 + rest) for a in e], [-gap - log_sum for gap in gaps], gaps


@functools.cache
def exact_softmax_entropy(row):
    """Entropy and gradient, and the size of what each is a sum of, in units of rounding: exp of an argument carries
    half a unit of every unit of it."""
    classes = [(p, log_p, 6 + gap) for p, log_p, gap in zip(*softmax(row), strict=True)]
    value = -mpmath.fsum(p * log_p for p, log_p, _ in classes if p)
    size = mpmath.fsum(p * units * ((units > 6) - log_p) for p, log_p, units in classes if p)
    gradients = [-p * (log_p + value) if p else ZERO for p, log_p, _ in classes]
    return value, size, gradients, [p * ((value - log_p) * units + size) if p else ZERO for p, log_p, units in classes]


@functools.cache
def exact_softmax_divergence(x, y, temperature):
    """The same of D(softmax(y) || softmax(x)). With l = log p - log q its parts are p (l - 1 + exp(-l)), all positive;
    where l is not near 0 they may be formed as the differences that they are."""
    value, size, gradients, shares = ZERO, ZERO, [], []
    sides = softmax(y, temperature), softmax(x, temperature)
    for p, q, log_p, log_q, gap, q_gap in zip(*(a for pair in zip(*sides, strict=True) for a in pair), strict=True):
        p_size, q_size = p * (6 + gap) if p else ZERO, q * (6 + q_gap) if q else ZERO
        if not p or not q:
            part, bound = (mpmath.inf, ZERO) if p else (q, q_size)
        else:
            apart = log_p - log_q
            part, far = p * (apart + mpmath.expm1(-apart)), abs(apart) > 0.3
            # as a difference, of p (l - 1) and q; an error of l is one of log_p + gap, the logarithm of a sum
            bound = p_size * (1 + abs(apart)) + q_size + p * abs(log_p + gap) if far else part * (12 + gap + q_gap)
        value, size = value + part, size + bound
        gradients.append((q - p) / temperature)
        shares.append((p_size + q_size) / temperature)
    return value, size, gradients, shares


class Class(NamedTuple):
    """One class of two rows: q of the prediction x, p of the target y; ratio is log(q / r) with r = p or a mixture."""

    p: object
    q: object
    apart: object  # log p - log q; inf where only one of them is 0
    units: object  # of rounding, of an exponential
    r: object

    @property
    def ratio(self):
        return ZERO if not self.q else mpmath.log(self.q / self.r) if self.r else mpmath.inf

    @property
    def bound(self):
        """Of the logarithm, in units of rounding."""
        return self.units * min(1, abs(self.apart)) + 4 * abs(self.ratio)

    def mixture(self, beta):
        """Its part of the Jensen-Shannon divergence, and its size."""
        sides = [(w, a, a and mpmath.log(a / self.r)) for w, a in ((beta, self.p), (1 - beta, self.q))]
        part = mpmath.fsum(w * a * log for w, a, log in sides)
        linear = abs(self.apart) < 0.3  # where it is of second order, formed from second-order terms
        beyond = mpmath.fsum(w * (a * log - (a - self.r)) for w, a, log in sides)
        return part, self.units * (beyond if linear else mpmath.fsum(w * a * abs(log) for w, a, log in sides) + beyond)


@functools.cache
def classes_of(x, y, temperature, beta):
    """`beta` is None where r is p."""
    found = []
    for p, q, log_p, log_q, gap, q_gap in zip(
        *(a for pair in zip(softmax(y, temperature), softmax(x, temperature), strict=True) for a in pair), strict=True
    ):
        apart = (log_p - log_q if p and q else mpmath.inf) if p or q else ZERO
        units = 16 + (gap if p else 0) + (q_gap if q else 0)
        found.append(Class(p, q, apart, units, p if beta is None else beta * p + (1 - beta) * q))
    return found


@functools.cache
def exact_divergence_of_prediction(x, y, temperature, beta=None):
    """Like exact_softmax_divergence(): D(softmax(x) || softmax(y)), or with a beta the Jensen-Shannon divergence. The
    gradient of both is q (log(q / r) - D(q || r)), formed from the class that has most of q where there is one."""
    classes = classes_of(x, y, temperature, beta)
    if beta is None:
        value, size = exact_softmax_divergence(y, x, temperature)[:2]
    else:
        value, size = (mpmath.fsum(part) for part in zip(*(a.mixture(beta) for a in classes), strict=True))
    mean = mpmath.fsum(a.q * a.ratio for a in classes if a.q)
    if mean == mpmath.inf:
        limits = [(mpmath.inf if a.ratio == mpmath.inf else -mpmath.inf) if a.q else ZERO for a in classes]
        return value, size, limits, [ZERO] * len(classes)
    top = max(classes, key=lambda a: a.q)
    from_top = [a.ratio - top.ratio for a in classes]
    mean = mpmath.fsum(a.q * apart for a, apart in zip(classes, from_top, strict=True) if a.q)
    spread = mpmath.fsum(max(a.p, a.q) * a.units * min(1, abs(a.apart)) for a in classes)
    of_top, of_mean = (
        0,
        mpmath.fsum(
            a.q * (a.bound + spread + a.units * abs(apart)) for a, apart in zip(classes, from_top, strict=True) if apart
        ),
    )
    if top.q <= 0.5:
        of_top, of_mean = top.bound + spread, spread + mpmath.fsum(a.q * a.bound for a in classes)
    weight = (1 if beta is None else 1 - beta) / temperature
    gradients, shares = [], []
    for a, apart in zip(classes, from_top, strict=True):
        own = of_top if a is top else a.bound + spread + 4 * abs(top.ratio)
        gradients.append(weight * a.q * (apart - mean))
        shares.append(weight * a.q * (a.units * abs(apart - mean) + own + of_mean))
    return value, size, gradients, shares


def check_softmax(found, exact, name):
    (value, grad), (wanted, size, gradients, shares) = found, exact
    lost = 100 * UNDERFLOW[name]  # a probability that underflows is multiplied with a logarithm
    check("value", value, wanted, EPSILON[name] * size + UNDERFLOW[name], name)
    for c, (gradient, share) in enumerate(zip(gradients, shares, strict=True)):
        check(f"grad[{c}]", grad[c], gradient, EPSILON[name] * share + lost, name)


def check_logits(x, y, name, temperature=1.0):
    """The divergences of x and y, and the entropy of x."""
    x, y = np.array(x, dtype=name), np.array(y, dtype=name)
    alive = np.isfinite(x) | np.isfinite(y)
    of_x, of_y = tuple(x[alive].tolist()), tuple(y[alive].tolist())
    value, grad = results(fl.kl_divergence_with_logits, x, y, temperature=temperature)
    check_softmax((value, grad[alive]), exact_softmax_divergence(of_x, of_y, mpmath.mpf(temperature)), name)
    assert not grad[~alive].any()
    exact = partial(exact_divergence_of_prediction, of_x, of_y, mpmath.mpf(temperature))
    value, grad = results(fl.kl_divergence_with_logits, x, y, temperature=temperature, reverse=True)
    check_softmax((value, grad[alive]), exact(), name)
    for beta in BETAS:
        value, grad = results(fl.js_divergence_with_logits, x, y, temperature=temperature, beta=beta)
        check_softmax((value, grad[alive]), exact(mpmath.mpf(beta)), name)
    if temperature == 1:
        value, grad = results(fl.entropy_with_logits, x)
        check_softmax((value, grad[alive]), exact_softmax_entropy(of_x), name)
        assert not grad[~alive].any()


# fmt: off
# More classes: rows across the lanes up to 64, then short and long ones; masked, or with scores of their own.
FILLERS = {"alone": (0, 0), "61 more": (61, -4), "70 masked": (70, -INF), "1030 more": (1030, -4),
           "2100 masked": (2100, -INF)}
PAIRS = [  # x of the prediction, y of the truth
    ([20, 0], [25, 0]), ([0, 0], [80, 0]), ([46.3, 0], [45.1, 0.2]), ([0, -80], [0, -75]), ([0, 80, 3], [80, 0, 3]),
    ([0.1, -46.7], [46.3, 0]), ([300, 0, -5], [0, 300, 1]), ([30, 30, 0], [0, 0, 0]), ([0, 1, 2, -3], [0.5, 1, 1, -3]),
    ([1, 1, 1], [1, 1, 1]), ([0, -INF, 2], [1, -INF, 0]), ([0, 1, 2], [1, -INF, 0]), ([0, -INF, 2], [1, 0, 0]),
    ([0, -INF], [0, -300]), ([3], [7]),
]
# fmt: on


def widened(row, filler):
    """In sixteenths, which are exact up to 1e6."""
    count, level = FILLERS[filler]
    return np.concatenate([row, np.round(32 * np.sin(np.arange(count))) / 16 + level])


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize(("x", "y"), PAIRS, ids=str)
def test_logits(isa, name, filler, x, y):
    check_logits(widened(x, filler), widened(y, filler), name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [2, 5, 33, 70, 1050])
@pytest.mark.parametrize("change", [0.1, 1e-3, 1e-5, 1e-6, 1e-12])
def test_divergence_of_nearly_equal_logits(isa, rng, name, classes, change):
    y = 3 * rng.normal(size=classes)
    check_logits(y + change * rng.normal(size=classes), y, name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("filler", ["alone", "61 more", "70 masked"])
@pytest.mark.parametrize("shifts", [(1e6, 1e6), (-1e6, -1e6), (10, 0), (0, 1e4), (1e6, 0), (-1e4, 1e6)], ids=str)
def test_a_constant_added_to_either_side_changes_nothing(isa, name, filler, shifts):
    for x, y in (([0, 1, 2.5], [0.25, 1, 2]), ([0, 0.0625, 2], [0, 0, 2]), ([40, 0, 3], [38, 1, 2])):
        check_logits(widened(x, filler) + shifts[0], widened(y, filler) + shifts[1], name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("classes", [3, 70])
@pytest.mark.parametrize("change", [3, 1e-3])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2, 3, 100])
def test_temperature(isa, rng, name, classes, change, temperature):
    y = 3 * rng.normal(size=classes)
    check_logits(y + change * rng.normal(size=classes), y, name, temperature)


def test_divergence_at_the_ends_of_the_type(isa):
    x, y = np.array([3e38, 2e38], np.float32), np.array([-3e38, -3e38], np.float32)
    for padding in (0, 70):
        rest = np.full(padding, -np.inf, np.float32)
        value, grad = fl.kl_divergence_with_logits.value_and_grad(np.append(x, rest), np.append(y, rest))
        assert value == pytest.approx(5e37, rel=1e-6)
        np.testing.assert_array_equal(grad[:2], [0.5, -0.5])
    apart = np.array([0, -200], np.float32), np.array([0, -300], np.float32)
    assert fl.kl_divergence_with_logits(*apart) >= 0
