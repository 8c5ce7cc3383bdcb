"""Reference values, from textbooks and by hand."""

import math

import numpy as np
import pytest

import fastloss as fl

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
RELATIVE = {"float32": 1e-6, "float64": 1e-14}


def close(found, expected, dtype):
    assert found == pytest.approx(expected, rel=RELATIVE[dtype])


@DTYPES
def test_entropy_of_coin_and_die(isa, dtype):
    coin, die = np.full(2, 1 / 2, dtype), np.full(6, 1 / 6, dtype)
    close(fl.entropy(coin), 0.6931471805599453, dtype)
    close(fl.entropy(die), 1.791759469228055, dtype)
    close(fl.entropy(coin, base=2), 1.0, dtype)
    close(fl.entropy_with_logits(np.zeros(2, dtype)), math.log(2), dtype)
    close(fl.entropy_with_logits(np.zeros(6, dtype)), math.log(6), dtype)
    assert fl.entropy(np.array([1, 0, 0], dtype)) == 0
    assert str(fl.entropy(np.array([1, 0, 0], dtype))) == "0.0"  # not -0.0


@DTYPES
def test_divergence_of_two_coins(isa, dtype):
    p, q = np.array([1 / 3, 2 / 3], dtype), np.array([2 / 3, 1 / 3], dtype)
    close(fl.kl_divergence(q, p), math.log(2) / 3, dtype)
    close(fl.kl_divergence_with_logits(np.log(q), np.log(p)), math.log(2) / 3, dtype)
    assert fl.kl_divergence(p, p) == 0


@DTYPES
def test_a_certain_row_costs_something(isa, dtype):
    close(fl.cross_entropy(np.array([20, 0], dtype), 0), 2.061153620314381e-09, dtype)
    close(fl.binary_cross_entropy_with_logits(np.array([20], dtype), [1]), 2.061153620314381e-09, dtype)


@DTYPES
def test_two_frames(isa, dtype):
    """P(a) = 0.4 and P(blank) = 0.6 in both: the path aa is one of the three ways to say a; aa can't be said."""
    log_probs = np.log(np.array([[0.6, 0.4], [0.6, 0.4]])).astype(dtype)
    close(fl.nll_loss(log_probs, [1, 1], reduction="sum"), 1.8325814637483102, dtype)  # -log(0.4 * 0.4)
    close(fl.ctc_loss(log_probs, [1]), -math.log(0.64), dtype)
    assert fl.ctc_loss(log_probs, [1, 1]) == np.inf
    assert fl.ctc_loss(log_probs, [1, 1], infeasible="zero") == 0
    with pytest.raises(ValueError, match="3 frames"):
        fl.ctc_loss(log_probs, [1, 1], infeasible="raise")
    assert not fl.ctc_loss.grad(log_probs, [1, 1]).any()


def test_differences_of_uint8_do_not_wrap(isa):
    x, y = np.array([3, 250], np.uint8), np.array([5, 10], np.uint8)
    assert fl.l1_loss(x, y) == 121
    assert fl.mse_loss(x, y) == (4 + 240**2) / 2
    np.testing.assert_array_equal(fl.mse_loss.grad(x, y, reduction="sum"), [-4, 480])


def test_sums_do_not_drift(isa):
    """A float32 sum of these is off by percents; a float16 mean over 70,000 rows overflows."""
    x = np.full(10_000_000, 0.1, np.float32)
    expected = float(np.float32(0.1)) ** 2
    assert fl.mse_loss(x, 0.0) == pytest.approx(expected, rel=1e-12)
    assert fl.l1_loss(x, 0.0) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    rows = np.zeros((70_000, 3), np.float16)
    assert fl.cross_entropy(rows, np.zeros(70_000, int)) == pytest.approx(math.log(3), rel=1e-6)
    assert fl.kl_divergence_with_logits(rows, rows + np.float16([0, 1, 2])) == pytest.approx(
        float(fl.kl_divergence_with_logits(np.zeros(3), np.arange(3.0))), rel=1e-6
    )


def test_a_single_large_number_does_not_drown_the_rest(isa):
    x = np.ones(100_001, np.float32)
    x[0] = 2.0**30
    assert fl.l1_loss(x, 0, reduction="sum") == 2.0**30 + 100_000
