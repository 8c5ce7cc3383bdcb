"""What a comparison keeps of its tokens: sums that are exact, quantiles that are exact or have a stated error."""

import itertools
import math
import pickle
import sys
from fractions import Fraction

import numpy as np
import pytest

import fastloss as fl
from fastloss.comparison import _distribution, _sums
from fastloss.comparison._distribution import KEPT, RELATIVE_ERROR, Distribution, distribution_of

FRACTIONS = (0.0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.999, 1.0)
UNIT = Fraction(1, 2**_sums.UNIT_BITS)


@pytest.fixture
def few(monkeypatch):
    """Numbers are counted by bins from 1000 on, in lots of 64."""
    monkeypatch.setattr(_distribution, "KEPT", 1000)
    monkeypatch.setattr(_distribution, "_PENDING", 64)


def numbers_of(rng, n):
    """Of both signs and all sizes, with zeros and equal ones."""
    numbers = rng.choice([-1, 1, 1], n) * 10.0 ** rng.uniform(-12, 2, n)
    numbers[rng.random(n) < 0.02] = 0
    numbers[rng.random(n) < 0.02] = 0.7
    return numbers


def joined(parts):
    found = Distribution()
    for part in parts:
        found = found.joined(distribution_of(part))
    return found


def check_ranks(found, numbers, allowed):
    """Every quantile at a rank is the number of that rank, but for the allowed relative error; the ends are exact."""
    numbers = np.sort(numbers)
    ranks = np.unique(np.linspace(0, numbers.size - 1, 60).astype(int))
    at = np.array(found.quantiles([rank / max(numbers.size - 1, 1) for rank in ranks]))
    error = np.abs(at - numbers[ranks])
    assert (error <= allowed * np.abs(numbers[ranks]) + 1e-15).all(), (error / np.abs(numbers[ranks])).max()
    assert (found.low, found.high) == (numbers[0], numbers[-1])


def test_exact_sums(rng):
    rows = np.stack([10.0 ** rng.uniform(-300, 300, 500) * rng.choice([-1, 1], 500) for _ in range(3)])
    rows[1, :4] = 0, 5e-324, -5e-324, sys.float_info.max
    rows[2] = rows[2, 0]
    rows[2, ::2] *= -1
    found = _sums.exact_sums(rows)
    for total, row in zip(found, rows.tolist(), strict=True):
        assert total * UNIT == sum(map(Fraction, row))
    assert found[2] == 0
    assert _sums.exact_sums(np.zeros((2, 3))) == [0, 0]


def test_products_leave_nothing(rng):
    a, b = (10.0 ** rng.uniform(-60, 60, 500) * rng.choice([-1, 1], 500) for _ in range(2))
    for x, y, high, low in zip(a, b, *_sums.products(a, b), strict=True):
        assert Fraction(high) + Fraction(low) == Fraction(x) * Fraction(y)
        assert high == x * y


def test_variances_of_numbers_that_hardly_differ():
    """Where mean and square cancel in doubles: the variance of 1e8 + {0, 1e-6, 2e-6, ...}."""
    numbers = 1e8 + np.arange(100) * 2.0**-20
    total, squares = (
        _sums.exact_sums(np.stack([numbers, numbers]))[0],
        sum(_sums.exact_sums(np.stack(_sums.products(numbers, numbers)))),
    )
    variance = _sums.variance_of_mean(squares, total, 100)
    assert variance == pytest.approx(2.0**-40 * np.var(np.arange(100), ddof=1) / 100, rel=1e-14)
    assert _sums.mean_of(total, 100) == 1e8 + 49.5 * 2.0**-20


@pytest.mark.parametrize("n", [1, 2, 3, 10, 999])
def test_few_numbers_have_exact_quantiles(rng, few, n):
    numbers = numbers_of(rng, n)
    found = joined(np.array_split(numbers, min(n, 7)))
    assert found.is_exact
    np.testing.assert_allclose(found.quantiles(FRACTIONS), np.quantile(numbers, FRACTIONS), rtol=1e-13, atol=0)
    check_ranks(found, numbers, 1e-14)


@pytest.mark.parametrize("n", [1000, 1001, 5000, 40_000])
def test_many_numbers_have_exact_ranks(rng, few, n):
    numbers = numbers_of(rng, n)
    found = joined(np.array_split(numbers, 9))
    assert not found.is_exact
    check_ranks(found, numbers, RELATIVE_ERROR)
    assert sum(array.size for array in found.numbers) < 64


def test_the_limit_is_a_million(rng):
    numbers = rng.lognormal(-6, 3, KEPT)
    below = joined([numbers[: KEPT - 1]])
    assert below.is_exact
    check_ranks(below, numbers[:-1], 1e-14)
    above = below.joined(distribution_of(numbers[-1:]))
    assert not above.is_exact
    check_ranks(above, numbers, RELATIVE_ERROR)
    assert above.quantiles(FRACTIONS) == distribution_of(numbers).quantiles(FRACTIONS)
    assert len(pickle.dumps(above)) < 1_000_000 < len(pickle.dumps(below))


def test_any_order_and_any_joining(rng, few):
    """The same bits, whichever of the parts are small, large, or joined before."""
    numbers = numbers_of(rng, 4000)
    parts = [distribution_of(part) for part in np.split(numbers, [3, 10, 900, 1000, 2500])]
    wanted = joined([numbers]).quantiles(FRACTIONS)
    for order in itertools.permutations(parts):
        one_by_one, halves = Distribution(), [Distribution(), Distribution()]
        for place, part in enumerate(order):
            one_by_one = one_by_one.joined(part)
            halves[place % 2] = halves[place % 2].joined(part)
        assert one_by_one.quantiles(FRACTIONS) == halves[0].joined(halves[1]).quantiles(FRACTIONS) == wanted


def test_special_numbers(few):
    numbers = np.array([-np.inf, -1e308, -1.5, -0.0, 5e-324, 1e-310, 2.0, 1e308, np.inf])
    for copies in (1, 200):
        found = distribution_of(np.repeat(numbers, copies))
        check = np.array(found.quantiles(np.arange(9) / 8))
        np.testing.assert_allclose(check, numbers, rtol=RELATIVE_ERROR, atol=1e-307)
        assert not np.signbit(check[3])
    with_nan = distribution_of(np.array([1.0, np.nan, 2.0, np.nan]))
    assert with_nan.quantiles([0, 1 / 3]) == [1, 2]
    assert math.isnan(with_nan.quantiles([0.5])[0])
    assert all(map(math.isnan, Distribution(nans=1).quantiles(FRACTIONS)))
    assert all(map(math.isnan, Distribution().quantiles(FRACTIONS)))


def test_small_parts_are_not_copied_again_and_again(few):
    found = Distribution()
    for number in range(900):
        found = found.joined(distribution_of(np.array([float(number)])))
        assert len(found.numbers) <= 11
    assert found.quantiles([0.5]) == [449.5]


def test_a_comparison_of_more_than_is_kept(rng, few):
    x, y = rng.normal(size=(2, 5000, 6))
    labels = rng.integers(0, 6, 5000)
    first, second, whole = (fl.LogitsComparison() for _ in range(3))
    first.update(x[:400], y[:400], labels[:400])
    second.update(x[400:], y[400:], labels[400:])
    whole.update(x, y, labels)
    second.merge(pickle.loads(pickle.dumps(first)))
    found, each = whole.summary(), fl.kl_divergence_with_logits(x, y, reduction="none")
    assert second.summary().as_dict() == found.as_dict()
    assert (first.summary().quantile_error, found.quantile_error) == (0, RELATIVE_ERROR)
    own, reference = (np.exp(-fl.cross_entropy(scores, labels, reduction="none")) for scores in (x, y))
    for quantiles, numbers in ((found.kl_quantiles, each), (found.change_quantiles, own - reference)):
        wanted = np.quantile(numbers, list(quantiles))
        np.testing.assert_allclose(list(quantiles.values()), wanted, rtol=2 * RELATIVE_ERROR, atol=1e-6)
    assert found.kl_max == pytest.approx(each.max(), rel=1e-12)
    figure = pytest.importorskip("matplotlib.figure")
    [stairs] = whole.plot(figure.Figure().subplots()).patches
    assert stairs.get_data().values.sum() == pytest.approx(100)
