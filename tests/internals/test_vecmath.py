"""The bounds stated in src/vecmath.h and specialmath.h, in units in the last place against mpmath, on every instruction
set."""

import mpmath
import numpy as np
import pytest
from compiled import needs_vecmath_test

from fastloss import _kernels

pytestmark = needs_vecmath_test

FLOATS = {32: np.float32, 64: np.float64}
INTEGERS = {32: np.int32, 64: np.int64}


def evaluate(function, x, instruction_set, bits):
    y = np.empty_like(x)
    _kernels.load(instruction_set)[bits].vecmath_test.evaluate(function, x, y)
    return y


def ulps(y, x, exact):
    """The largest error in units in the last place of the exact result."""
    worst = 0.0
    with mpmath.workdps(40):
        for got, value in zip(y.tolist(), x.tolist(), strict=True):
            truth = exact(mpmath.mpf(value))
            unit = mpmath.mpf(float(np.spacing(y.dtype.type(abs(truth)))))
            worst = max(worst, abs(float((mpmath.mpf(got) - truth) / unit)))
    return worst


def spread(rng, low, high, dtype, count=3000):
    return rng.uniform(low, high, count).astype(dtype)


def log_spread(rng, low, high, dtype, count=3000):
    return np.exp(rng.uniform(np.log(low), np.log(high), count)).astype(dtype)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def log1m_tail(x):
    """(-log(1 - x) - x) / x^2, by its series where the numerator would have no digits."""
    series = mpmath.fsum(x**k / (k + 2) for k in range(40))
    return series if x < 0.1 else (-mpmath.log1p(-x) - x) / x**2


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("instruction_set", _kernels.supported())
class TestBounds:
    def test_exp(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        low = -87.3 if bits == 32 else -708.3
        x = np.concatenate([spread(rng, low, 40, dtype), -log_spread(rng, 1e-12, 1, dtype)])
        assert ulps(evaluate("exp", x, instruction_set, bits), x, mpmath.exp) <= 2

    def test_exp_of_lanes(self, instruction_set, bits, rng):
        """Where a table is in a register, with fewer roundings."""
        dtype = FLOATS[bits]
        x = np.concatenate([spread(rng, -87.3 if bits == 32 else -708.3, 0, dtype), -log_spread(rng, 1e-12, 1, dtype)])
        by_table = bits == 32 and instruction_set != "baseline"
        assert ulps(evaluate("exp_lanes", x, instruction_set, bits), x, mpmath.exp) <= (1.2 if by_table else 2)

    def test_log(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        tiny = float(np.finfo(dtype).tiny)
        x = np.concatenate([
            log_spread(rng, tiny, 1e37, dtype),
            spread(rng, 0.5, 2, dtype),
            1 + spread(rng, -1e-4, 1e-4, dtype),
            log_spread(rng, tiny * 1e-5, tiny, dtype, 200),
        ])  # fmt: skip
        x = x[x != 1]
        assert ulps(evaluate("log", x, instruction_set, bits), x, mpmath.log) <= 1.1

    def test_log1p(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        x = np.concatenate([log_spread(rng, 1e-30, 1e30, dtype), -log_spread(rng, 1e-20, 0.99, dtype)])
        assert ulps(evaluate("log1p", x, instruction_set, bits), x, mpmath.log1p) <= 2

    def test_log1p_of_the_unit_interval(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        x = np.concatenate([log_spread(rng, 1e-30, 1, dtype), spread(rng, 0, 1, dtype)])
        x = np.minimum(x[x > 0], 1)
        assert ulps(evaluate("log1p_unit", x, instruction_set, bits), x, mpmath.log1p) <= 2

    def test_exp_to_both_ends_of_the_type(self, instruction_set, bits, rng):
        """Results that are subnormal too, where the unit in the last place is the smallest number."""
        dtype = FLOATS[bits]
        low, high = (-103.9, 88.7) if bits == 32 else (-745.1, 709.7)
        x = np.concatenate([spread(rng, low, high, dtype), -log_spread(rng, 1e-12, 1, dtype)])
        assert ulps(evaluate("exp_wide", x, instruction_set, bits), x, mpmath.exp) <= 2
        x = x[x <= 0]
        assert ulps(evaluate("exp_tail", x, instruction_set, bits), x, mpmath.exp) <= 2
        x = x[x < 0]
        assert ulps(evaluate("expm1_tail", x, instruction_set, bits), x, mpmath.expm1) <= 2

    def test_log_of_probabilities(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        smallest = float(np.finfo(dtype).smallest_subnormal)
        x = np.concatenate([
            log_spread(rng, smallest, 1, dtype),
            spread(rng, 0.4, 1, dtype),
            1 - log_spread(rng, np.finfo(dtype).eps, 1e-2, dtype, 500),
        ])  # fmt: skip
        x = x[(x > 0) & (x < 1)]
        assert ulps(evaluate("log_unit", x, instruction_set, bits), x, mpmath.log) <= 2
        half = x[x <= 0.5]
        assert ulps(evaluate("log1m_half", half, instruction_set, bits), half, lambda x: -mpmath.log1p(-x)) <= 2
        assert ulps(evaluate("log1m_tail", half, instruction_set, bits), half, log1m_tail) <= 5

    def test_log_cosh_of_the_unit_interval(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        x = np.concatenate([log_spread(rng, 1e-10, 1, dtype), spread(rng, 0, 1, dtype)])
        x = np.minimum(x[x > 0], 1)
        y = evaluate("log_cosh_unit", x, instruction_set, bits)
        assert ulps(y, x, lambda x: mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2)) <= 2

    def test_log_factorial(self, instruction_set, bits, rng):
        x = np.concatenate([
            np.arange(2.0, 200),
            log_spread(rng, 1e-12, 0.9, np.float64),
            spread(rng, 1.5, 13, np.float64),
            log_spread(rng, 12, 1e15, np.float64, 500),
        ])  # fmt: skip
        if bits == 64:
            y = evaluate("log_factorial", x, instruction_set, bits)
            assert ulps(y, x, lambda x: mpmath.loggamma(x + 1)) <= 4
        dtype = FLOATS[bits]
        ends = evaluate("log_factorial", np.array([0, 1, np.inf, np.nan], dtype), instruction_set, bits)
        np.testing.assert_array_equal(ends, [0, 0, np.inf, np.nan])

    def test_relative_entropy(self, instruction_set, bits, rng):
        """Of numbers that are close, whose parts cancel, and of numbers that are far apart."""
        dtype, tiny = FLOATS[bits], float(np.finfo(FLOATS[bits]).tiny)
        p = np.concatenate([log_spread(rng, tiny / 1e4, 1, dtype), spread(rng, 0, 1, dtype)])
        q = log_spread(rng, tiny / 1e4, 1, dtype, p.size)
        near = np.exp(log_spread(rng, 1e-6, 0.7, np.float64, p.size) * rng.choice([-1, 1], p.size))
        for other in (q, np.minimum((p * near).astype(dtype), 1)):
            y, rest = np.empty_like(p), np.empty_like(p)
            _kernels.load(instruction_set)[bits].vecmath_test.relative_entropy(p, other, y, rest)
            with mpmath.workdps(60):
                for a, b, first, second in zip(p.tolist(), other.tolist(), y.tolist(), rest.tolist(), strict=True):
                    a, b = mpmath.mpf(a), mpmath.mpf(b)
                    if not a or not b:
                        continue
                    exact = a * mpmath.log(a / b)
                    # Where the second part is a - b, the first is what is left when a row's differences add up to 0.
                    size = min(abs(exact), exact - (a - b)) if second == a - b else abs(exact)
                    error = abs(mpmath.mpf(first) + mpmath.mpf(second) - exact)
                    allowed = 6 * float(np.finfo(dtype).eps) * size
                    assert error <= allowed + 2 * np.finfo(dtype).smallest_subnormal, (float(a), float(b))

    def test_split_exp_far_below_the_type(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        x = -log_spread(rng, 1e-3, 9e4, dtype, 500)
        mantissa, exponent = np.empty_like(x), np.empty(x.shape, INTEGERS[bits])
        _kernels.load(instruction_set)[bits].vecmath_test.split_exp(x, -1e6, mantissa, exponent)
        assert ((mantissa >= 1) & (mantissa < 2)).all()
        with mpmath.workdps(60):
            for value, m, e in zip(x.tolist(), mantissa.tolist(), exponent.tolist(), strict=True):
                error = mpmath.mpf(m) * mpmath.mpf(2) ** e / mpmath.exp(mpmath.mpf(value)) - 1
                assert abs(error) < 3 * np.finfo(dtype).eps

    def test_special_values(self, instruction_set, bits):
        dtype = FLOATS[bits]
        inf, nan = np.inf, np.nan

        def run(function, *values):
            return evaluate(function, np.array(values, dtype), instruction_set, bits)

        np.testing.assert_array_equal(run("exp", -inf, -1e5, 0, nan), [0, 0, 1, nan])
        np.testing.assert_array_equal(run("exp_lanes", -inf, -1e5, 0, nan), [0, 0, 1, nan])
        below = run("exp_lanes", *np.linspace(-90, -87, 61) if bits == 32 else [-750, -709])
        assert ((below >= 0) & (below <= 2 * np.finfo(dtype).smallest_normal)).all()
        np.testing.assert_array_equal(run("log", 0, 1, inf, nan, -1), [-inf, 0, inf, nan, nan])
        np.testing.assert_array_equal(run("log1p", -1, 0, inf, nan), [-inf, 0, inf, nan])
        np.testing.assert_array_equal(run("log1p_unit", 0, nan), [0, nan])
        np.testing.assert_array_equal(run("exp_wide", -inf, -1e5, 0, 1e5, inf, nan), [0, 0, 1, inf, inf, nan])
        np.testing.assert_array_equal(run("exp_tail", -inf, -1e5, 0, nan), [0, 0, 1, nan])
        np.testing.assert_array_equal(run("expm1_tail", -inf, -1e5, 0, nan), [-1, -1, 0, nan])
        np.testing.assert_array_equal(run("log_unit", 1, nan), [0, nan])
        assert np.isfinite(run("log_unit", 0)).all()
        np.testing.assert_array_equal(run("log1m_half", 0, nan), [0, nan])
        mantissa, exponent = np.empty(2, dtype), np.empty(2, INTEGERS[bits])
        module = _kernels.load(instruction_set)[bits].vecmath_test
        module.split_exp(np.array([0, -inf], dtype), -1e6, mantissa, exponent)
        assert exponent[0] == 0
        assert mantissa[0] == 1
        assert exponent[1] < -(2**28)
