"""The bounds stated in src/vecmath.h, in units in the last place against mpmath, on every instruction set."""

import mpmath
import numpy as np
import pytest

from fastloss import _kernels

FLOATS = {32: np.float32, 64: np.float64}
INTEGERS = {32: np.int32, 64: np.int64}


def evaluate(function, x, instruction_set, bits):
    y = np.empty_like(x)
    _kernels.load(instruction_set)[bits].elementary.evaluate(function, x, y)
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


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("instruction_set", _kernels.supported())
class TestBounds:
    def test_exp(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        low = -87.3 if bits == 32 else -708.3
        x = np.concatenate([spread(rng, low, 40, dtype), -log_spread(rng, 1e-12, 1, dtype)])
        assert ulps(evaluate("exp", x, instruction_set, bits), x, mpmath.exp) <= 2

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

    def test_split_exp_far_below_the_type(self, instruction_set, bits, rng):
        dtype = FLOATS[bits]
        x = -log_spread(rng, 1e-3, 9e4, dtype, 500)
        mantissa, exponent = np.empty_like(x), np.empty(x.shape, INTEGERS[bits])
        _kernels.load(instruction_set)[bits].elementary.split_exp(x, -1e6, mantissa, exponent)
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
        np.testing.assert_array_equal(run("log", 0, 1, inf, nan, -1), [-inf, 0, inf, nan, nan])
        np.testing.assert_array_equal(run("log1p", -1, 0, inf, nan), [-inf, 0, inf, nan])
        np.testing.assert_array_equal(run("log1p_unit", 0, nan), [0, nan])
        mantissa, exponent = np.empty(2, dtype), np.empty(2, INTEGERS[bits])
        module = _kernels.load(instruction_set)[bits].elementary
        module.split_exp(np.array([0, -inf], dtype), -1e6, mantissa, exponent)
        assert exponent[0] == 0
        assert mantissa[0] == 1
        assert exponent[1] < -(2**28)
